import Reports
import Statistics
import Storage
import Verdicts

/// The gauges of the rolling windows. A window without a verdict has no series, and neither has a ratio without one evaluated.
struct WindowFamilies {
  private let prefix: String
  private let windows: [Window]
  private let overall: WindowCounts
  private var byDimension: [Dimension: WindowCounts] = [:]
  /// How many values of each label were folded.
  private(set) var foldedCounts: [Dimension: Int] = [:]

  static let dimensions: [Dimension] = [.language, .region, .model, .stage]
  static func hasRatio(_ dimension: Dimension) -> Bool { dimension == .language || dimension == .region }

  /// - Parameter otherSeries: series of the exposition that are not by dimension; the rest of the budget is theirs.
  init(of snapshot: any StoreSnapshot, settings: ExpositionSettings, edge: Timestamp, otherSeries: Int) throws {
    prefix = settings.prefix
    windows = settings.windows
    overall = try WindowCounts(of: snapshot, by: nil, windows: windows, edge: edge, measure: .riskTypes)
    for dimension in Self.dimensions {
      byDimension[dimension] = try WindowCounts(of: snapshot, by: dimension, windows: windows, edge: edge, measure: .verdicts)
    }
    let longest = windows.indices.max { windows[$0].microseconds < windows[$1].microseconds } ?? 0
    let own = Self.seriesCount(overall.entries.first)
    let plan = FoldPlan(byDimension, longest: longest, budget: max(0, settings.seriesMax - otherSeries - own))
    for (dimension, values) in plan.folded {
      byDimension[dimension]?.fold(values)
      foldedCounts[dimension] = values.count
    }
  }

  /// Series of the windows overall.
  private static func seriesCount(_ entry: WindowCounts.Entry?) -> Int {
    guard let entry else { return 0 }
    return entry.results.indices.reduce(0) { sum, index in
      sum + (entry.results[index].total > 0 ? 4 : 0) + (entry.results[index].evaluated > 0 ? 3 : 0)
        + (entry.results[index].total > 0 ? RiskType.count : 0)
    }
  }

  var families: [MetricFamily] {
    var families = overallFamilies
    for dimension in Self.dimensions {
      var verdicts = MetricFamily(
        "\(prefix)_\(dimension.name)_window_verdicts", .gauge, "Verdicts in the window by \(dimension.name) and result.")
      forEachWindow(of: dimension) { window, value, counts in
        Self.addResults(counts, [.init("window", window.name), .init(dimension.name, value)], to: &verdicts)
      }
      families.append(verdicts)
    }
    for dimension in Self.dimensions where Self.hasRatio(dimension) {
      var ratios = MetricFamily(
        "\(prefix)_\(dimension.name)_safe_ratio", .gauge, "Safe verdicts over evaluated ones in the window by \(dimension.name).")
      forEachWindow(of: dimension) { window, value, counts in
        guard let ratio = counts.safeRatio else { return }
        ratios.add(MetricNumber.ratio(ratio), [.init("window", window.name), .init(dimension.name, value)])
      }
      families.append(ratios)
    }
    families.append(riskTypeFamily)
    return families
  }

  private var overallFamilies: [MetricFamily] {
    var ratio = MetricFamily(
      "\(prefix)_safe_ratio", .gauge, "Safe verdicts over evaluated ones (safe, controversial, unsafe) in the window.")
    var lower = MetricFamily("\(prefix)_safe_ratio_lower", .gauge, "Lower bound of the 95% Wilson interval of the safe ratio.")
    var upper = MetricFamily("\(prefix)_safe_ratio_upper", .gauge, "Upper bound of the 95% Wilson interval of the safe ratio.")
    var verdicts = MetricFamily("\(prefix)_window_verdicts", .gauge, "Verdicts in the window by result.")
    if let entry = overall.entries.first {
      for (index, window) in windows.enumerated() {
        let counts = entry.results[index]
        let labels = [MetricFamily.Label("window", window.name)]
        Self.addResults(counts, labels, to: &verdicts)
        guard let value = counts.safeRatio, let interval = WilsonInterval(successes: counts.safe, trials: counts.evaluated) else {
          continue
        }
        ratio.add(MetricNumber.ratio(value), labels)
        lower.add(MetricNumber.ratio(interval.lower), labels)
        upper.add(MetricNumber.ratio(interval.upper), labels)
      }
    }
    return [ratio, lower, upper, verdicts]
  }

  private var riskTypeFamily: MetricFamily {
    var family = MetricFamily("\(prefix)_risk_type_window_verdicts", .gauge, "Flagged verdicts in the window by risk type.")
    guard let entry = overall.entries.first else { return family }
    for (index, window) in windows.enumerated() where entry.results[index].total > 0 {
      for type in RiskType.inNameOrder {
        family.add(entry.flagged[index][Int(type.rawValue)], [.init("window", window.name), .init("type", type.name)])
      }
    }
    return family
  }

  private func forEachWindow(of dimension: Dimension, _ body: (Window, String, ResultCounts) -> Void) {
    for (index, window) in windows.enumerated() {
      for entry in byDimension[dimension]?.entries ?? [] where entry.results[index].total > 0 {
        body(window, entry.value ?? "", entry.results[index])
      }
    }
  }

  private static func addResults(_ counts: ResultCounts, _ labels: [MetricFamily.Label], to family: inout MetricFamily) {
    guard counts.total > 0 else { return }
    for (result, count) in zip(Verdict.names, [counts.safe, counts.controversial, counts.unsafe, counts.error]) {
      family.add(count, labels + [.init("result", result)])
    }
  }
}
