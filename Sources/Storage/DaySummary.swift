package import Tallies
package import Verdicts

/// A day's tallies added up for the whole day (UTC), in one snapshot, so that long spans are answered by reading little.
///
/// Day tallies are derived from what is there: a store drops a day's as soon as any of its 15-minute tallies changes, and the scheduled
/// job makes them again. They never count anything that the 15-minute tallies or the verdicts do not.
package struct DaySummary {
  /// 00:00 UTC.
  package let day: Timestamp
  package let tallies: [DayTallyKey: [UInt8]]
  /// Over all 15-minute tallies that were added up.
  private let digest: [UInt8]

  /// - Returns: nil for a day that nothing is counted on, or whose verdicts were dropped.
  /// - Throws: ``StoreError`` `damaged` where a tally cannot be read.
  package init?(of snapshot: any StoreSnapshot, day: Timestamp) throws {
    if let floor = try snapshot.floor(), day < floor { return nil }
    let verdicts = try DaySeal.verdictsTallied(of: snapshot, day: day)
    guard verdicts > 0 else { return nil }
    self.day = day
    digest = try Self.digest(of: snapshot, day: day)
    var counting = CountedDay(day: day, verdicts: verdicts)
    let span = Span(from: day, to: day.advanced(byMicroseconds: Timestamp.microsecondsPerDay))
    try snapshot.forEachVerdicts(in: span, fields: [.codes, .verdict, .riskTypes, .latency]) { counting.add($0.rows) }
    tallies = try counting.tallies { combination, body in
      try snapshot.forEachTally(of: combination, buckets: TallyKey.buckets(ofDay: day)) { key, bytes in
        do {
          try body(bytes)
        } catch is TallyDamage {
          throw StoreError(.damaged, "the tally of \(combination.name) at \(key.start.rfc3339()) is damaged; run guardtally verify, then guardtally rebuild")
        }
      }
    }
  }

  /// Whether the day is still what was added up. A change that no verdict made, such as a tally that was mended, is one too.
  package func holds(in snapshot: any StoreSnapshot) throws -> Bool { try Self.digest(of: snapshot, day: day) == digest }

  private static func digest(of snapshot: any StoreSnapshot, day: Timestamp) throws -> [UInt8] {
    try DaySeal(day: day, verdicts: 0, newestVerdict: day, digest: []).digestNow(of: snapshot)
  }
}

/// A day's counts on their way to day tallies.
package struct CountedDay {
  private let day: Timestamp
  private let bounds: DayTallyBuilder.Bounds
  private var ofVerdicts: [DayTallyBuilder]

  /// - Parameter verdicts: of the day.
  package init(day: Timestamp, verdicts: Int) {
    self.day = day
    let bounds = DayTallyBuilder.Bounds(verdicts: verdicts)
    self.bounds = bounds
    ofVerdicts = DayCombination.allCases.filter { $0.combination == nil }.map { DayTallyBuilder($0, bounds: bounds) }
  }

  /// Counts verdicts, each of the day's once.
  package mutating func add(_ rows: UnsafeBufferPointer<VerdictRow>) {
    for index in ofVerdicts.indices { ofVerdicts[index].add(rows) }
  }

  /// The day tallies of all that was counted.
  ///
  /// - Parameter forEachTally: gives the day's 15-minute tallies of a combination.
  package func tallies(
    _ forEachTally: (Combination, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> [DayTallyKey: [UInt8]] {
    var tallies: [DayTallyKey: [UInt8]] = [:]
    func keep(_ builder: DayTallyBuilder) {
      for (part, cells) in builder.parts() {
        tallies[DayTallyKey(day: DayTallyKey.day(of: day), combination: builder.combination, part: part)] = cells
      }
    }
    for combination in DayCombination.allCases {
      guard let quarterly = combination.combination else { continue }
      var builder = DayTallyBuilder(combination, bounds: bounds)
      try forEachTally(quarterly) { bytes in
        var cells = try TallyDecoder(bytes, of: quarterly)
        while try cells.next() { builder.add(cells) }
      }
      keep(builder)
    }
    for builder in ofVerdicts { keep(builder) }
    return tallies
  }
}
