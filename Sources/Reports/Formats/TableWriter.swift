/// Columns in line for a reader: text to the left, numbers to the right.
struct TableWriter: RowWriter {
  private var times: TimeTexts
  private var columns: [Column] = []
  private var lines: [[String]] = []

  init(zone: Zone) { times = TimeTexts(zone: zone) }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) { self.columns = columns }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    var line: [String] = []
    for cell in cells {
      switch cell {
      case .time(let time): line.append(times[time])
      case .text(let text): line.append(text)
      case .count(let count): line.append(String(count))
      case .latency(let microseconds): line.append(microseconds.map(Self.milliseconds) ?? "-")
      case .ratio(let ratio): line.append(ratio.map(SixDecimals.text) ?? "-")
      }
    }
    lines.append(line)
  }

  mutating func end(to output: inout [UInt8]) {
    let headers = columns.map(\.name)
    var widths = headers.map(TextWidth.columns)
    for line in lines {
      for (index, text) in line.enumerated() { widths[index] = max(widths[index], TextWidth.columns(text)) }
    }
    output.append(text: Self.line(headers, columns, widths))
    output.append(text: widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ") + "\n")
    for line in lines { output.append(text: Self.line(line, columns, widths)) }
    if lines.isEmpty { output.append(text: "(no verdicts in this span)\n") }
  }

  private static func milliseconds(_ microseconds: Int64) -> String {
    var bytes: [UInt8] = []
    bytes.append(milliseconds: microseconds)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func line(_ texts: [String], _ columns: [Column], _ widths: [Int]) -> String {
    var line = ""
    for (index, text) in texts.enumerated() {
      if index > 0 { line += "  " }
      let padding = String(repeating: " ", count: widths[index] - TextWidth.columns(text))
      if columns[index].kind.isNumber {
        line += padding + text
      } else {
        line += index == texts.count - 1 ? text : text + padding
      }
    }
    return line + "\n"
  }
}
