import Statistics
import Verdicts

/// The reports that exist. The raw value is the name on the command line.
package enum ReportName: String, CaseIterable, Sendable {
  case safeRatio = "safe-ratio"
  case categories

  /// What the report shows, in a line.
  package var summary: String {
    switch self {
    case .safeRatio: "verdicts by result, the safe ratio with its 95% bounds, and the error ratio"
    case .categories: "flagged verdicts by risk type, and their share"
    }
  }

  /// The columns after `start`, `end` and the dimensions.
  var columns: [Column] {
    switch self {
    case .safeRatio:
      ["total", "safe", "controversial", "unsafe", "error"].map { Column($0, .number) }
        + ["safe_ratio", "safe_ratio_lower", "safe_ratio_upper", "loose_safe_ratio", "error_ratio"].map { Column($0, .number) }
    case .categories:
      [Column("risk_type", .text)]
        + ["verdicts", "controversial", "unsafe", "share_of_flagged", "share_of_evaluated"].map { Column($0, .number) }
    }
  }

  var measure: BucketQuery.Measure {
    switch self {
    case .safeRatio: .verdicts
    case .categories: .riskTypes
    }
  }

  /// The rows of one group: none, one, or one for each risk type that occurs.
  ///
  /// - Parameter counts: as many as the measure's stride.
  func rows(_ counts: ArraySlice<Int64>) -> [[Cell]] {
    let base = counts.startIndex
    let result = ResultCounts(safe: counts[base], controversial: counts[base + 1], unsafe: counts[base + 2], error: counts[base + 3])
    switch self {
    case .safeRatio: return [safeRatioRow(result)]
    case .categories:
      return RiskType.inNameOrder.compactMap { type in
        let controversial = counts[base + 4 + Int(type.rawValue)]
        let unsafe = counts[base + 4 + RiskType.count + Int(type.rawValue)]
        guard controversial + unsafe > 0 else { return nil }
        let verdicts = controversial + unsafe
        return [
          .text(type.name), .count(verdicts), .count(controversial), .count(unsafe),
          .ratio(Ratio.of(verdicts, in: result.flagged)), .ratio(Ratio.of(verdicts, in: result.evaluated)),
        ]
      }
    }
  }

  private func safeRatioRow(_ result: ResultCounts) -> [Cell] {
    let interval = WilsonInterval(successes: result.safe, trials: result.evaluated)
    return [
      .count(result.total), .count(result.safe), .count(result.controversial), .count(result.unsafe), .count(result.error),
      .ratio(result.safeRatio), .ratio(interval?.lower), .ratio(interval?.upper), .ratio(result.looseSafeRatio),
      .ratio(result.errorRatio),
    ]
  }
}
