package import Storage
import Tallies
package import Verdicts

/// Puts a recount in the place of a span's tallies, day by day, each in one commit.
package struct Rebuilder {
  private let store: any VerdictStore

  package init(_ store: any VerdictStore) { self.store = store }

  package struct Summary: Sendable {
    package var days = 0
    package var outcome = RebuildOutcome()
  }

  /// - Parameter span: widened to whole 15-minute buckets.
  /// - Throws: ``StoreError`` `before_floor` where the span begins before the floor: its verdicts are gone.
  package func rebuild(_ span: Span) throws -> Summary {
    let floor = try store.read { try $0.floor() }
    let from = span.from.floored(to: TallyKey.grainMicroseconds)
    if let floor, from < floor {
      throw StoreError(
        .beforeFloor,
        "verdicts before \(floor.rfc3339()) have been dropped, so tallies before it cannot be rebuilt; begin at the floor or later")
    }
    let to = span.to.raised(to: TallyKey.grainMicroseconds)
    let days = try store.read { try $0.days(in: Span(from: from, to: to)) }
    let writer = try store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    var summary = Summary()
    for day in days {
      let start = max(day, from)
      let end = min(day.advanced(byMicroseconds: Timestamp.microsecondsPerDay), to)
      summary.outcome += try writer.rebuildTallies(
        buckets: TallyKey.bucket(of: start.microseconds)..<TallyKey.bucket(of: end.microseconds))
      summary.days += 1
    }
    if days.isEmpty {
      // What is kept where nothing can be counted goes all the same.
      let none = TallyKey.bucket(of: max(from, .earliestAccepted).microseconds)
      summary.outcome += try writer.rebuildTallies(buckets: none..<none)
    }
    return summary
  }
}
