import Reports
import Verdicts

extension SpanText {
  /// A span in UTC whose ends may be open.
  static func daySpan(from: String?, to: String?) throws -> Span {
    func read(_ text: String, _ option: String) throws -> Timestamp {
      guard let time = time(text, in: .utc) else {
        throw Failure.usage("\(option) takes a date or RFC 3339 with an offset, as in 2026-01-10 or 2026-01-10T00:00:00Z")
      }
      return time
    }
    let span = Span(
      from: try from.map { try read($0, "--from") } ?? Span.always.from, to: try to.map { try read($0, "--to") } ?? Span.always.to)
    guard !span.isEmpty else { throw Failure.usage("the span is empty: --from must be before --to") }
    return span
  }

  /// What `--now` says, or the clock.
  static func clock(_ now: String?) throws -> Timestamp {
    guard let now else { return SystemClock.now() }
    guard let time = time(now, in: .utc) else {
      throw Failure.usage("--now takes RFC 3339 with an offset or a date, as in 2026-01-10T00:00:00Z")
    }
    return time
  }
}
