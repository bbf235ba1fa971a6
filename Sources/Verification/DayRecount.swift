import Storage
import Tallies
import Verdicts

/// One day's verdicts counted anew, in the snapshot in which its tallies are compared.
struct DayRecount {
  private let snapshot: any StoreSnapshot
  private let day: Timestamp
  private let recount: TallyRecount
  /// What the day should be added up to, or nil where it is not.
  private let counted: CountedPeriod?
  let verdicts: Int

  private var span: Span { Span(from: day, to: day.advanced(byMicroseconds: Timestamp.microsecondsPerDay)) }

  /// - Parameters:
  ///   - newestBySource: raised to the newest verdict of each source seen.
  ///   - countsDay: whether the day is added up too, if the store has it added up.
  /// - Throws: ``StoreError`` `damaged` where verdicts are out of order, twice there, or in values that are not listed.
  init(of snapshot: any StoreSnapshot, day: Timestamp, newestBySource: inout [UInt32: Timestamp], countsDay: Bool = false) throws {
    self.snapshot = snapshot
    self.day = day
    let span = Span(from: day, to: day.advanced(byMicroseconds: Timestamp.microsecondsPerDay))
    var counted = countsDay ? try Self.begunCounting(of: snapshot, day: day) : nil
    recount = try TallyRecount(of: snapshot, in: span) { counted?.add($0) }
    self.counted = counted
    verdicts = recount.verdicts
    try Self.checkIdentities(of: snapshot, in: span, newestBySource: &newestBySource)
  }

  private static func begunCounting(of snapshot: any StoreSnapshot, day: Timestamp) throws -> CountedPeriod? {
    let period = Period(of: Period.day(of: day), .day)
    guard try !PeriodComparison(snapshot: snapshot, period: period).kept().isEmpty else { return nil }
    do {
      return try CountedPeriod(period, verdicts: try DaySeal.verdictsTallied(of: snapshot, buckets: period.buckets), of: snapshot)
    } catch let error as StoreError where error.code == .damaged {
      // Told when the tallies are compared, or the values.
      return nil
    }
  }

  /// Compares what the day was added up to, if it was; to be asked where its tallies are right.
  func compareSummary(_ report: (Difference) throws -> Void) throws {
    guard let counted else { return }
    let expected = try counted.tallies { combination, body in
      for (key, cells) in recount.tallies.sorted(by: { $0.key < $1.key }) where key.combination == combination { try cells.withUnsafeBytes(body) }
    }
    try PeriodComparison(snapshot: snapshot, period: Period(of: Period.day(of: day), .day)).compare(with: expected, report)
  }

  /// Compares the day's tallies byte by byte; where they differ, cell by cell.
  ///
  /// - Returns: how many tallies the day has.
  func compareTallies(_ report: (Difference) throws -> Void) throws -> Int {
    var count = 0
    let buckets = TallyKey.bucket(of: span.from.microseconds)..<TallyKey.bucket(of: span.to.microseconds)
    for combination in Combination.allCases {
      var missing = Set(recount.tallies.keys.filter { $0.combination == combination })
      try snapshot.forEachTally(of: combination, buckets: buckets) { key, bytes in
        count += 1
        missing.remove(key)
        if let counted = recount.tallies[key], bytes.elementsEqual(counted) { return }
        try compareCells(of: key, stored: bytes, recounted: recount.tallies[key], report)
      }
      for key in missing.sorted() {
        try compareCells(of: key, stored: nil, recounted: recount.tallies[key], report)
      }
    }
    return count
  }

  // MARK: - Cells

