import Storage
import Tallies
import Verdicts

/// A recounted day compared with its day tallies.
extension DayRecount {
  /// Byte by byte. A day without day tallies has nothing to compare, and one whose tallies are wrong nothing to compare with.
  func compareDayTallies(_ report: (Difference) throws -> Void) throws {
    guard let counted else { return }
    var missing = try counted.tallies { combination, body in
      for (key, cells) in recount.tallies.sorted(by: { $0.key < $1.key }) where key.combination == combination { try cells.withUnsafeBytes(body) }
    }
    let number = DayTallyKey.day(of: day)
    try snapshot.forEachDayTally(try snapshot.dayTallies(of: number..<number + 1)) { key, bytes in
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
