/// A chart in lines of text, a line for each bucket or bar; nothing is told by colour alone.
struct TerminalChart {
  private let chart: Chart
  private let scale: ChartScale
  private let screen: Screen
  /// Columns before the picture; 0 where labels have lines of their own.
  private let labels: Int
  /// To what labels are shortened.
  private let labelsMax: Int
  private let texts: Int
  private let plot: Int

  private static let widthDefault = 100
  private static let plotColumnsMin = 6
  /// The picture's part of the width at the least, where labels stand beside it.
  private static let plotShareMin = 4
  private static let plotColumnsMax = 120
  private static let labelColumnsMin = 6

  /// - Parameter label: how a mark is named at the beginning of its line.
  init(_ chart: Chart, screen: Screen, label: (Chart.Mark) -> [String]) {
    self.chart = chart
    self.screen = screen
    scale = chart.scale
    let width = max(screen.width ?? Self.widthDefault, 24)
    texts = chart.textColumns
    let names = chart.marks.map(label)
    let natural = names.map { TextWidth.columns($0.joined(separator: ", ")) }.max() ?? 1
    // The picture first, then its labels, which may be shortened while they can be told apart.
    let apart = screen.widthApart(names, from: Self.labelColumnsMin)
    let room = width - max(Self.plotColumnsMin, width / Self.plotShareMin) - texts - 4
    labels = natural <= room ? natural : apart <= room ? room : 0
    labelsMax = labels > 0 ? labels : max(width, apart)
    plot = max(Self.plotColumnsMin, min(Self.plotColumnsMax, width - labels - texts - 4))
  }

  func write(label: (Chart.Mark) -> [String], to output: inout [UInt8]) {
    for line in screen.wrapped("\(chart.title), \(chart.spanText)") { output.append(text: screen.bold(line) + "\n") }
    guard !chart.series.isEmpty else { return screen.wrapped("(\(chart.emptyText))").forEach { output.append(text: $0 + "\n") } }
    if chart.hasIntervals { output.append(text: "\(point) \(chart.column), \(whiskerLow)\(bar)\(whiskerHigh) its 95% interval\n") }
    output.append(text: axis() + "\n")
    for series in chart.series {
      if !series.name.isEmpty { output.append(text: screen.bold(screen.isolated(screen.shortened(series.name, to: screen.width ?? .max))) + "\n") }
      for mark in series.marks {
        let shown = screen.shortened(label(mark), to: labelsMax)
        output.append(text: screen.isolated(shown) + (labels > 0 ? String(repeating: " ", count: labels - TextWidth.columns(shown)) : "\n") + " " + edge)
        output.append(text: drawn(mark) + edge + " " + String(repeating: " ", count: texts - mark.text.utf8.count) + mark.text + "\n")
      }
    }
  }

  // MARK: - Pieces

  private var point: Character { screen.hasUnicode ? "●" : "o" }
  private var bar: Character { screen.hasUnicode ? "─" : "-" }
  private var whiskerLow: Character { screen.hasUnicode ? "├" : "[" }
  private var whiskerHigh: Character { screen.hasUnicode ? "┤" : "]" }
  private var edge: String { screen.hasUnicode ? "│" : "|" }
  private var block: Character { screen.hasUnicode ? "█" : "#" }

  /// The ticks' values over where they lie: every one, or every second and so on, as there is room.
  private func axis() -> String {
    let ticks = scale.ticks.map { tick in
      let text = scale.text(tick)
      let place = max(0, labels + 2 + cell(tick) - text.utf8.count / 2)
      return (text: text, places: place..<place + text.utf8.count)
    }
    for step in 1...max(1, ticks.count) {
      let shown = stride(from: 0, to: ticks.count, by: step).map { ticks[$0] }.filter { $0.places.upperBound <= labels + plot + texts + 4 }
      guard zip(shown, shown.dropFirst()).allSatisfy({ $0.places.upperBound < $1.places.lowerBound }) else { continue }
      return shown.reduce(into: "") { line, tick in
        line += String(repeating: " ", count: tick.places.lowerBound - line.utf8.count) + tick.text
      }
    }
    return ""
  }

  private func cell(_ value: Double) -> Int { Int((scale.position(of: value) * Double(plot - 1)).rounded()) }

  private func drawn(_ mark: Chart.Mark) -> String {
    var line = [Character](repeating: " ", count: plot)
    guard let value = mark.value else { return String(line) }
    let place = cell(value)
    if chart.shape == .bars, mark.interval == nil {
      // Nothing is drawn for 0, and something for anything else.
      for index in 0..<(value == 0 ? 0 : place + 1) { line[index] = block }
      return String(line)
    }
    if let interval = mark.interval {
      let (low, high) = (cell(interval.lowerBound), cell(interval.upperBound))
      for index in low...high { line[index] = bar }
      line[low] = whiskerLow
      line[high] = whiskerHigh
    }
    line[place] = point
    return String(line)
  }
}
