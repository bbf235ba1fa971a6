import Dispatch
import HTTPTypes
import Hummingbird
import NIOCore
import Reports
import Storage
import Synchronization
import Verdicts

/// `GET /v1/reports/NAME`: the command's report, with its options as parameters, sent as its rows come.
struct ReportEndpoint: Sendable {
  let store: any VerdictStore
  let tokens: AccessTokens?
  let now: @Sendable () -> Timestamp
  private let places: DispatchPlaces
  private let atOnceMax: Int
  private let deadline: Duration

  init(store: any VerdictStore, tokens: AccessTokens?, atOnceMax: Int, deadline: Duration, now: @escaping @Sendable () -> Timestamp) {
    self.store = store
    self.tokens = tokens
    self.atOnceMax = atOnceMax
    self.deadline = deadline
    places = DispatchPlaces(count: atOnceMax)
    self.now = now
  }

  func answer(_ request: Request, name: String) async throws -> Response {
    guard request.method == .get || request.method == .head else { throw RequestFault.method("GET, HEAD") }
    _ = try tokens?.check(request.headers[.authorization], for: .read)
    let (report, order, format) = try asked(request, name: name)
    guard places.take() else {
      throw RequestFault(.tooManyRequests, "busy", "\(atOnceMax) reports are being made (--reports-at-once-max); ask again", retryAfter: 2)
    }
    let pieces = PieceQueue(deadline: deadline)
    DispatchQueue.global(qos: .userInitiated).async { [store, places] in
      defer { places.give() }
      pieces.finish(with: Result { try Self.write(report, order, format, of: store, to: pieces) })
    }
    // The first piece tells whether there is a report at all.
    let first: ByteBuffer?
    do {
      first = try await pieces.next()
    } catch let error as StoreError {
      throw Self.fault(of: error)
    }
    return Response(
      status: .ok, headers: [.contentType: Self.contentType(of: format)],
      body: ResponseBody { writer in
        defer { pieces.abandon() }
        var next = first
        while let piece = next {
          try await writer.write(piece)
          next = try await pieces.next()
        }
        try await writer.finish(nil)
      })
  }

  // MARK: - What is asked

  private static let formats: [(format: ReportFormat, type: String)] = [
    (.csv, "text/csv; charset=utf-8"), (.json, "application/json"), (.jsonl, "application/x-ndjson"), (.markdown, "text/markdown; charset=utf-8"),
  ]

  private static func contentType(of format: ReportFormat) -> String { formats.first { $0.format == format }?.type ?? "text/csv; charset=utf-8" }

