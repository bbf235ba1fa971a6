import Verdicts

/// RFC 4180: a header line, CRLF, quotes only where they are needed, UTF-8 without a byte order mark.
struct CSVWriter: RowWriter {
  private var times: TimeTexts

  init(zone: Zone) { times = TimeTexts(zone: zone) }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) {
    output.append(text: columns.map(\.name).joined(separator: ",") + "\r\n")
  }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    var isFirst = true
    for cell in cells {
      if !isFirst { output.append(0x2C) }
      isFirst = false
      switch cell {
      case .time(let time): output.append(text: times[time])
      case .text(let text): output.append(text: CSVText.field(text))
      case .count(let count): output.append(number: count)
      case .ratio(let ratio): if let ratio { SixDecimals.append(ratio, to: &output) }
      }
    }
    output.append(0x0D)
    output.append(0x0A)
  }

  mutating func end(to output: inout [UInt8]) {}
}
