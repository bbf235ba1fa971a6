import Verdicts

/// RFC 4180: a header line, CRLF, quotes only where they are needed, UTF-8.
struct CSVWriter: RowWriter {
  /// For whom the file is.
  enum Dialect {
    /// Programs: no byte order mark, and text as it is.
    case machine
    /// Spreadsheets: the byte order mark by which they know UTF-8, and no text that they would take for a formula.
    case excel
  }

  private let dialect: Dialect
  private var times: TimeTexts

  init(zone: Zone, dialect: Dialect = .machine) {
    self.dialect = dialect
    times = TimeTexts(zone: zone)
  }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) {
    if dialect == .excel { output.append(text: "\u{FEFF}") }
    output.append(text: columns.map(\.name).joined(separator: ",") + "\r\n")
  }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    var isFirst = true
    for cell in cells {
      if !isFirst { output.append(0x2C) }
      isFirst = false
      switch cell {
      case .time(let time): output.append(text: times[time])
      case .text(let text): output.append(text: CSVText.field(dialect == .excel ? FormulaText.defused(text) : text))
      case .count(let count): output.append(number: count)
      case .latency(let microseconds): if let microseconds { output.append(milliseconds: microseconds) }
      case .ratio(let ratio): if let ratio { SixDecimals.append(ratio, to: &output) }
      }
    }
    output.append(0x0D)
    output.append(0x0A)
  }

  mutating func end(to output: inout [UInt8]) {}
}
