import Verdicts

/// RFC 4180: a header line, CRLF, quotes only where they are needed, UTF-8 without a byte order mark.
struct CSVWriter: RowWriter {
  private var times: TimeTexts

  init(zone: Zone) { times = TimeTexts(zone: zone) }

  mutating func begin(_ columns: [Column], to output: inout some TextOutputStream) {
    output.write(columns.map(\.name).joined(separator: ",") + "\r\n")
  }

  mutating func row(_ cells: [Cell], to output: inout some TextOutputStream) {
    var line = ""
    for (index, cell) in cells.enumerated() {
      if index > 0 { line += "," }
      switch cell {
      case .time(let time): line += times[time]
      case .text(let text): line += CSVText.field(text)
      case .count(let count): line += String(count)
      case .ratio(let ratio): if let ratio { line += SixDecimals.text(ratio) }
      }
    }
    line += "\r\n"
    output.write(line)
  }

  mutating func end(to output: inout some TextOutputStream) {}
}
