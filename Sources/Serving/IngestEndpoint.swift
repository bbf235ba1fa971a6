import Guards
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Ingestion
import Logging
import NIOCore
import NIOHTTP1
import Records
import Storage
import Synchronization
import Verdicts

/// A delivery on its way in.
struct Intake: Sendable {
  let readers: DeliveryReaders
  /// What its sender is bound to.
  let source: String?
  let isLines: Bool
  let isCompressed: Bool
  let share: MemoryBudget.Share
  var body = ByteBuffer()

  /// - Throws: ``RequestFault``.
  mutating func take(_ chunk: ByteBuffer, of bodies: BodyReader) throws {
    guard body.readableBytes + chunk.readableBytes <= bodies.bytesMax else { throw bodies.tooLarge }
    try share.grow(by: chunk.readableBytes)
    if body.readableBytes == 0 { body = chunk } else { body.writeImmutableBuffer(chunk) }
  }
}

/// `POST /v1/verdicts`: takes a delivery in, and answers when it is on disk.
final class IngestEndpoint: Sendable {
  let commits: GroupCommit
  let tokens: AccessTokens?
  let budget: MemoryBudget
  let bodies: BodyReader
  let settings: RecordSettings
  let allowsSynthetic: Bool
  let now: @Sendable () -> Timestamp
  let readers: DeliveryReaders
  /// Readers of tokens that are bound to a source.
  private let boundReaders = Mutex<[String: DeliveryReaders]>([:])

  /// Refused records that an answer names.
  private static let errorsMax = 100

  init(
    commits: GroupCommit, tokens: AccessTokens?, budget: MemoryBudget, bodies: BodyReader, settings: RecordSettings,
    allowsSynthetic: Bool, now: @escaping @Sendable () -> Timestamp
  ) {
    self.commits = commits
    self.tokens = tokens
    self.budget = budget
    self.bodies = bodies
    self.settings = settings
    self.allowsSynthetic = allowsSynthetic
    self.now = now
    readers = DeliveryReaders(settings: settings, now: now)
  }

  /// - Returns: what takes in the body of a request with this head.
  /// - Throws: ``RequestFault``.
  func accept(_ head: PostHead) throws -> Intake {
    guard head.method == .POST else { throw RequestFault.method("POST") }
    let token = try tokens?.check(head.authorization, for: .write)
    let isLines = try isLines(head)
    let isCompressed = try bodies.isCompressed(head)
    return Intake(
      readers: try readers(for: head, source: token?.source), source: token?.source, isLines: isLines, isCompressed: isCompressed,
      share: MemoryBudget.Share(of: budget))
  }

  /// Reads a delivery that has come whole, and stores it.
  ///
  /// - Parameter answer: told once, on any thread, with a function that makes the answer.
  func store(_ intake: Intake, answer: @escaping @Sendable (_ make: @escaping @Sendable () -> Answer) -> Void) {
    do {
      let share = intake.share
      let body = intake.isCompressed ? try bodies.decompressed(intake.body, within: share) : intake.body
      var batch = try intake.readers.read(body, isLines: intake.isLines)
      // What was read stays in memory until it is stored, and small records take more than their text.
      try share.grow(by: max(0, batch.bytes - share.bytes))
      if let source = intake.source { batch.rejectRows(as: .foreignSource) { !$0.utf8.elementsEqual(source.utf8) } }
      if !allowsSynthetic { batch.rejectRows(as: .synthetic) { $0 == WriterOptions.syntheticSource } }
      let rejections = batch.rejections
      commits.store(batch, bytes: share.bytes) { result in
        _ = share
        answer { Self.answer(result, rejections) }
      }
    } catch {
      let fault = error as? RequestFault ?? RequestFault(.internalServerError, "failed", "the request could not be read; nothing of it is stored")
      answer { fault.answer }
    }
  }

  // MARK: - What comes

  /// Whether the sender says that the body is lines. One that says nothing, or something general, is told by the first byte.
  private func isLines(_ head: PostHead) throws -> Bool {
    guard let field = head.contentType else { return false }
    // What nearly all send.
    if field == "application/json" { return false }
    if field == "application/x-ndjson" { return true }
    let type = field.split(separator: ";").first.map { $0.trimmingPrefix { $0 == " " }.lowercased() } ?? ""
    switch type.trimmingSuffix(while: { $0 == " " }) {
    case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines": return true
    case "", "application/json", "text/plain", "text/json", "application/octet-stream", "application/x-www-form-urlencoded": return false
    default:
      throw RequestFault(
        .unsupportedMediaType, "unsupported_type", "Content-Type may be application/json or application/x-ndjson", endsConnection: true)
    }
  }

