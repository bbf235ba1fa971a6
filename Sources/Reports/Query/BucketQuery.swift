import Storage
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

  /// The dimensions that it takes to answer. One that has a single value in the store tells nothing apart: it is every verdict's.
  func dimensions(of snapshot: any StoreSnapshot) throws -> Set<Dimension> {
    try Set(by).union(filters.map(\.dimension)).filter { try Self.onlyCode(of: $0, in: snapshot) == nil }
  }

  /// The code of a dimension's single value, or nil where there are none or others.
  static func onlyCode(of dimension: Dimension, in snapshot: any StoreSnapshot) throws -> UInt32? {
    let values = try snapshot.values(of: dimension).all
    return values.count == 1 ? values[0].code : nil
  }

  /// The tallies that tell dimensions apart, or nil where only the verdicts can.
  func combination(_ dimensions: Set<Dimension>) -> Combination? { !measure.isTallied ? nil : Combination.covering(dimensions) }

  /// The period tallies that do, that with the fewest cells first.
  func periodCombinations(_ dimensions: Set<Dimension>) -> [PeriodCombination] {
    PeriodCombination.covering(dimensions, hasNames: measure == .riskTypeSets)
  }

  /// Which part of the period tallies has what is asked for.
  var periodPart: PeriodTallyKey.Part { measure == .latencies ? .latencies : .counts }
}
