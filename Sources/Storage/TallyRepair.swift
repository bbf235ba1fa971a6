package import Tallies
import Verdicts

/// What must be done so that the tallies of whole 15-minute buckets are a recount of their verdicts.
package struct TallyRepair {
  /// All tallies as they should be.
  package let recount: [TallyKey: [UInt8]]
  /// Those that are right already.
  package private(set) var kept: [TallyKey] = []
  /// Those that are missing or wrong, as they should be.
  package private(set) var changed: [TallyKey: [UInt8]]
  /// Those that count nothing.
  package private(set) var stale: [TallyKey] = []
  /// Numbers that no tally has.
  package let unknown: [Int64]
  package private(set) var outcome = RebuildOutcome()

  /// - Parameter findsUnknown: whether all tallies are looked through for numbers that none has.
  package init(of snapshot: any StoreSnapshot, buckets: Range<UInt32>, findsUnknown: Bool) throws {
    let grain = TallyKey.grainMicroseconds
    let span = Span(
      from: Timestamp(microseconds: Int64(buckets.lowerBound) * grain), to: Timestamp(microseconds: Int64(buckets.upperBound) * grain))
    recount = try TallyRecount(of: snapshot, in: span).tallies
    changed = recount
    unknown = findsUnknown ? try snapshot.unknownTallies() : []
    for combination in Combination.allCases {
      try snapshot.forEachTally(of: combination, buckets: buckets) { key, bytes in
        let counted = recount[key]
        if let counted, bytes.elementsEqual(counted) {
          kept.append(key)
          changed[key] = nil
          return
        }
        if counted == nil { stale.append(key) }
        if combination == .overall, let before = Self.fingerprint(bytes), before != counted.flatMap({ $0.withUnsafeBytes(Self.fingerprint) }) {
          outcome.bucketsOfOtherVerdicts.append(key.start)
        }
      }
    }
    outcome.talliesChanged = changed.count + stale.count + unknown.count
  }

  /// The fingerprint of an overall tally, or nil where its bytes are damaged.
  private static func fingerprint(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    guard var cells = try? TallyDecoder(bytes, of: .overall), (try? cells.next()) == true else { return nil }
    return cells.fingerprint
  }
}
