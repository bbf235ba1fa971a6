/// A chart in lines of text, a line for each bucket or bar; nothing is told by colour alone.
struct TerminalChart {
  private let chart: Chart
  private let scale: ChartScale
  private let screen: Screen
  private let labels: Int
  private let texts: Int
  private let plot: Int

  private static let widthDefault = 100
  private static let plotColumnsMin = 6
  private static let plotColumnsMax = 120
  private static let labelColumnsMin = 6

  /// - Parameter label: how a mark is named at the beginning of its line.
  init(_ chart: Chart, screen: Screen, label: (Chart.Mark) -> [String]) {
    self.chart = chart
    self.screen = screen
    scale = chart.scale
    let width = max(screen.width ?? Self.widthDefault, 24)
    texts = chart.textColumns
    let natural = chart.marks.map { TextWidth.columns(label($0).joined(separator: ", ")) }.max() ?? 1
    // The picture first, then its labels, which may be shortened.
    labels = max(min(natural, width - Self.plotColumnsMin - texts - 4), min(natural, Self.labelColumnsMin))
    plot = max(Self.plotColumnsMin, min(Self.plotColumnsMax, width - labels - texts - 4))
  }

  func write(label: (Chart.Mark) -> [String], to output: inout [UInt8]) {
    output.append(text: screen.bold(screen.shortened("\(chart.title), \(chart.spanText)", to: screen.width ?? .max)) + "\n")
    guard !chart.series.isEmpty else { return output.append(text: "(\(chart.emptyText))\n") }
    if chart.hasIntervals { output.append(text: "\(point) \(chart.column), \(whiskerLow)\(bar)\(whiskerHigh) its 95% interval\n") }
    output.append(text: axis() + "\n")
    for series in chart.series {
      if !series.name.isEmpty { output.append(text: screen.bold(screen.shortened(series.name, to: screen.width ?? .max)) + "\n") }
      for mark in series.marks {
        let shown = screen.shortened(label(mark), to: labels)
        output.append(text: shown + String(repeating: " ", count: labels - TextWidth.columns(shown)) + " " + edge)
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

  /// The ticks' values over where they lie.
  private func axis() -> String {
    var line = [Character](repeating: " ", count: labels + 2 + plot + texts + 2)
    var free = 0
    for tick in scale.ticks {
      let text = Array(scale.text(tick))
      let place = labels + 2 + cell(tick) - text.count / 2
      guard place >= free, place + text.count <= line.count else { continue }
      line.replaceSubrange(place..<place + text.count, with: text)
      free = place + text.count + 1
    }
    return String(line).trimmingEnd()
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

extension String {
  fileprivate func trimmingEnd() -> String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
