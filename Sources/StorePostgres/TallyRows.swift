import Storage
import Tallies

/// Tallies on their way into a table.
struct TallyRows: Sendable {
  private var numbers: [Int64?] = []
  private var cells: [[UInt8]] = []

  init() {}

  init(_ tallies: [TallyKey: [UInt8]]) {
    for (key, bytes) in tallies.sorted(by: { $0.key < $1.key }) { append(key, bytes) }
  }

  mutating func append(_ key: TallyKey, _ bytes: [UInt8]) {
    numbers.append(key.number)
    cells.append(bytes)
  }

  /// Puts them in the place of what is folded.
  func put(_ connection: PostgresConnection) throws {
    if !numbers.isEmpty { try connection.run("tallies.put_all", .integers(numbers), .blobs(cells)) }
  }

  /// Puts a recount of their verdicts in the place of whatever the buckets held.
  ///
  /// - Parameter mends: whether what no tally is, of whatever time, goes as well.
  static func replace(
    buckets: Range<UInt32>, of snapshot: PostgresSnapshot, _ connection: PostgresConnection, mends: Bool = true
  ) throws -> RebuildOutcome {
    let repair = try TallyRepair(of: snapshot, buckets: buckets, findsUnknown: mends)
    // Folded and not folded alike: what was committed after this snapshot stays to be folded.
    let all = (repair.kept + repair.changed.keys + repair.stale).map { Optional($0.number) } + repair.unknown.map { Optional($0) }
    try connection.run("tally_deltas.delete_all", .integers(all))
    try connection.run("tallies.delete_all", .integers(all))
    try TallyRows(repair.recount).put(connection)
    // Of days that were only looked at too: what is wrong with their sums alone is mended so.
    try deleteSummaries(of: days(of: all.compactMap(\.self)), connection)
    if mends { for number in try snapshot.unknownPeriodTallies() { try connection.run("period_tallies.delete", .integer(number), .integer(number)) } }
    return repair.outcome
  }

  /// Days of tallies.
  static func days(of numbers: [Int64]) -> Set<UInt32> { Set(numbers.compactMap { TallyKey(number: $0)?.day }) }

  /// Deletes the tallies of all periods that days are of whose tallies change or go.
  static func deleteSummaries(of days: Set<UInt32>, _ connection: PostgresConnection) throws {
    if !days.isEmpty { try connection.run("period_tallies.delete_of_days", .integers(days.sorted().map { Int64($0) })) }
  }

  /// What appends them to what is to be folded: numbers, cells.
  var parameters: [PostgresValue] { [.integers(numbers), .blobs(cells)] }
}
