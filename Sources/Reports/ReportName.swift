import Statistics
import Verdicts

/// The reports that exist. The raw value is the name on the command line.
package enum ReportName: String, CaseIterable, Sendable {
  case safeRatio = "safe-ratio"
  case categories
  case latency
  case errors

  /// What the report shows, in a line.
  package var summary: String {
    switch self {
    case .safeRatio: "verdicts by result, the safe ratio with its 95% bounds, and the error ratio"
    case .categories: "flagged verdicts by risk type, and their share"
    case .latency: "mean and quantiles of the latencies, errors included"
    case .errors: "errors by cause, and their share of all verdicts"
    }
  }

  /// The columns after `start`, `end` and the dimensions.
  package func columns(_ naming: CategoryNaming) -> [Column] {
    switch self {
    case .safeRatio:
      ["total", "safe", "controversial", "unsafe", "error"].map { Column($0, .count) }
        + ["safe_ratio", "safe_ratio_lower", "safe_ratio_upper", "loose_safe_ratio", "error_ratio"].map { Column($0, .decimal) }
    case .categories:
      naming.columns
        + ["verdicts", "controversial", "unsafe"].map { Column($0, .count) }
        + ["share_of_flagged", "share_of_evaluated"].map { Column($0, .decimal) }
    case .latency: [Column("count", .count)] + ["mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms"].map { Column($0, .decimal) }
    case .errors: [Column("error_cause", .text), Column("errors", .count), Column("share_of_total", .decimal)]
    }
  }

  func measure(_ naming: CategoryNaming) -> Measure {
    switch self {
    case .safeRatio: .verdicts
    case .categories: naming.needsSets ? .riskTypeSets : .riskTypes
    case .latency: .latencies
    case .errors: .errorCauses
    }
  }

  /// Completes the rows of one group: none, one, or one for each risk type or error cause that occurs.
  ///
  /// - Parameters:
  ///   - counts: as many as the measure's stride.
  ///   - row: what the group's rows begin with; left with the last row.
  func appendRows(_ counts: ArraySlice<Int64>, to row: inout [Cell], _ body: ([Cell]) throws -> Void) rethrows {
    let base = counts.startIndex
    let leading = row.count
    switch self {
    case .safeRatio:
      Self.appendSafeRatio(ResultCounts(counts), to: &row)
      try body(row)
    case .latency:
      let latencies = LatencyDistribution(sum: counts[base], counts: counts[(base + 1)...])
      row.append(.count(latencies.count))
      row.append(.latency(latencies.mean))
      for percent in [50, 90, 95, 99] as [Int64] { row.append(.latency(latencies.quantile(percent: percent))) }
      try body(row)
    case .errors:
      let total = ResultCounts(counts).total
      for cause in ErrorCause.inNameOrder {
        let errors = counts[base + 4 + Int(cause.rawValue)]
        guard errors > 0 else { continue }
        row.removeLast(row.count - leading)
        row.append(.text(cause.name))
        row.append(.count(errors))
        row.append(.ratio(Ratio.of(errors, in: total)))
        try body(row)
      }
    case .categories:
      let result = ResultCounts(counts)
      for type in RiskType.inNameOrder {
        let controversial = counts[base + 4 + Int(type.rawValue)]
        let unsafe = counts[base + 4 + RiskType.count + Int(type.rawValue)]
        guard controversial + unsafe > 0 else { continue }
        row.removeLast(row.count - leading)
        row.append(.text(type.name))
        Self.appendCategory(controversial: controversial, unsafe: unsafe, of: result, to: &row)
        try body(row)
      }
    }
  }

  /// The same of a group whose verdicts are told apart by what they name.
  func appendRows(_ categories: CategoryCounts, to row: inout [Cell], _ body: ([Cell]) throws -> Void) rethrows {
    let leading = row.count
    try categories.forEach { names, controversial, unsafe in
      row.removeLast(row.count - leading)
      for name in names { row.append(.text(name)) }
      Self.appendCategory(controversial: controversial, unsafe: unsafe, of: categories.total, to: &row)
      try body(row)
    }
  }

  private static func appendCategory(controversial: Int64, unsafe: Int64, of result: ResultCounts, to row: inout [Cell]) {
    let verdicts = controversial + unsafe
    row.append(.count(verdicts))
    row.append(.count(controversial))
    row.append(.count(unsafe))
    row.append(.ratio(Ratio.of(verdicts, in: result.flagged)))
    row.append(.ratio(Ratio.of(verdicts, in: result.evaluated)))
  }

  static func appendSafeRatio(_ result: ResultCounts, to row: inout [Cell]) {
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
