import ArgumentParser
import Exposition
import Files
import Reports
import Storage
import Verdicts

struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Print the Prometheus exposition once.",
    usage: "guardtally metrics [<options>]",
    discussion: """
      With the database out of reach it prints guardtally_store_up 0 alone and exits with 69.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally metrics --db example.db --now 2026-01-01T23:59:30Z
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("text (0.0.4) or openmetrics (1.0).", valueName: "format"), completion: .list(["text", "openmetrics"]))
  var format: String = "text"

  @Option(help: ArgumentHelp("The time to take for now: RFC 3339 or a date (UTC).", valueName: "time"))
  var now: String?

  @OptionGroup var expositionOptions: ExpositionOptions

  func run() throws {
    try Failure.reported {
      guard let format = ExpositionFormat(rawValue: format) else {
        throw Failure.usage("--format takes \(ExpositionFormat.allCases.map(\.rawValue).joined(separator: ", ")), not \(format)")
      }
      let settings = try expositionOptions.settings()
      let now = try SpanText.clock(now)
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
}
