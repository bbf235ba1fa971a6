/// Columns in line for a reader: text to the left, numbers to the right, as wide as the screen allows.
struct TableWriter: RowWriter {
  private let screen: Screen
  private var times: TimeTexts
  private var columns: [Column] = []
  private var lines: [[String]] = []
  private var total: [String]?
  private var totalNames: [String] = []
  private var rowsLeftOut = 0

  /// What is cut where a screen is narrow, in this order, if the report has it: first what follows from other columns.
  private static let cutFirst = [
    "end", "loose_safe_ratio", "mean_ms", "p90_ms", "share_of_evaluated", "controversial", "unsafe", "safe", "safe_ratio_upper",
    "safe_ratio_lower", "p99_ms", "error",
  ]
  /// Text is shortened to this many columns before anything but `end` is cut, and to half of it before it is given up; never so
  /// far that two values look the same.
  private static let textColumnsMin = 16
  private static let gap = 2

  init(zone: Zone, screen: Screen) {
    self.screen = screen
    times = TimeTexts(zone: zone)
  }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) { self.columns = columns }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) { lines.append(texts(cells)) }

  mutating func total(_ cells: [Cell], of rows: Int, to output: inout [UInt8]) {
    var texts = texts(cells)
    // A number that is cut would be another one.
    totalNames = ["all \(rows) rows", "\(rows) rows", "all"]
    texts[0] = totalNames[0]
    texts[1] = ""
    total = texts
  }

  mutating func leftOut(_ rows: Int) { rowsLeftOut = rows }

  mutating func end(to output: inout [UInt8]) {
    let all = [columns.map(\.name)] + lines + (total.map { [$0] } ?? [])
    var widths = [Int](repeating: 0, count: columns.count)
    for line in all {
      for (index, text) in line.enumerated() { widths[index] = max(widths[index], TextWidth.columns(text)) }
    }
    let cut = fit(&widths)
    let kept = columns.indices.filter { widths[$0] > 0 }
    func write(_ line: [String], isBold: Bool = false) {
      let text = self.line(line, kept, widths)
      output.append(text: (isBold ? screen.bold(text) : text) + "\n")
    }
    let rule = kept.map { String(repeating: "-", count: widths[$0]) }.joined(separator: String(repeating: " ", count: Self.gap)) + "\n"
    write(columns.map(\.name), isBold: true)
    output.append(text: rule)
    for line in lines { write(line) }
    if lines.isEmpty, rowsLeftOut == 0 { output.append(text: "(no verdicts in this span)\n") }
    if var total {
      if let first = kept.first, !columns[first].kind.isNumber { total[first] = totalNames.first { TextWidth.columns($0) <= widths[first] } ?? "" }
      output.append(text: rule)
      write(total)
    }
    if !cut.isEmpty { output.append(text: "(left out for the width: \(cut.joined(separator: ", ")); --format csv has all)\n") }
  }

  // MARK: - Widths

  /// Makes columns narrower, or 0 wide, until a line fits.
  ///
  /// - Returns: the names of what was left out.
  private func fit(_ widths: inout [Int]) -> [String] {
    guard let width = screen.width else { return [] }
    func excess() -> Int { widths.reduce(0) { $0 + ($1 > 0 ? $1 + Self.gap : 0) } - Self.gap - width }
    var cut: [String] = []
    func leaveOut(_ name: String) {
      guard excess() > 0, let index = columns.firstIndex(where: { $0.name == name }), widths[index] > 0 else { return }
      widths[index] = 0
      cut.append(name)
    }
    func shorten(to least: Int) {
      guard excess() > 0 else { return }
      let leasts = columns.indices.map { index in
        columns[index].kind == .text ? screen.widthApart(lines.map { [$0[index]] }, from: max(least, columns[index].name.utf8.count)) : .max
      }
      while excess() > 0, let widest = columns.indices.filter({ widths[$0] > leasts[$0] }).max(by: { widths[$0] < widths[$1] }) {
        widths[widest] = max(leasts[widest], widths[widest] - excess())
      }
    }
    leaveOut("end")
    shorten(to: Self.textColumnsMin)
    for name in Self.cutFirst { leaveOut(name) }
    // One bucket for all rows is what was asked for.
    if let first = lines.first, lines.allSatisfy({ $0[0] == first[0] }) { leaveOut("start") }
    shorten(to: Self.textColumnsMin / 2)
    return cut
  }

  private func line(_ texts: [String], _ kept: [Int], _ widths: [Int]) -> String {
    var line = ""
    for index in kept {
      if index != kept.first { line += String(repeating: " ", count: Self.gap) }
      let text = screen.shortened(texts[index], to: widths[index])
      let padding = String(repeating: " ", count: widths[index] - TextWidth.columns(text))
      if columns[index].kind.isNumber {
        line += padding + text
      } else {
        line += index == kept.last ? text : text + padding
      }
    }
    return line
  }

  private mutating func texts(_ cells: [Cell]) -> [String] {
    cells.map { cell in
      switch cell {
      case .time(let time): times[time]
      case .text(let text): text
      case .count(let count): String(count)
      case .latency(let microseconds): microseconds.map(Self.milliseconds) ?? "-"
      case .ratio(let ratio): ratio.map(SixDecimals.text) ?? "-"
      }
    }
  }

  private static func milliseconds(_ microseconds: Int64) -> String {
    var bytes: [UInt8] = []
    bytes.append(milliseconds: microseconds)
    return String(decoding: bytes, as: UTF8.self)
  }
}
