import ArgumentParser

/// Which stretch of event time: `--from` and `--to`, or `--last`.
struct SpanOptions: ParsableArguments {
  @Option(help: ArgumentHelp("First instant: RFC 3339, or a date (its first instant in --tz).", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("First instant after the span; a date is excluded itself. Default: the end of this minute.", valueName: "time"))
  var to: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("The span of this length that ends with this minute: 15m, 24h, 7d. Default: 24h.", valueName: "duration"))
  var last: String?

  @Option(help: ArgumentHelp("The time to take for now.", valueName: "time"))
  var now: String?
}