  private func asked(_ request: Request, name: String) throws -> (Report, RowOrder, ReportFormat) {
    guard ReportName(rawValue: name) != nil else {
      throw RequestFault(.notFound, "unknown_report", "reports are \(ReportName.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var asked = ReportRequest(name: name)
    var format = format(of: request)
    var given: Set<Substring> = []
    for (key, value) in request.uri.queryParameters {
      let value = String(value)
      guard given.insert(key).inserted || key == "by" || key == "where" else {
        throw RequestFault(.badRequest, "bad_parameter", "a parameter is given twice; only by and where may be")
      }
      switch key {
      case "from": asked.from = value
      case "to": asked.to = value
      case "last": asked.last = value
      case "every": asked.every = value
      case "by": asked.by.append(value)
      case "where": asked.filters.append(value)
      case "tz": asked.zone = value
      case "sort": asked.sort = value
      case "limit":
        guard let limit = Int(value) else { throw RequestFault(.badRequest, "bad_parameter", "limit takes a whole number from 0 on") }
        asked.limit = limit
      case "native": asked.isNative = value != "false"
      case "taxonomy": asked.taxonomy = value
      case "format":
        guard let known = ReportFormat(rawValue: value), Self.formats.contains(where: { $0.format == known }) else {
          throw RequestFault(.badRequest, "bad_parameter", "format is \(Self.formats.map(\.format.rawValue).joined(separator: ", "))")
        }
        format = known
      default:
        throw RequestFault(.badRequest, "unknown_parameter", "parameters are from, to, last, every, by, where, tz, sort, limit, native, taxonomy, format")
      }
    }
    do throws(QueryError) {
      let (report, order) = try asked.report { _ in now() }
      return (report, order, format)
    } catch {
      throw RequestFault(.badRequest, "bad_parameter", error.description)
    }
  }

  private func format(of request: Request) -> ReportFormat {
    let accept = (request.headers[.accept] ?? "").lowercased()
    return Self.formats.first { accept.contains($0.type.split(separator: ";")[0]) }?.format ?? .csv
  }

  private static func fault(of error: StoreError) -> RequestFault {
    switch error.code {
    case .beforeFloor: RequestFault(.badRequest, "before_floor", error.description)
    case .absent: RequestFault(.serviceUnavailable, "store_absent", "there is no store yet; the first verdict makes it", retryAfter: 5)
    default: RequestFault(.serviceUnavailable, "store_" + error.code.rawValue, "the store cannot answer; ask again", retryAfter: 1)
    }
  }

  private static func write(_ report: Report, _ order: RowOrder, _ format: ReportFormat, of store: any VerdictStore, to pieces: PieceQueue) throws {
    var writer = format.makeWriter(for: report)
    var bytes: [UInt8] = []
    func send() throws {
      guard pieces.push(ByteBuffer(bytes: bytes)) else { throw CancellationError() }
      bytes.removeAll(keepingCapacity: true)
    }
    try store.read { snapshot in
      writer.begin(report.columns, to: &bytes)
      var count = 0
      if order.column == nil {
        try report.forEachRow(of: snapshot) { row in
          count += 1
          if count <= order.limit ?? .max { writer.row(row, to: &bytes) }
          if bytes.count >= pieceBytes { try send() }
        }
      } else {
        var rows: [[Cell]] = []
        try report.forEachRow(of: snapshot) { rows.append($0) }
        for row in order.sorted(rows).prefix(order.limit ?? .max) {
          writer.row(row, to: &bytes)
          if bytes.count >= pieceBytes { try send() }
        }
      }
      writer.end(to: &bytes)
    }
    try send()
  }

  private static let pieceBytes = 64 << 10
}

/// A number of places, of which none is waited for.
final class DispatchPlaces: Sendable {
  private let free: Mutex<Int>
  init(count: Int) { free = Mutex(count) }
  func take() -> Bool { free.withLock { if $0 > 0 { $0 -= 1; return true } else { return false } } }
  func give() { free.withLock { $0 += 1 } }
}

/// Hands pieces from a thread that makes them to a task that sends them, and holds only so many.
final class PieceQueue: Sendable {
  private enum Piece: Sendable {
    case bytes(ByteBuffer)
    case end((any Error)?)
  }

  private let isAbandoned = Atomic<Bool>(false)
  private let vacancies = DispatchSemaphore(value: 4)
  private let deadline: Duration
  private let stream: AsyncStream<Piece>
  private let continuation: AsyncStream<Piece>.Continuation

  /// - Parameter deadline: how long there may be no room for a piece.
  init(deadline: Duration) {
    self.deadline = deadline
    (stream, continuation) = AsyncStream.makeStream(of: Piece.self)
  }

  /// Waits for room; false where nobody reads on.
  func push(_ bytes: ByteBuffer) -> Bool {
    let (seconds, attoseconds) = deadline.components
    let limit = DispatchTime.now() + .seconds(Int(seconds)) + .nanoseconds(Int(attoseconds / 1_000_000_000))
    guard vacancies.wait(timeout: limit) == .success, !isAbandoned.load(ordering: .relaxed) else { return false }
    continuation.yield(.bytes(bytes))
    return true
  }

  func finish(with result: Result<Void, any Error>) {
    switch result {
    case .success: continuation.yield(.end(nil))
    case .failure(let error): continuation.yield(.end(error))
    }
    continuation.finish()
  }

  /// The next piece, nil at the end.
  func next() async throws -> ByteBuffer? {
    for await piece in stream {
      switch piece {
      case .bytes(let bytes):
        vacancies.signal()
        return bytes
      case .end(let error):
        if let error { throw error }
        return nil
      }
    }
    return nil
  }

  func abandon() {
    isAbandoned.store(true, ordering: .relaxed)
    for _ in 0..<8 { vacancies.signal() }
  }
}
