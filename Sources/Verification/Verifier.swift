package import Storage
import Tallies
package import Verdicts

/// Recounts a store's verdicts and compares everything that was derived from them.
///
/// Works day by day, each day in one snapshot, so that it neither stops ingestion nor is misled by it; what concerns the
/// whole store (ledger, counters) is compared within one snapshot of its own.
package struct Verifier {
  private let store: any VerdictStore

  package init(_ store: any VerdictStore) { self.store = store }

  /// What was looked at.
  package struct Summary: Sendable {
    package var verdicts = 0
    package var days = 0
    package var tallies = 0
    package var counters = 0
    package var ledgerRows = 0
    package var differences = 0
  }

  /// - Parameters:
  ///   - span: recount the days (UTC) that this overlaps; ledger and counters are always compared.
  ///   - found: receives each difference as it is found.
  /// - Throws: ``StoreError`` where the store cannot be read. Damage within it is a difference.
  package func verify(span: Span, found: (Difference) throws -> Void) throws -> Summary {
    var summary = Summary()
    func report(_ difference: Difference) throws {
      summary.differences += 1
      try found(difference)
    }
    var days: [Timestamp] = []
    var newestBySource: [UInt32: Timestamp] = [:]
    try store.read { snapshot in
      try Self.reportingDamage(report) { days = try snapshot.days(in: span) }
      let whole = StoreTotals(snapshot)
      try Self.reportingDamage(report) {
        summary.ledgerRows = try whole.compareLedger(report)
        try whole.compareState(report)
        summary.counters = try whole.compareCounters(report)
      }
    }
    for day in days {
      try store.read { snapshot in
        if let floor = try snapshot.floor(), day < floor { return }
        summary.days += 1
        try Self.reportingDamage(report) {
          let recount = try DayRecount(of: snapshot, day: day, newestBySource: &newestBySource, countsDay: true)
          summary.verdicts += recount.verdicts
          let before = summary.differences
          summary.tallies += try recount.compareTallies(report)
          if summary.differences == before { try recount.compareSummary(report) }
        }
      }
    }
    // Sixteen days are recounted where no day of them is wrong already.
    if summary.differences == 0 {
      for first in Set(days.map { Period(of: Period.day(of: $0), .sixteenDays) }).sorted() {
        try store.read { snapshot in
          let comparison = PeriodComparison(snapshot: snapshot, period: first)
          try Self.reportingDamage(report) {
            guard try !comparison.kept().isEmpty, let counted = try PeriodSummary(of: snapshot, first) else { return }
            try comparison.compare(with: counted.tallies, report)
          }
        }
      }
    }
    try store.read { snapshot in
      try Self.reportingDamage(report) {
        try Self.compareActivity(of: snapshot, newestBySource: newestBySource, report)
      }
    }
    return summary
  }

  /// A source's newest verdict may have moved on since its day was recounted, but never back, and it must be there.
  private static func compareActivity(
    of snapshot: any StoreSnapshot, newestBySource: [UInt32: Timestamp], _ report: (Difference) throws -> Void
  ) throws {
    let stored = Dictionary(try snapshot.lastVerdictBySource().map { ($0.source, $0.time) }) { first, _ in first }
    let names = try snapshot.values(of: .source)
    for (source, newest) in newestBySource.sorted(by: { $0.key < $1.key }) where (stored[source] ?? Timestamp(microseconds: .min)) < newest {
      let shown = stored[source]?.rfc3339() ?? "none"
      try report(Difference("last verdict of source \(names[source] ?? "?"): stored \(shown), recounted \(newest.rfc3339())"))
    }
    let floor = try snapshot.floor() ?? Timestamp(microseconds: .min)
    for (source, time) in stored.sorted(by: { $0.key < $1.key }) where time >= floor && time != newestBySource[source] {
      var isThere = false
      try snapshot.forEachVerdicts(in: Span(from: time, to: time.advanced(byMicroseconds: 1)), fields: .codes) { run in
        isThere = isThere || run.rows.contains { $0.codes[Dimension.source.lane] == source }
      }
      if !isThere { try report(Difference("last verdict of source \(names[source] ?? "?"): stored \(time.rfc3339()), but there is none")) }
    }
  }

  /// What is damaged is a difference; the work goes on elsewhere.
  private static func reportingDamage(_ report: (Difference) throws -> Void, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as StoreError where error.code == .damaged {
      try report(Difference(error.description))
    }
  }
}
