import Verdicts

extension Report {
  /// Adds up rows, where that says something true: verdicts and errors are each in one row, flagged ones may be in two, and no quantile
  /// follows from others.
  package struct Totals {
    private let report: Report
    private var sums: [Int64]
    package private(set) var rows = 0

    package init(_ report: Report) {
      self.report = report
      sums = report.columns.map { _ in 0 }
    }

    package mutating func add(_ row: [Cell]) {
      rows += 1
      for (index, cell) in row.enumerated() { if case .count(let count) = cell { sums[index] += count } }
    }

    /// As long as a row; nil where there is nothing to add up.
    package var cells: [Cell]? {
      guard rows > 1 else { return nil }
      var cells: [Cell] = [.time(report.span.from), .time(report.span.to)] + report.by.map { _ in .text("") }
      let own = cells.count
      switch report.name {
      case .safeRatio: ReportName.appendSafeRatio(ResultCounts(sums[own + 1..<own + 5]), to: &cells)
      case .errors: cells += [.text(""), .count(sums[own + 1]), .text("")]
      case .categories, .latency: return nil
      }
      return cells
    }
  }
}
