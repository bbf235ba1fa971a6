import Verdicts

/// Points along time, joined where no bucket between them is empty.
extension SVGChart {
  func writePoints(to output: inout [UInt8]) {
    // More could not be told apart; what is left out is said.
    let shown = Array(chart.series.prefix(Self.seriesMax))
    let left = chart.series.count - shown.count
    let legendLines = Double(shown.count + (left > 0 ? 1 : 0))
    let plotWidth = Self.width - Self.left - 24
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
      let name = series.name.isEmpty ? [chart.column] : series.name
      let ratio = series.errorRatio.map { ", error ratio \($0)" } ?? ""
      let fitted = SVGText.fitted(name, pixels: Self.width - Self.left - 60 - SVGText.pixels(ratio)) + ratio
      text(fitted, x: Self.left + 44, y: place, full: name.joined(separator: ", ") + ratio, &output)
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
    let ticks = min(Self.timeTicksMax, edges.count - 1)
    for tick in 0...max(0, ticks) where ticks > 0 {
      let edge = edges[(edges.count - 1) * tick / ticks]
      let place = Self.left + plotWidth * position(edge)
      output.append(text: "<line x1=\"\(n(place))\" y1=\"\(n(bottom))\" x2=\"\(n(place))\" y2=\"\(n(bottom + 5))\" stroke=\"#333\"/>\n")
      let label = zone.text(edge)
      text(String(label.prefix(16)).replacing("T", with: " "), x: place, y: bottom + 20, anchor: tick == 0 ? "start" : tick == ticks ? "end" : "middle", &output)
    }
    output.append(text: "<line x1=\"\(n(Self.left))\" y1=\"\(n(bottom))\" x2=\"\(n(Self.left + plotWidth))\" y2=\"\(n(bottom))\" stroke=\"#333\"/>\n")
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
