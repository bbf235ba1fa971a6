import ArgumentParser
import Reports
import Verdicts

/// Which stretch of event time: `--from` and `--to`, or `--last`.
struct SpanOptions: ParsableArguments {
  @Option(help: ArgumentHelp("First instant: RFC 3339, or a date (its first instant in --tz).", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("First instant after the span; a date is excluded itself. Default: the end of this minute.", valueName: "time"))
  var to: String?

  @Option(help: ArgumentHelp("The span of this length that ends with this minute: 15m, 24h, 7d. Default: 24h.", valueName: "duration"))
  var last: String?

  @Option(help: ArgumentHelp("The time to take for now.", valueName: "time"))
  var now: String?

  func clock(in zone: Zone) throws -> Timestamp {
    guard let now else { return SystemClock.now() }
    return try time(now, option: "--now", in: zone)
  }

  func span(in zone: Zone) throws -> Span {
    let edge = try clock(in: zone).edge
    guard let from else {
      if to != nil { throw Failure.usage("--to needs --from: the span would have no beginning") }
      guard let length = SpanText.length(last ?? "24h") else {
        throw Failure.usage("--last takes a whole number above 0 and a unit (s, m, h, d, w; up to 100 years), as in 15m, 24h or 7d")
      }
      return Span(from: edge.advanced(byMicroseconds: -length), to: edge)
    }
    if last != nil { throw Failure.usage("--last does not go with --from: give one or the other") }
    return Span(
      from: try time(from, option: "--from", in: zone), to: try to.map { try time($0, option: "--to", in: zone) } ?? edge)
  }

  private func time(_ text: String, option: String, in zone: Zone) throws -> Timestamp {
    guard let time = SpanText.time(text, in: zone) else {
      throw Failure.usage("\(option) takes RFC 3339 with an offset or a date, as in 2026-01-10T00:00:00Z or 2026-01-10")
    }
    return time
  }
}
