import NIOHTTP1

/// What is read of a request's head, gathered in one pass.
struct PostHead {
  var method: HTTPMethod
  var path: String
  var contentType: String?
  var contentEncoding: String?
  var contentLength: String?
  var authorization: String?
  var idempotencyKey: String?
  /// Whether the sender waits for leave before it sends the body; HTTP/1.0 knows no such thing.
  var asksFirst = false
  /// Whether the sender would go on in another protocol.
  var asksForUpgrade = false
  /// Whether the sender reads an answer's body.
  var takesBody: Bool { method != .HEAD }

  init(_ head: HTTPRequestHead) {
    method = head.method
    path = Self.path(head.uri)
    for (name, value) in head.headers {
      switch name.utf8.count {
      case 6 where Self.isSame(name, "expect"): asksFirst = head.version.minor > 0 && value.lowercased() == "100-continue"
      case 7 where Self.isSame(name, "upgrade"): asksForUpgrade = true
      case 12 where Self.isSame(name, "content-type"): Self.join(value, to: &contentType)
      case 13 where Self.isSame(name, "authorization"): Self.join(value, to: &authorization)
      case 14 where Self.isSame(name, "content-length"): Self.join(value, to: &contentLength)
      case 15 where Self.isSame(name, "idempotency-key"): Self.join(value, to: &idempotencyKey)
      case 16 where Self.isSame(name, "content-encoding"): Self.join(value, to: &contentEncoding)
      default: break
      }
    }
  }

  /// The path and query of a target, which may also name the server (RFC 9112, 3.2.2).
  private static func path(_ target: String) -> String {
    guard target.utf8.first != UInt8(ascii: "/") else { return target }
    for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
      let rest = target.dropFirst(scheme.count)
      guard let start = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
      return (rest[start] == "?" ? "/" : "") + rest[start...]
    }
    return target
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
