/// Bars, one below the other.
extension SVGChart {
  mutating func writeBars(to output: inout [UInt8]) {
    let names = SVGText.fitted(chart.marks.map(\.label), pixels: Self.labelPixelsMax - 16)
    let labels = 16 + (names.map(SVGText.pixels).max() ?? 0)
    let headings = SVGText.fitted(chart.series.map(\.name), pixels: (Self.widthMin - 24) / 1.1)
    width = max(Self.widthMin + max(0, labels - Self.labelPixelsMax), 24 + 1.1 * (headings.map(SVGText.pixels).max() ?? 0))
    let plotWidth = width - labels - Double(chart.textColumns) * 7.5 - 24
    let lines = Double(chart.marks.count + chart.series.filter { !$0.name.isEmpty }.count)
    begin(height: Self.top + lines * Self.lineHeight + 32, &output)
    for tick in scale.ticks {
      let place = labels + plotWidth * scale.position(of: tick)
      output.append(
        text: "<line x1=\"\(n(place))\" y1=\"\(n(Self.top - 4))\" x2=\"\(n(place))\" y2=\"\(n(Self.top + lines * Self.lineHeight))\" stroke=\"#ccc\"/>\n")
      text(scale.text(tick), x: place, y: Self.top - 10, anchor: "middle", &output)
    }
    var line = 0.0
    var rest = names[...]
    for (series, heading) in zip(chart.series, headings) {
      if !series.name.isEmpty {
        text(heading, x: 8, y: Self.top + line * Self.lineHeight + 14, isBold: true, full: series.name.joined(separator: ", "), &output)
        line += 1
      }
      for mark in series.marks {
        let place = Self.top + line * Self.lineHeight
        text(rest.removeFirst(), x: labels - 8, y: place + 14, anchor: "end", full: mark.label.joined(separator: ", "), &output)
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
}
