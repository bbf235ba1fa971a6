import Storage
import Tallies
import Verdicts

/// A day's tallies added up once more, and compared with its day tallies.
struct DayComparison {
  private let snapshot: any StoreSnapshot
  private let day: Timestamp

  init(of snapshot: any StoreSnapshot, day: Timestamp) {
    self.snapshot = snapshot
    self.day = day
  }

  /// Byte by byte. A day without day tallies has nothing to compare.
  func compare(_ report: (Difference) throws -> Void) throws {
    let number = DayTallyKey.day(of: day)
    let keys = try snapshot.dayTallies(of: number..<number + 1)
    guard !keys.isEmpty, var missing = try DaySummary(of: snapshot, day: day)?.tallies else { return }
    try snapshot.forEachDayTally(keys) { key, bytes in
      guard let counted = missing.removeValue(forKey: key) else {
        return try report(Difference("\(name(of: key)): it should not be there"))
      }
      guard !bytes.elementsEqual(counted) else { return }
      guard let stored = Self.total(bytes, of: key) else { return try report(Difference("\(name(of: key)): its bytes are damaged")) }
      let recounted = counted.withUnsafeBytes { Self.total($0, of: key) } ?? 0
      if stored == recounted { return try report(Difference("\(name(of: key)): the counts are as many, but not the same")) }
      try report(Difference(name(of: key), stored: stored, recounted: recounted))
    }
    for key in missing.keys.sorted() { try report(Difference("\(name(of: key)): it is missing")) }
  }

  private func name(of key: DayTallyKey) -> String {
    "day tally of \(key.combination.name)\(key.part == .latencies ? " (latencies)" : "") on \(day.rfc3339().prefix(10))"
  }

  /// Verdicts, or those with a latency, that a day tally counts; nil where its bytes are damaged.
  private static func total(_ bytes: UnsafeRawBufferPointer, of key: DayTallyKey) -> UInt64? {
    guard var cells = try? TallyDecoder(bytes, ofDay: key.combination) else { return nil }
    var total: UInt64 = 0
    do {
      while try cells.next() {
        total &+= key.part == .latencies ? cells.cell.latencies.reduce(0, &+) : cells.cell.verdicts.wrappedSum()
      }
    } catch {
      return nil
    }
    return total
  }
}
