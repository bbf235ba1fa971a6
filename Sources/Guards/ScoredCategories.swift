import JSONReading
import Verdicts

/// Replies that score categories and leave it to thresholds what that means (Azure AI Content Safety, Gemini, Perspective).
///
/// What is scored but cannot be read makes a reply that is not unsafe by the rest an error.
enum ScoredCategories {
  /// What the scores read so far add up to.
  private struct Sum {
    let format: GuardFormat
    let thresholds: Thresholds
    var verdict = Verdict.safe
    var names = NativeNames()
    var count = 0
    var isDoubtful = false

    mutating func add(_ name: Bytes, score: DecimalNumber, isBlocked: Bool = false) {
      count += 1
      let verdict = isBlocked ? .unsafe : thresholds.verdict(of: score)
      guard verdict != .safe else { return }
      mention(name)
      raise(to: verdict)
    }

    mutating func raise(to other: Verdict) { if other.rawValue > verdict.rawValue { verdict = other } }

    mutating func mention(_ name: Bytes) {
      if let category = format.category(of: name.trimmed) { names.mention(category, of: format) } else { names.mentionUnlisted(of: format) }
    }

    func reply(hasDecided: Bool = false) -> GuardReply {
      guard verdict == .unsafe || (count > 0 || hasDecided) && !isDoubtful else { return .unreadable }
      var reply = GuardReply(verdict)
      reply.names = names
      return reply
    }
  }

  // MARK: - Azure AI Content Safety

  static func readSeverities(_ object: JSONValue, of format: GuardFormat, thresholds: Thresholds) -> GuardReply {
    var sum = Sum(format: format, thresholds: thresholds)
    if let matches = object["blocklistsMatch"], !matches.isNull {
      if matches.kind != .array { sum.isDoubtful = true }
      if matches.count > 0 { sum.raise(to: .unsafe) }
    }
    // A list that nobody knows may be one of matches.
    for (name, value) in object.members where value.count > 0 && !resultMembers.contains(where: { name.elementsEqual($0) }) { sum.isDoubtful = true }
    guard let analysis = object["categoriesAnalysis"], analysis.kind == .array else { return sum.reply() }
    for entry in analysis.elements {
      guard let name = entry["category"]?.text else {
        sum.isDoubtful = true
        continue
      }
      if let severity = entry["severity"], !severity.isNull {
        guard let score = severity.number, isOn(format.scale, score), score.wholePart(timesTenTo: 0)?.isExact == true else {
          sum.isDoubtful = true
          continue
        }
        sum.add(name, score: score)
      } else if entry.count > (entry["severity"] == nil ? 1 : 2) {
        // A severity may be left out, but not stand under another name.
        sum.isDoubtful = true
      }
    }
    return sum.reply()
  }

  private static let resultMembers = ["blocklistsMatch", "categoriesAnalysis"].map { Array($0.utf8) }

  // MARK: - Gemini

  static func readRatings(_ object: JSONValue, of format: GuardFormat, thresholds: Thresholds) -> GuardReply {
    var sum = Sum(format: format, thresholds: thresholds)
    if object.hasSeveral(of: "promptFeedback", "prompt_feedback") { sum.isDoubtful = true }
    var judged = object["candidates"].elements
    if let prompt = object["promptFeedback", "prompt_feedback"], !prompt.isNull { judged.append(prompt) }
    for part in judged {
      if part.hasSeveral(of: "finishReason", "finish_reason") || part.hasSeveral(of: "safetyRatings", "safety_ratings")
        || part.hasSeveral(of: "blockReason", "block_reason")
      { sum.isDoubtful = true }
      if let reason = part["blockReason", "block_reason"], !reason.isNull { sum.raise(to: .unsafe) }
      if let reason = part["finishReason", "finish_reason"], !reason.isNull {
        if format.blockingReasons.contains(where: { reason.text?.matches($0) == true }) {
          sum.raise(to: .unsafe)
        } else if !format.harmlessReasons.contains(where: { reason.text?.matches($0) == true }) {
          sum.isDoubtful = true
        }
      }
      for rating in part["safetyRatings", "safety_ratings"].elements { add(rating, to: &sum) }
    }
    return sum.reply()
  }

  private static func add(_ rating: JSONValue, to sum: inout Sum) {
    guard let name = rating["category"]?.text else { return sum.isDoubtful = true }
    let isBlocked = rating["blocked"]?.bool == true
    // A member of a rating that is not known may be the one that blocks, misspelt.
    for (member, _) in rating.members where !ratingMembers.contains(where: { member.elementsEqual($0) }) { sum.isDoubtful = true }
    if let text = rating["probability"]?.string, let score = sum.format.scale?.score(of: text.uppercased()) {
      sum.add(name, score: score, isBlocked: isBlocked)
    } else if isBlocked {
      sum.mention(name)
      sum.raise(to: .unsafe)
    } else {
      sum.isDoubtful = true
    }
  }

  private static let ratingMembers = [
    "category", "probability", "blocked", "probabilityScore", "probability_score", "severity", "severityScore", "severity_score",
    "overwrittenThreshold", "overwritten_threshold",
  ].map { Array($0.utf8) }

  // MARK: - Perspective

  static func readAttributes(_ object: JSONValue, of format: GuardFormat, thresholds: Thresholds) -> GuardReply {
    var sum = Sum(format: format, thresholds: thresholds)
    for (name, value) in object["attributeScores"].members {
      guard let score = value["summaryScore"]?["value"]?.number, isOn(format.scale, score) else {
        sum.isDoubtful = true
        continue
      }
      if format.category(of: name.trimmed) != nil {
        sum.add(name, score: score)
      } else if thresholds.verdict(of: score) != .safe, isMisspelt(name, of: format) {
        sum.isDoubtful = true
      }
    }
    return sum.reply()
  }

  /// Whether an attribute that has no type is a few letters away from one that has: another version of it, or a misspelling. Any other
  /// has no say.
  private static func isMisspelt(_ name: Bytes, of format: GuardFormat) -> Bool {
    name.count <= 64 && format.categories.contains { NearestNames.distance(name.map(\.lowercase), $0.spelling.bytes) <= 2 }
  }

  private static func isOn(_ scale: ThresholdScale?, _ score: DecimalNumber) -> Bool {
    guard case .numbers(let from, let to) = scale else { return true }
    return (score.isZero || !score.isNegative) && score.isAtLeast(from) && to.isAtLeast(score)
  }
}
