import NIOHTTP1

/// What the ingestion reads of a request's head, gathered in one pass.
struct PostHead {
  var method: HTTPMethod
  var path: String
  var contentType: String?
  var contentEncoding: String?
  var contentLength: String?
  var authorization: String?
  var idempotencyKey: String?
  /// Whether the sender waits for leave before it sends the body.
  var asksFirst = false
  /// Whether the sender reads an answer's body.
  var takesBody: Bool { method != .HEAD }

  init(_ head: HTTPRequestHead) {
    method = head.method
    path = head.uri
    for (name, value) in head.headers {
      switch name.utf8.count {
      case 6 where Self.isSame(name, "expect"): asksFirst = value.lowercased() == "100-continue"
      case 12 where Self.isSame(name, "content-type"): Self.join(value, to: &contentType)
      case 13 where Self.isSame(name, "authorization"): Self.join(value, to: &authorization)
      case 14 where Self.isSame(name, "content-length"): Self.join(value, to: &contentLength)
      case 15 where Self.isSame(name, "idempotency-key"): Self.join(value, to: &idempotencyKey)
      case 16 where Self.isSame(name, "content-encoding"): Self.join(value, to: &contentEncoding)
      default: break
      }
    }
  }

  /// - Parameter lowercase: of the same length.
  private static func isSame(_ name: String, _ lowercase: StaticString) -> Bool {
    zip(name.utf8, UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount)).allSatisfy { $0 | 0x20 == $1 | 0x20 }
  }

  /// A field that comes more than once is one list (RFC 9110, 5.3).
  private static func join(_ value: String, to field: inout String?) {
    if let before = field { field = before + ", " + value } else { field = value }
  }
}
