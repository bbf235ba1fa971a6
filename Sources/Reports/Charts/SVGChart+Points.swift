import Verdicts

/// Points along time, joined where no bucket between them is empty.
extension SVGChart {
  mutating func writePoints(to output: inout [UInt8]) {
    // More could not be told apart; what is left out is said.
    let shown = Array(chart.series.prefix(Self.seriesMax))
    let left = chart.series.count - shown.count
    let legendLines = Double(shown.count + (left > 0 ? 1 : 0))
    let ratios = shown.map { series in series.errorRatio.map { ", error ratio \($0)" } ?? "" }
    let beside = Self.left + 60 + (ratios.map(SVGText.pixels).max() ?? 0)
    let names = SVGText.fitted(shown.map { $0.name.isEmpty ? [chart.column] : $0.name }, pixels: Self.widthMin - beside)
    width = max(Self.widthMin, beside + (names.map(SVGText.pixels).max() ?? 0))
    let plotWidth = width - Self.left - 24
    let bottom = Self.top + Self.plotHeight
    begin(height: bottom + 48 + legendLines * Self.lineHeight + 16, &output)
    writeGrid(plotWidth: plotWidth, bottom: bottom, &output)
    for (index, series) in shown.enumerated() {
      let color = Self.colors[index]
      for run in runs(of: series) {
        let band = run.filter { $0.interval != nil }
        if band.count > 1 {
          let upper = band.map { "\(x($0, plotWidth)),\(y($0.interval!.upperBound))" }
          let lower = band.reversed().map { "\(x($0, plotWidth)),\(y($0.interval!.lowerBound))" }
          output.append(text: "<polygon points=\"\((upper + lower).joined(separator: " "))\" fill=\"\(color)\" fill-opacity=\"0.15\"/>\n")
        } else if let only = band.first, let interval = only.interval {
          output.append(
            text: "<line x1=\"\(x(only, plotWidth))\" y1=\"\(y(interval.lowerBound))\" x2=\"\(x(only, plotWidth))\" y2=\"\(y(interval.upperBound))\" stroke=\"\(color)\" stroke-opacity=\"0.4\" stroke-width=\"4\"/>\n")
        }
        let line = run.compactMap { mark in mark.value.map { "\(x(mark, plotWidth)),\(y($0))" } }
        output.append(
          text: "<polyline points=\"\(line.joined(separator: " "))\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"\(dash(index))/>\n")
        // A point is drawn where a line would not show it.
        if run.count == 1 || series.marks.count <= 60 {
          for mark in run { if let value = mark.value { output.append(text: "<circle cx=\"\(x(mark, plotWidth))\" cy=\"\(y(value))\" r=\"3\" fill=\"\(color)\"/>\n") } }
        }
      }
    }
    for (index, series) in shown.enumerated() {
      let place = bottom + 48 + Double(index) * Self.lineHeight
      output.append(
        text: "<line x1=\"\(n(Self.left))\" y1=\"\(n(place - 4))\" x2=\"\(n(Self.left + 36))\" y2=\"\(n(place - 4))\" stroke=\"\(Self.colors[index])\" stroke-width=\"2\"\(dash(index))/>\n")
      let whole = series.name.isEmpty ? chart.column : series.name.joined(separator: ", ")
      text(names[index] + ratios[index], x: Self.left + 44, y: place, full: whole == names[index] ? nil : whole + ratios[index], &output)
    }
    if left > 0 { text("\(left) more not shown; --where chooses which", x: Self.left + 44, y: bottom + 48 + Double(shown.count) * Self.lineHeight, &output) }
    output.append(text: "</svg>\n")
  }

  /// Stretches without an empty bucket between them, and without a value that does not exist.
  private func runs(of series: Chart.Series) -> [[Chart.Mark]] {
    var runs: [[Chart.Mark]] = []
    var before: Timestamp?
    for mark in series.marks {
      guard mark.value != nil, let time = mark.time else {
        before = nil
        continue
      }
      if let before, nextEdge(after: before) == time { runs[runs.count - 1].append(mark) } else { runs.append([mark]) }
      before = time
    }
    return runs
  }

  private func nextEdge(after time: Timestamp) -> Timestamp? {
    var low = 0
    var high = edges.count
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low < edges.count ? edges[low] : nil
  }

  private func writeGrid(plotWidth: Double, bottom: Double, _ output: inout [UInt8]) {
    for tick in scale.ticks {
      output.append(
        text: "<line x1=\"\(n(Self.left))\" y1=\"\(y(tick))\" x2=\"\(n(Self.left + plotWidth))\" y2=\"\(y(tick))\" stroke=\"#ccc\"/>\n")
      text(scale.text(tick), x: Self.left - 8, y: Double(y(tick)).map { $0 + 4 } ?? 0, anchor: "end", &output)
    }
    text(chart.column, x: Self.left - 56, y: Self.top - 10, &output)
    writeTimes(plotWidth: plotWidth, bottom: bottom, &output)
    output.append(text: "<line x1=\"\(n(Self.left))\" y1=\"\(n(bottom))\" x2=\"\(n(Self.left + plotWidth))\" y2=\"\(n(bottom))\" stroke=\"#333\"/>\n")
  }

  /// Every edge, or every second and so on, as there is room for its label: dates, where all of them are midnights.
  private func writeTimes(plotWidth: Double, bottom: Double, _ output: inout [UInt8]) {
    guard let first = edges.first, let last = edges.last else { return }
    // The first and the last may be cut; the second tells the others.
    let areDates = [first, edges[min(1, edges.count - 1)], last].allSatisfy { zone.text($0).dropFirst(10).hasPrefix("T00:00:00") }
    func label(_ index: Int) -> String { String(zone.text(edges[index]).prefix(areDates ? 10 : 16)).replacing("T", with: " ") }
    let labelWidth = SVGText.pixels(label(0))
    func place(_ index: Int) -> Double { Self.left + plotWidth * position(edges[index]) }
    /// Where a label begins: below its edge, but within the picture.
    func start(_ index: Int) -> Double { min(max(4, place(index) - labelWidth / 2), width - 4 - labelWidth) }
    for step in 1...edges.count {
      let shown = stride(from: 0, to: edges.count, by: step)
      guard zip(shown, shown.dropFirst()).allSatisfy({ start($0) + labelWidth + Self.labelGapPixels <= start($1) }) else { continue }
      for index in shown {
        output.append(
          text: "<line x1=\"\(n(place(index)))\" y1=\"\(n(bottom))\" x2=\"\(n(place(index)))\" y2=\"\(n(bottom + 5))\" stroke=\"#333\"/>\n")
        text(label(index), x: start(index) + labelWidth / 2, y: bottom + 20, anchor: "middle", &output)
      }
      return
    }
  }

  private func position(_ time: Timestamp) -> Double {
    let length = span.to.microseconds - span.from.microseconds
    return length > 0 ? Double(time.microseconds - span.from.microseconds) / Double(length) : 0
  }

  /// A bucket's value stands at its middle.
  private func x(_ mark: Chart.Mark, _ plotWidth: Double) -> String {
    guard let time = mark.time else { return "0" }
    let middle = (position(time) + position(nextEdge(after: time) ?? span.to)) / 2
    return n(Self.left + plotWidth * middle)
  }

  private func y(_ value: Double) -> String { n(Self.top + Self.plotHeight * (1 - scale.position(of: value))) }
}
