import JSONReading
import Verdicts

/// Reads replies of guards. Keeps nothing of them but what ``GuardReply`` holds; not for use from two threads at once.
package final class ReplyReader {
  /// A reply as it came.
  package enum Output {
    case text(Bytes)
    /// The bytes of a JSON value.
    case json(Bytes)
  }

  private let catalog = GuardCatalog.standard
  private let thresholds: [Thresholds?]
  private let document: JSONDocument
  /// For JSON inside the text of an envelope.
  private let inner: JSONDocument

  /// Of the shapes that need no context.
  private var memory = ReplyMemory()

  /// - Parameter thresholds: by format; of the formats that score.
  package init(thresholds: GuardThresholds = GuardThresholds(), nestingMax: Int) {
    self.thresholds = thresholds.values
    document = JSONDocument(nestingMax: nestingMax)
    inner = JSONDocument(nestingMax: nestingMax)
  }

  /// - Parameters:
  ///   - format: the index in ``GuardCatalog/formats``.
  ///   - context: with ``GuardContext/guardFormat`` for an envelope, without which it is unreadable.
  package func read(_ output: Output, format index: Int, context: GuardContext) -> GuardReply {
    let format = catalog.formats[index]
    switch output {
    case .text(let text):
      if format.shape == .chatCompletion { return readEnvelope(text, context: context) }
      guard format.context.isEmpty, (1...ReplyMemory.textBytesMax).contains(text.count) else {
        return read(text, of: format, context: context, isCut: false, in: document)
      }
      let hash = ReplyMemory.hash(text, format: index)
      if let known = memory.reply(to: text, format: index, hash: hash) { return known }
      let reply = read(text, of: format, context: context, isCut: false, in: document)
      memory.remember(reply, to: text, format: index, hash: hash)
      return reply
    case .json(let json):
      guard let value = try? document.read(json), !document.repeatsName else { return .unreadable }
      if format.shape == .chatCompletion {
        // The text must outlive the document, which reads what is in it.
        if let text = value.text { return Array(text).withUnsafeBufferPointer { readEnvelope($0, context: context) } }
        var completion = ChatCompletion()
        for chunk in value.kind == .array ? value.elements : [value] { completion.add(chunk) }
        return read(completion, context: context)
      }
      if let text = value.text { return read(text, of: format, context: context, isCut: false, in: inner) }
      return read(value, of: format, context: context)
    }
  }

  /// Whether an object says that the call failed.
  static func isFailure(_ object: JSONValue) -> Bool {
    if let error = object["error"], error.kind == .object || error.kind == .string { return true }
    return object["object"]?.string == "error"
  }

  /// Whether a format is an envelope, and so needs a guard in its context.
  package func isEnvelope(_ format: Int) -> Bool { catalog.formats[format].shape == .chatCompletion }

  // MARK: - Text and objects

  private func read(_ text: Bytes, of format: GuardFormat, context: GuardContext, isCut: Bool, in document: JSONDocument) -> GuardReply {
    guard let (body, before) = ReplyText.body(text, closingTokens: catalog.closingTokens) else { return .error(.truncated) }
    // What stands before the end of a trace that has no beginning is a trace, unless it is a verdict itself.
    if let before, readBody(before, of: format, context: context, isCut: false, in: document).verdict != .error { return .unreadable }
    let reply = readBody(body, of: format, context: context, isCut: isCut, in: document)
    if reply.errorCause == .unreadable, ReplyText.isRefusal(body, openings: catalog.refusalOpenings) { return .error(.refused) }
    return reply
  }

  private func readBody(_ body: Bytes, of format: GuardFormat, context: GuardContext, isCut: Bool, in document: JSONDocument) -> GuardReply {
    switch format.shape {
    case .fieldLines: return FieldLines.read(body, of: format, isPrompt: context.stage == .prompt, isCut: isCut)
    case .labelAndCodes: return LabelAndCodes.read(body, of: format, isCut: isCut)
    case .firstWord: return FirstWord.read(body, of: format, context: context, isCut: isCut)
    case .scoreElement: return FirstWord.readScore(body, of: format, context: context)
    case .nameList: return FirstWord.readNames(body, of: format, isCut: isCut)
    case .policyViolation where body.first != 0x7B: return PolicyViolation.read(body, of: format, isCut: isCut)
    default:
      guard let value = try? document.read(body), !document.repeatsName else { return .unreadable }
      return read(value, of: format, context: context)
    }
  }

  private func read(_ value: JSONValue, of format: GuardFormat, context: GuardContext) -> GuardReply {
    if Self.isFailure(value) { return .error(.http) }
    switch format.shape {
    case .policyViolation:
      return value.written.map { PolicyViolation.read($0, of: format, isCut: false) } ?? PolicyViolation.read(value, of: format, context: context)
    case .fieldObject: return FieldLines.read(value, of: format, isPrompt: context.stage == .prompt)
    case .tokenLevels: return TokenLevels.read(value, of: format, isPrompt: context.stage == .prompt)
    case .moderationResults: return ModerationResults.read(value, of: format)
    case .attackDetection: return DetectionReports.readAttacks(value, of: format)
    case .guardrailAssessments: return DetectionReports.readAssessments(value, of: format)
    case .filterMatches: return DetectionReports.readFilters(value, of: format)
    case .severities: return thresholds[format.index].map { ScoredCategories.readSeverities(value, of: format, thresholds: $0) } ?? .unreadable
    case .safetyRatings: return thresholds[format.index].map { ScoredCategories.readRatings(value, of: format, thresholds: $0) } ?? .unreadable
    case .attributeScores: return thresholds[format.index].map { ScoredCategories.readAttributes(value, of: format, thresholds: $0) } ?? .unreadable
    // These write text; an object in its place is not theirs.
    case .fieldLines, .labelAndCodes, .firstWord, .scoreElement, .nameList, .chatCompletion: return .unreadable
    }
  }

  // MARK: - Envelopes

  private static let endOfStream = Spelling("[DONE]")

  /// An envelope as text: JSON, or a stream of events with JSON data.
  private func readEnvelope(_ text: Bytes, context: GuardContext) -> GuardReply {
    let body = text.trimmed
    if body.isEmpty { return .unreadable }
    if body.first == 0x7B || body.first == 0x5B { return read(.json(body), format: context.envelope, context: context) }
    var completion = ChatCompletion()
    var isReadable = true
    let isBrokenOff = ServerSentEvents.read(body) { event in
      switch event {
      case .failure:
        completion.fail()
        return nil
      case .unknown:
        isReadable = false
        return nil
      case .data(let data):
        return data.withUnsafeBufferPointer { data -> Bool? in
          if data.matches(Self.endOfStream) { return nil }
          guard let chunk = try? document.read(data), !document.repeatsName else { return false }
          completion.add(chunk)
          return true
        }
      }
    }
    if isBrokenOff { completion.breakOff() }
    return isReadable || completion.hasFailed ? read(completion, context: context) : .unreadable
  }

  private func read(_ completion: ChatCompletion, context: GuardContext) -> GuardReply {
    var reply = readContent(of: completion, context: context)
    reply.model = completion.model
    reply.latency = completion.latency
    return reply
  }

  private func readContent(of completion: ChatCompletion, context: GuardContext) -> GuardReply {
    if completion.hasFailed { return .error(.http) }
    guard completion.hasChoice, !completion.isBroken, let guardFormat = context.guardFormat else { return .unreadable }
    let format = catalog.formats[guardFormat]
    var text = completion.content
    // A server that takes all that a guard writes for reasoning leaves the content empty. A trace of thoughts is not a reply: only a
    // whole one counts, of a guard that writes no prose.
    if Self.isBlank(text), !completion.isCut, !format.writesProse { text = completion.reasoning }
    let reply = text.withUnsafeBufferPointer { read($0, of: format, context: context, isCut: completion.isCut, in: inner) }
    guard reply.verdict == .error, reply.errorCause == .unreadable else { return reply }
    if completion.isCut { return .error(.truncated) }
    return completion.hasRefusal || completion.finishReason == "content_filter" ? .error(.refused) : reply
  }

  private static func isBlank(_ text: [UInt8]) -> Bool { text.withUnsafeBufferPointer { $0.trimmed.isEmpty } }
}

extension GuardContext {
  /// The format of the envelope.
  fileprivate var envelope: Int { GuardCatalog.standard.formats.first { $0.shape == .chatCompletion }?.index ?? 0 }
}
