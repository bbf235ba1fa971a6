import Aggregation
import ArgumentParser
import Exposition
import Reports
import Storage
import Verdicts

struct AggregateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aggregate",
    abstract: "The scheduled job: fold, add up days, drop old verdicts, publish.",
    usage: "guardtally aggregate [<options>]",
    discussion: """
      Folds what writers have appended (Postgres), adds up days (UTC) that are over, so that reports over long spans answer at once (hourly \
      with --every), drops verdicts older than --keep-verdicts a day at a time, each only after its \
      tallies were proved by a recount, and publishes what is asked for. Safe to run twice, late, or on two hosts at once: one \
      works, the other says so and exits with 0.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally aggregate --db example.db \\
          --now 2026-01-02T00:05:00Z \\
          --textfile guardtally.prom --reports reports
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("Drop verdicts of days (UTC) that are older: 30d, 52w; at least the longest window. Default: keep them for ever.", valueName: "duration"))
  var keepVerdicts: String?

  @Option(help: ArgumentHelp("Write the exposition here for node_exporter's textfile collector.", valueName: "file"))
  var textfile: String?

  @Option(help: ArgumentHelp("Write the set of CSV reports and its manifest into this folder.", valueName: "folder"))
  var reports: String?

  @Option(help: ArgumentHelp("IANA time zone of the reports' days.", valueName: "zone"), completion: .zones)
  var tz: String = "UTC"

  @Option(help: ArgumentHelp("Keep running, a run each time this long has passed.", valueName: "duration"))
  var every: String?

  @Option(help: ArgumentHelp("The time to take for now: RFC 3339 or a date (UTC).", valueName: "time"))
  var now: String?

  @OptionGroup var expositionOptions: ExpositionOptions

  func run() throws {
    try Failure.reported {
      let job = AggregateRun(
        job: AggregationJob(
          store: try storeOptions.store(), keptMicroseconds: try keepVerdicts.map { try length($0, of: "--keep-verdicts") },
          reports: reports, zone: try zone(), program: ProgramVersion.text,
          clock: SystemClock.now),
        textfile: textfile, exposition: try expositionOptions.settings(), precious: try storeOptions.files())
      guard textfile != "", reports != "" else { throw Failure.usage("--textfile and --reports take a name") }
      warn(of: job)
      guard let every else { return try job.run(now: try SpanText.clock(now)) }
      if now != nil { throw Failure.usage("--now does not go with --every: a clock that stands still ends no interval") }
      try repeatRuns(of: job, every: try length(every, of: "--every"))
    }
  }

  /// Windows that reach back over dropped verdicts have no series.
  private func warn(of job: AggregateRun) {
    guard let kept = job.job.keptMicroseconds, let longest = job.exposition.windows.max(by: { $0.microseconds < $1.microseconds }),
      kept < longest.microseconds
    else { return }
    StandardError.line(
      "guardtally: warning: --keep-verdicts is shorter than the window \(longest.name), which then has no series in the metrics; keep at least that long, or take shorter --windows")
  }

  /// Runs on a steady beat until a signal asks for the end. A failed run is told, and the next one tries again.
  private func repeatRuns(of job: AggregateRun, every interval: Int64) throws {
    Interrupts.request()
    var next = SystemClock.steadyMicroseconds()
    while !Interrupts.isRequested {
      do {
        try Failure.reported { try job.run(now: SystemClock.now(), isRepeated: true) }
      } catch is ExitCode {
        // What went wrong was said.
      }
      // Beats that a long run has missed are not made up for.
      let steady = SystemClock.steadyMicroseconds()
      next = max(next + interval, steady - (steady - next) % interval)
      while !Interrupts.isRequested, SystemClock.steadyMicroseconds() < next { SystemClock.sleep(microseconds: 20_000) }
    }
  }

  private func zone() throws -> Zone {
    guard let zone = Zone(name: tz) else {
      throw QueryError.unknownZone(tz)
    }
    return zone
  }

  private func length(_ text: String, of option: String) throws -> Int64 {
    guard let length = SpanText.length(text) else {
      throw Failure.usage("\(option) takes a whole number above 0 and a unit (s, m, h, d, w; up to 100 years), as in 15s, 24h or 30d")
    }
    return length
  }
}
