import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Verdicts

/// What `/readyz` says: which parts are not ready to do their work.
final class Health: Sendable {
  private struct State {
    var isStopping = false
    var storeFault: String?
  }

  private let state = Mutex(State())

  /// - Parameter fault: the store's error code, or nil while it can be written and read.
  func setStore(fault: String?) { state.withLock { $0.storeFault = fault } }

  func beginStopping() { state.withLock { $0.isStopping = true } }

  var isStoreUp: Bool { state.withLock { $0.storeFault == nil } }

  /// The process lives; nothing is asked of anybody.
  var live: Response { Self.text(.ok, "ok\n") }

  var ready: Response {
    let (isStopping, fault) = state.withLock { ($0.isStopping, $0.storeFault) }
    let lines = ["ingestion: \(isStopping ? "stopping" : "ok")", "store: \(fault ?? "ok")"]
    return Self.text(isStopping || fault != nil ? .serviceUnavailable : .ok, lines.joined(separator: "\n") + "\n")
  }

  static func text(_ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8") -> Response {
    Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}

/// The port that Prometheus and whoever watches the process talk to.
struct MetricsEndpoint: Sendable {
  let page: MetricsPage
  let health: Health
  let tokens: AccessTokens?

  func answer(_ request: Request) throws -> Response {
    guard ["/metrics", "/livez", "/readyz", "/healthz", "/"].contains(request.uri.path) else { throw RequestFault.notFound("/metrics, /livez, /readyz and /healthz") }
    guard request.method == .get || request.method == .head else { throw RequestFault.method("GET, HEAD") }
    switch request.uri.path {
    case "/metrics":
      _ = try tokens?.check(request.headers[.authorization], for: .metrics)
      return page.response(to: request)
    case "/livez": return health.live
    case "/": return Health.text(.ok, Self.index, type: "text/html; charset=utf-8")
    default: return health.ready
    }
  }

  private static let index = """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><title>GuardTally</title></head>
    <body><h1>GuardTally</h1><ul><li><a href="metrics">metrics</a></li><li><a href="livez">livez</a></li><li><a href="readyz">readyz</a></li></ul></body></html>

    """
}
