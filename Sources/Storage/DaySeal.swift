import Tallies
package import Verdicts

/// What stays of a day (UTC) whose verdicts were dropped, beside its tallies: how many there were, and a digest by which
/// `verify` tells that the tallies are still those that were proved before.
package struct DaySeal: Sendable, Equatable {
  /// 00:00 UTC.
  package var day: Timestamp
  package var verdicts: Int
  package var newestVerdict: Timestamp
  /// SHA-256 over all tallies of the day and the fields above.
  package var digest: [UInt8]

  package init(day: Timestamp, verdicts: Int, newestVerdict: Timestamp, digest: [UInt8]) {
    self.day = day
    self.verdicts = verdicts
    self.newestVerdict = newestVerdict
    self.digest = digest
  }

  /// The seal of a day whose verdicts are still there, or nil for a day without any.
  ///
  /// - Throws: ``StoreError`` `damaged` where a tally cannot be read.
  package init?(of snapshot: any StoreSnapshot, day: Timestamp) throws {
    guard let newest = try snapshot.newestVerdict(before: day.advanced(byMicroseconds: Timestamp.microsecondsPerDay)), newest >= day else {
      return nil
    }
    self.day = day
    newestVerdict = newest
    verdicts = 0
    digest = []
    verdicts = try Self.verdictsTallied(of: snapshot, buckets: Self.buckets(of: day))
    digest = try digestNow(of: snapshot)
  }

  /// The digest of the tallies as they are, with this seal's other fields.
  package func digestNow(of snapshot: any StoreSnapshot) throws -> [UInt8] {
    var digest = TallyDigest()
    digest.add(day.microseconds)
    digest.add(Int64(verdicts))
    digest.add(newestVerdict.microseconds)
    try digest.add(Combination.allCases, in: Self.buckets(of: day), of: snapshot)
    return digest.finish()
  }

  /// Verdicts that the overall tallies of some buckets count.
  package static func verdictsTallied(of snapshot: any StoreSnapshot, buckets: Range<UInt32>) throws -> Int {
    var verdicts = 0
    try snapshot.forEachTally(of: .overall, buckets: buckets) { key, bytes in
      do {
        var cells = try TallyDecoder(bytes, of: .overall)
        while try cells.next() { verdicts += Int(clamping: cells.verdicts.wrappedSum()) }
      } catch is TallyDamage {
        throw StoreError(.damaged, "the tally of overall at \(key.start.rfc3339()) is damaged; run guardtally verify")
      }
    }
    return verdicts
  }

  private static func buckets(of day: Timestamp) -> Range<UInt32> { Period(of: Period.day(of: day), .day).buckets }
}
