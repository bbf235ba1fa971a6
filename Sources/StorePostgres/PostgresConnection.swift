import CLibPQ
import SQLFiles
import Storage

/// One session of a Postgres server. Used by one thread at a time. Throws ``PostgresFailure``.
final class PostgresConnection {
  private let handle: OpaquePointer
  private let files: SQLFiles
  private var prepared: Set<String> = []
  private var isClosed = false
  /// Parameters of the query that is being sent; its memory is used again while it is small.
  private var encoded: [UInt8] = []
  private static let encodedBytesKept = 1 << 20

  /// Takes over an open connection.
  init(_ handle: OpaquePointer, files: SQLFiles) {
    self.handle = handle
    self.files = files
    // What the server remarks is no result and no error.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    PQfinish(handle)
  }

  var isBad: Bool { isClosed || PQstatus(handle) == CONNECTION_BAD }

  /// A name as SQL takes it, whatever it holds.
  static func identifier(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  // MARK: - Statements

  /// Runs one or several statements that return nothing of interest.
  func execute(_ sql: String, action: String? = nil) throws {
    guard let result = PQexec(handle, sql) else { throw lost(action ?? sql) }
    defer { PQclear(result) }
    try check(result, action: action ?? sql)
  }

  /// Runs `queries/NAME`, prepared once for this session.
  @discardableResult
  func run(_ name: String, _ parameters: PostgresValue...) throws -> PostgresResult {
    var query = Query(name)
    query.parameters = parameters
    return try run(query)
  }

  @discardableResult
  func run(_ query: Query) throws -> PostgresResult {
    try prepare(query.name, query.parameters)
    return try withEncoded(query.parameters) { count, values, lengths, formats in
      try result(of: PQexecPrepared(handle, query.name, count, values, lengths, formats, 1), action: query.name)
    }
  }

  private func prepare(_ name: String, _ parameters: [PostgresValue]) throws {
    guard !prepared.contains(name) else { return }
    let types = parameters.map(\.typeID)
    guard let result = PQprepare(handle, name, files.query(name), Int32(types.count), types) else { throw lost(name) }
    defer { PQclear(result) }
    try check(result, action: name)
    prepared.insert(name)
  }

  /// A query on its way.
  struct Query {
    var name: String
    var parameters: [PostgresValue]

    init(_ name: String, _ parameters: PostgresValue...) {
      self.name = name
      self.parameters = parameters
    }
  }

  /// Runs queries one after another in one round trip; the first that fails ends them. To be used within a transaction, or to begin one,
  /// and with answers of few rows.
  func runTogether(_ queries: [Query]) throws {
    guard let last = queries.last else { return }
    for query in queries { try prepare(query.name, query.parameters) }
    guard PQenterPipelineMode(handle) == 1 else { throw lost(last.name) }
    for query in queries {
      let isSent = try withEncoded(query.parameters) { count, values, lengths, formats in
        PQsendQueryPrepared(handle, query.name, count, values, lengths, formats, 1)
      }
      guard isSent == 1 else { throw lost(query.name) }
    }
    guard PQpipelineSync(handle) == 1 else { throw lost(last.name) }
    var failure: PostgresFailure?
    for query in queries {
      guard let result = PQgetResult(handle) else { throw failure ?? lost(query.name) }
      switch PQresultStatus(result) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_PIPELINE_ABORTED: break
      default: failure = failure ?? self.failure(result, action: query.name)
      }
      PQclear(result)
      // A query's results end with none.
      while let more = PQgetResult(handle) { PQclear(more) }
    }
    guard let end = PQgetResult(handle) else { throw failure ?? lost(last.name) }
    let isEnd = PQresultStatus(end) == PGRES_PIPELINE_SYNC
    PQclear(end)
    guard isEnd, PQexitPipelineMode(handle) == 1 else { throw failure ?? lost(last.name) }
    if let failure { throw failure }
  }

  /// Opens a cursor over `queries/NAME`; ``fetch(_:from:)`` reads on.
  func declareCursor(_ cursor: String, for name: String, _ parameters: PostgresValue...) throws {
    let types = parameters.map(\.typeID)
    _ = try withEncoded(parameters) { count, values, lengths, formats in
      try result(
        of: PQexecParams(
          handle, "DECLARE \(cursor) NO SCROLL CURSOR FOR " + files.query(name), count, types, values, lengths, formats, 1), action: name)
    }
  }

  func fetch(_ count: Int, from cursor: String) throws -> PostgresResult {
    try result(of: PQexecParams(handle, "FETCH \(count) FROM \(cursor)", 0, nil, nil, nil, nil, 1), action: "FETCH")
  }

