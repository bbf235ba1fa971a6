import Verdicts

/// Objects whose keys are the columns; what does not exist is null.
struct JSONWriter: RowWriter {
  enum Layout {
    /// One array, an object a line.
    case array
    /// An object a line and nothing else (NDJSON).
    case lines
  }

  private let layout: Layout
  private var times: TimeTexts
  private var keys: [String] = []
  private var isFirst = true

  init(zone: Zone, layout: Layout) {
    self.layout = layout
    times = TimeTexts(zone: zone)
  }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) {
    keys = columns.map { JSONText.string($0.name) }
    if layout == .array { output.append(text: "[") }
  }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    if layout == .array { output.append(text: isFirst ? "\n  " : ",\n  ") }
    isFirst = false
    output.append(UInt8(ascii: "{"))
    for (index, cell) in cells.enumerated() {
      output.append(text: index > 0 ? ", \(keys[index]): " : "\(keys[index]): ")
      switch cell {
      case .time(let time): output.append(text: JSONText.string(times[time]))
      case .text(let text): output.append(text: JSONText.string(text))
      case .count(let count): output.append(number: count)
      case .latency(.some(let microseconds)): output.append(milliseconds: microseconds)
      case .ratio(.some(let ratio)): SixDecimals.append(ratio, to: &output)
      case .latency(.none), .ratio(.none): output.append(text: "null")
      }
    }
    output.append(text: layout == .array ? "}" : "}\n")
  }

  mutating func end(to output: inout [UInt8]) {
    if layout == .array { output.append(text: isFirst ? "]\n" : "\n]\n") }
  }
}
