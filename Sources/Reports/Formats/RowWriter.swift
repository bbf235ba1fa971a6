/// Writes a report's rows in one format.
package protocol RowWriter {
  /// Called once, before the rows.
  mutating func begin(_ columns: [Column], to output: inout [UInt8])
  mutating func row(_ cells: [Cell], to output: inout [UInt8])
  /// Called once, after the rows.
  mutating func end(to output: inout [UInt8])
}

/// The formats in which reports are written. The raw value is the name on the command line.
package enum ReportFormat: String, CaseIterable, Sendable {
  case table, csv, excel, json, jsonl, markdown

  package func makeWriter(zone: Zone) -> any RowWriter {
    switch self {
    case .table: TableWriter(zone: zone)
    case .csv: CSVWriter(zone: zone)
    case .excel: CSVWriter(zone: zone, dialect: .excel)
    case .json: JSONWriter(zone: zone, layout: .array)
    case .jsonl: JSONWriter(zone: zone, layout: .lines)
    case .markdown: MarkdownWriter(zone: zone)
    }
  }
}
