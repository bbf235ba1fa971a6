/// Names by which a guard said what it found, as a store lists them: the format, and each name with the types that it stood for
/// when it was read, `llama-guard-1|O1=violence+hate|O4=weapons`. No format or name has `|` or `=` in it.
package struct NativeNameText: Sendable, Equatable {
  package struct Name: Sendable, Equatable {
    package var name: String
    package var types: [RiskType]

    package init(_ name: String, types: [RiskType]) {
      self.name = name
      self.types = types
    }
  }

  package var format: String
  package var names: [Name]

  /// Bytes at the most.
  package static let bytesMax = 4_096

  package init(format: String, names: [Name]) {
    self.format = format
    self.names = names
  }

  package var text: String {
    format + names.map { "|\($0.name)=\($0.types.map(\.name).joined(separator: "+"))" }.joined()
  }

  /// Nil for a text that was not written so.
  package init?(_ text: String) {
    let parts = text.split(separator: "|", omittingEmptySubsequences: false)
    guard let format = parts.first, !format.isEmpty, parts.count > 1 else { return nil }
    self.format = String(format)
    names = []
    for part in parts.dropFirst() {
      let sides = part.split(separator: "=", omittingEmptySubsequences: false)
      guard sides.count == 2 else { return nil }
      let types = sides[1].split(separator: "+").compactMap { RiskType(name: String($0)) }
      guard !types.isEmpty else { return nil }
      names.append(Name(String(sides[0]), types: types))
    }
  }
}
