package import Verdicts

/// A 64-bit hash over everything that is stored of a verdict: time, codes, contents and id.
///
/// Finds edits behind GuardTally's back; it is no signature. Multiply and fold, eight bytes a step, by the odd constants of
/// SplitMix64 (Steele, Lea and Flood, 2014).
package enum VerdictFingerprint {
  /// - Parameter ids: what the row's id offset points into.
  package static func of(_ row: UnsafePointer<VerdictRow>, ids: UnsafePointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    func mix(_ word: UInt64) {
      hash = (hash ^ word) &* 0xBF58_476D_1CE4_E5B9
      hash ^= hash >> 29
    }
    let codes = row.pointee.codes
    mix(UInt64(bitPattern: row.pointee.time))
    mix(UInt64(bitPattern: row.pointee.latency))
    mix(UInt64(codes[0]) << 32 | UInt64(codes[1]))
    mix(UInt64(codes[2]) << 32 | UInt64(codes[3]))
    mix(UInt64(codes[4]) << 32 | UInt64(codes[5]))
    // Most verdicts have no native names, and none had any before they were kept.
    if codes[6] != 0 { mix(UInt64(codes[6])) }
    mix(
      UInt64(row.pointee.riskTypes) << 32 | UInt64(row.pointee.verdict) << 24 | UInt64(row.pointee.refusal) << 16
        | UInt64(row.pointee.action) << 8 | UInt64(row.pointee.errorCause))
    let id = UnsafeRawPointer(ids + Int(row.pointee.idOffset))
    let length = Int(row.pointee.idLength)
    mix(UInt64(length))
    var index = 0
    while index + 8 <= length {
      mix(UInt64(littleEndian: id.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
      index += 8
    }
    var rest: UInt64 = 0
    while index < length {
      rest = rest << 8 | UInt64(id.load(fromByteOffset: index, as: UInt8.self))
      index += 1
    }
    mix(rest)
    return hash &* 0x94D0_49BB_1331_11EB
  }
}
