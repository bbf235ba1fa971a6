import Verdicts

/// Replies that answer the question whether a policy was violated, with a word (ShieldGemma, Granite Guardian up to 3.2), in an
/// element (Granite Guardian from 3.3), or with names alone (its add-on for categories).
enum FirstWord {
  static func read(_ text: Bytes, of format: GuardFormat, context: GuardContext, isCut: Bool) -> GuardReply {
    var end = 0
    while end < text.count, text[end].isASCIILetter { end += 1 }
    guard let verdict = format.verdict(of: text.part(0..<end)), endsWord(text, at: end) else { return .unreadable }
    let rest = text.part(from: end).trimmed
    switch format.rest {
    case .reasoning: guard !beginsWithLabel(rest, of: format) else { return .unreadable }
    case .nothing: guard isNothing(rest) else { return .unreadable }
    case .confidence: guard isNothing(rest) || isConfidence(rest) else { return .unreadable }
    }
    // Where the text was cut behind "No", more may have been to come of another sentence; reasoning may be cut anywhere.
    if isCut, verdict == .safe, format.rest != .reasoning, rest.isEmpty { return .unreadable }
    return reply(verdict, of: format, context: context)
  }

  /// Names the policy that the guard was asked about, where it was violated.
  static func reply(_ verdict: Verdict, of format: GuardFormat, context: GuardContext) -> GuardReply {
    var reply = GuardReply(verdict)
    guard verdict.isFlagged, let asked = format.asked else { return reply }
    guard let policy = context.asked(asked.member) ?? asked.standard.map({ Array($0.utf8) }) else { return reply }
    policy.withUnsafeBufferPointer { policy in
      if let category = format.category(of: policy.trimmed) {
        reply.names.mention(category, of: format)
      } else {
        reply.names.mentionUnlisted(of: format)
      }
    }
    return reply
  }

  /// Whether a word ends at an index: "No-one" and "Nope" are other words.
  private static func endsWord(_ text: Bytes, at index: Int) -> Bool {
    guard index < text.count else { return true }
    let byte = text[index]
    if byte < 0x80 { return !byte.isASCIIDigit && byte != 0x5F && byte != 0x2D && byte != 0x27 }
    // Punctuation of U+2000 to U+303F, and full-width forms.
    guard index + 1 < text.count else { return false }
    let next = text[index + 1]
    return byte == 0xE2 && next == 0x80 || byte == 0xE3 && next == 0x80 || byte == 0xEF && next == 0xBC
  }

  private static func isNothing(_ rest: Bytes) -> Bool { rest.isEmpty || rest.count == 1 && rest[0] == 0x2E }

  /// Whether what follows a label is another one: "No/Yes" says both.
  private static func beginsWithLabel(_ rest: Bytes, of format: GuardFormat) -> Bool {
    var start = 0
    while start < rest.count, !rest[start].isASCIILetter, rest[start] < 0x80 { start += 1 }
    var end = start
    while end < rest.count, rest[end].isASCIILetter { end += 1 }
    return format.verdict(of: rest.part(start..<end)) != nil
  }

  /// The element that says how sure the guard is, whatever it says, whole or cut.
  private static func isConfidence(_ rest: Bytes) -> Bool {
    if rest.count <= confidenceStart.count { return confidenceStart.starts(with: rest.lazy.map(\.lowercase)) }
    guard rest.hasPrefix(confidenceStart) else { return false }
    guard let end = rest.firstIndex(of: confidenceEnd) else { return true }
    return rest.part(from: end + confidenceEnd.count).trimmed.isEmpty
  }

  private static let confidenceStart = Array("<confidence>".utf8)
  private static let confidenceEnd = Array("</confidence>".utf8)

  private static let scoreStart = Array("<score>".utf8)
  private static let scoreEnd = Array("</score>".utf8)

  /// The last score element decides; one that is begun after it and not ended leaves nothing to decide by.
  static func readScore(_ text: Bytes, of format: GuardFormat, context: GuardContext) -> GuardReply {
    var from = 0
    var verdict: Verdict?
    while let start = text.firstIndex(of: scoreStart, from: from) {
      let content = start + scoreStart.count
      guard let end = text.firstIndex(of: scoreEnd, from: content), let stated = format.verdict(of: text.part(content..<end).trimmed) else {
        return .unreadable
      }
      verdict = stated
      from = end + scoreEnd.count
    }
    // A tag behind it is what is left of another element.
    guard let verdict, !text.part(from: from).contains(0x3C) else { return .unreadable }
    return reply(verdict, of: format, context: context)
  }

  private static let listStart = Array("<categories>".utf8)
  private static let listEnd = Array("</categories>".utf8)

  static func readNames(_ text: Bytes, of format: GuardFormat, isCut: Bool) -> GuardReply {
    let list = text.hasPrefix(listStart) ? text.part(from: listStart.count) : text
    let end = list.firstIndex(of: listEnd)
    if let end, !list.part(from: end + listEnd.count).trimmed.isEmpty { return .unreadable }
    var reply = GuardReply(.unsafe)
    NameTexts.mention(list.part(0..<(end ?? list.count)), of: format, isCut: isCut, in: &reply.names)
    // Without its end and without a name that is known it is prose.
    let hasListed = reply.names.mentions(in: format).contains { $0.name != NativeNames.unlisted }
    return end != nil || hasListed ? reply : .unreadable
  }
}
