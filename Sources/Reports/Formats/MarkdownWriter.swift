/// A table of GitHub Flavored Markdown, numbers to the right.
struct MarkdownWriter: RowWriter {
  private var times: TimeTexts

  init(zone: Zone) { times = TimeTexts(zone: zone) }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) {
    output.append(text: "| " + columns.map(\.name).joined(separator: " | ") + " |\n")
    output.append(text: "| " + columns.map { $0.kind.isNumber ? "---:" : "---" }.joined(separator: " | ") + " |\n")
  }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    output.append(UInt8(ascii: "|"))
    for cell in cells {
      output.append(UInt8(ascii: " "))
      switch cell {
      case .time(let time): output.append(text: times[time])
      case .text(let text): output.append(text: Self.escaped(text))
      case .count(let count): output.append(number: count)
      case .latency(let microseconds): if let microseconds { output.append(milliseconds: microseconds) }
      case .ratio(let ratio): if let ratio { SixDecimals.append(ratio, to: &output) }
      }
      output.append(text: " |")
    }
    output.append(UInt8(ascii: "\n"))
  }

  mutating func end(to output: inout [UInt8]) {}

  /// A backslash before what Markdown would take for markup. An underscore within a word is none.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if markup.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  private static let markup: Set<Unicode.Scalar> = ["\\", "|", "`", "*", "<", "[", "&"]
}
