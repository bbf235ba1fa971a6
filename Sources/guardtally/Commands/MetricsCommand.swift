import ArgumentParser
import Exposition
import Reports
import Storage
import Verdicts

struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Print the Prometheus exposition once.",
    discussion: """
      With the database out of reach it prints guardtally_store_up 0 alone and exits with 69.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally metrics --db example.db --now 2026-01-01T23:59:30Z
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("text (0.0.4) or openmetrics (1.0).", valueName: "format"))
  var format: String = "text"

  @Option(help: ArgumentHelp("The time to take for now: RFC 3339 or a date (UTC).", valueName: "time"))
  var now: String?

  @Option(help: ArgumentHelp("Rolling windows.", valueName: "duration,duration"))
  var windows: String = "5m,1h,24h,7d"

  @Option(help: ArgumentHelp("The prefix of the business metrics.", valueName: "name"))
  var prefix: String = ExpositionSettings.prefixDefault

  @Option(help: ArgumentHelp("Series at the most; beyond it the least used label values fold into other.", valueName: "count"))
  var seriesMax: Int = ExpositionSettings.seriesMaxDefault

  func run() throws {
    try Failure.reported {
      guard let format = ExpositionFormat(rawValue: format) else {
        throw Failure.usage("--format takes \(ExpositionFormat.allCases.map(\.rawValue).joined(separator: ", ")), not \(format)")
      }
      let settings = try expositionSettings()
      let now = try clock()
      let store = try storeOptions.store()
      let output = try FileOutput(path: nil)
      do {
        let snapshot = try store.read { try MetricsSnapshot(of: $0, settings: settings, now: now) }
        output.write(format.render(snapshot.families))
        try output.finish()
      } catch let error as StoreError {
        output.write(format.render(MetricsSnapshot.outOfReach))
        try output.finish()
        throw error
      }
    }
  }

  private func clock() throws -> Timestamp {
    guard let now else { return SystemClock.now() }
    guard let time = SpanText.time(now, in: .utc) else {
      throw Failure.usage("--now takes RFC 3339 with an offset or a date, as in 2026-01-10T00:00:00Z")
    }
    return time
  }

  private func expositionSettings() throws -> ExpositionSettings {
    var settings = ExpositionSettings()
    settings.windows = try windows.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let length = SpanText.length(String(name)), length % Timestamp.microsecondsPerMinute == 0 else {
        throw Failure.usage("--windows takes whole minutes with a unit, as in 5m,1h,24h,7d")
      }
      return Window(name: String(name), microseconds: length)
    }
    guard Set(settings.windows.map(\.name)).count == settings.windows.count, settings.windows.count <= 16 else {
      throw Failure.usage("--windows takes up to 16 different windows")
    }
    let isName = prefix.utf8.enumerated().allSatisfy { index, byte in
      (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || index > 0 && (0x30...0x39).contains(byte)
    }
    guard !prefix.isEmpty, isName else { throw Failure.usage("--prefix takes letters, digits and _, as in qwen_guard") }
    guard (ExpositionSettings.seriesMaxLeast...10_000_000).contains(seriesMax) else {
        throw Failure.usage("--series-max takes \(ExpositionSettings.seriesMaxLeast) to 10000000")
      }
    settings.prefix = prefix
    settings.seriesMax = seriesMax
    return settings
  }
}
