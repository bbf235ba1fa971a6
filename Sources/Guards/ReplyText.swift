import Verdicts

/// What stands around a verdict in the text of a model: white space, closing tokens, a trace of its thoughts.
enum ReplyText {
  private static let thinkStart = Array("<think>".utf8)
  private static let thinkEnd = Array("</think>".utf8)

  /// The text without them, or nil where a trace has no end: what comes before it is not a verdict.
  ///
  /// A trace may lack its beginning, which some chat templates put before the reply; what stood there is given too.
  @inline(__always)
  static func body(_ text: Bytes, closingTokens: [[UInt8]]) -> (body: Bytes, before: Bytes?)? {
    var body = text.trimmed
    var before: Bytes?
    // Both begin and end with a sign that few replies have.
    if body.last == 0x3E { body = withoutClosingTokens(body, closingTokens) }
    guard body.firstIndex(ofByte: 0x3C) != nil else { return (body, nil) }
    while true {
      let hasStart = body.hasPrefix(thinkStart)
      guard let end = body.firstIndex(of: thinkEnd) else { return hasStart ? nil : (body, before) }
      if !hasStart { before = body.part(0..<end).trimmed }
      body = body.part(from: end + thinkEnd.count).trimmed
    }
  }

  private static func withoutClosingTokens(_ text: Bytes, _ tokens: [[UInt8]]) -> Bytes {
    var text = text
    while let token = tokens.first(where: { text.hasSuffix($0) }) { text = text.part(0..<text.count - token.count).trimmed }
    return text
  }

  /// Whether a text begins as models do that will not judge. It is an error either way; this is its cause.
  static func isRefusal(_ text: Bytes, openings: [[UInt8]]) -> Bool {
    var start = Array(text.prefix(64))
    // A typographic apostrophe for the plain one.
    while let index = start.indices.first(where: { $0 + 2 < start.count && start[$0] == 0xE2 && start[$0 + 1] == 0x80 && start[$0 + 2] == 0x99 }) {
      start.replaceSubrange(index..<index + 3, with: [0x27])
    }
    return start.withUnsafeBufferPointer { start in openings.contains { start.hasPrefix($0) } }
  }

  /// Gives the lines that are not blank, trimmed, until the body returns false.
  @inline(__always)
  static func forEachLine(_ text: Bytes, _ body: (_ line: Bytes, _ isLast: Bool) -> Bool) {
    var start = 0
    while start < text.count {
      let end = text.firstIndex(ofByte: 0x0A, from: start) ?? text.count
      let line = text.part(start..<end).trimmed
      if !line.isEmpty, !body(line, end == text.count) { return }
      start = end + 1
    }
  }
}
