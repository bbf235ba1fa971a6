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
  static func replace(buckets: Range<UInt32>, of snapshot: PostgresSnapshot, _ connection: PostgresConnection) throws -> RebuildOutcome {
    let repair = try TallyRepair(of: snapshot, buckets: buckets)
    // Folded and not folded alike: what was committed after this snapshot stays to be folded.
    let all = (repair.kept + repair.changed.keys + repair.stale).map { Optional($0.number) } + repair.unknown.map { Optional($0) }
    try connection.run("tally_deltas.delete_all", .integers(all))
    try connection.run("tallies.delete_all", .integers(all))
    try TallyRows(repair.recount).put(connection)
    try deleteSummaries(ofTallies: all.compactMap(\.self), connection)
    // Of days that were only looked at too: what is wrong with them alone is mended so.
    try connection.run("day_tallies.delete_days", .integers(DayTallyKey.days(of: buckets).map { Int64($0) }))
    for number in try snapshot.unknownDayTallies() { try connection.run("day_tallies.delete", .integer(number), .integer(number)) }
    return repair.outcome
  }

  /// Deletes the day tallies of the days of tallies that have changed.
  static func deleteSummaries(ofTallies numbers: [Int64], _ connection: PostgresConnection) throws {
    let days = Set(numbers.compactMap { TallyKey(number: $0) }.map { Int64(DayTallyKey.day(of: $0.start)) })
    if !days.isEmpty { try connection.run("day_tallies.delete_days", .integers(days.sorted().map { Optional($0) })) }
  }

  /// What appends them to what is to be folded: numbers, cells.
  var parameters: [PostgresValue] { [.integers(numbers), .blobs(cells)] }
}
