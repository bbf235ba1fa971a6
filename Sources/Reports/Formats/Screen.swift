/// What a report for a reader is shown on.
package struct Screen: Sendable {
  /// Columns of a line; nil where there is no bound.
  package var width: Int?
  /// Whether colours and bold text may be used; nothing is told by them alone.
  package var hasStyles = false
  /// Whether more than ASCII can be shown.
  package var hasUnicode = true

  package init(width: Int? = nil, hasStyles: Bool = false, hasUnicode: Bool = true) {
    self.width = width
    self.hasStyles = hasStyles
    self.hasUnicode = hasUnicode
  }

  /// The beginning of a text that fits a number of columns, marked where something was cut.
  func shortened(_ text: String, to width: Int) -> String { TextWidth.shortened(text, to: width, ellipsis: hasUnicode ? "…" : "~") }

  func shortened(_ parts: [String], to width: Int) -> String { TextWidth.joined(parts, to: width, ellipsis: hasUnicode ? "…" : "~") }

  func bold(_ text: String) -> String { hasStyles ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
