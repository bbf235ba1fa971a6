package import Aggregation
import Dispatch
package import Exposition
import Foundation
import HTTPTypes
import Hummingbird
package import Ingestion
package import Logging
package import Records
import NIOCore
import ServiceLifecycle
import UnixSignals
package import Storage
package import Verdicts

/// What `serve` is told.
package struct ServeSettings: Sendable {
  package struct Address: Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
  }

  package var listen = Address(host: "127.0.0.1", port: 8_080)
  package var metricsListen = Address(host: "127.0.0.1", port: 9_464)
  package var records = RecordSettings()
  package var exposition = ExpositionSettings()
  package var commits = GroupCommit.Bounds()
  package var bodyBytesMax = 64 << 20
  /// Whether made-up verdicts are taken.
  package var allowsSynthetic = false
  package var bodyDeadline = Duration.seconds(30)
  /// Reports that may be in the making at once: each holds a snapshot and a thread.
  package var reportsAtOnceMax = reportsAtOnceMaxDefault
  /// How long a report may wait for its reader to take the next piece.
  package var reportDeadline = Duration.seconds(30)
  /// Between two runs of the job.
  package var aggregateEvery = Duration.seconds(15)
  /// Between two renderings of the metrics.
  package var refreshEvery = Duration.seconds(5)
  /// After this the end is not waited for any longer.
  package var shutdownDeadline = Duration.seconds(20)

  package static let reportsAtOnceMaxDefault = 4

  package init() {}
}

/// Why the service could not be.
package struct ServeFault: Error, CustomStringConvertible {
  package var description: String
}

/// The service: ingestion and reports on one port, metrics and health on another, and the scheduled job.
package struct Server: Sendable {
  private let settings: ServeSettings
  private let store: any VerdictStore
  private let job: AggregationJob
  private let schedule: JobSchedule
  private let tokens: AccessTokens?
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let makeWriter: @Sendable () throws -> any VerdictWriter

  package init(
    settings: ServeSettings, store: any VerdictStore, job: AggregationJob, schedule: JobSchedule, tokens: AccessTokens?, logger: Logger,
    now: @escaping @Sendable () -> Timestamp, makeWriter: @escaping @Sendable () throws -> any VerdictWriter
  ) {
    self.settings = settings
    self.store = store
    self.job = job
    self.schedule = schedule
    self.tokens = tokens
    self.logger = logger
    self.now = now
    self.makeWriter = makeWriter
  }

  /// Runs until SIGTERM or SIGINT, or a port that cannot be had.
  package func run() async throws {
    let health = Health()
    let commits = GroupCommit(input: "http", bounds: settings.commits, now: now, makeWriter: makeWriter)
    let page = MetricsPage(store: store, settings: settings.exposition)
    let ingest = IngestEndpoint(
      commits: commits, tokens: tokens, budget: MemoryBudget(bytesMax: settings.commits.bytesWaitingMax),
      bodies: BodyReader(bytesMax: settings.bodyBytesMax, deadline: settings.bodyDeadline), settings: settings.records, allowsSynthetic: settings.allowsSynthetic,
      now: now)
    let reports = ReportEndpoint(store: store, tokens: tokens, atOnceMax: settings.reportsAtOnceMax, deadline: settings.reportDeadline, now: now)
    let metrics = MetricsEndpoint(page: page, health: health, tokens: tokens)
    let front = application(at: settings.listen, name: "ingestion", ingest: ingest) { request, _ in
      let path = request.uri.path
      if path.hasPrefix("/v1/reports/") { return try await reports.answer(request, name: String(path.dropFirst("/v1/reports/".count))) }
      throw RequestFault.notFound("/v1/verdicts and /v1/reports/NAME")
    }
    let back = application(at: settings.metricsListen, name: "metrics") { request, _ in try metrics.answer(request) }
    let upkeep = Upkeep(
      job: job, schedule: schedule, page: page, health: health, commits: commits, aggregateEvery: settings.aggregateEvery, refreshEvery: settings.refreshEvery, now: now, logger: logger)
    // Ended in the opposite order: the job first, what takes requests next, what stores them last.
    var configuration = ServiceGroupConfiguration(
      services: ([CommitService(commits: commits, logger: logger), back, front, upkeep] as [any Service]).map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
      logger: quiet)
    configuration.maximumGracefulShutdownDuration = settings.shutdownDeadline
    do {
      try await ServiceGroup(configuration: configuration).run()
    } catch let error as IOError where error.errnoCode == EADDRINUSE || error.errnoCode == EACCES || error.errnoCode == EADDRNOTAVAIL {
      throw ServeFault(
        description: "cannot listen on --listen \(settings.listen) or --metrics-listen \(settings.metricsListen): \(String(cString: strerror(error.errnoCode))); give other addresses")
    }
  }

  /// A connection without a request is closed after this.
  private static let idleDeadline = TimeAmount.seconds(75)

  private func application(
    at address: ServeSettings.Address, name: String, ingest: IngestEndpoint? = nil, _ answer: @escaping @Sendable (Request, ServeContext) async throws -> Response
  ) -> some ApplicationProtocol {
    Application(
      responder: Endpoint(answer: answer),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [ConnectionHandlerPlacer(ConnectionHandler(endpoint: ingest, logger: logger, idleDeadline: Self.idleDeadline))])),
      configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port), serverName: nil),
      onServerRunning: { [logger] channel in
        logger.info("listening", metadata: ["port": "\(channel.localAddress?.port ?? address.port)", "for": "\(name)"])
      },
      logger: quiet)
  }

  /// For the libraries: what they tell is told here in other words, and connections that go away at the end are no errors.
  private var quiet: Logger {
    var quiet = logger
    if quiet.logLevel > .debug { quiet.logLevel = .critical }
    return quiet
  }
}

/// Stores what was accepted until nothing more comes.
private struct CommitService: Service {
  let commits: GroupCommit
  let logger: Logger

  func run() async throws {
    commits.start()
    try? await gracefulShutdown()
    await withCheckedContinuation { done in
      DispatchQueue.global().async {
        commits.stop()
        done.resume()
      }
    }
    let figures = commits.figures
    logger.info("ended", metadata: ["commits": "\(figures.commits)", "deliveries": "\(figures.deliveries)"])
  }
}
