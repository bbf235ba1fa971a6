package import Tallies
package import Verdicts

/// A period's counts on their way to period tallies.
package struct CountedPeriod {
  private let period: Period
  private let bounds: PeriodTallyBuilder.Bounds
  private let codes: [Dimension: Range<Int>]
  /// What the period is counted by.
  package let combinations: [PeriodCombination]
  private var ofVerdicts: [PeriodTallyBuilder]

  /// Sixteen days with more verdicts are not counted by anything: their days are quick enough, and they would take long to count.
  private static let sixteenDaysVerdictsMax = 8_388_608

  /// - Parameters:
  ///   - verdicts: of the period.
  ///   - snapshot: of the store whose period it is.
  package init(_ period: Period, verdicts: Int, of snapshot: any StoreSnapshot) throws {
    self.period = period
    let bounds = PeriodTallyBuilder.Bounds(verdicts: verdicts, hasBlocks: snapshot.hasBlocks)
    self.bounds = bounds
    codes = try Dimension.allCases.reduce(into: [:]) { $0[$1] = try snapshot.values(of: $1).codes }
    combinations = period.length == .sixteenDays && verdicts > Self.sixteenDaysVerdictsMax ? [.overall] : PeriodCombination.allCases
    ofVerdicts = []
    for combination in combinations where combination.combination == nil {
      ofVerdicts.append(PeriodTallyBuilder(combination, bounds: bounds, codes: codes))
    }
  }

  /// Whether ``add(_:)`` must be given the period's verdicts.
  package var needsVerdicts: Bool { !ofVerdicts.isEmpty }

  /// Counts verdicts, each of the period's once.
  package mutating func add(_ rows: UnsafeBufferPointer<VerdictRow>) {
    for index in ofVerdicts.indices { ofVerdicts[index].add(rows) }
  }

  /// The period tallies of all that was counted.
  ///
  /// - Parameter forEachTally: gives the period's 15-minute tallies of a combination.
  package func tallies(
    _ forEachTally: (Combination, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> [PeriodTallyKey: [UInt8]] {
    var tallies: [PeriodTallyKey: [UInt8]] = [:]
    func keep(_ builder: PeriodTallyBuilder) {
      for (part, cells) in builder.parts() { tallies[PeriodTallyKey(period: period, combination: builder.combination, part: part)] = cells }
    }
    for combination in combinations {
      guard let quarterly = combination.combination else { continue }
      var builder = PeriodTallyBuilder(combination, bounds: bounds, codes: codes)
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
