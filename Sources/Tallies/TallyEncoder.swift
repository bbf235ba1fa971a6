import ByteCoding
import Verdicts

/// Writes tallies in their one canonical form: equal counts give equal bytes, so a recount is compared byte by byte.
///
/// A tally is a version byte, the number of cells, the cells in ascending order of their codes, and a CRC-32C. Numbers are
/// varints. A cell is
///
///     codes        one for each dimension of the combination
///     flags        bits 0-3: which of safe, controversial, unsafe, error are above 0; bit 4: risk types; bit 5: latencies;
///                  bit 6: fingerprint
///     counts       one for each flag of bits 0-3
///     causes       where there are errors: a byte with a bit for each ``ErrorCause`` that occurs, then a count for each bit
///     risk types   a bit mask, then controversial and unsafe for each bit
///     latencies    sum in microseconds, number of buckets, then for each the step from the bucket before and the count
///     fingerprint  8 bytes, lowest first
///
/// Writes through a pointer: a cell is some ten bytes, and an array's check at each would cost more than the bytes.
package final class TallyEncoder {
  package static let version: UInt8 = 2

  private var start: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var count = 0
  package private(set) var cellCount = 0

  /// More than any cell takes: four codes, flags, and every count, risk type and latency bucket at its longest.
  private static let cellBytesMax = 8_192

  package init() {
    capacity = 4 * Self.cellBytesMax
    start = .allocate(capacity: capacity)
  }

  deinit { start.deallocate() }

  package func reset() {
    count = 0
    cellCount = 0
  }

  /// What a cell counts, in scratch memory that its owner clears.
  struct Counts {
    var verdicts = SIMD4<UInt64>(repeating: 0)
    /// As ``TallyCell/flagged``; only places of `riskTypes` are looked at.
    var flagged: UnsafePointer<UInt64>
    /// Bits of the types that occur.
    var riskTypes: UInt32 = 0
    /// As ``TallyCell/errorCauses``; looked at where there are errors.
    var errorCauses: UnsafePointer<UInt64>
    var latencySum: UInt64 = 0
    /// As ``TallyCell/latencies``; only places of `latencyBuckets` are looked at.
    var latencies: UnsafePointer<UInt64>
    /// Bits of the buckets that occur, 64 to a word.
    var latencyBuckets: UnsafePointer<UInt64>
    var fingerprint: UInt64 = 0
  }

  static let latencyWords = 4

  /// A cell's counts.
  func append(codes: DimensionCodes, lanes: [Int], _ counts: Counts) {
    var cursor = begin()
    for lane in lanes { Self.varint(UInt64(codes[lane]), &cursor) }
    var flags: UInt8 = 0
    for verdict in 0..<4 where counts.verdicts[verdict] != 0 { flags |= 1 << UInt8(verdict) }
    var bucketCount = 0
    for word in 0..<Self.latencyWords { bucketCount += counts.latencyBuckets[word].nonzeroBitCount }
    if counts.riskTypes != 0 { flags |= Self.hasRiskTypes }
    if bucketCount > 0 { flags |= Self.hasLatencies }
    if counts.fingerprint != 0 { flags |= Self.hasFingerprint }
    cursor.pointee = flags
    cursor += 1
    for verdict in 0..<4 where counts.verdicts[verdict] != 0 { Self.varint(counts.verdicts[verdict], &cursor) }
    if counts.verdicts[Int(Verdict.error.rawValue)] != 0 { Self.errorCauses(counts.errorCauses, &cursor) }
    if counts.riskTypes != 0 {
      Self.varint(UInt64(counts.riskTypes), &cursor)
      var bits = counts.riskTypes
      while bits != 0 {
        let type = bits.trailingZeroBitCount
        Self.varint(counts.flagged[type], &cursor)
        Self.varint(counts.flagged[RiskType.count + type], &cursor)
        bits &= bits - 1
      }
    }
    if bucketCount > 0 {
      Self.varint(counts.latencySum, &cursor)
      Self.varint(UInt64(bucketCount), &cursor)
      var previous = 0
      for word in 0..<Self.latencyWords {
        var bits = counts.latencyBuckets[word]
        while bits != 0 {
          let bucket = word * 64 + bits.trailingZeroBitCount
          Self.varint(UInt64(bucket - previous), &cursor)
          Self.varint(counts.latencies[bucket], &cursor)
          previous = bucket
          bits &= bits - 1
        }
      }
    }
    if counts.fingerprint != 0 { Self.littleEndian(counts.fingerprint, &cursor) }
    end(cursor)
  }

  /// The cell of a single verdict, which most cells of wide combinations are.
  func append(single row: UnsafePointer<VerdictRow>, latencyBucket: UInt8, lanes: [Int], fingerprint: UInt64) {
    var cursor = begin()
    for lane in lanes { Self.varint(UInt64(row.pointee.codes[lane]), &cursor) }
    let verdict = row.pointee.verdict
    let riskTypes = Verdict.isFlagged(rawValue: verdict) ? row.pointee.riskTypes : 0
    var flags: UInt8 = 1 << verdict
    if riskTypes != 0 { flags |= Self.hasRiskTypes }
    if row.pointee.latency >= 0 { flags |= Self.hasLatencies }
    if fingerprint != 0 { flags |= Self.hasFingerprint }
    cursor[0] = flags
    cursor[1] = 1
    cursor += 2
    if verdict == Verdict.error.rawValue {
      cursor[0] = 1 << row.pointee.errorCause
      cursor[1] = 1
      cursor += 2
    }
    if riskTypes != 0 {
      Self.varint(UInt64(riskTypes), &cursor)
      for _ in 0..<riskTypes.nonzeroBitCount {
        cursor[0] = Verdict.isUnsafe(rawValue: verdict) ? 0 : 1
        cursor[1] = Verdict.isUnsafe(rawValue: verdict) ? 1 : 0
        cursor += 2
      }
    }
    if row.pointee.latency >= 0 {
      Self.varint(UInt64(row.pointee.latency), &cursor)
      cursor[0] = 1
      cursor += 1
      Self.varint(UInt64(latencyBucket), &cursor)
      cursor[0] = 1
      cursor += 1
    }
    if fingerprint != 0 { Self.littleEndian(fingerprint, &cursor) }
    end(cursor)
  }

  /// A cell as it stands in another tally.
  func append(encoded: UnsafeRawBufferPointer) {
    let cursor = begin()
    UnsafeMutableRawPointer(cursor).copyMemory(from: encoded.baseAddress!, byteCount: encoded.count)
    end(cursor + encoded.count)
  }

  /// The whole tally. The encoder stays as it is.
  package func sealed() -> [UInt8] {
    var whole = ByteWriter()
    whole.bytes.reserveCapacity(count + 12)
    whole.byte(Self.version)
    whole.varint(UInt64(cellCount))
    whole.bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    whole.checksum()
    return whole.bytes
  }

  static let hasRiskTypes: UInt8 = 1 << 4
  static let hasLatencies: UInt8 = 1 << 5
  static let hasFingerprint: UInt8 = 1 << 6

  // MARK: - Bytes

  /// Makes room for a cell and says where it goes.
  private func begin() -> UnsafeMutablePointer<UInt8> {
    if capacity - count < Self.cellBytesMax {
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
      larger.update(from: start, count: count)
      start.deallocate()
      start = larger
      capacity *= 2
    }
    return start + count
  }

  private func end(_ cursor: UnsafeMutablePointer<UInt8>) {
    count = cursor - start
    cellCount += 1
  }

  private static func errorCauses(_ causes: UnsafePointer<UInt64>, _ cursor: inout UnsafeMutablePointer<UInt8>) {
    let mask = cursor
    mask.pointee = 0
    cursor += 1
    for cause in 0..<ErrorCause.allCases.count where causes[cause] != 0 {
      mask.pointee |= 1 << UInt8(cause)
      varint(causes[cause], &cursor)
    }
  }

  @inline(__always)
  private static func varint(_ value: UInt64, _ cursor: inout UnsafeMutablePointer<UInt8>) {
    var rest = value
    while rest >= 0x80 {
      cursor.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
      cursor += 1
      rest >>= 7
    }
    cursor.pointee = UInt8(truncatingIfNeeded: rest)
    cursor += 1
  }

  @inline(__always)
  private static func littleEndian(_ value: UInt64, _ cursor: inout UnsafeMutablePointer<UInt8>) {
    UnsafeMutableRawPointer(cursor).storeBytes(of: value.littleEndian, as: UInt64.self)
    cursor += 8
  }
}
