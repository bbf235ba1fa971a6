package import Reports
package import Storage
import Tallies
package import Verdicts
import Verification

/// Undoes a wrong load: removes verdicts and what was counted of them. Counters stay, and the ledger keeps what was removed.
package struct Discard {
  private let store: any VerdictStore
  private let span: Span
  private let filters: [DimensionFilter]

  /// Verdicts are removed an hour at a time: writers wait for no more than that.
  private static let chunkMicroseconds = Timestamp.microsecondsPerHour
  private static let nameBytesMax = 1_024

  /// - Parameter span: what of it lies before the floor is gone already.
  package init(of store: any VerdictStore, span: Span, filters: [DimensionFilter]) {
    self.store = store
    self.span = span
    self.filters = filters
  }

  /// What would go.
  package struct Preview: Sendable, Equatable {
    package var verdicts = 0
    package var first: Timestamp?
    package var last: Timestamp?
    /// In bytewise order.
    package var bySource: [(name: String, verdicts: Int)] = []

    package static func == (left: Preview, right: Preview) -> Bool {
      left.verdicts == right.verdicts && left.first == right.first && left.last == right.last
        && left.bySource.elementsEqual(right.bySource) { $0.name.utf8.elementsEqual($1.name.utf8) && $0.verdicts == $1.verdicts }
    }
  }

  package struct Summary: Sendable, Equatable {
    package var verdicts = 0
    package var days = 0
    /// Why the rest was left, or nil.
    package var obstacle: String?
    package var isInterrupted = false
  }

  /// - Throws: ``StoreError`` `before_floor` where the span begins before the floor.
  package func preview() throws -> Preview {
    try store.read { snapshot in
      if let floor = try snapshot.floor(), span.from > Span.always.from, span.from < floor {
        throw StoreError(
          .beforeFloor, "verdicts before \(floor.rfc3339()) have been dropped and their days are sealed; begin at the floor or later")
      }
      var preview = Preview()
      guard let selection = try selection(in: snapshot) else { return preview }
      var bySource: [UInt32: Int] = [:]
      try snapshot.forEachVerdicts(in: selection.span, fields: .codes) { run in
        for row in run.rows where selection.contains(row) {
          preview.verdicts += 1
          preview.first = preview.first ?? Timestamp(microseconds: row.time)
          preview.last = Timestamp(microseconds: row.time)
          bySource[row.codes[Dimension.source.lane], default: 0] += 1
        }
      }
      let names = try snapshot.values(of: .source)
      preview.bySource = bySource.map { (names[$0.key] ?? "?", $0.value) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
      return preview
    }
  }

  /// Removes what is selected, each day only after its tallies were proved by a recount: what does not verify is not made to.
  ///
  /// - Parameters:
  ///   - name: what the ledger calls the run.
  ///   - maintainer: keeps the scheduled job and other discards out.
  ///   - agreed: how many somebody agreed to; nil where nobody was asked.
  ///   - isInterrupted: asked between two commits.
  package func run(
    named name: String, by maintainer: any StoreMaintainer, now: Timestamp, agreed: Int? = nil, isInterrupted: () -> Bool = { false }
  ) throws -> Summary {
    var summary = Summary()
    if let agreed {
      let found = try preview().verdicts
      guard found == agreed else {
        summary.obstacle = "it would be \(found) verdicts by now, and not \(agreed), so nothing was discarded; run it again"
        return summary
      }
    }
    let (found, days) = try store.read { snapshot in
      let selection = try selection(in: snapshot)
      return (selection, try selection.map { try snapshot.days(in: $0.span) } ?? [])
    }
    guard let found else { return summary }
    var run = LedgerRun(input: String(decoding: name.utf8.prefix(Self.nameBytesMax), as: UTF8.self), startedAt: now)
    for day in days {
      if case .differs(let differences) = try DayProof.of(day, in: store) {
        let date = day.rfc3339().prefix(10)
        summary.obstacle =
          "\(date) does not verify, so nothing from that day on was discarded: \(differences.first.map { "\($0)" } ?? ""); see guardtally verify --from \(date)"
        break
      }
      var removed = 0
      let end = min(day.advanced(byMicroseconds: Timestamp.microsecondsPerDay), found.span.to)
      var from = max(day, found.span.from)
      while from < end {
        if isInterrupted() {
          summary.isInterrupted = true
          break
        }
        let to = min(from.advanced(byMicroseconds: 1).raised(to: Self.chunkMicroseconds), end)
        var chunk = found
        chunk.span = Span(from: from, to: to)
        removed += try maintainer.discard(chunk, in: &run)
        from = to
      }
      summary.verdicts += removed
      if removed > 0 { summary.days += 1 }
      if summary.isInterrupted { break }
    }
    if summary.verdicts > 0 { try maintainer.reclaimSpace() }
    return summary
  }

  /// Nil where a filter lets nothing through that the store has.
  private func selection(in snapshot: any StoreSnapshot) throws -> VerdictSelection? {
    var codes: [Dimension: Set<UInt32>] = [:]
    for filter in filters {
      let matching = filter.matchingCodes(of: try snapshot.values(of: filter.dimension))
      let passing = Set(matching.indices.filter { matching[$0] }.map { UInt32($0) })
      codes[filter.dimension] = codes[filter.dimension]?.intersection(passing) ?? passing
    }
    guard codes.values.allSatisfy({ !$0.isEmpty }) else { return nil }
    let from = max(span.from, try snapshot.floor() ?? span.from)
    return from < span.to ? VerdictSelection(span: Span(from: from, to: span.to), codes: codes) : nil
  }
}
