import Storage
import Verdicts

/// Rows of a batch with a key each, and which of them the table has already.
struct StoredVerdicts {
  private let rows: UnsafeBufferPointer<VerdictRow>
  private let ids: UnsafePointer<UInt8>
  /// By row, what the table has under its key, or nil.
  private(set) var found: [VerdictRow?]
  /// True where the rows lie so thinly in their span that it is cheaper to look up each.
  private(set) var isScattered = false

  /// Rows of the table that are read for each row of the batch before looking up each key is cheaper.
  private static let rowsReadMax = 2

  /// - Parameters:
  ///   - rows: in ascending order of key, each key once.
  ///   - isScattered: what was true of the batch before.
  init(of rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, in connection: PostgresConnection, isScattered: Bool) throws {
    self.rows = rows
    self.ids = ids
    found = [VerdictRow?](repeating: nil, count: rows.count)
    guard !rows.isEmpty else { return }
    if try isScattered || !readSpan(connection) {
      self.isScattered = true
      try lookUp(rows.indices.map { $0 }, connection)
    }
  }

  /// Looks at some rows again: others were stored meanwhile.
  mutating func lookUp(_ indices: [Int], _ connection: PostgresConnection) throws {
    var times: [Int64?] = []
    var sources: [Int64?] = []
    var ranges: [Range<Int>] = []
    var end = 0
    for index in indices {
      times.append(rows[index].time)
      sources.append(Int64(rows[index].codes[Dimension.source.lane]))
      let start = Int(rows[index].idOffset)
      ranges.append(start..<start + Int(rows[index].idLength))
      end = max(end, start + Int(rows[index].idLength))
    }
    let text = Array(UnsafeBufferPointer(start: ids, count: end))
    let result = try connection.run("verdicts.find_all", .integers(times), .integers(sources), .slices(text, ranges))
    var place = 0
    for line in 0..<result.count {
      var bytes: [UInt8] = []
      var row = VerdictRow()
      for column in 0..<VerdictWire.columns where !result.isNull(line, column) {
        guard VerdictWireReader.set(column, of: &row, to: result.bytes(line, column), ids: &bytes) else { throw Self.damage }
      }
      // In the order of the keys that were asked for, but for those without a row.
      while place < indices.count, compare(indices[place], &row, bytes) != 0 { place += 1 }
      guard place < indices.count else { throw Self.damage }
      found[indices[place]] = row
    }
  }

  /// Reads the table from the first key's time to the last one's, and merges.
  ///
  /// - Returns: false where the table has too many rows there.
  private mutating func readSpan(_ connection: PostgresConnection) throws -> Bool {
    var reader = VerdictWireReader(hasID: true)
    let limit = rows.count * Self.rowsReadMax + 1_000
    var count = 0
    var place = 0
    try connection.copyOut("verdicts.first_in_span", [rows[0].time, rows[rows.count - 1].time + 1, Int64(limit)]) { piece in
      guard reader.read(piece) else { throw Self.damage }
      for index in reader.rows.indices {
        count += 1
        var row = reader.rows[index]
        var order = -1
        while place < rows.count {
          order = compare(place, &row, reader.ids)
          if order >= 0 { break }
          place += 1
        }
        if place < rows.count, order == 0 { found[place] = row }
      }
      reader.removeAll()
    }
    return count < limit
  }

  private func compare(_ index: Int, _ row: inout VerdictRow, _ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBufferPointer { VerdictKey.compare(rows.baseAddress! + index, ids, &row, $0.baseAddress!) }
  }

  private static let damage = StoreError(.damaged, "a verdict in the table has an impossible value; run guardtally verify")
}
