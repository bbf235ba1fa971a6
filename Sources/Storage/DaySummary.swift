package import Tallies
package import Verdicts

/// A day's tallies added up for the whole day (UTC), in one snapshot, so that long spans are answered by reading little.
///
/// Day tallies are derived from what is there: a store drops a day's as soon as any of its 15-minute tallies changes, and the scheduled
/// job makes them again. They never count anything that the 15-minute tallies or the verdicts do not.
package struct DaySummary {
  /// 00:00 UTC.
  package let day: Timestamp
  /// The overall tallies that were added up. They hold the fingerprints of all verdicts of the day, so a day whose overall tallies are
  /// still these has not changed.
  package let overall: [TallyKey: [UInt8]]
  package private(set) var tallies: [DayTallyKey: [UInt8]] = [:]

  /// - Returns: nil for a day that nothing is counted on.
  /// - Throws: ``StoreError`` `damaged` where a tally cannot be read.
  package init?(of snapshot: any StoreSnapshot, day: Timestamp) throws {
    self.day = day
    overall = try Self.overallTallies(of: snapshot, day: day)
    guard !overall.isEmpty else { return nil }
    let bounds = DayTallyBuilder.Bounds(verdicts: try DaySeal.verdictsTallied(of: snapshot, day: day))
    for combination in DayCombination.allCases {
      guard let quarterly = combination.combination else { continue }
      var builder = DayTallyBuilder(combination, bounds: bounds)
      try snapshot.forEachTally(of: quarterly, buckets: Self.buckets(of: day)) { key, bytes in
        do {
          var cells = try TallyDecoder(bytes, of: quarterly)
          while try cells.next() { builder.add(cells) }
        } catch is TallyDamage {
          throw StoreError(.damaged, "the tally of \(quarterly.name) at \(key.start.rfc3339()) is damaged; run guardtally verify, then guardtally rebuild")
        }
      }
      keep(builder)
    }
    // What only verdicts tell goes with them.
    if let floor = try snapshot.floor(), day < floor { return }
    var builders = DayCombination.allCases.filter { $0.combination == nil }.map { DayTallyBuilder($0, bounds: bounds) }
    let span = Span(from: day, to: day.advanced(byMicroseconds: Timestamp.microsecondsPerDay))
    try snapshot.forEachVerdicts(in: span, fields: [.codes, .verdict, .riskTypes, .latency]) { run in
      for index in builders.indices { builders[index].add(run.rows) }
    }
    for builder in builders { keep(builder) }
  }

  private mutating func keep(_ builder: DayTallyBuilder) {
    for (part, cells) in builder.parts() {
      tallies[DayTallyKey(day: DayTallyKey.day(of: day), combination: builder.combination, part: part)] = cells
    }
  }

  /// Whether the day is still what was added up.
  package func holds(in snapshot: any StoreSnapshot) throws -> Bool { try Self.overallTallies(of: snapshot, day: day) == overall }

  private static func overallTallies(of snapshot: any StoreSnapshot, day: Timestamp) throws -> [TallyKey: [UInt8]] {
    var tallies: [TallyKey: [UInt8]] = [:]
    try snapshot.forEachTally(of: .overall, buckets: buckets(of: day)) { tallies[$0] = Array($1) }
    return tallies
  }

  private static func buckets(of day: Timestamp) -> Range<UInt32> {
    TallyKey.bucket(of: day.microseconds)..<TallyKey.bucket(of: day.microseconds + Timestamp.microsecondsPerDay)
  }
}
