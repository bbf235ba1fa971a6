import Verdicts

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

  /// Names shortened until they fit, as far as that leaves them different; what is more than fits then is told by their width.
  static func fitted(_ names: [[String]], pixels limit: Double) -> [String] {
    let different = Set(names.map { $0.map(ExactText.init) }).count
    var limit = limit
    while true {
      let texts = names.map { fitted($0, pixels: limit) }
      if Set(texts.map(ExactText.init)).count >= different { return texts }
      limit += 40
    }
  }

  /// Parts joined by commas, shortened until they fit.
  private static func fitted(_ parts: [String], pixels limit: Double) -> String {
    var columns = TextWidth.columns(parts.joined(separator: ", "))
    while columns >= 1 {
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
