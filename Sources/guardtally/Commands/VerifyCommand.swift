import ArgumentParser
import Files
import Reports
import Storage
import Verdicts
import Verification

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Recount the verdicts and compare every tally, counter and ledger row.",
    usage: "guardtally verify [<options>]",
    discussion: """
      Prints each difference and exits with 1 if there is one. Works beside running ingestion: day by day, each day in one \
      snapshot.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally verify --db example.db
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("Recount from this day on (UTC): a date or RFC 3339.", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Recount days before this one (UTC).", valueName: "time"))
  var to: String?

  @Flag(help: "Count ids that are stored under several times (information, not a difference).")
  var ids = false

  @Option(help: ArgumentHelp("Print this many differences; the rest are counted.", valueName: "count"))
  var differencesMax: Int = 1_000

  func run() throws {
    try Failure.reported {
      let span = try SpanText.daySpan(from: from, to: to)
      guard differencesMax >= 0 else { throw Failure.usage("--differences-max takes a whole number from 0 on") }
      let store = try storeOptions.store()
      let output = try FileOutput(path: nil)
      var printed = 0
      let summary = try Verifier(store).verify(span: span) { difference in
        printed += 1
        if printed <= differencesMax { output.write("difference: \(difference)\n") }
      }
      if printed > differencesMax { output.write("… and \(printed - differencesMax) more differences (--differences-max)\n") }
      if ids {
        output.write("ids stored under several times: \(try store.read { try RepeatedIDs.count(in: $0) })\n")
      }
      output.write(
        "verified \(counted(summary.verdicts, "verdict")) of \(counted(summary.days, "day")), \(counted(summary.tallies, "tally", "tallies")), "
          + "\(counted(summary.counters, "counter")), \(counted(summary.ledgerRows, "ledger row")): "
          + "\(summary.differences == 0 ? "no difference" : counted(summary.differences, "difference"))\n")
      try output.finish()
      if summary.differences > 0 { throw ExitCode.failure }
    }
  }
}
