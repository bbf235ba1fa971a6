import Verdicts

/// An array of objects, one a line; keys are the columns, and what does not exist is null.
struct JSONWriter: RowWriter {
  private var times: TimeTexts
  private var keys: [String] = []
  private var isFirst = true

  init(zone: Zone) { times = TimeTexts(zone: zone) }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) {
    keys = columns.map { JSONText.string($0.name) }
    output.append(text: "[")
  }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    var line = isFirst ? "\n  {" : ",\n  {"
    isFirst = false
    for (index, cell) in cells.enumerated() {
      if index > 0 { line += ", " }
      line += keys[index] + ": "
      switch cell {
      case .time(let time): line += JSONText.string(times[time])
      case .text(let text): line += JSONText.string(text)
      case .count(let count): line += String(count)
      case .ratio(let ratio): line += ratio.map(SixDecimals.text) ?? "null"
      }
    }
    output.append(text: line + "}")
  }

  mutating func end(to output: inout [UInt8]) {
    output.append(text: isFirst ? "]\n" : "\n]\n")
  }
}
