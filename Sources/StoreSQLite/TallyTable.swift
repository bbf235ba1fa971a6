import SQLFiles
import Storage
import Tallies
import Verdicts

/// The tallies of a store, changed in the transaction of the verdicts they count.
struct TallyTable {
  private let connection: SQLiteConnection
  private let files: SQLFiles
  private var builder = TallyBuilder()
  private let merger = TallyMerger()

  init(connection: SQLiteConnection, files: SQLFiles) {
    self.connection = connection
    self.files = files
  }

  /// Counts verdicts that were just stored. Rows are in ascending order of time.
  mutating func add(_ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>) throws {
    let find = try connection.query("tallies.find", of: files)
    // Taken out while it runs, for its buffers are written to as it hands out tallies.
    var builder = TallyBuilder()
    swap(&builder, &self.builder)
    defer { swap(&builder, &self.builder) }
    var days: Set<UInt32> = []
    try builder.build(rows: rows, ids: ids) { key, added in
      days.insert(key.day)
      find.reset()
      find.bind(1, key.number)
      guard try find.step() else { return try put(key, added) }
      let merged: [UInt8]
      do {
        merged = try added.withUnsafeBytes { added in
          try merger.merge(find.blob(0), added, of: key.combination)
        }
      } catch {
        find.reset()
        throw StoreError(.damaged, "\(connection.path): the tally of \(key.combination.name) at \(key.start.rfc3339()) is damaged; run guardtally verify, then guardtally rebuild")
      }
      find.reset()
      try put(key, merged)
    }
    find.reset()
    for day in days { try deleteSummaries(of: day) }
  }

  /// Puts a recount of their verdicts in the place of whatever the buckets held.
  ///
  /// - Parameter mends: whether what no tally is, of whatever time, goes as well.
  func replace(buckets: Range<UInt32>, of snapshot: SQLiteSnapshot, mends: Bool = true) throws -> RebuildOutcome {
    let repair = try TallyRepair(of: snapshot, buckets: buckets, findsUnknown: mends)
    for number in repair.stale.map(\.number) + repair.unknown { try delete(number) }
    for (key, cells) in repair.changed { try put(key, cells) }
    // Of days that were only looked at too: what is wrong with their sums alone is mended so.
    for day in Set((repair.kept + repair.changed.keys + repair.stale).map(\.day)) { try deleteSummaries(of: day) }
    if mends { for number in try snapshot.unknownPeriodTallies() { try deleteSummary(numbered: number...number) } }
    return repair.outcome
  }

  /// Deletes the tallies of all periods that a day is of.
  func deleteSummaries(of day: UInt32) throws {
    for length in Period.Length.allCases { try deleteSummary(numbered: PeriodTallyKey.numbers(of: Period(of: day, length))) }
  }

  /// Deletes the tallies of all periods that begin before a time.
  func deleteSummaries(before time: Timestamp) throws {
    try deleteSummary(numbered: Int64.min...PeriodTallyKey.numbers(of: Period(of: Period.day(of: time), .day)).lowerBound - 1)
  }

  /// Puts a period's tallies in the place of those that there are.
  func put(_ summary: PeriodSummary) throws {
    try deleteSummary(numbered: PeriodTallyKey.numbers(of: summary.period))
    let put = try connection.query("period_tallies.put", of: files)
    for (key, cells) in summary.tallies.sorted(by: { $0.key < $1.key }) {
      put.bind(1, key.number)
      try cells.withUnsafeBytes { bytes in
        put.bind(2, borrowing: bytes)
        try put.run()
      }
    }
  }

  private func deleteSummary(numbered numbers: ClosedRange<Int64>) throws {
    let delete = try connection.query("period_tallies.delete", of: files)
    delete.bind(1, numbers.lowerBound)
    delete.bind(2, numbers.upperBound)
    try delete.run()
  }

  private func delete(_ number: Int64) throws {
    let delete = try connection.query("tallies.delete", of: files)
    delete.bind(1, number)
    try delete.run()
  }

  private func put(_ key: TallyKey, _ cells: [UInt8]) throws {
    let put = try connection.query("tallies.put", of: files)
    put.bind(1, key.number)
    try cells.withUnsafeBytes { bytes in
      put.bind(2, borrowing: bytes)
      try put.run()
    }
  }
}
