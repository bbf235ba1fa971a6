import SQLFiles
import Storage
import Tallies
import Verdicts

/// The scheduled job on an SQLite file. Tallies are kept whole by every commit, so there is nothing to fold.
final class SQLiteMaintainer: StoreMaintainer {
  private let connection: SQLiteConnection
  private let files: SQLFiles
  private let lock: AggregationFileLock
  private var blocks: VerdictBlocks

  /// Pages given back in one transaction: writers wait for no more than that.
  private static let reclaimedPages = 1_024

  init(connection: SQLiteConnection, files: SQLFiles, lock: AggregationFileLock) {
    self.connection = connection
    self.files = files
    self.lock = lock
    blocks = VerdictBlocks(connection: connection, files: files)
  }

  func fold() throws -> Int { 0 }

  func prepare(for span: Span) throws {}

  func keep(_ summary: PeriodSummary) throws -> Bool {
    try connection.transaction {
      guard try summary.holds(in: SQLiteSnapshot(connection: connection, files: files)) else { return false }
      try TallyTable(connection: connection, files: files).put(summary)
      return true
    }
  }

  func drop(_ seal: DaySeal) throws -> Bool {
    try connection.transaction {
      let snapshot = SQLiteSnapshot(connection: connection, files: files)
      guard try DaySeal(of: snapshot, day: seal.day) == seal else { return false }
      let end = seal.day.advanced(byMicroseconds: Timestamp.microsecondsPerDay)
      let before = try snapshot.verdictCount()
      try blocks.removeAll(before: end)
      let dropped = try before - snapshot.verdictCount()
      guard dropped == seal.verdicts else {
        throw StoreError(
          .damaged,
          "\(connection.path): the tallies of \(seal.day.rfc3339()) count \(seal.verdicts) verdicts, but \(dropped) would be dropped; run guardtally verify")
      }
      let insert = try connection.query("sealed_days.insert", of: files)
      insert.bind(1, seal.day.microseconds)
      insert.bind(2, Int64(seal.verdicts))
      insert.bind(3, seal.newestVerdict.microseconds)
      try seal.digest.withUnsafeBytes { bytes in
        insert.bind(4, borrowing: bytes)
        try insert.run()
      }
      try put("verdicts_retired", Int64(try snapshot.verdictsRetired() + dropped))
      try raise(to: max(end, try snapshot.floor() ?? end))
      return true
    }
  }

  func raiseFloor(to time: Timestamp) throws -> Bool {
    try connection.transaction {
      let snapshot = SQLiteSnapshot(connection: connection, files: files)
      if let oldest = try snapshot.oldestVerdict(), oldest < time { return false }
      try raise(to: max(time, try snapshot.floor() ?? time))
      return true
    }
  }

  func discard(_ selection: VerdictSelection, in run: inout LedgerRun) throws -> Int {
    let before = run
    let (removed, after) = try connection.transaction {
      let removed = try blocks.remove(selection)
      let count = removed.values.reduce(0, +)
      guard count > 0 else { return (0, before) }
      let snapshot = SQLiteSnapshot(connection: connection, files: files)
      _ = try TallyTable(connection: connection, files: files).replace(buckets: TallyKey.buckets(of: selection.span), of: snapshot, mends: false)
      for (source, time) in try NewestVerdicts(of: Set(removed.keys), removedFrom: selection.span, in: snapshot).times {
        let put = try connection.query(time == nil ? "source_activity.delete" : "source_activity.set", of: files)
        put.bind(1, Int64(source))
        if let time { put.bind(2, time.microseconds) }
        try put.run()
      }
      var after = before
      after.discarded += count
      if after.run == nil { after.run = try connection.integer(files.query("ledger.next_run")) }
      let put = try connection.query("ledger.put_discard", of: files)
      put.bind(1, after.run ?? 0)
      put.bind(2, after.input)
      put.bind(3, after.startedAt.microseconds)
      put.bind(4, Int64(after.discarded))
      put.bind(5, after.checksum)
      try put.run()
      return (count, after)
    }
    run = after
    return removed
  }

  func reclaimSpace() throws {
    // Bounded by what was free at first: another process may go on freeing pages.
    let rounds = try (connection.integer("PRAGMA freelist_count") ?? 0) / Int64(Self.reclaimedPages) + 1
    for _ in 0..<rounds where try connection.integer("PRAGMA freelist_count") ?? 0 > 0 {
      try connection.execute("PRAGMA incremental_vacuum(\(Self.reclaimedPages))")
    }
    // The file shrinks when its log is copied into it. With a reader at work that is left to the next run.
    try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  func lastSuccess(of work: JobRun.Work) throws -> Timestamp? {
    let find = try connection.query("job_runs.last_success", of: files)
    defer { find.reset() }
    find.bind(1, work.rawValue)
    return try find.step() ? Timestamp(microseconds: find.integer(0)) : nil
  }

  func record(_ outcome: AggregationOutcome, at time: Timestamp, _ runs: [JobRun]) throws {
    try connection.transaction {
      let add = try connection.query("counters.add", of: files)
      add.bind(1, Counter.aggregationRuns.rawValue)
      add.bind(2, outcome.rawValue)
      add.bind(3, "")
      add.bind(4, 1)
      try add.run()
      if outcome == .succeeded { try put("last_aggregation", time.microseconds) }
      for run in runs {
        let insert = try connection.query("job_runs.insert", of: files)
        insert.bind(1, run.work.rawValue)
        insert.bind(2, run.startedAt.microseconds)
        insert.bind(3, run.duration)
        insert.bind(4, run.outcome.rawValue)
        try insert.run()
        let prune = try connection.query("job_runs.prune", of: files)
        prune.bind(1, run.work.rawValue)
        prune.bind(2, Int64(JobRun.keptMax))
        try prune.run()
      }
    }
  }

  func close() {
    connection.close()
    lock.release()
  }

  /// Moves the floor. Periods that begin below it cannot be proved any more.
  private func raise(to floor: Timestamp) throws {
    try put("floor", floor.microseconds)
    try TallyTable(connection: connection, files: files).deleteSummaries(before: floor)
  }

  private func put(_ name: String, _ value: Int64) throws {
    let put = try connection.query("store_state.put", of: files)
    put.bind(1, name)
    put.bind(2, value)
    try put.run()
  }
}
