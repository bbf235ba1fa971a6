import Verdicts

/// A chart as a picture that stands alone (SVG 1.1, no script, no font, no file beside it). Series differ in dashes as well as in colours,
/// which are Okabe and Ito's, told apart by colour-blind readers too.
struct SVGChart {
  let chart: Chart
  let zone: Zone
  let span: Span
  let scale: ChartScale
  /// The buckets' edges, with which gaps are told.
  var edges: [Timestamp] = []
  /// Wider where names need it to be told apart.
  var width = widthMin

  static let widthMin = 960.0
  static let left = 64.0
  static let top = 76.0
  static let plotHeight = 360.0
  static let lineHeight = 20.0
  static let labelPixelsMax = 360.0
  /// Between labels of times.
  static let labelGapPixels = 16.0
  static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
  static let dashes = ["", "8 3", "2 3", "8 3 2 3", "12 4", "4 4", "1 2"]
  /// Series that can still be told apart.
  static let seriesMax = colors.count

  init(_ chart: Chart, zone: Zone, span: Span) {
    self.chart = chart
    self.zone = zone
    self.span = span
    scale = chart.scale
  }

  mutating func write(to output: inout [UInt8]) {
    switch chart.shape {
    case .points: writePoints(to: &output)
    case .bars: writeBars(to: &output)
    }
  }

  // MARK: - Pieces

  func begin(height: Double, _ output: inout [UInt8]) {
    let title = SVGText.escaped(chart.title)
    output.append(
      text: """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(height))" viewBox="0 0 \(n(width)) \(n(height))" \
        role="img" font-family="sans-serif" font-size="13">
        <title>\(title), \(SVGText.escaped(chart.spanText))</title>
        <rect width="100%" height="100%" fill="#fff"/>
        <text x="8" y="24" font-size="16" font-weight="bold">\(title)</text>

        """)
    text(chart.spanText, x: 8, y: 42, &output)
    if chart.series.isEmpty { text(chart.emptyText, x: 8, y: 64, &output) }
    if chart.hasIntervals { text(chart.shape == .points ? "band: 95% interval" : "whisker: 95% interval", x: width - 16, y: 42, anchor: "end", &output) }
  }

  func text(_ content: String, x: Double, y: Double, anchor: String = "start", isBold: Bool = false, hasHalo: Bool = false, full: String? = nil, _ output: inout [UInt8]) {
    // A halo keeps lines behind the text from it.
    let weight = (isBold ? " font-weight=\"bold\"" : "") + (hasHalo ? " stroke=\"#fff\" stroke-width=\"4\" paint-order=\"stroke\"" : "")
    // What was shortened is there to be pointed at.
    let whole = full.map { $0 == content ? "" : "<title>\(SVGText.escaped($0))</title>" } ?? ""
    let place = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    output.append(text: "<text x=\"\(n(x))\" y=\"\(n(y))\"\(place)\(weight)>\(SVGText.escaped(ReaderText.isolated(content)))\(whole)</text>\n")
  }

  func dash(_ index: Int) -> String { Self.dashes[index].isEmpty ? "" : " stroke-dasharray=\"\(Self.dashes[index])\"" }

  /// With one decimal at the most: a tenth of a pixel is more than is seen.
  func n(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}
