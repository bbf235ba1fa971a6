import ByteCoding
import Tallies
import Testing
import Verdicts

/// Numbers that look random, the same each time.
private struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func below(_ bound: UInt32) -> UInt32 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt32(truncatingIfNeeded: state >> 16) % bound
  }
}

@Suite struct GroupTableTests {
  /// Codes of two lanes; some are none of those that are known.
  private static func keys(seed: UInt64) -> [DimensionCodes] {
    var random = Random(seed: seed)
    return (0..<5_000).map { _ in
      var key = DimensionCodes(repeating: 0)
      key[0] = random.below(6)
      key[4] = 1 + random.below(random.below(20) == 0 ? 4_000 : 40)
      if random.below(10) == 0 { key[7] = random.below(1 << 17) }
      return key
    }
  }

  @Test(arguments: [nil, [(lane: 0, codes: 1..<5), (lane: 4, codes: 1..<41)], [(lane: 0, codes: 0..<3_000), (lane: 4, codes: 0..<3_000)]])
  func countsWhatADictionaryCounts(codes: [(lane: Int, codes: Range<Int>)]?) {
    var table = GroupTable(stride: 2, codes: codes)
    for seed in 1...3 as ClosedRange<UInt64> {
      var expected: [DimensionCodes: [Int64]] = [:]
      for (index, key) in Self.keys(seed: seed).enumerated() {
        let base = table.base(of: key)
        table.counts[base] += 1
        table.counts[base + 1] += Int64(index)
        expected[key, default: [0, 0]][0] += 1
        expected[key, default: [0, 0]][1] += Int64(index)
      }
      #expect(table.keys.count == expected.count)
      for (group, key) in table.keys.enumerated() { #expect(Array(table.counts[2 * group..<2 * group + 2]) == expected[key]) }
      var sum = GroupTable(stride: 2)
      for _ in 0..<2 {
        let fits = sum.add(table)
        #expect(fits)
      }
      for (group, key) in sum.keys.enumerated() { #expect(Array(sum.counts[2 * group..<2 * group + 2]) == expected[key]?.map { 2 * $0 }) }
      table.removeAll()
      #expect(table.keys.isEmpty && table.counts.isEmpty)
    }
  }

  /// By their places, groups are those that their keys have.
  @Test func placesAreThoseOfTheKeys() throws {
    var table = GroupTable(stride: 3, codes: [(lane: 5, codes: 1..<8), (lane: 2, codes: 0..<3)])
    let known = try #require(table.places)
    var random = Random(seed: 9)
    let keys = (0..<1_000).map { _ in
      var key = DimensionCodes(repeating: 0)
      key[5] = 1 + random.below(7)
      key[2] = random.below(3)
      return key
    }
    let places = keys.enumerated().map { index, key in
      index % 11 == 0 ? GroupTable.noPlace : ((key &- known.firstCodes) &* known.factors).wrappedSum()
    }
    var numbers = [Int32](repeating: -1, count: keys.count)
    places.withUnsafeBufferPointer { places in numbers.withUnsafeMutableBufferPointer { table.number(places, into: $0) } }
    for (index, key) in keys.enumerated() {
      #expect(index % 11 == 0 ? numbers[index] == 0 : table.keys[Int(numbers[index]) - 1] == key)
      let base = index % 11 == 0 ? -3 : table.base(of: key)
      #expect(base == (Int(numbers[index]) - 1) * 3)
    }
    #expect(table.keys.count == 21)
  }

  @Test func saysWhereASumIsTooLarge() {
    var table = GroupTable(stride: 1)
    let base = table.base(of: DimensionCodes(repeating: 1))
    table.counts[base] = 1 << 61 - 1
    let other = table
    let once = table.add(other)
    #expect(once && table.counts[base] == 1 << 62 - 2)
    let twice = table.add(other)
    #expect(!twice)
  }
}

@Suite struct ChecksumTests {
  /// RFC 3720, appendix B.4, and the check value of the algorithm's catalogue.
  @Test func isCRC32C() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum([]) == 0)
  }

  /// The processor's instruction and the tables.
  @Test func isTheSameEitherWay() {
    var random = Random(seed: 4)
    let bytes = (0..<400).map { _ in UInt8(truncatingIfNeeded: random.below(256)) }
    bytes.withUnsafeBytes { bytes in
      for start in 0..<9 {
        for end in start..<bytes.count {
          let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
          #expect(CRC32C.checksum(part) == CRC32C.checksumByTables(part))
        }
      }
    }
  }
}
