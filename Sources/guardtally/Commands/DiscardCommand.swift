import Aggregation
import ArgumentParser
import Files
#if canImport(Glibc)
import Glibc
#endif
import Reports
import Storage
import Verdicts

struct DiscardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "discard",
    abstract: "Undo a wrong load: remove verdicts and what was counted of them.",
    usage: "guardtally discard [--where <dim=value>] [<options>]",
    discussion: """
      Shows what would go, and asks. Tallies follow; counters never fall; the ledger keeps what was removed. The same records can \
      be ingested again afterwards. Each day is proved first: what does not verify is not touched.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally discard --db example.db \\
          --where source=synthetic --to 2026-01-01T06:00:00Z --yes
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp("Only verdicts with one of these values; * at the end matches any ending. May stand several times.", valueName: "dim=value,value"))
  var filters: [String] = []

  @Option(help: ArgumentHelp("First instant: a date (UTC) or RFC 3339.", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("First instant after the span.", valueName: "time"))
  var to: String?

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(help: "Never ask; without --yes that is wrong usage.")
  var noInput = false

  @Flag(help: "Show what would go, and end.")
  var dryRun = false

  func run() throws {
    try Failure.reported {
      guard !filters.isEmpty || from != nil || to != nil else {
        throw Failure.usage("discard takes what to remove: --where, --from or --to, as in --where source=staging")
      }
      let span = try SpanText.daySpan(from: from, to: to)
      var read: [DimensionFilter] = []
      for filter in filters { read.append(try DimensionFilter(filter)) }
      let store = try storeOptions.store()
      let discard = Discard(of: store, span: span, filters: read)
      let preview = try discard.preview()
      show(preview)
      guard preview.verdicts > 0, !dryRun else { return try printResult(verdicts: 0, days: 0) }
      try ask(preview.verdicts)
      guard let maintainer = try maintainer(of: store) else {
        throw StoreError(.busy, "another aggregation or discard is at work on this database; nothing was discarded; try again")
      }
      defer { maintainer.close() }
      Interrupts.request()
      let insisted = Interrupts.insist(interruptMilliseconds: 120, terminationMilliseconds: 120, code: Failure.interrupted.rawValue) {
        StandardError.line("guardtally: interrupted; the days that were done are gone, the rest is as it was; the same command goes on")
      }
      let summary = try discard.run(
        named: name, by: maintainer, now: SystemClock.now(), agreed: yes ? nil : preview.verdicts, isInterrupted: { Interrupts.isRequested })
      insisted.begin()
      try printResult(verdicts: summary.verdicts, days: summary.days)
      if summary.isInterrupted {
        StandardError.line("guardtally: interrupted; what the line above counts is gone, the rest is as it was; the same command goes on")
        throw Failure.interrupted
      }
      if let obstacle = summary.obstacle {
        StandardError.line("guardtally: \(obstacle)")
        throw ExitCode.failure
      }
    }
  }

  /// What the ledger calls it.
  private var name: String {
    var name = "discard"
    for filter in filters { name += " " + filter }
    if let from { name += " from " + from }
    if let to { name += " to " + to }
    return String(String.UnicodeScalarView(name.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }

  private func show(_ preview: Discard.Preview) {
    guard let first = preview.first, let last = preview.last else {
      return StandardError.line("guardtally: no verdict is selected; nothing to discard")
    }
    StandardError.line("\(counted(preview.verdicts, "verdict")) from \(first.rfc3339()) to \(last.rfc3339()) would go:")
    for (source, verdicts) in preview.bySource { StandardError.line("  source \(source): \(verdicts)") }
  }

  /// - Throws: what the command ends with unless the number was typed.
  private func ask(_ verdicts: Int) throws {
    if yes { return }
    guard !noInput, isatty(STDIN_FILENO) == 1 else { throw Failure.usage("discard asks before it removes anything, and there is nobody to ask; add --yes") }
    StandardError.write("Type \(verdicts) to discard them: ")
    guard readLine()?.filter({ $0 != " " }) == String(verdicts) else {
      StandardError.line("guardtally: that is not the number; nothing was discarded")
      throw ExitCode.failure
    }
  }

  /// The scheduled job of a running `serve` takes moments.
  private func maintainer(of store: any VerdictStore) throws -> (any StoreMaintainer)? {
    for _ in 0..<50 {
      if let maintainer = try store.makeMaintainer() { return maintainer }
      usleep(200_000)
    }
    return nil
  }

  private func printResult(verdicts: Int, days: Int) throws {
    let output = try FileOutput(path: nil)
    output.write("discarded=\(verdicts) days=\(days)\n")
    try output.finish()
  }
}