  private func withEncoded<Result>(
    _ parameters: [PostgresValue],
    _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) throws -> Result
  ) throws -> Result {
    guard !parameters.isEmpty else { return try body(0, nil, nil, nil) }
    // End to end in one array, so that pointers into it hold for the length of the call.
    encoded.removeAll(keepingCapacity: encoded.capacity <= Self.encodedBytesKept)
    var offsets: [Int] = []
    var lengths: [Int32] = []
    for parameter in parameters {
      offsets.append(encoded.count)
      parameter.append(to: &encoded)
      lengths.append(Int32(encoded.count - offsets[offsets.count - 1]))
      encoded.append(0)
    }
    let formats = [Int32](repeating: 1, count: parameters.count)
    return try encoded.withUnsafeBytes { raw in
      let start = raw.baseAddress!.assumingMemoryBound(to: CChar.self)
      let values = offsets.map { Optional(start + $0) }
      return try body(Int32(parameters.count), values, lengths, formats)
    }
  }

  private func result(of result: OpaquePointer?, action: String) throws -> PostgresResult {
    guard let result else { throw lost(action) }
    do {
      try check(result, action: action)
    } catch {
      PQclear(result)
      throw error
    }
    return PostgresResult(result)
  }

  // MARK: - COPY

  /// Sends rows to `queries/NAME`, a COPY FROM STDIN.
  ///
  /// - Parameter produce: gives pieces to send, one after another, to the function that it is called with.
  func copyIn(_ name: String, _ produce: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws {
    guard let begun = PQexec(handle, files.query(name)) else { throw lost(name) }
    defer { PQclear(begun) }
    guard PQresultStatus(begun) == PGRES_COPY_IN else { throw failure(begun, action: name) }
    do {
      try produce { bytes in
        guard bytes.isEmpty || PQputCopyData(handle, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(bytes.count)) == 1 else {
          throw lost(name)
        }
      }
    } catch {
      PQputCopyEnd(handle, "abandoned")
      drain()
      throw error
    }
    guard PQputCopyEnd(handle, nil) == 1 else { throw lost(name) }
    var failure: PostgresFailure?
    while let result = PQgetResult(handle) {
      defer { PQclear(result) }
      if PQresultStatus(result) != PGRES_COMMAND_OK { failure = failure ?? self.failure(result, action: name) }
    }
    if let failure { throw failure }
    if isBad { throw lost(name) }
  }

  /// Copies out the rows of `queries/NAME` in binary format, a piece at a time; pieces are valid during the call.
  ///
  /// - Parameter numbers: take the places of `$1`, `$2`, …, for COPY knows no parameters.
  func copyOut(_ name: String, _ numbers: [Int64], _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var query = files.query(name)
    for (index, number) in numbers.enumerated().reversed() { query.replace("$\(index + 1)", with: "\(number)") }
    guard let begun = PQexec(handle, "COPY (\(query)) TO STDOUT (FORMAT binary)") else { throw lost(name) }
    defer { PQclear(begun) }
    guard PQresultStatus(begun) == PGRES_COPY_OUT else { throw failure(begun, action: name) }
    while true {
      var piece: UnsafeMutablePointer<CChar>?
      let count = PQgetCopyData(handle, &piece, 0)
      if count == -1 { break }
      guard count > 0, let piece else { throw lost(name) }
      defer { PQfreemem(piece) }
      do {
        try body(UnsafeRawBufferPointer(start: piece, count: Int(count)))
      } catch {
        // The rest is of no use to anybody, and this transaction ends with it.
        cancel()
        drain()
        throw error
      }
    }
    while let result = PQgetResult(handle) {
      defer { PQclear(result) }
      try check(result, action: name)
    }
  }

  private func cancel() {
    guard let request = PQgetCancel(handle) else { return }
    defer { PQfreeCancel(request) }
    var message = [CChar](repeating: 0, count: 256)
    PQcancel(request, &message, Int32(message.count))
  }

  /// Reads and drops whatever a statement still has to say.
  private func drain() {
    while let result = PQgetResult(handle) {
      let status = PQresultStatus(result)
      PQclear(result)
      if status == PGRES_COPY_OUT {
        var piece: UnsafeMutablePointer<CChar>?
        while PQgetCopyData(handle, &piece, 0) > 0 { PQfreemem(piece) }
      } else if status == PGRES_COPY_IN {
        PQputCopyEnd(handle, "abandoned")
      }
      if PQstatus(handle) == CONNECTION_BAD { return }
    }
  }

  // MARK: - Transactions

  /// Runs a body between BEGIN and COMMIT; on any failure nothing of it has happened, unless the connection broke at the COMMIT.
  func transaction<Result>(_ begin: String = "BEGIN", _ body: () throws -> Result) throws -> Result {
    try execute(begin)
    do {
      let result = try body()
      try commit()
      return result
    } catch {
      if !isBad { try? execute("ROLLBACK") }
      throw error
    }
  }

  /// COMMIT of a transaction that has failed answers ROLLBACK, without an error.
  func commit() throws {
    guard let result = PQexec(handle, "COMMIT") else { throw lost("COMMIT") }
    defer { PQclear(result) }
    try check(result, action: "COMMIT")
    guard String(cString: PQcmdStatus(result)) == "COMMIT" else {
      throw PostgresFailure(state: "25P02", message: "the transaction had failed", action: "COMMIT", isConnectionBad: isBad)
    }
  }

  // MARK: - Failures

  private func check(_ result: OpaquePointer, action: String) throws {
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
    default: throw failure(result, action: action)
    }
  }

  private func failure(_ result: OpaquePointer, action: String) -> PostgresFailure {
    func field(_ code: Character) -> String {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) } ?? ""
    }
    let state = field("C")
    return PostgresFailure(
      state: state, message: state.isEmpty ? Self.firstLine(PQresultErrorMessage(result)) : field("M"), action: action, isConnectionBad: isBad)
  }

  private func lost(_ action: String) -> PostgresFailure {
    PostgresFailure(state: "", message: Self.firstLine(PQerrorMessage(handle)), action: action, isConnectionBad: true)
  }

  static func firstLine(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "the connection broke" }
    return String(cString: message).split(separator: "\n").first.map(String.init) ?? "the connection broke"
  }
}
