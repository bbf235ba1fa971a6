import Storage
import Testing
import Verdicts

@Suite struct StoredBlockTests {
  private static func payload(_ rows: [VerdictRow]) -> [UInt8] {
    let ids = [UInt8](repeating: 0x61, count: 8)
    return rows.withUnsafeBufferPointer { rows in ids.withUnsafeBufferPointer { VerdictBlockEncoder.encode(rows, ids: $0.baseAddress!) } }
  }

  private static func row(_ time: Int64, _ change: (inout VerdictRow) -> Void = { _ in }) -> VerdictRow {
    var row = VerdictRow()
    row.time = time
    for lane in 0..<6 { row.codes[lane] = 1 }
    row.idLength = 1
    change(&row)
    return row
  }

  private static func read(_ payload: [UInt8], count: Int, _ firstTime: Int64, _ lastTime: Int64) throws -> Int {
    let block = StoredBlock(count: count, firstTime: firstTime, lastTime: lastTime) { StoreError(.damaged, "damage") }
    return try payload.withUnsafeBytes { try block.columns($0, .all).count }
  }

  @Test func isWhatTheStoreSaysOfIt() throws {
    let payload = Self.payload([Self.row(10), Self.row(10), Self.row(12)])
    #expect(try Self.read(payload, count: 3, 10, 12) == 3)
    for (count, first, last) in [(2, 10, 12), (3, 9, 12), (3, 10, 13)] as [(Int, Int64, Int64)] {
      #expect(throws: StoreError.self) { try Self.read(payload, count: count, first, last) }
    }
    for index in payload.indices {
      var changed = payload
      changed[index] ^= 1
      #expect(throws: StoreError.self) { try Self.read(changed, count: 3, 10, 12) }
    }
    #expect(throws: StoreError.self) { try Self.read([], count: 3, 10, 12) }
  }

  /// Bytes with a checksum that holds, which no verdicts make.
  @Test func isNothingThatVerdictsCannotBe() {
    let impossible: [[VerdictRow]] = [
      [Self.row(10), Self.row(99), Self.row(12)],
      [Self.row(10), Self.row(11) { $0.codes[Dimension.stage.lane] = 3 }, Self.row(12)],
      [Self.row(10), Self.row(11) { $0.riskTypes = 1 << 20 }, Self.row(12)],
      [Self.row(10), Self.row(11) { $0.latency = LatencyScale.microsecondsMax + 1 }, Self.row(12)],
      [Self.row(10), Self.row(11) { $0.errorCause = 7 }, Self.row(12)],
    ]
    for rows in impossible { #expect(throws: StoreError.self) { try Self.read(Self.payload(rows), count: 3, 10, 12) } }
  }
}
