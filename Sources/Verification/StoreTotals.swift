import Storage
import Tallies
import Verdicts

/// What must hold of a store as a whole, compared within one snapshot: ledger rows, and counters against tallies.
struct StoreTotals {
  private let snapshot: any StoreSnapshot

  init(_ snapshot: any StoreSnapshot) { self.snapshot = snapshot }

  /// - Returns: how many rows the ledger has.
  func compareLedger(_ report: (Difference) throws -> Void) throws -> Int {
    let ledger = try snapshot.ledger()
    var total = LedgerCounts()
    var discarded = 0
    for entry in ledger {
      let name = "ledger row \(entry.run) (\(entry.input), \(entry.startedAt.rfc3339()))"
      if !entry.isIntact { try report(Difference("\(name): it was changed after it was written")) }
      if !entry.counts.balances {
        let parts = entry.counts.stored + entry.counts.duplicates + entry.counts.conflicts + entry.counts.rejected
        try report(Difference("\(name): read \(entry.counts.read) is not stored + duplicates + conflicts + rejected, which is \(parts)"))
      }
      total += entry.counts
      discarded += entry.discarded
    }
    let present = try snapshot.verdictCount()
    let retired = try snapshot.verdictsRetired()
    if total.stored != present + retired + discarded {
      let rest = discarded > 0 ? ", \(retired) were retired and \(discarded) discarded" : " and \(retired) were retired"
      try report(Difference("all runs stored \(total.stored) verdicts, but \(present) are present\(rest)"))
    }
    try compareOutcomes(total, report)
    return ledger.count
  }

  /// Nothing is kept as a tally that is none, and the floor is where retention would have put it.
  func compareState(_ report: (Difference) throws -> Void) throws {
    for fault in try snapshot.faults() { try report(Difference(fault)) }
    for number in try snapshot.unknownTallies() {
      try report(Difference("tally \(number): no verdict can be counted there; guardtally rebuild removes it"))
    }
    for number in try snapshot.unknownPeriodTallies() {
      try report(Difference("period tally \(number): nothing can be counted there, or it is before the floor; guardtally rebuild removes it"))
    }
    let floor = try snapshot.floor()
    try compareSeals(floor: floor, report)
    guard let floor else { return }
    if floor.floored(to: Timestamp.microsecondsPerDay) != floor { try report(Difference("the floor \(floor.rfc3339()) is not 00:00 UTC")) }
    if let oldest = try snapshot.oldestVerdict(), oldest < floor {
      try report(Difference("there are verdicts from \(oldest.rfc3339()) on, before the floor \(floor.rfc3339())"))
    }
  }

  /// Days below the floor are what they were when their verdicts were dropped, and all of them are sealed.
  private func compareSeals(floor: Timestamp?, _ report: (Difference) throws -> Void) throws {
    let seals = try snapshot.seals()
    let sealedVerdicts = seals.reduce(0) { $0 + $1.verdicts }
    let retired = try snapshot.verdictsRetired()
    if sealedVerdicts != retired { try report(Difference("verdicts retired against the sealed days", stored: retired, recounted: sealedVerdicts)) }
    for seal in seals {
      let name = "sealed day \(seal.day.rfc3339())"
      if floor.map({ seal.day >= $0 }) ?? true { try report(Difference("\(name): it is not before the floor")) }
      if try seal.digestNow(of: snapshot) != seal.digest { try report(Difference("\(name): its tallies are not those that were sealed")) }
    }
    guard let floor else { return }
    let sealed = Set(seals.map(\.day))
    for day in try snapshot.days(in: Span(from: Span.always.from, to: floor)) where !sealed.contains(day) {
      try report(Difference("day \(day.rfc3339()) is before the floor and has tallies, but no seal"))
    }
  }

