import Verdicts

/// Gathers rows, and draws them at the end.
struct ChartWriter: RowWriter {
  private let report: Report
  private var collector: ChartCollector
  /// Nil for a picture in a file.
  private let screen: Screen?

  /// - Parameter column: nil for the report's main column.
  init(_ report: Report, column: Column?, screen: Screen?) {
    self.report = report
    self.screen = screen
    collector = ChartCollector(report, column: column ?? report.mainColumn)
  }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) {}

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) { collector.add(cells) }

  mutating func leftOut(_ rows: Int) { collector.leaveOut(rows) }

  mutating func end(to output: inout [UInt8]) {
    let zone = report.zone
    guard let screen else {
      var picture = SVGChart(collector.chart, zone: zone, span: report.span)
      picture.edges = report.step?.edges(of: report.span, in: zone) ?? []
      return picture.write(to: &output)
    }
    func label(_ mark: Chart.Mark) -> [String] { mark.time.map { [zone.text($0)] } ?? mark.label }
    TerminalChart(collector.chart, screen: screen, label: label).write(label: label, to: &output)
  }
}

extension Report {
  /// What a picture shows unless another column is asked for.
  var mainColumn: Column {
    let name =
      switch name {
      case .safeRatio: "safe_ratio"
      case .categories: "verdicts"
      case .latency: "p95_ms"
      case .errors: "errors"
      }
    return columns.first { $0.name == name } ?? columns[columns.count - 1]
  }

  /// The column of a name, for a picture of it.
  ///
  /// - Throws: ``QueryError`` for one that there is not, or that is no number.
  package func numericColumn(named name: String) throws(QueryError) -> Column {
    let numeric = columns.filter(\.kind.isNumber)
    guard let column = numeric.first(where: { $0.name == name }) else {
      throw QueryError.unknown("column", name, among: numeric.map(\.name), "columns to draw")
    }
    return column
  }
}
