import Foundation
package import Guards
import JSONReading
import Verdicts

/// What must be true of a reply that is read as safe, said a second time and in another way: with Foundation's JSON and regular
/// expressions, over the reply as a whole. Also what must be true of every reading.
package final class GuardOracle {
  private let reader = ReplyReader(nestingMax: 64)

  package init() {}

  /// Nil where the reading of a reply is one that it may have.
  ///
  /// - Parameters:
  ///   - reply: text, or JSON.
  ///   - isPrompt: whether the context says that a prompt was judged.
  package func disagreement(on reply: [UInt8], isJSON: Bool, format: GuardFormat, isPrompt: Bool) -> String? {
    let found = read(reply, isJSON: isJSON, format: format, isPrompt: isPrompt)
    let again = read(reply, isJSON: isJSON, format: format, isPrompt: isPrompt)
    func complain(_ what: String) -> String { "\(format.name): \(found.verdict.name), \(what): \(String(decoding: reply, as: UTF8.self))" }
    guard found.verdict == again.verdict, found.riskTypes == again.riskTypes, found.names.bits == again.names.bits else { return complain("then another") }
    if (found.verdict == .error) != (found.errorCause != .absent) { return complain("cause \(found.errorCause.name)") }
    if found.verdict.isFlagged == found.riskTypes.isEmpty, found.verdict != .safe { return complain("types \(found.riskTypes.bits)") }
    if found.verdict == .safe, !Self.maySay(safe: reply, isJSON: isJSON, format: format.name, isPrompt: isPrompt) { return complain("which it does not say") }
    return nil
  }

  private func read(_ reply: [UInt8], isJSON: Bool, format: GuardFormat, isPrompt: Bool) -> GuardReply {
    let document = JSONDocument(nestingMax: 8)
    let members = #"{"guard":"llama-guard-3","policy":"harassment"\#(isPrompt ? #","stage":"prompt""# : "")}"#
    let context = Array(members.utf8).withUnsafeBufferPointer { try? GuardContext(document.read($0)) } ?? .none
    return reply.withUnsafeBufferPointer { reader.read(isJSON ? .json($0) : .text($0), format: format.index, context: context) }
  }

  // MARK: - Safe

  private static func maySay(safe reply: [UInt8], isJSON: Bool, format: String, isPrompt: Bool) -> Bool {
    var text = String(decoding: reply, as: UTF8.self)
    var value: Any? = try? JSONSerialization.jsonObject(with: Data(reply), options: [.fragmentsAllowed])
    if isJSON, let string = value as? String { text = string }
    if !isJSON || value is String { value = object(in: text) }
    switch format {
    case "openai-chat": return text.lowercased().contains("safe") || "\(value ?? "")".lowercased().contains("safe")
    case "qwen3guard-stream", "nemoguard-content-safety", "openai-moderation", "azure-content-safety", "azure-prompt-shields",
      "bedrock-apply-guardrail", "google-model-armor", "gemini-safety-ratings", "perspective", "mistral-moderation":
      guard let object = value as? [String: Any] else { return false }
      return maySay(safe: object, format: format, isPrompt: isPrompt)
    default:
      if format == "gpt-oss-safeguard", let object = value as? [String: Any] { return "\(object["violation"] ?? "")" == "0" }
      return maySay(safe: text, format: format)
    }
  }

  /// The object that a model wrote, perhaps after a trace and before closing tokens.
  private static func object(in text: String) -> Any? {
    let body = text.range(of: "</think>", options: [.caseInsensitive, .backwards]).map { String(text[$0.upperBound...]) } ?? text
    guard let start = body.firstIndex(of: "{"), let end = body.lastIndex(of: "}"), start < end else { return nil }
    return try? JSONSerialization.jsonObject(with: Data(body[start...end].utf8))
  }

  private static func maySay(safe text: String, format: String) -> Bool {
    let body = text.lowercased().components(separatedBy: "</think>").last ?? ""
    func matches(_ pattern: String) -> Bool { body.range(of: pattern, options: .regularExpression) != nil }
    func count(_ pattern: String) -> Int { body.components(separatedBy: "\n").filter { $0.range(of: pattern, options: .regularExpression) != nil }.count }
    switch format {
    case "qwen3guard-gen": return count(#"^\s*safety\s*[:：]\s*safe\b"#) == 1 && count(#"^\s*safety\s*[:：]"#) == 1
    case "llama-guard-1", "llama-guard-2", "llama-guard-3", "llama-guard-4": return matches(#"^\s*,*safe\b"#) && !matches(#"\bunsafe\b"#)
    case "shieldgemma", "granite-guardian-3.0", "granite-guardian-3.2": return matches(#"^\s*no\b"#)
    case "granite-guardian-3.3": return matches(#"<score>\s*no\s*</score>[^<]*(<\||<e|</s>|$)"#) || matches(#"<score>\s*no\s*</score>"#) && !matches(#"<score>\s*no\s*</score>.*<score>"#)
    case "wildguard": return matches(#"harmful (request|response)\s*[:：]\s*no\b"#)
    case "nemotron-content-safety": return matches(#"(user|response) safety\s*[:：]\s*safe\b"#)
    case "nemotron-content-safety-reasoning": return matches(#"(prompt|response) harm\s*[:：]\s*unharmful\b"#)
    case "gpt-oss-safeguard": return matches(#"^\s*0\b"#)
    default: return false
    }
  }

  private static func maySay(safe object: [String: Any], format: String, isPrompt: Bool) -> Bool {
    let results = object["results"] as? [[String: Any]] ?? []
    let isAnyTrue = results.contains { ($0["categories"] as? [String: Any] ?? [:]).values.contains { $0 as? Bool == true } }
    let words = strings(in: object)
    switch format {
    case "openai-moderation": return !results.isEmpty && results.allSatisfy { $0["flagged"] as? Bool == false } && !isAnyTrue
    case "mistral-moderation": return !results.isEmpty && !isAnyTrue
    case "azure-content-safety":
      let severities = (object["categoriesAnalysis"] as? [[String: Any]] ?? []).compactMap { ($0["severity"] as? NSNumber)?.doubleValue }
      return !severities.isEmpty && severities.allSatisfy { $0 < 2 } && (object["blocklistsMatch"] as? [Any] ?? []).isEmpty
    case "azure-prompt-shields": return !members("attackDetected", in: object).contains { $0 as? Bool == true }
    case "bedrock-apply-guardrail":
      return object["action"] as? String == "NONE" && !members("detected", in: object["assessments"] as Any).contains { $0 as? Bool == true }
        && members("action", in: object["assessments"] as Any).allSatisfy { !["BLOCKED", "ANONYMIZED"].contains($0 as? String) }
    case "google-model-armor": return words.contains("NO_MATCH_FOUND") && words.contains("SUCCESS") && !words.contains("MATCH_FOUND")
    case "gemini-safety-ratings":
      let probabilities = (members("probability", in: object).compactMap { $0 as? String }).map { $0.uppercased() }
      return !probabilities.isEmpty && probabilities.allSatisfy { ["NEGLIGIBLE", "LOW"].contains($0) } && !members("blocked", in: object).contains { $0 as? Bool == true }
    case "perspective":
      let scores = object["attributeScores"] as? [String: Any] ?? [:]
      return !scores.isEmpty && !["TOXICITY", "THREAT", "INSULT", "IDENTITY_ATTACK"].contains { name in
        members("value", in: scores[name] as Any).contains { ($0 as? NSNumber)?.doubleValue ?? 0 >= 0.7 }
      }
    case "nemoguard-content-safety": return words.contains { $0.trimmingCharacters(in: .whitespacesAndNewlines).lowercased() == "safe" }
    case "qwen3guard-stream":
      let levels = (object["risk_level"] as? [Any] ?? object["pred_risk_levels"] as? [Any] ?? []).map { "\($0)".trimmingCharacters(in: .whitespacesAndNewlines).lowercased() }
      let unsafe = ["unsafe", "1"]
      return isPrompt ? ["safe", "0"].contains(levels.last ?? "") : !levels.isEmpty && !zip(levels, levels.dropFirst()).contains { unsafe.contains($0) && unsafe.contains($1) }
    default: return false
    }
  }

  private static func strings(in value: Any) -> [String] {
    if let text = value as? String { return [text] }
    if let list = value as? [Any] { return list.flatMap(strings) }
    return (value as? [String: Any])?.values.flatMap(strings) ?? []
  }

  private static func members(_ name: String, in value: Any) -> [Any] {
    if let list = value as? [Any] { return list.flatMap { members(name, in: $0) } }
    guard let object = value as? [String: Any] else { return [] }
    return (object[name].map { [$0] } ?? []) + object.values.flatMap { members(name, in: $0) }
  }
}
