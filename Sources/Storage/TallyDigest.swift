import Crypto
import Tallies

/// SHA-256 over tallies. A CRC would not do: every tally ends with its own, and a CRC over text and its CRC is the same whatever the text.
struct TallyDigest {
  private var hash = SHA256()

  mutating func add(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) } }

  /// Adds the numbers and bytes of all tallies of combinations in a range of buckets.
  mutating func add(_ combinations: [Combination], in buckets: Range<UInt32>, of snapshot: any StoreSnapshot) throws {
    for combination in combinations {
      try snapshot.forEachTally(of: combination, buckets: buckets) { key, bytes in
        add(key.number)
        add(Int64(bytes.count))
        hash.update(bufferPointer: bytes)
      }
    }
  }

  func finish() -> [UInt8] { Array(hash.finalize()) }

  static func of(_ combinations: [Combination], in buckets: Range<UInt32>, of snapshot: any StoreSnapshot) throws -> [UInt8] {
    var digest = TallyDigest()
    try digest.add(combinations, in: buckets, of: snapshot)
    return digest.finish()
  }
}
