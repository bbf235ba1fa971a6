import Verdicts

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

  private var ellipsis: String { hasUnicode ? "…" : "~" }

  func shortened(_ text: String, to width: Int) -> String { TextWidth.shortened(text, to: width, ellipsis: ellipsis) }

  func shortened(_ parts: [String], to width: Int) -> String { TextWidth.joined(parts, to: width, ellipsis: ellipsis) }

  /// A text in as many lines as the screen's width asks for.
  func wrapped(_ text: String) -> [String] { width.map { TextWidth.wrapped(text, to: $0, ellipsis: ellipsis) } ?? [text] }

  /// The least width, and no less than a given one, from which on names can be shortened without two of them looking the same.
  func widthApart(_ names: [[String]], from least: Int) -> Int {
    let different = Set(names.map { $0.map(ExactText.init) }).map { $0.map(\.text) }
    let natural = max(least, different.map { TextWidth.columns($0.joined(separator: ", ")) }.max() ?? 0)
    return (least..<natural).last { width in
      var seen: Set<ExactText> = []
      return !different.allSatisfy { seen.insert(ExactText(shortened($0, to: width))).inserted }
    }.map { $0 + 1 } ?? least
  }

  /// A text as it goes to the screen.
  func isolated(_ text: String) -> String { hasUnicode ? ReaderText.isolated(text) : text }

  func bold(_ text: String) -> String { hasStyles ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
