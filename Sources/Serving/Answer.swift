import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Verdicts

/// What a request is answered with, where all of it is known at once.
struct Answer: Sendable {
  var status: HTTPResponse.Status
  var headers: HTTPFields
  var body: ByteBuffer
  /// Whether nothing more is read of the connection.
  var endsConnection = false

  var response: Response { Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body)) }

  /// As HTTP/1.1 has it (RFC 9112), with its length and date.
  func encoded(connection: String?, withBody: Bool) -> ByteBuffer {
    var text = "HTTP/1.1 "
    text.reserveCapacity(256)
    text += status.description
    func add(_ name: String, _ value: String) {
      text += "\r\n"
      text += name
      text += ": "
      text += value
    }
    for field in headers where field.name != .connection { add(field.name.canonicalName, field.value) }
    add("content-length", String(body.readableBytes))
    add("date", HTTPDate.now)
    if let connection { add("connection", connection) }
    text += "\r\n\r\n"
    var buffer = ByteBuffer()
    buffer.reserveCapacity(text.utf8.count + body.readableBytes)
    buffer.writeString(text)
    if withBody { buffer.writeImmutableBuffer(body) }
    return buffer
  }
}

/// Why a request gets no result: its status, and a body that says what happened and what to do. Never repeats what was sent.
struct RequestFault: Error {
  var status: HTTPResponse.Status
  /// A closed list of words, for programs.
  var code: String
  var message: String
  /// Seconds, where the same request may do later.
  var retryAfter: Int?
  /// For a method that a path does not know: those that it does.
  var allowed: String?
  /// Whether the rest of the request is not worth reading.
  var endsConnection = false

  init(_ status: HTTPResponse.Status, _ code: String, _ message: String, retryAfter: Int? = nil, allowed: String? = nil, endsConnection: Bool = false) {
    self.status = status
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
    self.allowed = allowed
    self.endsConnection = endsConnection
  }

  static func notFound(_ paths: String) -> RequestFault { RequestFault(.notFound, "not_found", "nothing is at this path; there are \(paths)") }

  static func method(_ allowed: String) -> RequestFault {
    RequestFault(.methodNotAllowed, "method_not_allowed", "this path takes \(allowed)", allowed: allowed)
  }

  var response: Response { answer.response }

  var answer: Answer {
    var headers: HTTPFields = [.contentType: "application/json"]
    if let retryAfter { headers[.retryAfter] = String(retryAfter) }
    if let allowed { headers[.allow] = allowed }
    if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    if endsConnection { headers[.connection] = "close" }
    let body = "{\"error\":{\"code\":\(JSONText.string(code)),\"message\":\(JSONText.string(message))}}\n"
    return Answer(status: status, headers: headers, body: ByteBuffer(string: body), endsConnection: endsConnection)
  }
}

/// Answers requests with one function, and turns what it throws into an answer.
struct Endpoint: HTTPResponder {
  typealias Context = ServeContext

  let answer: @Sendable (Request, ServeContext) async throws -> Response

  func respond(to request: Request, context: ServeContext) async throws -> Response {
    var response: Response
    do {
      response = try await answer(request, context)
    } catch let fault as RequestFault {
      response = fault.response
    } catch is CancellationError {
      response = RequestFault(.serviceUnavailable, "shutting_down", "the server is ending; send the request again", retryAfter: 1).response
    }
    // A path may hold what nobody should read in a log: only its first parts, which are the program's own, are named.
    context.logger.debug("request", metadata: ["method": "\(request.method)", "status": "\(response.status.code)"])
    return response
  }
}
