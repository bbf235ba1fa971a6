import Verdicts

/// Replies of a label and, below it, codes (Llama Guard).
enum LabelAndCodes {
  static func read(_ text: Bytes, of format: GuardFormat, isCut: Bool) -> GuardReply {
    var verdict: Verdict?
    var names = NativeNames()
    var isReadable = true
    ReplyText.forEachLine(text) { line, isLast in
      if let verdict {
        isReadable = mention(line, of: format, under: verdict, isCut: isCut && isLast, in: &names)
      } else {
        verdict = readLabel(line, of: format, in: &names)
        isReadable = verdict != nil
      }
      return isReadable
    }
    guard isReadable, let verdict else { return .unreadable }
    // Where the text was cut behind "safe", "safe to proceed" may have been to come.
    if isCut, verdict == .safe, text.firstIndex(ofByte: 0x0A) == nil { return .unreadable }
    var reply = GuardReply(verdict)
    reply.names = names
    return reply
  }

  /// The label of a line that holds it and codes at the most.
  private static func readLabel(_ line: Bytes, of format: GuardFormat, in names: inout NativeNames) -> Verdict? {
    var verdict: Verdict?
    var isReadable = true
    forEachWord(line) { word in
      if verdict == nil {
        verdict = format.verdict(of: word)
        isReadable = verdict != nil
      } else if isCode(word) {
        mention(code: word, of: format, in: &names)
      } else {
        isReadable = false
      }
      return isReadable
    }
    return isReadable ? verdict : nil
  }

  /// Adds the names of a line below the label.
  ///
  /// - Returns: false for a second label, and for prose below `safe`: it may take back what the label says.
  private static func mention(_ line: Bytes, of format: GuardFormat, under verdict: Verdict, isCut: Bool, in names: inout NativeNames) -> Bool {
    var allCodes = true
    var hasLabel = false
    forEachWord(line) { word in
      allCodes = allCodes && isCode(word)
      hasLabel = hasLabel || format.verdict(of: word) != nil
      return !hasLabel
    }
    if hasLabel { return false }
    if !allCodes {
      if verdict == .safe { return false }
      return mentionTitles(line, of: format, in: &names)
    }
    var last: Bytes?
    forEachWord(line) { word in
      if let last { mention(code: last, of: format, in: &names) }
      last = word
      return true
    }
    if let last {
      // S1 may be all that is left of S10.
      if isCut, format.isBeginning(last) { names.mentionUnlisted(of: format) } else { mention(code: last, of: format, in: &names) }
    }
    return true
  }

  /// Items such as "S1: Violent Crimes" or "Violent Crimes"; anything else is a name that is not listed.
  private static func mentionTitles(_ line: Bytes, of format: GuardFormat, in names: inout NativeNames) -> Bool {
    var start = 0
    for index in 0...line.count where index == line.count || line[index] == 0x2C {
      let item = line.part(start..<index).trimmed
      start = index + 1
      if item.isEmpty { continue }
      let title = item.firstColon.map { item.part(from: $0.index + $0.length).trimmed } ?? item
      if let category = format.categories.firstIndex(where: { $0.titleSpelling.map(title.matches) ?? false }) ?? format.category(of: item) {
        names.mention(category, of: format)
      } else {
        names.mentionUnlisted(of: format)
      }
    }
    return true
  }

  private static func mention(code: Bytes, of format: GuardFormat, in names: inout NativeNames) {
    if let category = format.category(of: code) { names.mention(category, of: format) } else { names.mentionUnlisted(of: format) }
  }

  /// A letter and one to three digits.
  private static func isCode(_ word: Bytes) -> Bool {
    (2...4).contains(word.count) && word[0].isASCIILetter && word.dropFirst().allSatisfy(\.isASCIIDigit)
  }

  /// Gives what stands between white space and commas, until the body returns false.
  private static func forEachWord(_ line: Bytes, _ body: (Bytes) -> Bool) {
    var start = 0
    for index in 0...line.count where index == line.count || line[index].isASCIISpace || line[index] == 0x2C {
      if start < index, !body(line.part(start..<index)) { return }
      start = index + 1
    }
  }
}
