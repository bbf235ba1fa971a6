/// How wide text is on a terminal.
enum TextWidth {
  /// Two columns for East Asian wide and full-width characters (Unicode annex 11) and emoji, none for combining marks; a sequence of
  /// emoji, or of the parts of a Korean syllable, is one character.
  static func columns(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + columns($1) }
  }

  private static func columns(_ character: Character) -> Int {
    let scalars = character.unicodeScalars
    if scalars.contains(where: { $0.value == 0xFE0F }) { return 2 }
    return scalars.reduce(0) { max($0, columns($1)) }
  }

  /// A text that fits a number of columns: where it was cut, its beginning and its end, for names often differ in a size or a version
  /// alone.
  ///
  /// - Parameter ellipsis: stands for what was cut; one column wide.
  static func shortened(_ text: String, to width: Int, ellipsis: String = "…") -> String {
    guard columns(text) > width else { return text }
    guard width > 1 else { return width == 1 ? ellipsis : "" }
    let end = String(beginning(of: text.reversed(), to: (width - 1) / 2).reversed())
    return String(beginning(of: text, to: width - 1 - columns(end))) + ellipsis + end
  }

  private static func beginning(of text: some Sequence<Character>, to width: Int) -> [Character] {
    var left = width
    return text.prefix {
      left -= columns($0)
      return left >= 0
    }
  }

  /// Lines of no more columns than given, broken at spaces; a word that is wider is shortened.
  static func wrapped(_ text: String, to width: Int, ellipsis: String = "…") -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ").map({ shortened(String($0), to: width, ellipsis: ellipsis) }) {
      if let last = lines.last, columns(last) + 1 + columns(word) <= width { lines[lines.count - 1] = last + " " + word } else { lines.append(word) }
    }
    return lines
  }

  /// Parts joined by commas, the longest of them shortened first: what tells two names apart may stand in any.
  static func joined(_ parts: [String], to width: Int, ellipsis: String = "…") -> String {
    var parts = parts
    func excess() -> Int { parts.reduce(0) { $0 + columns($1) } + 2 * max(0, parts.count - 1) - width }
    while excess() > 0, let longest = parts.indices.max(by: { columns(parts[$0]) < columns(parts[$1]) }), columns(parts[longest]) > 1 {
      let others = parts.indices.filter { $0 != longest }.map { columns(parts[$0]) }.max() ?? 0
      let target = max(1, max(others - 1, columns(parts[longest]) - excess()))
      parts[longest] = shortened(parts[longest], to: min(target, columns(parts[longest]) - 1), ellipsis: ellipsis)
    }
    return shortened(parts.joined(separator: ", "), to: width, ellipsis: ellipsis)
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return 2
    default: return scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }
}
