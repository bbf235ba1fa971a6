import JSONReading
import Verdicts

/// Replies of lines "Name: value" (Qwen3Guard-Gen, WildGuard, Nemotron), and of objects with such members (NemoGuard).
enum FieldLines {
  /// - Parameters:
  ///   - text: without what stands around a verdict.
  ///   - isCut: whether a token limit cut the text at its end.
  static func read(_ text: Bytes, of format: GuardFormat, isPrompt: Bool, isCut: Bool) -> GuardReply {
    var fields = FieldReading(format)
    var isReadable = true
    var decidesLast = false
    ReplyText.forEachLine(text) { line, isLast in
      if let colon = line.firstColon, let field = fields.field(named: line.part(0..<colon.index).trimmed) {
        decidesLast = isLast && format.fields[field].role != .categories && format.fields[field].role != .refusal
        isReadable = fields.take(line.part(from: colon.index + colon.length).trimmed, for: field, isCut: isCut && isLast)
      } else {
        // A token limit may have cut the last line in its name; anything else is not this guard's.
        isReadable = isLast && isBeginning(line, of: format)
      }
      return isReadable
    }
    guard isReadable else { return .unreadable }
    let reply = fields.reply(isPrompt: isPrompt, isCut: isCut)
    // Where the text was cut behind a label, more may have been to come on its line.
    return isCut && decidesLast && reply.verdict == .safe ? .unreadable : reply
  }

  /// Whether a line is the beginning of a field that decides nothing.
  private static func isBeginning(_ line: Bytes, of format: GuardFormat) -> Bool {
    format.fields.contains { field in
      (field.role == .categories || field.role == .refusal) && !field.isRequired
        && field.spellings.contains { spelling in
          line.count <= spelling.count && spelling.bytes.starts(with: line.lazy.map(\.lowercase))
        }
    }
  }

  static func read(_ object: JSONValue, of format: GuardFormat, isPrompt: Bool) -> GuardReply {
    var fields = FieldReading(format)
    for (name, value) in object.members {
      // The guard writes these members and no other: one that is misspelt may be the one that decides.
      guard let field = fields.field(named: name.trimmed) else { return .unreadable }
      if value.isNull { continue }
      if value.kind == .array {
        guard fields.take(names: value.elements, for: field) else { return .unreadable }
        continue
      }
      guard let text = value.text, fields.take(text.trimmed, for: field, isCut: false) else { return .unreadable }
    }
    return fields.reply(isPrompt: isPrompt, isCut: false)
  }
}
