import Tallies
package import Verdicts

/// Verdicts of a span whose dimensions have one of certain codes.
package struct VerdictSelection: Sendable, Equatable {
  package var span: Span
  /// The codes that are let through, of each dimension that is asked for; never empty.
  package var codes: [Dimension: Set<UInt32>]

  package init(span: Span, codes: [Dimension: Set<UInt32>]) {
    self.span = span
    self.codes = codes
  }

  package func contains(_ row: VerdictRow) -> Bool {
    row.time >= span.from.microseconds && row.time < span.to.microseconds && codes.allSatisfy { $1.contains(row.codes[$0.lane]) }
  }
}

/// The newest verdicts of sources whose verdicts were removed.
package struct NewestVerdicts {
  /// By source, where it may not be what it was; nil where none is left.
  package let times: [UInt32: Timestamp?]

  /// - Parameters:
  ///   - span: from which they were removed. A source with a newer verdict keeps it.
  ///   - snapshot: in which they are gone. It is looked through from the newest that can be on, until every source was met.
  package init(of sources: Set<UInt32>, removedFrom span: Span, in snapshot: any StoreSnapshot) throws {
    let known = Dictionary(try snapshot.lastVerdictBySource().map { ($0.source, $0.time) }) { max($0, $1) }
    let sources = sources.filter { known[$0].map { $0 < span.to } ?? true }
    let floor = try snapshot.floor() ?? Span.always.from
    var found: [UInt32: Timestamp] = [:]
    // One that had a verdict had none after its newest.
    let newestKnown = sources.allSatisfy { known[$0] != nil } ? sources.compactMap { known[$0] }.max() : nil
    var end = newestKnown.map { $0.advanced(byMicroseconds: 1) } ?? Span.always.to
    var width = TallyKey.grainMicroseconds
    while found.count < sources.count, let newest = try snapshot.newestVerdict(before: end), newest >= floor {
      let from = newest.floored(to: width)
      var inWidth: [UInt32: Int64] = [:]
      try snapshot.forEachVerdicts(in: Span(from: from, to: end), fields: .codes) { run in
        for row in run.rows where sources.contains(row.codes[Dimension.source.lane]) { inWidth[row.codes[Dimension.source.lane]] = row.time }
      }
      for (source, time) in inWidth where found[source] == nil { found[source] = Timestamp(microseconds: time) }
      end = from
      width = min(2 * width, Timestamp.microsecondsPerDay)
    }
    times = Dictionary(uniqueKeysWithValues: sources.map { ($0, found[$0]) })
  }
}
