import JSONReading
import Verdicts

/// Replies that judge token by token (Qwen3Guard-Stream).
enum TokenLevels {
  static func read(_ object: JSONValue, of format: GuardFormat, isPrompt: Bool) -> GuardReply {
    guard !object.hasSeveral(of: "risk_level", "pred_risk_levels"), !object.hasSeveral(of: "category", "pred_categories"),
      let levels = levels(object, of: format), let categories = object["category", "pred_categories"],
      categories.kind == .array, categories.count == levels.count, let last = levels.last
    else { return .unreadable }
    let decided = isPrompt ? (last, levels.count - 1) : pair(of: .unsafe, in: levels) ?? pair(of: .controversial, in: levels) ?? (.safe, nil)
    var reply = GuardReply(decided.0)
    for (index, category) in categories.elements.enumerated() {
      guard let name = category.text else { return .unreadable }
      guard index == decided.1 else { continue }
      if let known = format.category(of: name.trimmed) {
        reply.names.mention(known, of: format)
      } else {
        reply.names.mentionUnlisted(of: format)
      }
    }
    return reply
  }

  private static func levels(_ object: JSONValue, of format: GuardFormat) -> [Verdict]? {
    var levels: [Verdict] = []
    if let labels = object["risk_level"] {
      for label in labels.elements {
        guard let verdict = label.text.flatMap({ format.verdict(of: $0.trimmed) }) else { return nil }
        levels.append(verdict)
      }
    } else if let numbers = object["pred_risk_levels"] {
      for number in numbers.elements {
        // The number is a label's place.
        guard let place = number.number?.wholePart(timesTenTo: 0), place.isExact, format.labels.indices.contains(Int(place.value)),
          number.number?.isNegative == false
        else { return nil }
        levels.append(format.labels[Int(place.value)].verdict)
      }
    }
    return levels.isEmpty ? nil : levels
  }

  /// The second place of the first two neighbours of one level.
  private static func pair(of verdict: Verdict, in levels: [Verdict]) -> (Verdict, Int?)? {
    levels.indices.dropFirst().first { levels[$0] == verdict && levels[$0 - 1] == verdict }.map { (verdict, $0) }
  }
}
