import JSONReading
import Verdicts

/// Replies to a policy that the caller wrote: a digit, or an object that holds it (gpt-oss-safeguard).
enum PolicyViolation {
  static func read(_ digit: Bytes, of format: GuardFormat) -> GuardReply {
    format.verdict(of: digit).map { GuardReply($0) } ?? .unreadable
  }

  static func read(_ object: JSONValue, of format: GuardFormat, context: GuardContext) -> GuardReply {
    guard let violation = object["violation"]?.written, let verdict = format.verdict(of: violation) else { return .unreadable }
    var reply = GuardReply(verdict)
    guard let category = object["policy_category"], !category.isNull else { return reply }
    guard let rule = category.text?.trimmed else { return .unreadable }
    if rule.isEmpty { return reply }
    let mapped = context.categories.first { $0.rule.elementsEqual(rule) }
    reply.names.mentionUnlisted(types: mapped?.types, of: format)
    return reply
  }
}
