import Aggregation
import ArgumentParser
import Dispatch
import Ingestion
import Logging
import Records
import Reports
import Serving
import Storage
import Synchronization
import Verdicts

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Take verdicts over HTTP, serve metrics and reports, and run the scheduled job.",
    discussion: """
      POST /v1/verdicts takes one JSON object, an array, or NDJSON, and answers 200 when it is on disk; GET /v1/reports/NAME gives \
      a report. /metrics, /livez and /readyz are on a port of their own. Ends on SIGTERM or Ctrl-C after storing what it accepted.

      Example:
        guardtally serve --db example.db --listen 127.0.0.1:18080 \\
          --metrics-listen 127.0.0.1:19464 & server=$!
        curl -sS --retry-connrefused --retry 20 --retry-delay 1 \\
          -d '{"id":"a","time":"2026-01-10T12:00:00Z","verdict":"safe"}' \\
          http://127.0.0.1:18080/v1/verdicts
        kill $server
        wait $server
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("Where verdicts are taken and reports are given.", valueName: "host:port"))
  var listen: String = "127.0.0.1:8080"

  @Option(help: ArgumentHelp("Where metrics and health are.", valueName: "host:port"))
  var metricsListen: String = "127.0.0.1:9464"

  @Option(help: ArgumentHelp("Bearer tokens, a line each: PURPOSE NAME SHA256 [SOURCE]; PURPOSE is write, read or metrics. Read again when it changes.", valueName: "file"))
  var tokens: String?

  @Flag(help: "Serve an address that others can reach without tokens.")
  var insecure = false

  @Option(help: ArgumentHelp("Between two runs of the scheduled job.", valueName: "duration"))
  var aggregateEvery: String = "15s"

  @Option(help: ArgumentHelp("Between two renderings of the metrics.", valueName: "duration"))
  var refreshEvery: String = "5s"

  @Option(help: ArgumentHelp("Drop verdicts of days (UTC) that are older: 30d, 52w. Default: keep them for ever.", valueName: "duration"))
  var keepVerdicts: String?

  @Option(help: ArgumentHelp("Publish the set of CSV reports into this folder, daily.", valueName: "folder"))
  var reports: String?

  @Option(help: ArgumentHelp("The time of day at which reports are published, HH:MM in --tz; a missed one is made up for once.", valueName: "time"))
  var reportsAt: String = "00:15"

  @Option(help: ArgumentHelp("IANA time zone of the reports' days.", valueName: "zone"), completion: .zones)
  var tz: String = "UTC"

  @Option(help: ArgumentHelp("Bytes of a body at the most, before and after decompression.", valueName: "bytes"))
  var bodyBytesMax: Int = 64 << 20

  @Option(help: ArgumentHelp("Records or lines of a body at the most.", valueName: "count"))
  var bodyRecordsMax: Int = Int(RecordSettings.deliveryRecordsMaxDefault)

  @Option(help: ArgumentHelp("How long a body may take to arrive.", valueName: "duration"))
  var bodyDeadline: String = "30s"

  @Option(help: ArgumentHelp("Bytes of requests that may be in memory at once; beyond them senders are asked to wait.", valueName: "bytes"))
  var queueBytesMax: Int = GroupCommit.Bounds.bytesWaitingMaxDefault

  @Option(help: ArgumentHelp("Reports that may be in the making at once.", valueName: "count"))
  var reportsAtOnceMax: Int = ServeSettings.reportsAtOnceMaxDefault

  @Option(help: ArgumentHelp("How long a report may wait for its reader to take the next piece.", valueName: "duration"))
  var reportDeadline: String = "30s"

  @Option(help: ArgumentHelp("How long what was accepted may take to be stored at the end.", valueName: "duration"))
  var shutdownDeadline: String = "20s"

  @Option(help: ArgumentHelp("How far a record's time may lie in the future.", valueName: "duration"))
  var timeAheadMax: String = "24h"

  @Option(help: ArgumentHelp("\(LineLogHandler.Format.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "format"))
  var logFormat: String = "text"

  @Option(help: ArgumentHelp("\(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")); a line for each request at debug.", valueName: "level"))
  var logLevel: String = "info"

  @Flag(help: "Store made-up verdicts (source=synthetic) beside others.")
  var allowSynthetic = false

  @OptionGroup var replyOptions: ReplyOptions
  @OptionGroup var expositionOptions: ExpositionOptions

  func run() throws {
    try Failure.reported {
      let settings = try serveSettings()
      guard let zone = Zone(name: tz) else {
        throw QueryError.unknownZone(tz)
      }
      let store = try storeOptions.store()
      let logger = try logger()
      let access: AccessTokens?
      do {
        access = try tokens.map { path in
          try AccessTokens(path: path) { event, fault in
            if let fault { logger.error("\(event)", metadata: ["reason": "\(fault)"]) } else { logger.notice("\(event)") }
          }
        }
      } catch let fault as AccessTokens.Fault {
        StandardError.line("guardtally: \(fault.description)")
        throw ExitCode.failure
      }
      guard access != nil || insecure || settings.listen.isLoopback && settings.metricsListen.isLoopback else {
        throw Failure.usage("an address that others can reach needs --tokens FILE, or --insecure where something else keeps strangers out")
      }
      var options = WriterOptions()
      options.allowSynthetic = allowSynthetic
      let writerOptions = options
      let server = Server(
        settings: settings, store: store,
        job: AggregationJob(
          store: store, keptMicroseconds: try keepVerdicts.map { try length($0, of: "--keep-verdicts") }, reports: reports, zone: zone,
          program: ProgramVersion.text, clock: SystemClock.now),
        schedule: JobSchedule(reportsMinute: try reportsMinute(), zone: zone), tokens: access, logger: logger, now: SystemClock.now, makeWriter: { try store.makeWriter(options: writerOptions) })
      // The store is made before the first request, and a wrong --db is told at once.
      try store.makeWriter(options: options).close()
      let ending = Mutex<(any Error)?>(nil)
      let isDone = DispatchSemaphore(value: 0)
      Task.detached {
        do { try await server.run() } catch { ending.withLock { $0 = error } }
        isDone.signal()
      }
      isDone.wait()
      if let error = ending.withLock({ $0 }) {
        StandardError.line("guardtally: the server ended: \(error)")
        throw ExitCode.failure
      }
    }
  }

  private func serveSettings() throws -> ServeSettings {
    var settings = ServeSettings()
    settings.listen = try address(listen, of: "--listen")
    settings.metricsListen = try address(metricsListen, of: "--metrics-listen")
    settings.aggregateEvery = .microseconds(try length(aggregateEvery, of: "--aggregate-every"))
    settings.refreshEvery = .microseconds(try length(refreshEvery, of: "--refresh-every"))
    settings.bodyDeadline = .microseconds(try length(bodyDeadline, of: "--body-deadline"))
    settings.shutdownDeadline = .microseconds(try length(shutdownDeadline, of: "--shutdown-deadline"))
    settings.reportDeadline = .microseconds(try length(reportDeadline, of: "--report-deadline"))
    guard reportsAtOnceMax >= 1 else { throw Failure.usage("--reports-at-once-max takes 1 and more") }
    settings.reportsAtOnceMax = reportsAtOnceMax
    guard (1_024...(1 << 30)).contains(bodyBytesMax) else { throw Failure.usage("--body-bytes-max takes 1024 to 1073741824") }
    guard queueBytesMax >= 1 << 20 else { throw Failure.usage("--queue-bytes-max takes 1048576 and more") }
    settings.bodyBytesMax = bodyBytesMax
    guard bodyRecordsMax >= 1 else { throw Failure.usage("--body-records-max takes 1 and more") }
    settings.records.deliveryRecordsMax = UInt64(bodyRecordsMax)
    settings.allowsSynthetic = allowSynthetic
    settings.commits.bytesWaitingMax = queueBytesMax
    settings.exposition = try expositionOptions.settings()
    settings.records.timeAheadMax = try length(timeAheadMax, of: "--time-ahead-max")
    try replyOptions.apply(to: &settings.records)
    return settings
  }

  private func address(_ text: String, of option: String) throws -> ServeSettings.Address {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port) else {
      throw Failure.usage("\(option) takes HOST:PORT, as in 127.0.0.1:8080 or [::]:8080")
    }
    let host = text[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
    guard !host.isEmpty else { throw Failure.usage("\(option) takes HOST:PORT, as in 127.0.0.1:8080 or [::]:8080") }
    return ServeSettings.Address(host: String(host), port: port)
  }

  private func logger() throws -> Logger {
    guard let format = LineLogHandler.Format(rawValue: logFormat) else { throw Failure.usage("--log-format takes text or json") }
    guard let level = Logger.Level(rawValue: logLevel) else {
      throw Failure.usage("--log-level takes \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return Logger(label: "guardtally") { _ in
      LineLogHandler(level: level, format: format, now: SystemClock.now, write: { StandardError.line($0) })
    }
  }

  private func reportsMinute() throws -> Int {
    let parts = reportsAt.split(separator: ":", omittingEmptySubsequences: false).map { $0.utf8.count == 2 ? Int($0) : nil }
    guard parts.count == 2, let hour = parts[0], let minute = parts[1], (0..<24).contains(hour), (0..<60).contains(minute) else {
      throw Failure.usage("--reports-at takes HH:MM, as in 00:15")
    }
    return hour * 60 + minute
  }

  private func length(_ text: String, of option: String) throws -> Int64 {
    guard let length = SpanText.length(text) else {
      throw Failure.usage("\(option) takes a whole number above 0 and a unit (s, m, h, d, w; up to 100 years), as in 15s, 24h or 30d")
    }
    return length
  }
}
