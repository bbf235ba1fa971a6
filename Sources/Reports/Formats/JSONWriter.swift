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
  /// Each column's key, with what stands before and after it.
  private var keys: [[UInt8]] = []
  private var isFirst = true

  init(zone: Zone, layout: Layout) {
    self.layout = layout
    times = TimeTexts(zone: zone)
  }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) {
    keys = columns.enumerated().map { Array(($0 > 0 ? ", " : "{").utf8) + Array("\(JSONText.string($1.name)): ".utf8) }
    if layout == .array { output.append(text: "[") }
  }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    if layout == .array { output.append(text: isFirst ? "\n  " : ",\n  ") }
    isFirst = false
    for (index, cell) in cells.enumerated() {
      output.append(contentsOf: keys[index])
      switch cell {
      case .time(let time): JSONText.append(times[time], to: &output)
      case .text(let text): JSONText.append(text, to: &output)
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
