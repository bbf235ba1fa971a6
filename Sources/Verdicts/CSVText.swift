/// Text as a field of CSV.
package enum CSVText {
  /// Quoted by RFC 4180 where it must be, else as it is.
  package static func field(_ text: String) -> String {
    // Over scalars: a carriage return and a line feed are one Character, and a quote may carry a combining mark.
    guard text.utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0D || $0 == 0x0A }) else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}
