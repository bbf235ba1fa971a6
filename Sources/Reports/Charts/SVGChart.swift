#if canImport(Glibc)
import Glibc
#endif
import Verdicts

/// A chart as a picture that stands alone (SVG 1.1, no script, no font, no file beside it). Series differ in dashes as well as in colours,
/// which are Okabe and Ito's, told apart by colour-blind readers too.
struct SVGChart {
  private let chart: Chart
  private let zone: Zone
  private let span: Span
  private let scale: ChartScale

  private static let width = 960.0
  private static let left = 64.0
  private static let top = 76.0
  private static let plotHeight = 360.0
  private static let lineHeight = 20.0
  private static let labelPixelsMax = 360.0
  /// Between times that are written out, which must not touch.
  private static let timeTicksMax = 4
  private static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
  private static let dashes = ["", "8 3", "2 3", "8 3 2 3", "12 4", "4 4", "1 2"]
  /// Series that can still be told apart.
  static let seriesMax = colors.count

  init(_ chart: Chart, zone: Zone, span: Span) {
    self.chart = chart
    self.zone = zone
    self.span = span
    scale = chart.scale
  }

  func write(to output: inout [UInt8]) {
    switch chart.shape {
    case .points: writePoints(to: &output)
    case .bars: writeBars(to: &output)
    }
  }

  // MARK: - Points along time

  private func writePoints(to output: inout [UInt8]) {
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

  /// The buckets' edges, with which gaps are told.
  var edges: [Timestamp] = []

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

  // MARK: - Bars

  private func writeBars(to output: inout [UInt8]) {
    let longest = chart.marks.map { SVGText.pixels($0.label.joined(separator: ", ")) }.max() ?? 0
    let labels = min(Self.labelPixelsMax, longest + 16)
    let plotWidth = Self.width - labels - Double(chart.textColumns) * 7.5 - 24
    let headings = chart.series.filter { !$0.name.isEmpty }.count
    let lines = Double(chart.marks.count + headings)
    begin(height: Self.top + lines * Self.lineHeight + 32, &output)
    for tick in scale.ticks {
      let place = labels + plotWidth * scale.position(of: tick)
      output.append(
        text: "<line x1=\"\(n(place))\" y1=\"\(n(Self.top - 4))\" x2=\"\(n(place))\" y2=\"\(n(Self.top + lines * Self.lineHeight))\" stroke=\"#ccc\"/>\n")
      text(scale.text(tick), x: place, y: Self.top - 10, anchor: "middle", &output)
    }
    var line = 0.0
    for series in chart.series {
      if !series.name.isEmpty {
        let fitted = SVGText.fitted(series.name, pixels: (Self.width - 24) / 1.1)
        text(fitted, x: 8, y: Self.top + line * Self.lineHeight + 14, isBold: true, full: series.name.joined(separator: ", "), &output)
        line += 1
      }
      for mark in series.marks {
        let place = Self.top + line * Self.lineHeight
        text(
          SVGText.fitted(mark.label, pixels: labels - 16), x: labels - 8, y: place + 14, anchor: "end", full: mark.label.joined(separator: ", "), &output)
        var end = labels
        if let value = mark.value {
          end += plotWidth * scale.position(of: value)
          output.append(
            text: "<rect x=\"\(n(labels))\" y=\"\(n(place + 3))\" width=\"\(n(end - labels))\" height=\"14\" fill=\"\(Self.colors[0])\" fill-opacity=\"0.7\"/>\n")
        }
        if let interval = mark.interval {
          let (low, high) = (labels + plotWidth * scale.position(of: interval.lowerBound), labels + plotWidth * scale.position(of: interval.upperBound))
          output.append(
            text: "<path d=\"M\(n(low)) \(n(place + 5))V\(n(place + 15))M\(n(low)) \(n(place + 10))H\(n(high))M\(n(high)) \(n(place + 5))V\(n(place + 15))\" stroke=\"#000\" fill=\"none\" stroke-width=\"1.5\"/>\n")
          end = max(end, high)
        }
        text(mark.text, x: end + 6, y: place + 14, hasHalo: true, &output)
        line += 1
      }
    }
    output.append(text: "</svg>\n")
  }

  // MARK: - Pieces

  private func begin(height: Double, _ output: inout [UInt8]) {
    let title = SVGText.escaped(chart.title)
    output.append(
      text: """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(n(Self.width))" height="\(n(height))" viewBox="0 0 \(n(Self.width)) \(n(height))" \
        role="img" font-family="sans-serif" font-size="13">
        <title>\(title), \(SVGText.escaped(chart.spanText))</title>
        <rect width="100%" height="100%" fill="#fff"/>
        <text x="8" y="24" font-size="16" font-weight="bold">\(title)</text>

        """)
    text(chart.spanText, x: 8, y: 42, &output)
    if chart.series.isEmpty { text(chart.emptyText, x: 8, y: 64, &output) }
    if chart.hasIntervals { text(chart.shape == .points ? "band: 95% interval" : "whisker: 95% interval", x: Self.width - 16, y: 42, anchor: "end", &output) }
  }

  private func text(_ content: String, x: Double, y: Double, anchor: String = "start", isBold: Bool = false, hasHalo: Bool = false, full: String? = nil, _ output: inout [UInt8]) {
    // A halo keeps lines behind the text from it.
    let weight = (isBold ? " font-weight=\"bold\"" : "") + (hasHalo ? " stroke=\"#fff\" stroke-width=\"4\" paint-order=\"stroke\"" : "")
    // What was shortened is there to be pointed at.
    let whole = full.map { $0 == content ? "" : "<title>\(SVGText.escaped($0))</title>" } ?? ""
    let place = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    output.append(text: "<text x=\"\(n(x))\" y=\"\(n(y))\"\(place)\(weight)>\(SVGText.escaped(content))\(whole)</text>\n")
  }

  private func dash(_ index: Int) -> String { Self.dashes[index].isEmpty ? "" : " stroke-dasharray=\"\(Self.dashes[index])\"" }

  /// With one decimal at the most: a tenth of a pixel is more than is seen.
  private func n(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}

/// Text within XML.
enum SVGText {
  /// About how wide a text is in a sans-serif font of 13 pixels, rather more than less: no font is at hand to ask.
  static func pixels(_ text: String) -> Double {
    text.unicodeScalars.reduce(0) { sum, scalar in
      let width =
        switch scalar {
        case "W", "M", "m", "w", "@", "%", "—": 13.0
        case "i", "l", "j", ".", ",", ":", ";", "'", "|", "!", " ", "I": 4.8
        case "a"..."z", "0"..."9", "-", "_": 8.3
        default: Double(TextWidth.columns(String(scalar))) * (scalar.isASCII ? 9.8 : 13) / (scalar.isASCII ? 1 : 2) + (scalar.isASCII ? 0 : 3)
        }
      return sum + width
    }
  }

  /// Parts joined by commas, shortened until they fit.
  static func fitted(_ parts: [String], pixels limit: Double) -> String {
    var columns = TextWidth.columns(parts.joined(separator: ", "))
    while columns > 1 {
      let text = TextWidth.joined(parts, to: columns)
      if pixels(text) <= limit { return text }
      columns -= 1
    }
    return "…"
  }

  /// What XML 1.0 cannot hold at all is replaced.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result += " "
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
