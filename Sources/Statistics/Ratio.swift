/// A ratio of counts that does not exist where nothing was counted.
package enum Ratio {
  /// `part / whole` in [0, 1], or nil where `whole` is 0: "no data" is neither 0 nor 1. A part larger than its whole, which only
  /// a forged tally has, is no data either.
  package static func of(_ part: Int64, in whole: Int64) -> Double? {
    whole > 0 && (0...whole).contains(part) ? Double(part) / Double(whole) : nil
  }
}
