import Storage
import Tallies

/// The tallies of a period as they should be, compared with those that a store keeps.
struct PeriodComparison {
  let snapshot: any StoreSnapshot
  let period: Period

  /// Those that the store keeps; none where the period is not added up.
  func kept() throws -> [PeriodTallyKey] {
    try snapshot.periodTallies(of: period.firstDay..<period.firstDay + 1).filter { $0.period == period }
  }

  /// Byte by byte.
  func compare(with expected: [PeriodTallyKey: [UInt8]], _ report: (Difference) throws -> Void) throws {
    var missing = expected
    try snapshot.forEachPeriodTally(try kept()) { key, bytes in
      guard let counted = missing.removeValue(forKey: key) else {
        return try report(Difference("\(key.name): it should not be there"))
      }
      guard !bytes.elementsEqual(counted) else { return }
      guard let stored = Self.total(bytes, of: key) else { return try report(Difference("\(key.name): its bytes are damaged")) }
      let recounted = counted.withUnsafeBytes { Self.total($0, of: key) } ?? 0
      if stored == recounted { return try report(Difference("\(key.name): the counts are as many, but not the same")) }
      try report(Difference(key.name, stored: stored, recounted: recounted))
    }
    for key in missing.keys.sorted() { try report(Difference("\(key.name): it is missing")) }
  }

  /// Verdicts, or those with a latency, that a period tally counts; nil where its bytes are damaged.
  private static func total(_ bytes: UnsafeRawBufferPointer, of key: PeriodTallyKey) -> UInt64? {
    guard var cells = try? TallyDecoder(bytes, ofPeriod: key.combination) else { return nil }
    var total: UInt64 = 0
    do {
      while try cells.next() {
        total &+= key.part == .latencies ? cells.latencyBuckets.reduce(0) { $0 &+ cells.counts.latencies[Int($1)] } : cells.verdicts.wrappedSum()
      }
    } catch {
      return nil
    }
    return total
  }
}
