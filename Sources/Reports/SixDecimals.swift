/// `%.6f` of a ratio, without the C library's locale and without its cost.
package enum SixDecimals {
  /// The nearest millionth of the double's exact binary value, halves to even, as IEEE 754 and C's printf round.
  ///
  /// - Parameter ratio: in [0, 1].
  package static func text(_ ratio: Double) -> String {
    precondition(ratio >= 0 && ratio <= 1, "a ratio lies in [0, 1]")
    let significand = UInt128(ratio.significandBitPattern | (ratio.isNormal ? 1 << 52 : 0))
    // ratio = significand / 2^shift
    let shift = 52 - (ratio.isNormal ? Int(ratio.exponent) : -1_022)
    let product = significand * 1_000_000
    var millionths: UInt128 = 0
    if shift < 128 {
      millionths = product >> UInt128(shift)
      let rest = product - millionths << UInt128(shift)
      let half: UInt128 = 1 << UInt128(shift - 1)
      if rest > half || rest == half && millionths & 1 == 1 { millionths += 1 }
    }
    if millionths >= 1_000_000 { return "1.000000" }
    let figures = String(UInt64(millionths))
    return "0." + String(repeating: "0", count: 6 - figures.utf8.count) + figures
  }
}
