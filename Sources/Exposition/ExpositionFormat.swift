/// The text formats in which metrics are served.
///
/// Prometheus text format 0.0.4, and OpenMetrics 1.0: there a counter's family has no `_total`, and the text ends with `# EOF`.
/// No sample carries a timestamp: Prometheus' own is the one to trust.
package enum ExpositionFormat: String, CaseIterable, Sendable {
  case text, openmetrics

  package func render(_ families: [MetricFamily]) -> String {
    var text = ""
    for family in families where !family.samples.isEmpty {
      let name = self == .text && family.kind == .counter ? family.name + "_total" : family.name
      text += "# HELP \(name) \(Self.escaped(family.help, quotes: self == .openmetrics))\n"
      text += "# TYPE \(name) \(family.kind.rawValue)\n"
      for sample in family.samples {
        text += family.name
        text += family.kind == .counter ? "_total" : sample.suffix
        if !sample.labels.isEmpty {
          text += "{"
          for (index, label) in sample.labels.enumerated() {
            if index > 0 { text += "," }
            text += label.name + "=\"" + Self.escaped(label.value, quotes: true) + "\""
          }
          text += "}"
        }
        text += " " + sample.value + "\n"
      }
    }
    return self == .openmetrics ? text + "# EOF\n" : text
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    guard text.unicodeScalars.contains(where: { $0 == "\\" || $0 == "\n" || quotes && $0 == "\"" }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
