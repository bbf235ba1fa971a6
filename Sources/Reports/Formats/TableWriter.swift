/// Columns in line for a reader: text to the left, numbers to the right, as wide as the screen allows.
struct TableWriter: RowWriter {
  private let report: Report
  private let screen: Screen
  private var times: TimeTexts
  private var columns: [Column] = []
  private var lines: [[String]] = []
  /// How the lines are set, once that is settled.
  private var layout: Layout?
  private var total: [String]?
  private var totalNames: [String] = []
  private var rowsLeftOut = 0

  private struct Layout {
    var widths: [Int]
    /// Columns that are shown.
    var kept: [Int]
    /// The names of those that are not.
    var cut: [String]
  }

  /// What is cut where a screen is narrow, in this order, if the report has it: first what follows from other columns.
  private static let cutFirst = [
    ["end"], ["loose_safe_ratio"], ["mean_ms"], ["p90_ms"], ["share_of_evaluated"], ["controversial"], ["unsafe"], ["safe"],
    ["safe_ratio_lower", "safe_ratio_upper"], ["p99_ms"], ["error"],
  ]
  /// Text is shortened to this many columns before anything but `end` is cut, and to half of it before it is given up; never so
  /// far that two values look the same.
  private static let textColumnsMin = 16
  private static let gap = 2
  /// The widths are those of this many rows: a longer table is shown from then on as it comes, and memory does not grow with it.
  private static let rowsFitted = 5_000

  init(_ report: Report, screen: Screen) {
    self.report = report
    self.screen = screen
    times = TimeTexts(zone: report.zone)
  }

  mutating func begin(_ columns: [Column], to output: inout [UInt8]) { self.columns = columns }

  mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
    if let layout { return write(texts(cells), layout, &output) }
    lines.append(texts(cells))
    if lines.count == Self.rowsFitted { settle(&output) }
  }

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
    let isEmpty = layout == nil && lines.isEmpty
    let layout = settle(&output)
    if isEmpty, rowsLeftOut == 0 { for line in screen.wrapped("(\(report.emptyText))") { output.append(text: line + "\n") } }
    if var total {
      if let first = layout.kept.first, !columns[first].kind.isNumber {
        total[first] = totalNames.first { TextWidth.columns($0) <= layout.widths[first] } ?? ""
      }
      output.append(text: rule(layout))
      write(total, layout, &output)
    }
    guard !layout.cut.isEmpty else { return }
    for line in screen.wrapped("(left out for the width: \(layout.cut.joined(separator: ", ")); --format csv has all)") { output.append(text: line + "\n") }
  }

  // MARK: - Lines

  /// Writes the header and the lines that wait, as wide as they are and the screen allows.
  @discardableResult
  private mutating func settle(_ output: inout [UInt8]) -> Layout {
    if let layout { return layout }
    var widths = [Int](repeating: 0, count: columns.count)
    for line in [columns.map(\.name)] + lines + (total.map { [$0] } ?? []) {
      for (index, text) in line.enumerated() { widths[index] = max(widths[index], TextWidth.columns(text)) }
    }
    let cut = fit(&widths)
    let settled = Layout(widths: widths, kept: columns.indices.filter { widths[$0] > 0 }, cut: cut)
    layout = settled
    output.append(text: screen.bold(line(columns.map(\.name), settled)) + "\n" + rule(settled))
    for line in lines { write(line, settled, &output) }
    lines = []
    return settled
  }

  private func rule(_ layout: Layout) -> String {
    layout.kept.map { String(repeating: "-", count: layout.widths[$0]) }.joined(separator: String(repeating: " ", count: Self.gap)) + "\n"
  }

  private func write(_ texts: [String], _ layout: Layout, _ output: inout [UInt8]) { output.append(text: line(texts, layout) + "\n") }

  private func line(_ texts: [String], _ layout: Layout) -> String {
    var line = ""
    for index in layout.kept {
      if index != layout.kept.first { line += String(repeating: " ", count: Self.gap) }
      let isNumber = columns[index].kind.isNumber
      // A number that came after the widths were settled is not cut.
      let text = isNumber ? texts[index] : screen.shortened(texts[index], to: layout.widths[index])
      let padding = String(repeating: " ", count: max(0, layout.widths[index] - TextWidth.columns(text)))
      if isNumber {
        line += padding + text
      } else {
        line += screen.isolated(text) + (index == layout.kept.last ? "" : padding)
      }
    }
    return line
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
      guard let index = columns.firstIndex(where: { $0.name == name }), widths[index] > 0 else { return }
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
    if excess() > 0 { leaveOut("end") }
    shorten(to: Self.textColumnsMin)
    for names in Self.cutFirst where excess() > 0 { names.forEach(leaveOut) }
    // One bucket for all rows is what was asked for.
    if excess() > 0, let first = lines.first, lines.allSatisfy({ $0[0] == first[0] }) { leaveOut("start") }
    shorten(to: Self.textColumnsMin / 2)
    return cut
  }

  private mutating func texts(_ cells: [Cell]) -> [String] {
    cells.map { cell in
      switch cell {
      case .time(let time): times[time]
      case .text(let text): ReaderText.visible(text)
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
