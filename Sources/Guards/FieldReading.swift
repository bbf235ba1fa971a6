import JSONReading
import Verdicts

/// Fields of a reply as they are read, whether they stand in lines or in an object.
struct FieldReading {
  private let format: GuardFormat
  private var seen: UInt32 = 0
  private var verdict: Verdict?
  private var prompt: Verdict?
  private var response: Verdict?
  private var refusal = Refusal.absent
  private var names = NativeNames()

  init(_ format: GuardFormat) { self.format = format }

  /// The index of the field of a name, or nil.
  @inline(__always)
  func field(named name: Bytes) -> Int? {
    let head = name.head
    for index in format.fields.indices {
      for place in format.fields[index].spellings.indices where name.matches(format.fields[index].spellings[place], head: head) { return index }
    }
    return nil
  }

  /// Takes in a field's value.
  ///
  /// - Returns: false where the field stands twice, or its value is none that it can have.
  @inline(__always)
  mutating func take(_ value: Bytes, for index: Int, isCut: Bool) -> Bool {
    guard seen & 1 << UInt32(index) == 0 else { return false }
    seen |= 1 << UInt32(index)
    switch format.fields[index].role {
    case .verdict:
      verdict = format.verdict(of: value)
      return verdict != nil
    case .prompt:
      prompt = format.verdict(of: value)
      return prompt != nil
    case .response:
      response = format.verdict(of: value)
      return response != nil || format.isNotApplicable(value)
    case .categories:
      NameTexts.mention(value, of: format, isCut: isCut, in: &names)
      return true
    case .refusal:
      if value.matches(Self.yes) { refusal = Refusal(true) } else if value.matches(Self.no) { refusal = Refusal(false) } else {
        return !format.fields[index].isRequired || format.isNotApplicable(value)
      }
      return true
    }
  }

  private static let yes = Spelling("yes")
  private static let no = Spelling("no")

  /// The reply once all fields are in.
  ///
  /// Takes in names that stand in a list of their own.
  mutating func take(names values: [JSONValue], for index: Int) -> Bool {
    guard format.fields[index].role == .categories, seen & 1 << UInt32(index) == 0 else { return false }
    seen |= 1 << UInt32(index)
    for value in values {
      guard let name = value.text else { return false }
      NameTexts.mention(name, of: format, in: &names)
    }
    return true
  }

  /// - Parameters:
  ///   - isPrompt: whether the prompt is judged, whatever is said of a response.
  ///   - isCut: whether more may have come: what was said of a response may be missing.
  func reply(isPrompt: Bool, isCut: Bool) -> GuardReply {
    for (index, field) in format.fields.enumerated() where field.isRequired && seen & 1 << UInt32(index) == 0 { return .unreadable }
    for (index, field) in format.fields.enumerated() where isCut && !isPrompt && field.role == .response && seen & 1 << UInt32(index) == 0 {
      return .unreadable
    }
    guard let decided = verdict ?? (isPrompt ? prompt : response ?? prompt) else { return .unreadable }
    var reply = GuardReply(decided)
    reply.refusal = refusal
    reply.names = names
    return reply
  }
}
