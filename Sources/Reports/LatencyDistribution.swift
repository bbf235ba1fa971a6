import Verdicts

/// Latencies as counts by bucket of ``LatencyScale``, with their exact sum.
struct LatencyDistribution {
  /// In microseconds.
  private let sum: Int64
  /// One place for each bucket of the scale.
  private let counts: ArraySlice<Int64>
  let count: Int64

  init(sum: Int64, counts: ArraySlice<Int64>) {
    self.sum = sum
    self.counts = counts
    count = counts.reduce(0, +)
  }

  /// Whole microseconds, half up; nil without a latency.
  var mean: Int64? {
    guard count > 0, sum >= 0 else { return nil }
    let (quotient, remainder) = sum.quotientAndRemainder(dividingBy: count)
    return remainder >= count - remainder ? quotient + 1 : quotient
  }

  /// The element ⌈q·n⌉ in ascending order, within 5%: what stands for its bucket. Nil without a latency.
  func quantile(percent: Int64) -> Int64? {
    guard count > 0 else { return nil }
    let (hundreds, rest) = count.quotientAndRemainder(dividingBy: 100)
    let rank = hundreds * percent + (rest * percent + 99) / 100
    var before: Int64 = 0
    for (bucket, verdicts) in counts.enumerated() {
      before += verdicts
      if before >= rank { return LatencyScale.representatives[bucket] }
    }
    return nil
  }
}
