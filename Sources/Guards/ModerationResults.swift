import JSONReading
import Verdicts

/// Replies with a flag for each category (OpenAI's and Mistral's moderation).
enum ModerationResults {
  static func read(_ object: JSONValue, of format: GuardFormat) -> GuardReply {
    guard let results = object["results"], results.kind == .array, results.count > 0 else { return .unreadable }
    var reply = GuardReply(.safe)
    reply.model = object["model"]?.text.map { Array($0) }
    var isReadable = true
    for result in results.elements {
      guard let verdict = read(result, of: format, in: &reply.names) else {
        isReadable = false
        continue
      }
      if verdict == .unsafe { reply.verdict = .unsafe }
    }
    return isReadable || reply.verdict == .unsafe ? reply : .unreadable
  }

  /// One result; nil where it does not say what it must.
  private static func read(_ result: JSONValue, of format: GuardFormat, in names: inout NativeNames) -> Verdict? {
    var isFlagged = false
    var isReadable = true
    if let flagged = result["flagged"] ?? nil {
      if let flag = flagged.bool { isFlagged = flag } else { isReadable = false }
    } else if format.hasFlagged {
      isReadable = false
    }
    // A flag that nobody knows may be this one, misspelt.
    if result.members.contains(where: { name, value in value.bool == true && !name.elementsEqual("flagged".utf8) }) { isReadable = false }
    var flags = 0
    for (name, value) in result["categories"].members {
      // OpenAI's older models leave categories open that they do not know.
      if value.isNull, format.hasFlagged { continue }
      guard let isTrue = value.bool else {
        isReadable = false
        continue
      }
      flags += 1
      guard isTrue else { continue }
      isFlagged = true
      if let category = format.category(of: name.trimmed) { names.mention(category, of: format) } else { names.mentionUnlisted(of: format) }
    }
    if isFlagged { return .unsafe }
    return isReadable && flags > 0 ? .safe : nil
  }
}
