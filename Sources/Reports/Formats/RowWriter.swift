/// Writes a report's rows in one format.
package protocol RowWriter {
  /// Called once, before the rows.
  mutating func begin(_ columns: [Column], to output: inout [UInt8])
  mutating func row(_ cells: [Cell], to output: inout [UInt8])
  /// Called at most once, after the rows: what they come to together, where that can be told.
  mutating func total(_ cells: [Cell], of rows: Int, to output: inout [UInt8])
  /// Called before the end where a limit left rows out.
  mutating func leftOut(_ rows: Int)
  /// Called once, after the rows.
  mutating func end(to output: inout [UInt8])
}

extension RowWriter {
  package mutating func leftOut(_ rows: Int) {}

  /// Programs add up for themselves.
  package mutating func total(_ cells: [Cell], of rows: Int, to output: inout [UInt8]) {}
}

/// The formats in which reports are written. The raw value is the name on the command line.
package enum ReportFormat: String, CaseIterable, Sendable {
  case table, csv, excel, json, jsonl, markdown, chart, svg

  /// Whether it shows a picture of one column.
  package var isPicture: Bool { self == .chart || self == .svg }
  /// Whether it is for a reader's eyes, and so for a pager.
  package var isForReading: Bool { self == .table || self == .chart }

  /// - Parameters:
  ///   - column: what a picture shows; nil for the report's main column.
  ///   - screen: where what is for reading is shown.
  package func makeWriter(for report: Report, column: Column? = nil, screen: Screen = Screen()) -> any RowWriter {
    let zone = report.zone
    return switch self {
    case .table: TableWriter(report, screen: screen)
    case .csv: CSVWriter(zone: zone)
    case .excel: CSVWriter(zone: zone, dialect: .excel)
    case .json: JSONWriter(zone: zone, layout: .array)
    case .jsonl: JSONWriter(zone: zone, layout: .lines)
    case .markdown: MarkdownWriter(zone: zone)
    case .chart: ChartWriter(report, column: column, screen: screen)
    case .svg: ChartWriter(report, column: column, screen: nil)
    }
  }
}
