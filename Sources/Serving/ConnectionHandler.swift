import Dispatch
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1

/// Keeps a connection: takes posted verdicts where they arrive, on the connection's thread, without a task for each, and passes every
/// other request on to the server behind, one at a time.
///
/// Stands between the reading of HTTP and what the server behind makes of it; see ``ConnectionHandlerPlacer``.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  enum Phase {
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

  /// Nil where no verdicts are taken.
  private let endpoint: IngestEndpoint?
  let logger: Logger
  private let idleDeadline: TimeAmount
  var phase = Phase.idle
  var intake: Intake?
  /// Whether the request at hand is its connection's last.
  var isLast = false
  /// Whether its sender keeps a connection only if it is told so, as HTTP/1.0 has it.
  var isToldToStay = false
  var takesBody = true
  /// Whether the sender sends no more.
  var isInputClosed = false
  /// Why nothing more can be read, once what came before is answered.
  var inputFault: RequestFault?
  var isServerEnding = false
  /// What came of later requests while one was at hand.
  var held = CircularBuffer<HTTPServerRequestPart>()
  private var isReadWanted = false
  private var isGoingOn = false
  var bodyTimer: Scheduled<Void>?
  private var idleTimer: Scheduled<Void>?
  var lastActive = NIODeadline.now()
  var context: ChannelHandlerContext?
  /// Of the encoder of answers, which these are written past.
  var encoder: ChannelHandlerContext?

  /// Bodies up to this are read on the connection's thread; larger ones would keep its other connections waiting.
  private static let bytesReadHereMax = 1 << 20
  /// How long a body that is on its way may still take when the server ends.
  private static let endingDeadline = TimeAmount.seconds(1)

  init(endpoint: IngestEndpoint?, logger: Logger, idleDeadline: TimeAmount) {
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
    if event is ChannelShouldQuiesceEvent {
      isServerEnding = true
      switch phase {
      case .idle, .passing, .closing: context.fireUserInboundEventTriggered(event)
      case .receiving, .discarding: watchBody(context, for: Self.endingDeadline)
      // The server behind would close the connection before its answer has gone.
      case .answering: break
      }
    } else if event as? ChannelEvent == .inputClosed {
      isInputClosed = true
      switch phase {
      case .idle where held.isEmpty, .passing(hasRequestEnded: false, _): context.fireUserInboundEventTriggered(event)
      case .closing: context.close(promise: nil)
      // What came whole is answered first.
      case .idle, .passing, .receiving, .discarding, .answering: break
      }
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
    let fault =
      error == .headerOverflow
      ? RequestFault(.requestHeaderFieldsTooLarge, "head_too_large", "the request's head is over 80 KiB or 1000 fields; nothing of it is stored", endsConnection: true)
      : RequestFault(.badRequest, "bad_request", "this is no HTTP/1.1 request that ends; nothing of it is stored", endsConnection: true)
    switch phase {
    case .receiving where isServerEnding && !isInputClosed: respond(Self.shuttingDown.answer)
    case .idle where held.isEmpty, .receiving, .discarding: respond(fault.answer)
    case .idle, .answering, .passing(hasRequestEnded: true, _): inputFault = fault
    case .passing(hasRequestEnded: false, let hasAnswerEnded):
      // Its answer is under way, and is its only one.
      isLast = true
      phase = .passing(hasRequestEnded: true, hasAnswerEnded: hasAnswerEnded)
      context.fireChannelRead(wrapInboundOut(.end(nil)))
      if hasAnswerEnded { beginClosing() }
    case .closing: break
    }
  }

  static let shuttingDown = RequestFault(
    .serviceUnavailable, "shutting_down", "the server is ending; send the request again", retryAfter: 1, endsConnection: true)

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
    if bodyTimer == nil, intake != nil || isDiscarding, let endpoint {
      watchBody(context, for: isServerEnding ? Self.endingDeadline : TimeAmount(endpoint.bodies.deadline))
    }
    context.fireChannelReadComplete()
  }

  private func watchBody(_ context: ChannelHandlerContext, for time: TimeAmount) {
    bodyTimer?.cancel()
    bodyTimer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
      bodyTimer = nil
      if case .discarding(let fault) = phase { return respond(fault.answer, isLast: true) }
      if let endpoint { respond(isServerEnding ? Self.shuttingDown.answer : endpoint.bodies.tooSlow.answer) }
    }
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
      context.fireChannelRead(wrapInboundOut(part))
      phase = .passing(hasRequestEnded: true, hasAnswerEnded: hasAnswerEnded)
      if hasAnswerEnded { endPassing() }
    case (.passing, _): context.fireChannelRead(wrapInboundOut(part))
    case (.receiving, .body(let chunk)):
      do { if let endpoint { try intake?.take(chunk, of: endpoint.bodies) } } catch { refuse(error) }
    case (.receiving, .end): store()
    case (.discarding(let fault), .end): respond(fault.answer)
    case (.discarding, _), (.closing, _), (.idle, _), (.answering, _), (.receiving, .head): break
    }
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let post = PostHead(head)
    // Other protocols are not spoken here, and nothing is read behind a request that asks for one.
    isLast = !head.isKeepAlive || post.asksForUpgrade
    isToldToStay = head.version.minor == 0
    takesBody = post.takesBody
    guard let endpoint, Self.isOurs(post.path) else { return pass(head, post, context) }
    do {
      intake = try endpoint.accept(post)
      phase = .receiving
      if post.asksFirst { context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil) }
    } catch {
      refuse(error, isAtOnce: post.asksFirst)
    }
  }

  private func pass(_ head: HTTPRequestHead, _ post: PostHead, _ context: ChannelHandlerContext) {
    phase = .passing(hasRequestEnded: false, hasAnswerEnded: false)
    var head = head
    head.uri = post.path
    if isLast { head.headers.replaceOrAdd(name: "connection", value: "close") }
    context.fireChannelRead(wrapInboundOut(.head(head)))
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
    guard let intake, let context, let endpoint else { return }
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

  /// Takes what was held, up to the next request that has to be waited for; ends the connection where nothing more can come.
  func goOn(_ context: ChannelHandlerContext) {
    guard !isGoingOn else { return }
    if !held.isEmpty {
      isGoingOn = true
      while takesParts, let part = held.popFirst() { take(part, context) }
      isGoingOn = false
      channelReadComplete(context: context)
    }
    guard held.isEmpty else { return }
    if case .idle = phase {
      if let inputFault { return respond(inputFault.answer) }
      if isInputClosed || isServerEnding { return beginClosing() }
    }
    if isReadWanted {
      isReadWanted = false
      context.read()
    }
  }
}
