import Statistics
import Tallies
import Testing
import Verdicts

/// Rows with a little of everything, in order of time.
private func someRows(_ count: Int, seed: UInt64) -> [VerdictRow] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  func below(_ bound: UInt64) -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state % bound
  }
  return (0..<count).map { _ in
    var row = VerdictRow()
    row.idOffset = UInt32(below(10))
    row.idLength = UInt16(1 + below(10))
    row.time = 1_767_225_600_000_000 + Int64(below(3 * 900_000_000))
    for lane in 0..<6 { row.codes[lane] = UInt32(below(lane == 5 ? 400 : 3) + 1) }
    row.verdict = UInt8(below(4))
    if row.verdict == 3 { row.errorCause = UInt8(1 + below(6)) }
    if row.verdict == 1 || row.verdict == 2 { row.riskTypes = UInt32(below(1 << 17)) | 1 }
    if below(4) > 0 { row.latency = Int64(below(40_000_000)) }
    return row
  }.sorted { $0.time < $1.time }
}

private func build(_ rows: [VerdictRow]) -> [TallyKey: [UInt8]] {
  var builder = TallyBuilder()
  var tallies: [TallyKey: [UInt8]] = [:]
  let ids = Array("an id of some length".utf8)
  rows.withUnsafeBufferPointer { rows in
    ids.withUnsafeBufferPointer { ids in builder.build(rows: rows, ids: ids.baseAddress!) { tallies[$0] = $1 } }
  }
  return tallies
}

private func cells(_ bytes: [UInt8], _ combination: Combination) throws -> [DimensionCodes: TallyCell] {
  try bytes.withUnsafeBytes { bytes in
    var decoder = try TallyDecoder(bytes, of: combination)
    var cells: [DimensionCodes: TallyCell] = [:]
    while try decoder.next() { cells[decoder.codes] = decoder.cell }
    return cells
  }
}

@Suite struct TallyTests {
  @Test func countsWhatAPlainLoopCounts() throws {
    let rows = someRows(3_000, seed: 7)
    let tallies = build(rows)
    #expect(Set(tallies.keys.map(\.bucket)).count == 3)
    #expect(tallies.count == 3 * Combination.allCases.count)
    for (key, bytes) in tallies {
      var expected: [DimensionCodes: TallyCell] = [:]
      for row in rows where TallyKey.bucket(of: row.time) == key.bucket {
        var codes = DimensionCodes(repeating: 0)
        for dimension in key.combination.dimensions { codes[dimension.lane] = row.codes[dimension.lane] }
        var cell = expected[codes] ?? TallyCell()
        cell.codes = codes
        cell.verdicts[Int(row.verdict)] += 1
        if row.verdict == 3 { cell.errorCauses[Int(row.errorCause)] += 1 }
        for type in 0..<RiskType.count where row.riskTypes & (1 << UInt32(type)) != 0 {
          cell.flagged[(row.verdict == 2 ? RiskType.count : 0) + type] += 1
        }
        if row.latency >= 0 {
          cell.latencySumMicroseconds += UInt64(row.latency)
          cell.latencies[Int(LatencyScale.bucket(microseconds: row.latency))] += 1
        }
        expected[codes] = cell
      }
      var found = try cells(bytes, key.combination)
      for codes in found.keys {
        #expect((found[codes]?.fingerprint != 0) == (key.combination == .overall))
        found[codes]?.fingerprint = 0
      }
      #expect(found == expected)
    }
  }

  /// Cut anywhere and merged in any order, the bytes are those of counting at once.
  @Test(arguments: 1...6) func mergingEqualsCountingAtOnce(seed: UInt64) throws {
    let rows = someRows(800, seed: seed)
    let whole = build(rows)
    let parts = [rows.indices.filter { $0 % 3 == 0 }, rows.indices.filter { $0 % 3 == 1 }, rows.indices.filter { $0 % 3 == 2 }]
      .map { build($0.map { rows[$0] }) }
    let merger = TallyMerger()
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
      var merged: [TallyKey: [UInt8]] = [:]
      for part in order.map({ parts[$0] }) {
        for (key, bytes) in part {
          guard let before = merged[key] else {
            merged[key] = bytes
            continue
          }
          merged[key] = try before.withUnsafeBytes { left in
            try bytes.withUnsafeBytes { try merger.merge(left, $0, of: key.combination) }
          }
        }
      }
      #expect(merged == whole)
    }
  }

  @Test func everyChangedByteIsFound() throws {
    let bytes = try #require(build(someRows(40, seed: 3))[TallyKey(combination: .language, bucket: TallyKey.bucket(of: 1_767_225_600_000_000))])
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x10
      #expect(throws: TallyDamage.self) { try cells(changed, .language) }
    }
    #expect(throws: TallyDamage.self) { try cells([], .language) }
    #expect(throws: TallyDamage.self) { try cells(Array(bytes.dropLast()), .language) }
  }

  @Test func keysKeepCombinationsApartAndBucketsInOrder() {
    let key = TallyKey(combination: .languageRegion, bucket: 1_963_584)
    #expect(TallyKey(number: key.number) == key)
    #expect(TallyKey(number: -1) == nil)
    #expect(TallyKey(number: 9 << 32) == nil)
    #expect(key.start.rfc3339() == "2026-01-01T00:00:00Z")
  }

  @Test func theSmallestCombinationAnswers() {
    #expect(Combination.covering([]) == .overall)
    #expect(Combination.covering([.language]) == .language)
    #expect(Combination.covering([.region, .language]) == .languageRegion)
    #expect(Combination.covering([.source, .stage]) == .deployment)
    #expect(Combination.covering([.source, .language]) == nil)
  }
}

@Suite struct WilsonIntervalTests {
  /// Values of R's `prop.test(k, n, correct = FALSE)$conf.int`, which is the same interval.
  @Test(arguments: [
    (Int64(8), Int64(10), 0.490162, 0.943318), (0, 10, 0, 0.277533), (10, 10, 0.722467, 1), (1, 1, 0.206549, 1), (7_889, 40_310, 0.191864, 0.199610),
  ])
  func matchesKnownValues(successes: Int64, trials: Int64, lower: Double, upper: Double) throws {
    let interval = try #require(WilsonInterval(successes: successes, trials: trials))
    #expect(abs(interval.lower - lower) < 1e-6)
    #expect(abs(interval.upper - upper) < 1e-6)
  }

  @Test func isNotThereWithoutTrials() {
    #expect(WilsonInterval(successes: 0, trials: 0) == nil)
    #expect(Ratio.of(0, in: 0) == nil)
  }
}
