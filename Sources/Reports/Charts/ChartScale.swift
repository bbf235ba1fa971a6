#if canImport(Glibc)
import Glibc
#endif

/// An axis whose ends and ticks are round numbers: 1, 2 or 5 times a power of ten apart.
struct ChartScale {
  let low: Double
  let high: Double
  let ticks: [Double]

  /// - Parameters:
  ///   - range: what must lie on the axis.
  ///   - ticksMax: steps at the most.
  ///   - bound: what the axis does not leave.
  init(covering range: ClosedRange<Double>, ticksMax: Int, bound: ClosedRange<Double> = 0...Double.infinity) {
    var range = range
    if range.lowerBound == range.upperBound {
      let room = max(abs(range.upperBound) * 0.1, 0.01)
      range = max(bound.lowerBound, range.lowerBound - room)...min(bound.upperBound, range.upperBound + room)
    }
    let rough = (range.upperBound - range.lowerBound) / Double(ticksMax)
    let power = pow(10, floor(log10(rough)))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999_999 } ?? 10 * power
    // Counted in whole steps, so that no tick is off by a rounding.
    let first = (range.lowerBound / step + 1e-9).rounded(.down)
    let last = (range.upperBound / step - 1e-9).rounded(.up)
    low = first * step
    high = last * step
    ticks = (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// Where a value lies, from 0 to 1.
  func position(of value: Double) -> Double { high > low ? min(1, max(0, (value - low) / (high - low))) : 0 }

  /// A tick as text, with as many decimals as the ticks need.
  func text(_ tick: Double) -> String {
    let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
    let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    guard decimals > 0 else { return String(Int64(tick.rounded())) }
    let scaled = Int64((tick * pow(10, Double(decimals))).rounded())
    let digits = String(scaled.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return (scaled < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}
