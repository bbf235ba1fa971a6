/// `%.6f` of a ratio, without the C library's locale and without its cost.
package enum SixDecimals {
  package static func text(_ ratio: Double) -> String {
    var bytes: [UInt8] = []
    append(ratio, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The nearest millionth of the double's exact binary value, halves to even, as IEEE 754 and C's printf round.
  ///
  /// - Parameter ratio: in [0, 1].
  static func append(_ ratio: Double, to bytes: inout [UInt8]) {
    var rest = millionths(ratio)
    var digits = SIMD8<UInt8>(repeating: 0x30)
    for place in (0..<6).reversed() {
      digits[place] = 0x30 + UInt8(rest % 10)
      rest /= 10
    }
    bytes.append(0x30 + UInt8(rest))
    bytes.append(0x2E)
    for place in 0..<6 { bytes.append(digits[place]) }
  }

  private static func millionths(_ ratio: Double) -> UInt64 {
    precondition(ratio >= 0 && ratio <= 1, "a ratio lies in [0, 1]")
    let significand = UInt128(ratio.significandBitPattern | (ratio.isNormal ? 1 << 52 : 0))
    // ratio = significand / 2^shift
    let shift = 52 - (ratio.isNormal ? Int(ratio.exponent) : -1_022)
    guard shift < 128 else { return 0 }
    let product = significand * 1_000_000
    var millionths = product >> UInt128(shift)
    let rest = product - millionths << UInt128(shift)
    let half: UInt128 = 1 << UInt128(shift - 1)
    if rest > half || rest == half && millionths & 1 == 1 { millionths += 1 }
    return UInt64(millionths)
  }
}
