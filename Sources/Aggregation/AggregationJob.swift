package import Reports
package import Storage
package import Verdicts

/// One run of the scheduled job: folds what is pending, drops what is old, publishes reports, adds up periods that are over, and records
/// how it ended.
package struct AggregationJob: Sendable {
  /// What a run did.
  package struct Summary: Sendable {
    package var folded = 0
    package var daysDropped = 0
    package var verdictsDropped = 0
    package var floor: Timestamp?
    package var filesPublished = 0
    /// Why days that are old were left for another run, which is no failure; or nil.
    package var postponement: String?
    /// Why periods that are over were not added up, which makes reports slower and nothing wrong; or nil.
    package var notAddedUp: String?
    /// Why days that are old could not be dropped; or nil.
    package var obstacle: String?
  }

  package var store: any VerdictStore
  /// How long verdicts are kept, or nil for ever.
  package var keptMicroseconds: Int64?
  /// The folder of published reports, or nil.
  package var reports: String?
  package var zone: Zone
  /// Name and version, for the manifest.
  package var program: String
  /// For how long each part of the work takes.
  package var clock: @Sendable () -> Timestamp

  /// Days for which room is made beforehand.
  private static let preparedDays: Int64 = 3

  package init(store: any VerdictStore, keptMicroseconds: Int64?, reports: String?, zone: Zone, program: String, clock: @escaping @Sendable () -> Timestamp) {
    self.store = store
    self.keptMicroseconds = keptMicroseconds
    self.reports = reports
    self.zone = zone
    self.program = program
    self.clock = clock
  }

  /// - Parameters:
  ///   - hasFailed: whether something else that belongs to the run went wrong already.
  ///   - isInterrupted: asked where the run may end early without anything being left half done.
  ///   - due: asked with the job's lock held which work is to be done beside folding; all that is set up, where nobody says otherwise.
  /// - Returns: nil where another process does this work at the moment.
  /// - Throws: what ended the run early; it is recorded as failed where the store can be reached.
  package func run(
    now: Timestamp, hasFailed: Bool = false, isInterrupted: () -> Bool = { false },
    due: (any StoreMaintainer) throws -> Set<JobRun.Work> = { _ in [.periods, .retention, .reports] }
  ) throws -> Summary? {
    guard let maintainer = try store.makeMaintainer() else { return nil }
    defer { maintainer.close() }
    var runs: [JobRun] = []
    /// Does a part of the work and keeps how it went.
    func doing<Result>(_ work: JobRun.Work, _ body: () throws -> (Result, AggregationOutcome)) throws -> Result {
      let start = clock()
      func end(_ outcome: AggregationOutcome) {
        runs.append(JobRun(work: work, startedAt: now, duration: clock().microseconds - start.microseconds, outcome: outcome))
      }
      do {
        let (result, outcome) = try body()
        end(outcome)
        return result
      } catch {
        end(.failed)
        throw error
      }
    }
    do {
      let due = try due(maintainer)
      var summary = Summary()
      summary.folded = try doing(.fold) {
        try maintainer.prepare(for: Span(from: now, to: now.advanced(byMicroseconds: Self.preparedDays * Timestamp.microsecondsPerDay)))
        return (try maintainer.fold(), .succeeded)
      }
      if let keptMicroseconds, due.contains(.retention) {
        let dropped = try doing(.retention) {
          let cutoff = now.advanced(byMicroseconds: -keptMicroseconds).floored(to: Timestamp.microsecondsPerDay)
          let dropped = try Retention(of: store, by: maintainer).dropVerdicts(before: cutoff)
          return (dropped, dropped.obstacle == nil && dropped.postponement == nil ? .succeeded : .failed)
        }
        summary.daysDropped = dropped.days
        summary.verdictsDropped = dropped.verdicts
        summary.postponement = dropped.postponement
        summary.obstacle = dropped.obstacle
      }
      if reports != nil, due.contains(.reports) {
        summary.filesPublished = try doing(.reports) { (try publishReports(now: now), .succeeded) }
      }
      if due.contains(.periods) {
        let made = try doing(.periods) {
          let made = try PeriodSummaries(of: store, by: maintainer, clock: clock).make(now: now, isInterrupted: isInterrupted)
          return (made, made.isComplete ? .succeeded : .failed)
        }
        summary.notAddedUp = made.obstacle
      }
      summary.floor = try store.read { try $0.floor() }
      try maintainer.record(summary.obstacle == nil && !hasFailed ? .succeeded : .failed, at: now, runs)
      return summary
    } catch {
      // The store may be what failed; then there is nobody to record it.
      try? maintainer.record(.failed, at: now, runs)
      throw error
    }
  }

  private func publishReports(now: Timestamp) throws -> Int {
    guard let reports else { return 0 }
    let set = try ReportSet(zone: zone, now: now)
    let schemaVersion = try store.migrationPlan().applied.max() ?? 0
    let directory = ReportDirectory(path: reports, program: program, schemaVersion: schemaVersion)
    return try store.read { try directory.publish(set, of: $0) }
  }
}