  private func compareCells(
    of key: TallyKey, stored: UnsafeRawBufferPointer?, recounted: [UInt8]?, _ report: (Difference) throws -> Void
  ) throws {
    let place = "tally of \(key.combination.name) at \(key.start.rfc3339())"
    let storedCells: [DimensionCodes: TallyCell]
    do {
      storedCells = try stored.map { try Self.cells($0, of: key.combination) } ?? [:]
    } catch is TallyDamage {
      return try report(Difference("\(place): its bytes are damaged"))
    }
    let countedCells = try recounted.map { bytes in try bytes.withUnsafeBytes { try Self.cells($0, of: key.combination) } } ?? [:]
    var found = false
    let values = try key.combination.dimensions.map { try snapshot.values(of: $0) }
    for codes in Set(storedCells.keys).union(countedCells.keys) {
      let left = storedCells[codes] ?? TallyCell()
      let right = countedCells[codes] ?? TallyCell()
      guard left != right else { continue }
      let name = "\(place)\(self.name(of: codes, in: key.combination, values: values))"
      for verdict in Verdict.allCases where left.verdicts[Int(verdict.rawValue)] != right.verdicts[Int(verdict.rawValue)] {
        found = true
        try report(
          Difference("\(name): \(verdict.name)", stored: left.verdicts[Int(verdict.rawValue)], recounted: right.verdicts[Int(verdict.rawValue)]))
      }
      if left.flagged != right.flagged {
        found = true
        try reportRiskTypes(name, left.flagged, right.flagged, report)
      }
      for cause in ErrorCause.allCases where left.errorCauses[Int(cause.rawValue)] != right.errorCauses[Int(cause.rawValue)] {
        found = true
        try report(
          Difference(
            "\(name): errors of cause \(cause == .absent ? "none" : cause.name)", stored: left.errorCauses[Int(cause.rawValue)],
            recounted: right.errorCauses[Int(cause.rawValue)]))
      }
      if left.latencySumMicroseconds != right.latencySumMicroseconds {
        found = true
        try report(
          Difference("\(name): sum of latencies in microseconds", stored: left.latencySumMicroseconds, recounted: right.latencySumMicroseconds))
      }
      if left.latencies != right.latencies {
        found = true
        try report(
          Difference("\(name): distribution of latencies", stored: left.latencies.reduce(0, &+), recounted: right.latencies.reduce(0, &+)))
      }
    }
    for (codes, left) in storedCells {
      guard let right = countedCells[codes], left.fingerprint != right.fingerprint else { continue }
      found = true
      try report(Difference("\(place): the verdicts are as many, but not the same in every field"))
    }
    if !found { try report(Difference("\(place): its bytes are not in canonical form")) }
  }

  private func reportRiskTypes(
    _ name: String, _ stored: [UInt64], _ recounted: [UInt64], _ report: (Difference) throws -> Void
  ) throws {
    for type in RiskType.allCases {
      for (offset, verdict) in [(0, "controversial"), (RiskType.count, "unsafe")] {
        let index = offset + Int(type.rawValue)
        guard stored[index] != recounted[index] else { continue }
        try report(Difference("\(name): \(verdict) with \(type.name)", stored: stored[index], recounted: recounted[index]))
      }
    }
  }

  private func name(of codes: DimensionCodes, in combination: Combination, values: [CodedValues]) -> String {
    zip(combination.dimensions, values).map { " \($0.name)=\($1[codes[Int($0.rawValue)]] ?? "?")" }.joined()
  }

  private static func cells(_ bytes: UnsafeRawBufferPointer, of combination: Combination) throws -> [DimensionCodes: TallyCell] {
    var decoder = try TallyDecoder(bytes, of: combination)
    var cells: [DimensionCodes: TallyCell] = [:]
    while try decoder.next() { cells[decoder.codes] = decoder.cell }
    return cells
  }

  // MARK: - Verdicts

  /// Every verdict stands once, in the order of identities, and in values that the store lists.
  private static func checkIdentities(
    of snapshot: any StoreSnapshot, in span: Span, newestBySource: inout [UInt32: Timestamp]
  ) throws {
    let listed = try CodedField.allCases.map { field in
      Set(try snapshot.values(of: field).all.map(\.code) + (field == .nativeNames ? [0] : []))
    }
    var previous = VerdictRow()
    var previousID: [UInt8] = []
    try snapshot.forEachVerdicts(in: span, fields: [.codes, .id]) { run in
      for row in run.rows {
        for lane in 0..<CodedField.allCases.count where !listed[lane].contains(row.codes[lane]) {
          throw StoreError(
            .damaged,
            "a verdict at \(Timestamp(microseconds: row.time).rfc3339()) has a code of \(CodedField.allCases[lane].name) that the store does not list")
        }
        let source = row.codes[Dimension.source.lane]
        let id = run.idBytes[Int(row.idOffset)..<Int(row.idOffset) + Int(row.idLength)]
        let previousSource = previous.codes[Dimension.source.lane]
        let ascends = row.time != previous.time ? row.time > previous.time
          : source != previousSource ? source > previousSource : previousID.lexicographicallyPrecedes(id)
        guard ascends else {
          throw StoreError(.damaged, "a verdict at \(Timestamp(microseconds: row.time).rfc3339()) is stored twice or out of order")
        }
        previous = row
        previousID.removeAll(keepingCapacity: true)
        previousID.append(contentsOf: id)
        newestBySource[source] = max(newestBySource[source] ?? Timestamp(microseconds: .min), Timestamp(microseconds: row.time))
      }
    }
  }
}
