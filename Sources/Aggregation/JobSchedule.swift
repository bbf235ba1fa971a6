package import Reports
package import Storage
package import Verdicts

/// When the parts of the job that are not done in each run are due: periods are added up hourly, for late verdicts undo it, the others are
/// done daily. What was missed is caught up once, by whichever process comes first.
package struct JobSchedule: Sendable {
  /// Minutes after local midnight at which reports are published.
  package var reportsMinute: Int
  package var zone: Zone

  package init(reportsMinute: Int, zone: Zone) {
    self.reportsMinute = reportsMinute
    self.zone = zone
  }

  /// The work whose newest appointment has passed without success since.
  ///
  /// - Parameter lastSuccess: when a part of the work last began that succeeded.
  package func due(now: Timestamp, lastSuccess: (JobRun.Work) throws -> Timestamp?) rethrows -> Set<JobRun.Work> {
    var due: Set<JobRun.Work> = []
    for (work, appointment) in [(JobRun.Work.retention, now.floored(to: Timestamp.microsecondsPerDay)), (.reports, newestReports(before: now))] {
      if let last = try lastSuccess(work), last >= appointment { continue }
      due.insert(work)
    }
    if try Self.arePeriodsDue(now: now, lastSuccess: lastSuccess) { due.insert(.periods) }
    return due
  }

  /// Whether periods are to be added up in one of many runs.
  package static func arePeriodsDue(now: Timestamp, lastSuccess: (JobRun.Work) throws -> Timestamp?) rethrows -> Bool {
    guard let last = try lastSuccess(.periods), last <= now else { return true }
    // By a clock that is as late as periods are over late: one is added up at the first moment at which it may.
    let grace = PeriodSummaries.graceMicroseconds
    return last < now.advanced(byMicroseconds: -grace).floored(to: Timestamp.microsecondsPerHour).advanced(byMicroseconds: grace)
  }

  /// The newest instant at which reports were to be published, by the clock of the zone.
  func newestReports(before now: Timestamp) -> Timestamp {
    let today = zone.date(at: now)
    for days in 0...2 as ClosedRange<Int64> {
      let appointment = appointment(on: CivilDate(daysSinceEpoch: today.daysSinceEpoch - days))
      if appointment <= now { return appointment }
    }
    return now
  }

  private func appointment(on date: CivilDate) -> Timestamp {
    let midnight = zone.firstInstant(of: date)
    let sameOffset = midnight.advanced(byMicroseconds: Int64(reportsMinute) * Timestamp.microsecondsPerMinute)
    let shift = Int64(zone.offsetSeconds(at: sameOffset) - zone.offsetSeconds(at: midnight)) * Timestamp.microsecondsPerSecond
    let shifted = sameOffset.advanced(byMicroseconds: -shift)
    // Within an hour that the clock leaves out there is no such time: it comes when the clock has gone on.
    return zone.offsetSeconds(at: shifted) == zone.offsetSeconds(at: sameOffset) ? shifted : sameOffset
  }
}
