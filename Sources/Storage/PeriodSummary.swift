package import Tallies
import Verdicts

/// The tallies of a period (UTC) added up, in one snapshot, so that long spans are answered by reading little.
///
/// They are derived from what is there: a store drops a period's as soon as any of its 15-minute tallies changes, and the scheduled
/// job makes them again. They never count anything that the 15-minute tallies or the verdicts do not.
package struct PeriodSummary {
  package let period: Period
  package let tallies: [PeriodTallyKey: [UInt8]]
  private let combinations: [Combination]
  /// Over all 15-minute tallies that were added up.
  private let digest: [UInt8]

  /// - Returns: nil for a period that nothing is counted in, or of which verdicts were dropped.
  /// - Throws: ``StoreError`` `damaged` where a tally cannot be read.
  package init?(of snapshot: any StoreSnapshot, _ period: Period) throws {
    if let floor = try snapshot.floor(), period.start < floor { return nil }
    let verdicts = try DaySeal.verdictsTallied(of: snapshot, buckets: period.buckets)
    guard verdicts > 0 else { return nil }
    self.period = period
    var counting = try CountedPeriod(period, verdicts: verdicts, of: snapshot)
    combinations = counting.combinations.compactMap(\.combination)
    digest = try TallyDigest.of(combinations, in: period.buckets, of: snapshot)
    if counting.needsVerdicts {
      try snapshot.forEachVerdicts(in: period.span, fields: [.codes, .verdict, .riskTypes, .latency]) { counting.add($0.rows) }
    }
    tallies = try counting.tallies { combination, body in
      try snapshot.forEachTally(of: combination, buckets: period.buckets) { key, bytes in
        do {
          try body(bytes)
        } catch is TallyDamage {
          throw StoreError(.damaged, "the tally of \(combination.name) at \(key.start.rfc3339()) is damaged; run guardtally verify, then guardtally rebuild")
        }
      }
    }
  }

  /// Whether the period is still what was added up. A change that no verdict made, such as a tally that was mended, is one too.
  package func holds(in snapshot: any StoreSnapshot) throws -> Bool {
    try TallyDigest.of(combinations, in: period.buckets, of: snapshot) == digest
  }
}
