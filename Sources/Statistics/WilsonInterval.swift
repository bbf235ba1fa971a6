/// The score interval of a proportion: where the true ratio lies, given `successes` out of `trials`.
///
/// E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American Statistical
/// Association 22 (1927), 209-212. It stays within [0, 1] and is sound for few trials and for ratios near 0 and 1.
package struct WilsonInterval: Equatable, Sendable {
  package var lower: Double
  package var upper: Double

  /// The normal quantile of a two-sided 95% interval.
  package static let z = 1.959963984540054

  /// Nil without trials: there is no ratio, and so no interval.
  package init?(successes: Int64, trials: Int64) {
    guard trials > 0, (0...trials).contains(successes) else { return nil }
    let count = Double(trials)
    let ratio = Double(successes) / count
    let square = Self.z * Self.z
    let denominator = 1 + square / count
    let centre = (ratio + square / (2 * count)) / denominator
    let margin = Self.z / denominator * (ratio * (1 - ratio) / count + square / (4 * count * count)).squareRoot()
    // The bounds touch 0 and 1 exactly when no trial, or every one, succeeded; rounding must not say otherwise.
    lower = successes == 0 ? 0 : max(0, centre - margin)
    upper = successes == trials ? 1 : min(1, centre + margin)
  }
}
