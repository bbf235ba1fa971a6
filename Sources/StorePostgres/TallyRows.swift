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

  /// Appends them to what is to be folded.
  var deltas: [PostgresConnection.Query] {
    numbers.isEmpty ? [] : [PostgresConnection.Query("tally_deltas.append", .integers(numbers), .blobs(cells))]
  }
}
