import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// What goes out on a connection.
extension ConnectionHandler {
  /// After its last answer a connection is closed when its sender closes it, or after this: at once, the answer could be lost.
  private static let closingDeadline = TimeAmount.seconds(5)
  /// The same when the server ends.
  private static let closingDeadlineAtEnd = TimeAmount.milliseconds(500)

  /// Answers the request at hand.
  func respond(_ answer: Answer, isLast isLastAnswer: Bool = false) {
    guard let context else { return }
    bodyTimer?.cancel()
    bodyTimer = nil
    intake = nil
    let canMoreCome = !held.isEmpty || inputFault != nil && !answer.endsConnection
    let isClosing = isLast || isLastAnswer || answer.endsConnection || (isInputClosed || isServerEnding) && !canMoreCome
    logger.debug("request", metadata: ["path": "/v1/verdicts", "status": "\(answer.status.code)"])
    // In one piece: what the encoder would see to is known of these answers.
    let connection = isClosing ? "close" : isToldToStay ? "keep-alive" : nil
    encoder?.writeAndFlush(NIOAny(answer.encoded(connection: connection, withBody: takesBody)), promise: nil)
    lastActive = .now()
    if isClosing {
      beginClosing()
    } else {
      phase = .idle
      goOn(context)
    }
  }

  /// Sends no more, and reads on only to see the other end close.
  func beginClosing() {
    guard let context else { return }
    phase = .closing
    held.removeAll()
    bodyTimer?.cancel()
    context.close(mode: .output, promise: nil)
    bodyTimer = context.eventLoop.assumeIsolated().scheduleTask(in: isServerEnding ? Self.closingDeadlineAtEnd : Self.closingDeadline) {
      context.close(promise: nil)
    }
  }

  // MARK: - Answers of the server behind

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .passing(let hasRequestEnded, _) = phase else { return context.write(data, promise: promise) }
    switch unwrapOutboundIn(data) {
    case .head(var head):
      if !head.isKeepAlive { isLast = true }
      if isLast { head.headers.replaceOrAdd(name: "connection", value: "close") }
      if takesBody || head.status.code < 200 {
        context.write(wrapOutboundOut(.head(head)), promise: promise)
      } else {
        // The encoder does not know that HEAD was asked, and would announce a body.
        head.headers.remove(name: "transfer-encoding")
        encoder?.write(NIOAny(Self.encoded(head)), promise: promise)
      }
    case .body:
      if takesBody { context.write(data, promise: promise) } else { promise?.succeed(()) }
    case .end:
      if takesBody {
        context.writeAndFlush(data, promise: promise)
      } else {
        context.flush()
        promise?.succeed(())
      }
      phase = .passing(hasRequestEnded: hasRequestEnded, hasAnswerEnded: true)
      if hasRequestEnded { endPassing() }
    }
  }

  /// Both the request and its answer have ended.
  func endPassing() {
    guard let context else { return }
    lastActive = .now()
    if isLast { return beginClosing() }
    phase = .idle
    // Not within the write that ended it.
    context.eventLoop.assumeIsolated().execute { [self] in if let context = self.context { goOn(context) } }
  }

  private static func encoded(_ head: HTTPResponseHead) -> ByteBuffer {
    var text = "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n"
    for (name, value) in head.headers { text += "\(name): \(value)\r\n" }
    return ByteBuffer(string: text + "\r\n")
  }
}

/// Puts a ``ConnectionHandler`` in its place and goes.
final class ConnectionHandlerPlacer: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart

  private let handler: ConnectionHandler

  init(_ handler: ConnectionHandler) { self.handler = handler }

  func handlerAdded(context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    do {
      handler.encoder = try pipeline.context(handlerType: HTTPResponseEncoder.self)
      let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
      try pipeline.addHandler(handler, position: .before(codec))
      pipeline.removeHandler(context: context, promise: nil)
    } catch {
      context.fireErrorCaught(error)
      context.close(promise: nil)
    }
  }
}
