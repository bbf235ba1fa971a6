import Verdicts

/// Numbers as Prometheus reads them.
enum MetricNumber {
  /// Seconds of a number of microseconds, exactly.
  static func seconds(microseconds: Int64) -> String {
    let magnitude = microseconds.magnitude
    let whole = String(magnitude / 1_000_000)
    var fraction = magnitude % 1_000_000
    let sign = microseconds < 0 ? "-" : ""
    guard fraction != 0 else { return sign + whole }
    var digits = 6
    while fraction % 10 == 0 {
      fraction /= 10
      digits -= 1
    }
    let figures = String(fraction)
    return sign + whole + "." + String(repeating: "0", count: digits - figures.utf8.count) + figures
  }

  /// The shortest text that reads back as the same double.
  static func ratio(_ ratio: Double) -> String {
    ratio == ratio.rounded() ? String(Int64(ratio)) : "\(ratio)"
  }
}
