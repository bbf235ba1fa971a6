package import Reports
package import Storage
package import Verdicts

/// One run of the scheduled job: folds what is pending, drops what is old, publishes reports, and records how it ended.
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

  /// Days for which room is made beforehand.
  private static let preparedDays: Int64 = 3

  package init(store: any VerdictStore, keptMicroseconds: Int64?, reports: String?, zone: Zone, program: String) {
    self.store = store
    self.keptMicroseconds = keptMicroseconds
    self.reports = reports
    self.zone = zone
    self.program = program
  }

  /// - Parameter hasFailed: whether something else that belongs to the run went wrong already.
  /// - Returns: nil where another process does this work at the moment.
  /// - Throws: what ended the run early; it is recorded as failed where the store can be reached.
  package func run(now: Timestamp, hasFailed: Bool = false) throws -> Summary? {
    guard let maintainer = try store.makeMaintainer() else { return nil }
    defer { maintainer.close() }
    do {
      var summary = Summary()
      try maintainer.prepare(for: Span(from: now, to: now.advanced(byMicroseconds: Self.preparedDays * Timestamp.microsecondsPerDay)))
      summary.folded = try maintainer.fold()
      if let keptMicroseconds {
        let cutoff = now.advanced(byMicroseconds: -keptMicroseconds).floored(to: Timestamp.microsecondsPerDay)
        let dropped = try Retention(of: store, by: maintainer).dropVerdicts(before: cutoff)
        summary.daysDropped = dropped.days
        summary.verdictsDropped = dropped.verdicts
        summary.postponement = dropped.postponement
        summary.obstacle = dropped.obstacle
      }
      summary.filesPublished = try publishReports(now: now)
      summary.floor = try store.read { try $0.floor() }
      try maintainer.record(summary.obstacle == nil && !hasFailed ? .succeeded : .failed, at: now)
      return summary
    } catch {
      // The store may be what failed; then there is nobody to record it.
      try? maintainer.record(.failed, at: now)
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
