import ArgumentParser
import Files
import Reports
import Storage
import Verdicts
import Verification

struct RebuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild",
    abstract: "Rebuild the tallies of a span from its verdicts.",
    usage: "guardtally rebuild --from <time> --to <time> [<options>]",
    discussion: """
      Replaces tallies, never adds to them, and leaves counters alone. Works on whole 15-minute steps, a day in each commit.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally rebuild --db example.db \\
          --from 2026-01-01 --to 2026-01-02
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("First instant: a date (UTC) or RFC 3339.", valueName: "time"))
  var from: String

  @Option(help: ArgumentHelp("First instant after the span.", valueName: "time"))
  var to: String

  func run() throws {
    try Failure.reported {
      let span = try SpanText.daySpan(from: from, to: to)
      let output = try FileOutput(path: nil)
      let summary = try Rebuilder(try storeOptions.store()).rebuild(span)
      output.write("rebuilt \(counted(summary.days, "day")): \(counted(summary.outcome.talliesChanged, "tally", "tallies")) changed\n")
      for bucket in summary.outcome.bucketsOfOtherVerdicts {
        StandardError.line(
          "guardtally: warning: the verdicts of the 15 minutes from \(bucket.rfc3339()) are not those that were counted there; the new tallies fit them, and verify will not say so again")
      }
      try output.finish()
    }
  }
}