  private func readers(for head: PostHead, source: String?) throws -> DeliveryReaders {
    let path = head.path
    guard path.utf8.contains(UInt8(ascii: "?")) else { return readers(boundTo: source) }
    let query = URI(path).queryParameters
    for (name, _) in query where !["format", "time", "context"].contains(name) {
      throw RequestFault(.badRequest, "unknown_parameter", "parameters here are format, time and context")
    }
    guard Set(query.map(\.key)).count == query.count else {
      throw RequestFault(.badRequest, "bad_parameter", "a parameter is given twice; give each once")
    }
    guard let name = query["format"] else {
      guard query["time"] == nil, query["context"] == nil else {
        throw RequestFault(.badRequest, "unknown_parameter", "time and context go with format")
      }
      return readers(boundTo: source)
    }
    return DeliveryReaders(settings: try settings(format: String(name), head: head, query: query, source: source), now: now)
  }

  private func readers(boundTo source: String?) -> DeliveryReaders {
    guard let source else { return readers }
    return boundReaders.withLock { bound in
      if let known = bound[source] { return known }
      var settings = settings
      _ = settings.constants.set("source", to: source)
      let made = DeliveryReaders(settings: settings, now: now)
      bound[source] = made
      return made
    }
  }

  /// Bare replies have no identity of their own: the sender gives one for the request.
  private func settings(format name: String, head: PostHead, query: FlatDictionary<Substring, Substring>, source: String?) throws -> RecordSettings {
    guard let format = GuardCatalog.standard.format(named: name) else {
      let nearest = GuardCatalog.standard.nearestNames(to: name.utf8)
      throw RequestFault(
        .badRequest, "unknown_format",
        "there is no format of that name" + (nearest.isEmpty ? "; guardtally formats lists them" : "; nearest: \(nearest.joined(separator: ", "))"))
    }
    var settings = settings
    settings.format = format.index
    let needs = RequestFault(
      .badRequest, "needs_identity",
      "bare replies need an Idempotency-Key header (1 to 200 bytes without control characters; an id is KEY:LINE) and ?time=, when the guard judged")
    guard let key = head.idempotencyKey, (1...200).contains(key.utf8.count),
      !key.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { throw needs }
    settings.idKey = key
    guard let text = query["time"],
      let time = Array(String(text).utf8).withUnsafeBufferPointer({ try? RecordTime.parse($0) }), time >= .earliestAccepted,
      time <= now().advanced(byMicroseconds: settings.timeAheadMax)
    else { throw needs }
    settings.assumedTime = time
    if let context = query["context"] {
      guard let read = try? GuardContext(json: Array(String(context).utf8)) else {
        throw RequestFault(.badRequest, "bad_context", "context is a JSON object with \(GuardContext.members.joined(separator: ", "))")
      }
      settings.context = read
    }
    if let source { _ = settings.constants.set("source", to: source) }
    return settings
  }

  // MARK: - What becomes of it

  private static func answer(_ result: Result<BatchOutcome, any Error>, _ rejections: [Rejection]) -> Answer {
    switch result {
    case .success(let outcome): answer(outcome, refused: (rejections + outcome.refused).sorted { $0.position.line < $1.position.line })
    case .failure(let error): fault(of: error).answer
    }
  }

  private static func fault(of error: any Error) -> RequestFault {
    switch error {
    case GroupCommit.Refusal.full:
      RequestFault(.tooManyRequests, "overloaded", "too much waits to be stored (--queue-bytes-max); send the request again", retryAfter: 1)
    case GroupCommit.Refusal.stopped: RequestFault(.serviceUnavailable, "shutting_down", "the server is ending; send the request again", retryAfter: 1)
    case let error as StoreError where error.code == .synthetic:
      RequestFault(
        .serviceUnavailable, "synthetic", "the store holds made-up verdicts, and real ones are not put beside them (--allow-synthetic)", retryAfter: 60)
    default:
      RequestFault(
        .serviceUnavailable, "store_" + ((error as? StoreError)?.code ?? .failed).rawValue,
        "the records could not be stored, and none of them is acknowledged; send the request again", retryAfter: 1)
    }
  }

  private static func answer(_ outcome: BatchOutcome, refused: [Rejection]) -> Answer {
    let counts = outcome.counts
    var body = ""
    body.reserveCapacity(128)
    body += "{\"read\":\(counts.read),\"stored\":\(counts.stored),\"duplicates\":\(counts.duplicates),\"conflicts\":\(counts.conflicts),"
    body += "\"rejected\":\(counts.rejected),\"unrecognised\":\(counts.unrecognised),\"errors\":["
    for (index, rejection) in refused.prefix(errorsMax).enumerated() {
      if index > 0 { body += "," }
      body += "{\"line\":\(rejection.position.line),\"code\":\"\(rejection.code.rawValue)\",\"message\":\(JSONText.string(rejection.message))}"
    }
    body += "]}\n"
    return Answer(status: .ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: body))
  }
}

extension String {
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
    var end = endIndex
    while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
    return String(self[..<end])
  }
}