  /// The counters of ingestion are the ledger's columns.
  private func compareOutcomes(_ total: LedgerCounts, _ report: (Difference) throws -> Void) throws {
    let counters = try snapshot.counters()
    let expected = [
      ("stored", total.stored), ("duplicate", total.duplicates), ("conflict", total.conflicts), ("rejected", total.rejected),
    ]
    for (outcome, count) in expected {
      let stored = counters[CounterKey(.ingestRecords, outcome)] ?? 0
      if stored != count { try report(Difference("counter of \(outcome) records against the ledger", stored: stored, recounted: count)) }
    }
    let unrecognised = Counter.unrecognisedFields.reduce(0) { $0 + (counters[CounterKey(.unrecognisedValues, $1)] ?? 0) }
    if unrecognised != total.unrecognised {
      try report(Difference("counters of unrecognised values against the ledger", stored: unrecognised, recounted: total.unrecognised))
    }
  }

  /// Counters equal the tallies while nothing was dropped, and are never below them.
  ///
  /// - Returns: how many counters were compared.
  func compareCounters(_ report: (Difference) throws -> Void) throws -> Int {
    let counters = try snapshot.counters()
    let expected: [CounterKey: Int64]
    do {
      expected = try sumsOfTallies(methodLabels: Set(counters.keys.filter { $0.counter == .request }.map { ExactText($0.label) }))
    } catch is TallyDamage {
      try report(Difference("counters could not be compared: a tally is damaged"))
      return 0
    }
    let isDiscarded = try snapshot.ledger().contains { $0.discarded > 0 }
    let mustBeEqual = try snapshot.verdictsRetired() == 0 && !isDiscarded
    let compared: Set<Counter> = [.request, .requestDuration, .requestDurationSum, .riskType]
    let keys = Set(expected.keys).union(counters.keys.filter { compared.contains($0.counter) })
    for key in keys.sorted() {
      let stored = counters[key] ?? 0
      let recounted = expected[key] ?? 0
      if stored < recounted || mustBeEqual && stored != recounted {
        let labels = [key.label, key.part].filter { !$0.isEmpty }.joined(separator: " ")
        try report(Difference("counter \(key.counter.rawValue) \(labels)", stored: stored, recounted: recounted))
      }
    }
    for label in Set(keys.filter { $0.counter == .request }.map { ExactText($0.label) }).sorted() where label.text != Counter.otherLabel && !isDiscarded {
      if !expected.keys.contains(where: { $0.counter == .request && ExactText($0.label) == label }) {
        try report(Difference("counter request \(label.text): no verdict has this method"))
      }
    }
    return keys.count
  }

  private func sumsOfTallies(methodLabels: Set<ExactText>) throws -> [CounterKey: Int64] {
    var sums: [CounterKey: Int64] = [:]
    let methods = try snapshot.values(of: .method)
    let everything: Range<UInt32> = 0..<UInt32.max
    var byMethod: [UInt32: TallyCell] = [:]
    try snapshot.forEachTally(of: .method, buckets: everything) { key, bytes in
      var cells = try TallyDecoder(bytes, of: .method)
      while try cells.next() {
        let code = cells.codes[Dimension.method.lane]
        byMethod[code, default: TallyCell()].add(cells.cell)
      }
    }
    for (code, cell) in byMethod {
      let method = methods[code] ?? Counter.otherLabel
      let label = methodLabels.contains(ExactText(method)) ? method : Counter.otherLabel
      for verdict in Verdict.allCases {
        sums.add(CounterKey(.request, label, verdict.name), cell.verdicts[Int(verdict.rawValue)])
      }
      for (bucket, count) in cell.latencies.enumerated() {
        sums.add(CounterKey(.requestDuration, label, LatencyScale.histogramLabels[LatencyScale.histogramBucket[bucket]]), count)
      }
      sums.add(CounterKey(.requestDurationSum, label), cell.latencySumMicroseconds)
      for type in RiskType.allCases {
        sums.add(CounterKey(.riskType, type.name), cell.flagged[Int(type.rawValue)] &+ cell.flagged[RiskType.count + Int(type.rawValue)])
      }
    }
    return sums
  }
}

extension [CounterKey: Int64] {
  fileprivate mutating func add(_ key: CounterKey, _ amount: UInt64) {
    if amount != 0 { self[key, default: 0] &+= Int64(clamping: amount) }
  }
}
