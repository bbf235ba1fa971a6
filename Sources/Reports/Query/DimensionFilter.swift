package import Storage
package import Verdicts

/// `--where DIM=VALUE[,VALUE…]`: lets through verdicts whose value is one of the alternatives.
package struct DimensionFilter: Sendable, Equatable {
  package var dimension: Dimension
  package var alternatives: [Alternative]

  package enum Alternative: Sendable, Equatable {
    /// Canonical.
    case value(String)
    /// Bytes that the value begins with; for languages in lower case.
    case prefix([UInt8])
  }

  /// As the option's text has it: `language=en,zh*`.
  var text: String {
    func escaped(_ text: String) -> String {
      text.unicodeScalars.reduce(into: "") { result, scalar in
        if scalar == "," || scalar == "*" { result += "\\" }
        result.unicodeScalars.append(scalar)
      }
    }
    return "\(dimension.name)=" + alternatives.map { alternative in
      switch alternative {
      case .value(let value): escaped(value)
      case .prefix(let bytes): escaped(String(decoding: bytes, as: UTF8.self)) + "*"
      }
    }.joined(separator: ",")
  }

  /// Whether a canonical value is one of the alternatives.
  package func matches(_ value: String) -> Bool {
    alternatives.contains { alternative in
      switch alternative {
      case .value(let wanted): value.utf8.elementsEqual(wanted.utf8)
      case .prefix(let prefix):
        dimension == .language ? LanguageTag.lowercased(value.utf8).starts(with: prefix) : value.utf8.starts(with: prefix)
      }
    }
  }

  /// For each of a dimension's codes whether it is let through.
  package func matchingCodes(of values: CodedValues) -> [Bool] {
    var matching: [Bool] = []
    for (code, value) in values.all {
      while matching.count < Int(code) { matching.append(false) }
      matching.append(matches(value))
    }
    return matching
  }
}

extension DimensionFilter {
  /// Reads the option's text. `\*`, `\,` and `\\` stand for the characters themselves, a `\` before anything else for itself; `*`
  /// is allowed at the end alone.
  ///
  /// - Throws: ``QueryError`` saying what is wrong and what would be right.
  package init(_ text: String) throws(QueryError) {
    // By bytes: a value may begin with a combining mark, which would make one Character with the sign.
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw QueryError("--where takes DIMENSION=VALUE[,VALUE…], as in --where language=zh,ja")
    }
    let name = String(decoding: text.utf8[..<equals], as: UTF8.self)
    guard let dimension = Dimension(name: name) else { throw .unknownDimension(name) }
    self.dimension = dimension
    alternatives = []
    for item in try Self.split(text.utf8[text.utf8.index(after: equals)...]) {
      alternatives.append(try Self.alternative(item, of: dimension))
    }
  }

  private struct Item {
    var bytes: [UInt8] = []
    var isPrefix = false
  }

  private static func split(_ text: Substring.UTF8View) throws(QueryError) -> [Item] {
    var items = [Item()]
    var isEscaped = false
    for byte in text {
      if isEscaped {
        if ![UInt8(ascii: "*"), UInt8(ascii: ","), UInt8(ascii: "\\")].contains(byte) { items[items.count - 1].bytes.append(UInt8(ascii: "\\")) }
        items[items.count - 1].bytes.append(byte)
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: ",") {
        items.append(Item())
      } else if items[items.count - 1].isPrefix {
        throw QueryError("--where: * stands for any ending and must come last; write \\* for the character itself")
      } else if byte == UInt8(ascii: "*") {
        items[items.count - 1].isPrefix = true
      } else {
        items[items.count - 1].bytes.append(byte)
      }
    }
    if isEscaped { items[items.count - 1].bytes.append(UInt8(ascii: "\\")) }
    return items
  }

  private static func alternative(_ item: Item, of dimension: Dimension) throws(QueryError) -> Alternative {
    if item.isPrefix {
      switch dimension {
      case .language: return .prefix(LanguageTag.lowercased(item.bytes))
      case .region: return .prefix(item.bytes.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 })
      default: return .prefix(item.bytes)
      }
    }
    let text = String(decoding: item.bytes, as: UTF8.self)
    guard item.bytes.count <= Dimension.valueBytesMax else {
      throw QueryError("--where \(dimension.name)=: a value has 1 to \(Dimension.valueBytesMax) bytes")
    }
    guard !item.bytes.isEmpty else { throw QueryError("--where \(dimension.name)=: a value is missing") }
    switch dimension {
    case .language:
      guard let tag = LanguageTag.canonical(item.bytes) else {
        throw QueryError("--where: \(text) is no language tag; verdicts with an unreadable language are under und")
      }
      return .value(tag)
    case .region:
      if text.uppercased() == RegionCode.unknown { return .value(RegionCode.unknown) }
      guard let code = RegionCode.canonical(item.bytes) else {
        throw QueryError("--where: \(text) is no ISO 3166 region; verdicts with an unreadable region are under ZZ")
      }
      return .value(code)
    case .stage:
      guard Stage.names.contains(text) else {
        throw QueryError("--where: there is no stage \(text); stages are prompt, response and unknown")
      }
      return .value(text)
    case .source, .model, .method: return .value(text)
    }
  }
}
