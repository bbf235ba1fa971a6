package import ByteCoding
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
///     risk types   a bit mask, then controversial and unsafe for each bit
///     latencies    sum in microseconds, number of buckets, then for each the step from the bucket before and the count
///     fingerprint  8 bytes, lowest first
package struct TallyEncoder: Sendable {
  package static let version: UInt8 = 1

  package private(set) var writer = ByteWriter()
  package private(set) var cellCount = 0

  package init() {}

  package mutating func reset() {
    writer.bytes.removeAll(keepingCapacity: true)
    cellCount = 0
  }

  /// A cell's counts. `latencyBuckets` lists the buckets above 0, ascending.
  mutating func append(
    codes: some Sequence<UInt32>, verdicts: SIMD4<UInt64>, flagged: UnsafeBufferPointer<UInt64>,
    latencySum: UInt64, latencies: UnsafeBufferPointer<UInt64>, latencyBuckets: UnsafeBufferPointer<UInt8>, fingerprint: UInt64
  ) {
    cellCount += 1
    for code in codes { writer.varint(UInt64(code)) }
    var mask: UInt32 = 0
    for type in 0..<RiskType.count where flagged[type] != 0 || flagged[RiskType.count + type] != 0 { mask |= 1 << UInt32(type) }
    var flags: UInt8 = 0
    for verdict in 0..<4 where verdicts[verdict] != 0 { flags |= 1 << UInt8(verdict) }
    if mask != 0 { flags |= Self.hasRiskTypes }
    if !latencyBuckets.isEmpty { flags |= Self.hasLatencies }
    if fingerprint != 0 { flags |= Self.hasFingerprint }
    writer.byte(flags)
    for verdict in 0..<4 where verdicts[verdict] != 0 { writer.varint(verdicts[verdict]) }
    if mask != 0 {
      writer.varint(UInt64(mask))
      for type in 0..<RiskType.count where mask & (1 << UInt32(type)) != 0 {
        writer.varint(flagged[type])
        writer.varint(flagged[RiskType.count + type])
      }
    }
    if !latencyBuckets.isEmpty {
      writer.varint(latencySum)
      writer.varint(UInt64(latencyBuckets.count))
      var previous: UInt8 = 0
      for bucket in latencyBuckets {
        writer.varint(UInt64(bucket - previous))
        writer.varint(latencies[Int(bucket)])
        previous = bucket
      }
    }
    if fingerprint != 0 { writer.littleEndian(fingerprint, width: 8) }
  }

  /// A cell in full.
  package mutating func append(_ cell: TallyCell, of combination: Combination) {
    let buckets = cell.latencies.indices.filter { cell.latencies[$0] != 0 }.map { UInt8($0) }
    cell.flagged.withUnsafeBufferPointer { flagged in
      cell.latencies.withUnsafeBufferPointer { latencies in
        buckets.withUnsafeBufferPointer { buckets in
          append(
            codes: combination.dimensions.map { cell.codes[Int($0.rawValue)] }, verdicts: cell.verdicts, flagged: flagged,
            latencySum: cell.latencySumMicroseconds, latencies: latencies, latencyBuckets: buckets,
            fingerprint: cell.fingerprint)
        }
      }
    }
  }

  /// A cell as it stands in another tally.
  mutating func append(encoded: UnsafeRawBufferPointer) {
    cellCount += 1
    writer.bytes.append(contentsOf: encoded)
  }

  /// The whole tally. The encoder stays as it is.
  package func sealed() -> [UInt8] {
    var whole = ByteWriter()
    whole.bytes.reserveCapacity(writer.bytes.count + 10)
    whole.byte(Self.version)
    whole.varint(UInt64(cellCount))
    whole.bytes.append(contentsOf: writer.bytes)
    whole.checksum()
    return whole.bytes
  }

  static let hasRiskTypes: UInt8 = 1 << 4
  static let hasLatencies: UInt8 = 1 << 5
  static let hasFingerprint: UInt8 = 1 << 6
}
