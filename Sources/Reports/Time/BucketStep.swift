package import Verdicts

/// `--every`: how a report cuts its span into buckets.
package enum BucketStep: String, CaseIterable, Sendable {
  case minute = "1m"
  case fiveMinutes = "5m"
  case quarterHour = "15m"
  case hour = "1h"
  case day = "1d"
  case week = "1w"
  case month = "1mo"

  /// The edges of the buckets of a span, from `from` to `to`, both included: the first and last bucket are cut to the span.
  package func edges(of span: Span, in zone: Zone) -> [Timestamp] {
    let margin = 2 * Timestamp.microsecondsPerDay
    let wider = Span(from: span.from.advanced(byMicroseconds: -margin), to: span.to.advanced(byMicroseconds: margin))
    let periods = zone.periods(in: wider)
    var edges = [span.from]
    func add(_ edge: Timestamp) {
      if edge > edges[edges.count - 1], edge < span.to { edges.append(edge) }
    }
    if let step = wallClockStep {
      for period in periods where period.span.to > span.from && period.span.from < span.to {
        add(period.span.from)
        let offset = Int64(period.offsetSeconds) * Timestamp.microsecondsPerSecond
        let start = max(period.span.from, span.from).advanced(byMicroseconds: offset)
        var edge = start.raised(to: step).advanced(byMicroseconds: -offset)
        let end = min(period.span.to, span.to)
        while edge < end {
          add(edge)
          edge = edge.advanced(byMicroseconds: step)
        }
      }
    } else {
      var date = firstDate(notAfter: zone.date(at: span.from))
      // By instants and not by dates: where clocks went back over midnight, a date's first instant lies before an instant of
      // the date before.
      while let instant = Zone.firstInstant(ofLocalMidnight: date.daysSinceEpoch * Timestamp.microsecondsPerDay, in: periods),
        instant < span.to
      {
        add(instant)
        date = next(date)
      }
    }
    edges.append(span.to)
    return edges
  }

  /// Microseconds of the steps that are multiples from local midnight on the wall clock.
  private var wallClockStep: Int64? {
    switch self {
    case .minute: Timestamp.microsecondsPerMinute
    case .fiveMinutes: 5 * Timestamp.microsecondsPerMinute
    case .quarterHour: 15 * Timestamp.microsecondsPerMinute
    case .hour: Timestamp.microsecondsPerHour
    case .day, .week, .month: nil
    }
  }

  private func firstDate(notAfter date: CivilDate) -> CivilDate {
    switch self {
    case .week: CivilDate(daysSinceEpoch: date.daysSinceEpoch - date.weekdayFromMonday)
    case .month: CivilDate(year: date.year, month: date.month, day: 1) ?? date
    default: date
    }
  }

  private func next(_ date: CivilDate) -> CivilDate {
    switch self {
    case .week: CivilDate(daysSinceEpoch: date.daysSinceEpoch + 7)
    case .month:
      // The 1st plus 31 days is always in the next month.
      firstDate(notAfter: CivilDate(daysSinceEpoch: date.daysSinceEpoch + 31))
    default: CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1)
    }
  }
}
