import Dispatch
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Takes posted verdicts where they arrive, on the thread of their connection, without a task for each; every other request goes on to
/// the server behind, one at a time.
///
/// Stands between the reading of HTTP and what the server behind makes of it; see ``IngestHandlerPlacer``.
final class IngestHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private enum Phase {
    /// No request.
    case idle
    /// A request of the server behind, until both it and its answer have ended.
    case passing(hasRequestEnded: Bool, hasAnswerEnded: Bool)
    /// A body is on its way.
    case receiving
    /// The rest of a request that has its fault already.
    case discarding(RequestFault)
    /// All has come, and the answer has not gone.
    case answering
    /// The last answer has gone, and what still comes is not read.
    case closing
  }

  private let endpoint: IngestEndpoint
  private let logger: Logger
  private let idleDeadline: TimeAmount
  private var phase = Phase.idle
  private var intake: Intake?
  /// Whether the request at hand is its connection's last.
  private var isLast = false
  /// Whether its sender keeps a connection only if it is told so, as HTTP/1.0 has it.
  private var isToldToStay = false
  private var takesBody = true
  /// Whether the sender sends no more, or the server ends.
  private var isEnding = false
  /// What came of later requests while one was at hand.
  private var held = CircularBuffer<HTTPServerRequestPart>()
  private var isReadWanted = false
  private var isGoingOn = false
  private var bodyTimer: Scheduled<Void>?
  private var idleTimer: Scheduled<Void>?
  private var lastActive = NIODeadline.now()
  private var context: ChannelHandlerContext?
  /// Of the encoder of answers, which these are written past.
  fileprivate var encoder: ChannelHandlerContext?

  /// Bodies up to this are read on the connection's thread; larger ones would keep its other connections waiting.
  private static let bytesReadHereMax = 1 << 20
  /// After its last answer a connection is closed when its sender closes it, or after this: at once, the answer could be lost.
  private static let closingDeadline = TimeAmount.seconds(5)

  init(endpoint: IngestEndpoint, logger: Logger, idleDeadline: TimeAmount) {
    self.endpoint = endpoint
    self.logger = logger
    self.idleDeadline = idleDeadline
  }

  // MARK: - The connection

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    // Most requests come in one piece; to look at once whether there is more costs each of them a call for nothing.
    try? context.channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    watchIdling(context, after: idleDeadline)
  }

  func handlerRemoved(context: ChannelHandlerContext) { forget() }

  func channelInactive(context: ChannelHandlerContext) {
    forget()
    context.fireChannelInactive()
  }

  private func forget() {
    bodyTimer?.cancel()
    idleTimer?.cancel()
    intake = nil
    held.removeAll()
    context = nil
    encoder = nil
  }

  private func watchIdling(_ context: ChannelHandlerContext, after time: TimeAmount) {
    idleTimer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
      let idleSince = NIODeadline.now() - lastActive
      if case .idle = phase, idleSince >= idleDeadline {
        context.close(promise: nil)
      } else {
        var isIdle = false
        if case .idle = phase { isIdle = true }
        watchIdling(context, after: isIdle ? idleDeadline - idleSince : idleDeadline)
      }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Either would close the connection before its answer has gone.
    guard event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed else { return context.fireUserInboundEventTriggered(event) }
    switch phase {
    case .idle, .passing, .closing: context.fireUserInboundEventTriggered(event)
    case .receiving, .discarding, .answering: isEnding = true
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else { return context.fireErrorCaught(error) }
    switch phase {
    case .passing: context.fireErrorCaught(error)
    case .closing, .answering: break
    case .idle, .receiving, .discarding:
      respond(RequestFault(.badRequest, "bad_request", "this is no HTTP/1.1 request that ends; nothing of it is stored", endsConnection: true).answer)
    }
  }

  // MARK: - Requests

  func read(context: ChannelHandlerContext) {
    // What is held is bounded by what one read brings.
    if held.isEmpty { context.read() } else { isReadWanted = true }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    if held.isEmpty, takesParts { take(part, context) } else { held.append(part) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { goOn(context) }
    context.fireChannelWritabilityChanged()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // A body that came with its head needs no timer.
    if bodyTimer == nil, intake != nil || isDiscarding {
      bodyTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(endpoint.bodies.deadline)) { [self] in
        bodyTimer = nil
        if case .discarding(let fault) = phase { respond(fault.answer, isLast: true) } else { respond(endpoint.bodies.tooSlow.answer) }
      }
    }
    context.fireChannelReadComplete()
  }

  private var isDiscarding: Bool { if case .discarding = phase { true } else { false } }

  private var takesParts: Bool {
    switch phase {
    // Answers that nobody reads are not added to.
    case .idle: context?.channel.isWritable ?? true
    case .answering, .passing(hasRequestEnded: true, _): false
    default: true
    }
  }

  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
    switch (phase, part) {
    case (.idle, .head(let head)): begin(head, context)
    case (.passing(_, let hasAnswerEnded), .end):
      phase = hasAnswerEnded ? .idle : .passing(hasRequestEnded: true, hasAnswerEnded: false)
      lastActive = .now()
      context.fireChannelRead(wrapInboundOut(part))
    case (.passing, _): context.fireChannelRead(wrapInboundOut(part))
    case (.receiving, .body(let chunk)):
      do { try intake?.take(chunk, of: endpoint.bodies) } catch { refuse(error) }
    case (.receiving, .end): store()
    case (.discarding(let fault), .end): respond(fault.answer)
    case (.discarding, _), (.closing, _), (.idle, _), (.answering, _), (.receiving, .head): break
    }
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard Self.isOurs(head.uri) else {
      phase = .passing(hasRequestEnded: false, hasAnswerEnded: false)
      return context.fireChannelRead(wrapInboundOut(.head(head)))
    }
    isLast = !head.isKeepAlive
    isToldToStay = head.version.minor == 0
    let post = PostHead(head)
    takesBody = post.takesBody
    do {
      intake = try endpoint.accept(post)
      phase = .receiving
      if post.asksFirst { context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil) }
    } catch {
      refuse(error, isAtOnce: post.asksFirst)
    }
  }

  private static func isOurs(_ path: String) -> Bool {
    let ours = "/v1/verdicts"
    guard path.utf8.starts(with: ours.utf8) else { return false }
    return path.utf8.count == ours.utf8.count || path.utf8.dropFirst(ours.utf8.count).first == UInt8(ascii: "?")
  }

  /// Answers a fault: at once where the rest is not worth reading, else at the end of its request.
  private func refuse(_ error: any Error, isAtOnce: Bool = false) {
    let fault = error as? RequestFault ?? RequestFault(.internalServerError, "failed", "the request could not be read; nothing of it is stored")
    intake = nil
    if fault.endsConnection || isAtOnce { respond(fault.answer, isLast: true) } else { phase = .discarding(fault) }
  }

  private func store() {
    guard let intake, let context else { return }
    self.intake = nil
    bodyTimer?.cancel()
    bodyTimer = nil
    phase = .answering
    let loop = context.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    let work = { @Sendable [endpoint] in
      endpoint.store(intake) { make in loop.execute { bound.value.respond(make()) } }
    }
    if intake.body.readableBytes <= Self.bytesReadHereMax { work() } else { DispatchQueue.global(qos: .userInitiated).async(execute: work) }
  }

  // MARK: - Answers

  private func respond(_ answer: Answer, isLast isLastAnswer: Bool = false) {
    guard let context else { return }
    bodyTimer?.cancel()
    bodyTimer = nil
    intake = nil
    let isClosing = isLast || isLastAnswer || answer.endsConnection || isEnding && held.isEmpty
    logger.debug("request", metadata: ["path": "/v1/verdicts", "status": "\(answer.status.code)"])
    // In one piece: what the encoder would see to is known of these answers.
    let connection = isClosing ? "close" : isToldToStay ? "keep-alive" : nil
    encoder?.writeAndFlush(NIOAny(answer.encoded(connection: connection, withBody: takesBody)), promise: nil)
    lastActive = .now()
    if isClosing {
      phase = .closing
      held.removeAll()
      context.close(mode: .output, promise: nil)
      bodyTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.closingDeadline) { context.close(promise: nil) }
    } else {
      phase = .idle
      goOn(context)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    context.write(data, promise: promise)
    if case .end = unwrapOutboundIn(data), case .passing(let hasRequestEnded, _) = phase {
      phase = hasRequestEnded ? .idle : .passing(hasRequestEnded: false, hasAnswerEnded: true)
      lastActive = .now()
      if hasRequestEnded, !held.isEmpty { context.eventLoop.assumeIsolated().execute { [self] in goOn(context) } }
    }
  }

  /// Takes what was held, up to the next request that has to be waited for.
  private func goOn(_ context: ChannelHandlerContext) {
    guard !held.isEmpty, !isGoingOn else { return }
    isGoingOn = true
    while takesParts, let part = held.popFirst() { take(part, context) }
    isGoingOn = false
    channelReadComplete(context: context)
    if held.isEmpty, isReadWanted {
      isReadWanted = false
      context.read()
    }
  }
}

/// Puts an ``IngestHandler`` in its place and goes.
final class IngestHandlerPlacer: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart

  private let handler: IngestHandler

  init(_ handler: IngestHandler) { self.handler = handler }

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
