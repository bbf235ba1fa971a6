import ArgumentParser
import Files
import Reports
import Traffic
import Verdicts

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Write made-up verdicts (source=synthetic) to standard output.",
    usage: "guardtally generate [<options>]",
    discussion: """
      The same options give the same bytes. Made-up verdicts do not mix with real ones in a store unless ingest is told \
      --allow-synthetic.

      Example:
        guardtally generate --rows 1000 --days 2 --seed 7 |
          guardtally ingest --db example.db
      """)

  @Option(parsing: .unconditional, help: ArgumentHelp("How many records.", valueName: "count"))
  var rows: Int = 10_000

  @Option(parsing: .unconditional, help: ArgumentHelp("Over how many days they are spread.", valueName: "count"))
  var days: Int = 1

  @Option(help: ArgumentHelp("Another seed gives other records with other ids.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("When the first day begins: RFC 3339 or a date (midnight UTC).", valueName: "time"))
  var start: String = TrafficGenerator.Settings.startDefault.rfc3339()

  func run() throws {
    try Failure.reported {
      guard (0...10_000_000_000).contains(rows) else { throw Failure.usage("--rows takes 0 to 10000000000") }
      guard (1...36_600).contains(days) else { throw Failure.usage("--days takes 1 to 36600") }
      guard let begin = SpanText.time(start, in: .utc), begin >= .earliestAccepted else {
        throw Failure.usage("--start takes RFC 3339 with an offset or a date, from 2000 on, as in 2026-01-01T00:00:00Z")
      }
      var generator = TrafficGenerator(.init(rows: rows, days: days, seed: seed, start: begin))
      let output = try FileOutput(path: nil)
      var bytes: [UInt8] = []
      while output.failure == nil, generator.appendRecord(to: &bytes) {
        guard bytes.count >= 64 << 10 else { continue }
        output.write(bytes: bytes)
        bytes.removeAll(keepingCapacity: true)
      }
      output.write(bytes: bytes)
      try output.finish()
    }
  }
}
