import Aggregation
import ArgumentParser
import Exposition
import Files
import Storage
import Verdicts

/// One run of the scheduled job, as asked for on the command line.
struct AggregateRun {
  var job: AggregationJob
  var textfile: String?
  var exposition: ExpositionSettings
  /// Files that no output may overwrite.
  var precious: [String]

  /// - Parameter isRepeated: whether it is one of many; then periods are added up hourly.
  /// - Throws: what the run ends with. The textfile is written whatever happened, also with the store out of reach.
  func run(now: Timestamp, isRepeated: Bool = false) throws {
    var ending: (any Error)?
    var target: FileOutput?
    do {
      target = try textfile.map { try FileOutput(path: $0, sparing: precious) }
    } catch {
      ending = error
    }
    do {
      guard try maintain(now: now, isRepeated: isRepeated, canPublish: ending == nil) else { return }
    } catch {
      ending = ending ?? error
    }
    do {
      try target.map { try writeTextfile(to: $0, now: now) }
    } catch {
      ending = ending ?? error
    }
    if let ending { throw ending }
  }

  /// - Parameter canPublish: false where the textfile cannot be written; the run then has failed, and does its other work.
  /// - Returns: false where another process does this work at the moment.
  private func maintain(now: Timestamp, isRepeated: Bool, canPublish: Bool) throws -> Bool {
    let result = try job.run(now: now, hasFailed: !canPublish, isInterrupted: { Interrupts.isRequested }) { maintainer in
      let arePeriodsDue = try !isRepeated || JobSchedule.arePeriodsDue(now: now) { try maintainer.lastSuccess(of: $0) }
      return arePeriodsDue ? [.periods, .retention, .reports] : [.retention, .reports]
    }
    guard let summary = result else {
      StandardError.line("guardtally: another aggregation is at work on this database; nothing was done")
      return false
    }
    let output = try FileOutput(path: nil)
    output.write(
      "folded=\(summary.folded) days_dropped=\(summary.daysDropped) verdicts_dropped=\(summary.verdictsDropped) "
        + "floor=\(summary.floor?.rfc3339() ?? "-") files=\(summary.filesPublished + (textfile != nil && canPublish ? 1 : 0))\n")
    try output.finish()
    if let postponement = summary.postponement { StandardError.line("guardtally: \(postponement)") }
    if let notAddedUp = summary.notAddedUp { StandardError.line("guardtally: \(notAddedUp)") }
    if let obstacle = summary.obstacle {
      StandardError.line("guardtally: \(obstacle)")
      throw ExitCode.failure
    }
    return true
  }

  private func writeTextfile(to output: FileOutput, now: Timestamp) throws {
    do {
      let snapshot = try job.store.read { try MetricsSnapshot(of: $0, settings: exposition, now: now) }
      output.write(ExpositionFormat.text.render(snapshot.families))
      try output.finish()
    } catch let error as StoreError {
      output.write(ExpositionFormat.text.render(MetricsSnapshot.outOfReach))
      try output.finish()
      throw error
    }
  }
}
