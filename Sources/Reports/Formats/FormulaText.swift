/// Text that a spreadsheet could take for a formula.
enum FormulaText {
  /// The text, after an apostrophe where it begins like a formula: spreadsheets then show it as it is.
  ///
  /// The beginnings are those of OWASP's page on CSV injection, also after spaces that a spreadsheet may trim, and in their
  /// full-width forms.
  static func defused(_ text: String) -> String {
    let rest = text.unicodeScalars.drop { spaces.contains($0) }
    guard let first = rest.first, beginnings.contains(first) else { return text }
    return "'" + text
  }

  private static let beginnings: Set<Unicode.Scalar> = [
    "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
  ]
  private static let spaces: Set<Unicode.Scalar> = [" ", "\u{A0}", "\u{2007}", "\u{202F}", "\u{3000}", "\u{FEFF}", "\u{200B}"]
}
