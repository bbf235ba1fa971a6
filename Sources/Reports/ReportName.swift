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

  /// Completes the rows of one group: none, one, or one for each risk type that occurs.
  ///
  /// - Parameters:
  ///   - counts: as many as the measure's stride.
  ///   - row: what the group's rows begin with; left with the last row.
  func appendRows(_ counts: ArraySlice<Int64>, to row: inout [Cell], _ body: ([Cell]) throws -> Void) rethrows {
    let base = counts.startIndex
    let leading = row.count
    let result = ResultCounts(safe: counts[base], controversial: counts[base + 1], unsafe: counts[base + 2], error: counts[base + 3])
    switch self {
    case .safeRatio:
      Self.appendSafeRatio(result, to: &row)
      try body(row)
    case .categories:
      for type in RiskType.inNameOrder {
        let controversial = counts[base + 4 + Int(type.rawValue)]
        let unsafe = counts[base + 4 + RiskType.count + Int(type.rawValue)]
        let verdicts = controversial + unsafe
        guard verdicts > 0 else { continue }
        row.removeLast(row.count - leading)
        row.append(.text(type.name))
        row.append(.count(verdicts))
        row.append(.count(controversial))
        row.append(.count(unsafe))
        row.append(.ratio(Ratio.of(verdicts, in: result.flagged)))
        row.append(.ratio(Ratio.of(verdicts, in: result.evaluated)))
        try body(row)
      }
    }
  }

  private static func appendSafeRatio(_ result: ResultCounts, to row: inout [Cell]) {
    let interval = WilsonInterval(successes: result.safe, trials: result.evaluated)
    row.append(.count(result.total))
    row.append(.count(result.safe))
    row.append(.count(result.controversial))
    row.append(.count(result.unsafe))
    row.append(.count(result.error))
    row.append(.ratio(result.safeRatio))
    row.append(.ratio(interval?.lower))
    row.append(.ratio(interval?.upper))
    row.append(.ratio(result.looseSafeRatio))
    row.append(.ratio(result.errorRatio))
  }
}
