import Aggregation
import ArgumentParser
import Exposition
import Files
import Reports
import Storage
import Verdicts

/// One run of the scheduled job, as asked for on the command line.
struct AggregateRun {
  var store: any VerdictStore
  /// How long verdicts are kept, or nil for ever.
  var keptMicroseconds: Int64?
  var textfile: String?
  var reports: String?
  var zone: Zone
  var exposition: ExpositionSettings
  /// Files that no output may overwrite.
  var precious: [String]

  /// Days for which room is made beforehand.
  private static let preparedDays: Int64 = 3

  /// - Throws: what the run ends with. The textfile is written whatever happened, also with the store out of reach.
  func run(now: Timestamp) throws {
    var ending: (any Error)?
    var target: FileOutput?
    do {
      target = try textfile.map { try FileOutput(path: $0, sparing: precious) }
    } catch {
      ending = error
    }
    do {
      guard try maintain(now: now, canPublish: ending == nil) else { return }
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
  private func maintain(now: Timestamp, canPublish: Bool) throws -> Bool {
    guard let maintainer = try store.makeMaintainer() else {
      StandardError.line("guardtally: another aggregation is at work on this database; nothing was done")
      return false
    }
    defer { maintainer.close() }
    do {
      try maintainer.prepare(for: Span(from: now, to: now.advanced(byMicroseconds: Self.preparedDays * Timestamp.microsecondsPerDay)))
      let folded = try maintainer.fold()
      let dropped = try dropVerdicts(by: maintainer, now: now)
      let files = try publishReports(now: now)
      let floor = try store.read { try $0.floor() }
      try maintainer.record(dropped.obstacle == nil && canPublish ? .succeeded : .failed, at: now)
      let output = try FileOutput(path: nil)
      output.write(
        "folded=\(folded) days_dropped=\(dropped.days) verdicts_dropped=\(dropped.verdicts) floor=\(floor?.rfc3339() ?? "-") "
          + "files=\(files + (textfile != nil && canPublish ? 1 : 0))\n")
      try output.finish()
      if let postponement = dropped.postponement { StandardError.line("guardtally: \(postponement)") }
      if let obstacle = dropped.obstacle {
        StandardError.line("guardtally: \(obstacle)")
        throw ExitCode.failure
      }
      return true
    } catch let error where !(error is ExitCode) {
      // The store may be what failed; then there is nobody to record it.
      try? maintainer.record(.failed, at: now)
      throw error
    }
  }

  private func dropVerdicts(by maintainer: any StoreMaintainer, now: Timestamp) throws -> Retention.Summary {
    guard let keptMicroseconds else { return Retention.Summary() }
    let cutoff = now.advanced(byMicroseconds: -keptMicroseconds).floored(to: Timestamp.microsecondsPerDay)
    return try Retention(of: store, by: maintainer).dropVerdicts(before: cutoff)
  }

  private func publishReports(now: Timestamp) throws -> Int {
    guard let reports else { return 0 }
    let set = try ReportSet(zone: zone, now: now)
    let schemaVersion = try store.migrationPlan().applied.max() ?? 0
    let directory = ReportDirectory(path: reports, program: ProgramVersion.text, schemaVersion: schemaVersion)
    return try store.read { try directory.publish(set, of: $0) }
  }

  private func writeTextfile(to output: FileOutput, now: Timestamp) throws {
    do {
      let snapshot = try store.read { try MetricsSnapshot(of: $0, settings: exposition, now: now) }
      output.write(ExpositionFormat.text.render(snapshot.families))
      try output.finish()
    } catch let error as StoreError {
      output.write(ExpositionFormat.text.render(MetricsSnapshot.outOfReach))
      try output.finish()
      throw error
    }
  }
}
