import JSONReading
import Verdicts

/// Replies to a policy that the caller wrote: a digit, or an object that holds it (gpt-oss-safeguard).
enum PolicyViolation {
  /// - Parameter isCut: whether more may have come: "0" may have become "0.5".
  static func read(_ digit: Bytes, of format: GuardFormat, isCut: Bool) -> GuardReply {
    guard let verdict = format.verdict(of: digit), !isCut || verdict != .safe else { return .unreadable }
    return GuardReply(verdict)
  }

  static func read(_ object: JSONValue, of format: GuardFormat, context: GuardContext) -> GuardReply {
    guard let value = object["violation"], value.kind == .number, let violation = value.written, let verdict = format.verdict(of: violation) else { return .unreadable }
    var reply = GuardReply(verdict)
    guard let category = object["policy_category"], !category.isNull else { return reply }
    guard let rule = category.text?.trimmed else {
      reply.names.mentionUnlisted(of: format)
      return reply
    }
    if rule.isEmpty { return reply }
    let mapped = context.categories.first { $0.rule.elementsEqual(rule) }
    reply.names.mentionUnlisted(types: mapped?.types, of: format)
    return reply
  }
}
