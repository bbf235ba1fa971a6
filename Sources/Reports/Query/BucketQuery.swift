import Tallies
package import Verdicts

/// A question about counts: which buckets, which groups, which verdicts.
package struct BucketQuery: Sendable {
  /// Ascending; bucket `i` is `[edges[i], edges[i + 1])`.
  package var edges: [Timestamp]
  package var by: [Dimension]
  package var filters: [DimensionFilter]
  package var measure: Measure

  package init(edges: [Timestamp], by: [Dimension], filters: [DimensionFilter] = [], measure: Measure) {
    self.edges = edges
    self.by = by
    self.filters = filters
    self.measure = measure
  }

  /// The tallies that can answer, or nil where only the verdicts can.
  var combination: Combination? { !measure.isTallied ? nil : Combination.covering(dimensions) }

  /// What period tallies can answer, that with the fewest cells first.
  var periodCombinations: [PeriodCombination] { PeriodCombination.covering(dimensions, hasNames: measure == .riskTypeSets) }

  /// Which part of the period tallies has what is asked for.
  var periodPart: PeriodTallyKey.Part { measure == .latencies ? .latencies : .counts }

  private var dimensions: Set<Dimension> { Set(by).union(filters.map(\.dimension)) }
}
