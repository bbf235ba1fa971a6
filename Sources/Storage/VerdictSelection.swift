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
  /// By source; nil where none is left.
  package let times: [UInt32: Timestamp?]

  /// - Parameter snapshot: in which they are gone. Days are looked through from the newest on, until every source was met.
  package init(of sources: Set<UInt32>, in snapshot: any StoreSnapshot) throws {
    var found: [UInt32: Timestamp] = [:]
    for day in try snapshot.days(in: Span(from: try snapshot.floor() ?? Span.always.from, to: Span.always.to)).reversed() {
      if found.count == sources.count { break }
      var newest: [UInt32: Int64] = [:]
      try snapshot.forEachVerdicts(in: Span(from: day, to: day.advanced(byMicroseconds: Timestamp.microsecondsPerDay)), fields: .codes) { run in
        for row in run.rows where sources.contains(row.codes[Dimension.source.lane]) { newest[row.codes[Dimension.source.lane]] = row.time }
      }
      for (source, time) in newest where found[source] == nil { found[source] = Timestamp(microseconds: time) }
    }
    times = Dictionary(uniqueKeysWithValues: sources.map { ($0, found[$0]) })
  }
}
