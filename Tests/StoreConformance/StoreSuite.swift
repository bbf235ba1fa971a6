import Dispatch
package import Storage
import Synchronization
import Tallies
import Testing
import Verdicts

/// What a store is: checks that every driver's tests run on a fresh, migrated store.
package struct StoreSuite {
  let store: any VerdictStore

  package init(_ store: any VerdictStore) { self.store = store }

  package static let start: Int64 = 1_767_225_600_000_000

  /// Every check of the suite.
  package static let checks: [Check] = verdictChecks + maintenanceChecks + periodChecks

  package typealias Check = (name: String, run: @Sendable (StoreSuite) throws -> Void)

  private static let verdictChecks: [Check] = [
    ("stores each verdict once", { try $0.storesEachVerdictOnce() }),
    ("tells duplicates from conflicts within a batch", { try $0.tellsDuplicatesFromConflictsWithinABatch() }),
    ("tells duplicates from conflicts across batches", { try $0.tellsDuplicatesFromConflictsAcrossBatches() }),
    ("keeps ids of one microsecond apart", { try $0.keepsIDsOfOneMicrosecondApart() }),
    ("stores one of many repetitions in a batch", { try $0.storesOneOfManyRepetitions() }),
    ("compares ids and values bytewise", { try $0.comparesBytewise() }),
    ("gives verdicts back in order of time, field by field", { try $0.givesVerdictsBack() }),
    ("any order of batches gives the same tallies", { try $0.anyOrderGivesTheSameTallies() }),
    ("counts a record at a bucket's edge in the later bucket", { try $0.countsEdgesInTheLaterBucket() }),
    ("keeps counters and the ledger in the same commit", { try $0.keepsCountersAndLedger() }),
    ("gives labels to the first methods by arrival", { try $0.labelsTheFirstMethods() }),
    ("refuses to mix synthetic verdicts with others", { try $0.refusesToMixSynthetic() }),
    ("rebuilding changes nothing that is right", { try $0.rebuildingChangesNothing() }),
    ("tells no latency from a latency of 0", { try $0.tellsNoLatencyFromNone() }),
    ("adds up beyond 32 bits", { try $0.addsUpBeyond32Bits() }),
    ("keeps neighbouring microseconds apart", { try $0.keepsMicrosecondsApart() }),
    ("tells deliveries that share a commit apart", { try $0.tellsDeliveriesApart() }),
    ("keeps native names, which are content", { try $0.keepsNativeNames() }),
    ("keeps times from 2000 to the last one", { try $0.keepsFarTimes() }),
    ("writers beside one another store each verdict once", { try $0.writersBesideOneAnother() }),
  ]

  func store(_ batches: [[Record]], options: WriterOptions = WriterOptions()) throws -> [BatchOutcome] {
    let writer = try store.makeWriter(options: options)
    defer { writer.close() }
    var run = LedgerRun(input: "suite", startedAt: Timestamp(microseconds: 1))
    return try batches.map { try writer.store(Self.batch($0), in: &run) }
  }

  /// Stores batches, and says how many verdicts of each are new.
  package func store(_ batches: [[Record]], allowSynthetic: Bool) throws -> [Int] {
    var options = WriterOptions()
    options.allowSynthetic = allowSynthetic
    return try store(batches, options: options).map(\.counts.stored)
  }

  func counts(_ outcome: BatchOutcome) -> [Int] {
    [outcome.counts.read, outcome.counts.stored, outcome.counts.duplicates, outcome.counts.conflicts, outcome.counts.rejected]
  }

  func identities() throws -> [String] {
    try store.read { snapshot throws in
      let sources = try snapshot.values(of: .source)
      var seen: [String] = []
      try snapshot.forEachVerdicts(in: .always, fields: .all) { run in
        for row in run.rows {
          let id = run.idBytes[Int(row.idOffset)..<Int(row.idOffset) + Int(row.idLength)]
          seen.append("\(row.time) \(sources[row.codes[0]] ?? "?") \(String(decoding: id, as: UTF8.self))")
        }
      }
      return seen
    }
  }

  func tallies() throws -> [TallyKey: [UInt8]] {
    try store.read { snapshot throws in
      var tallies: [TallyKey: [UInt8]] = [:]
      for combination in Combination.allCases {
        try snapshot.forEachTally(of: combination, buckets: 0..<UInt32.max) { tallies[$0] = Array($1) }
      }
      return tallies
    }
  }

  // MARK: - Checks

  private func storesEachVerdictOnce() throws {
    let records = (0..<5_000).map { Record("id-\($0)", Self.start + Int64($0 * 7_919 % 5_000) * 60_000_000) }
    #expect(counts(try store([records])[0]) == [5_000, 5_000, 0, 0, 0])
    #expect(counts(try store([records.reversed()])[0]) == [5_000, 0, 5_000, 0, 0])
    #expect(try store.read { try $0.verdictCount() } == 5_000)
    #expect(Set(try identities()).count == 5_000)
  }

  private func tellsDuplicatesFromConflictsWithinABatch() throws {
    let first = Record("a", Self.start)
    let other = Record("a", Self.start) { $0.verdict = .unsafe }
    let outcome = try store([[first, other, first, Record("b", Self.start), other]])[0]
    #expect(counts(outcome) == [5, 2, 1, 2, 0])
    #expect(outcome.refused.map(\.position.line) == [2, 5])
    #expect(outcome.refused.allSatisfy { $0.code == .conflict })
  }

  private func tellsDuplicatesFromConflictsAcrossBatches() throws {
    let first = Record("a", Self.start)
    let changes: [(inout Record) -> Void] = [
      { $0.model = "n" }, { $0.latency = 5 }, { $0.region = "ZZ" }, { $0.method = "rescan" }, { $0.riskTypes = 4 }, { $0.language = "de" },
    ]
    let others = changes.map { Record("a", Self.start, $0) }
    let outcomes = try store([[first], others, [first], [others[0], first]])
    #expect(outcomes.map(counts) == [[1, 1, 0, 0, 0], [6, 0, 0, 6, 0], [1, 0, 1, 0, 0], [2, 0, 1, 1, 0]])
    // Another time or another source is another verdict.
    #expect(counts(try store([[Record("a", Self.start + 1), Record("a", Self.start) { $0.source = "t" }]])[0]) == [2, 2, 0, 0, 0])
  }

  private func keepsIDsOfOneMicrosecondApart() throws {
    let records = (0..<4_000).map { Record("\($0 * 7_919 % 4_000)", Self.start) }
    #expect(try store([Array(records[..<1_500]), Array(records[1_500...])]).map { $0.counts.stored } == [1_500, 2_500])
    #expect(try store([records])[0].counts.duplicates == 4_000)
    #expect(Set(try identities()).count == 4_000)
  }

  private func storesOneOfManyRepetitions() throws {
    let repeated = (0..<20_000).map { index in Record("a", Self.start) { $0.verdict = index % 2 == 0 ? .safe : .unsafe } }
    #expect(counts(try store([repeated + [Record("b", Self.start)]])[0]) == [20_001, 2, 9_999, 10_000, 0])
  }

  private func comparesBytewise() throws {
    let ids = ["a", "A", "é", "e\u{301}", "a'b", "a\"b", "a\\b", "a%b", "😀", "ab", "a ", " a", "ß", "ss", "İ", "i̇"]
    let outcome = try store([ids.map { Record($0, Self.start) }])[0]
    #expect(outcome.counts.stored == ids.count)
    let models = ids.map { value in Record("model of \(value)", Self.start) { $0.model = value } }
    #expect(try store([models])[0].counts.stored == ids.count)
    let stored = try store.read { try $0.values(of: .model).all.map { Array($0.value.utf8) } }
    #expect(Set(stored) == Set(ids.map { Array($0.utf8) } + [Array("m".utf8)]))
  }

  private func givesVerdictsBack() throws {
    let records = (0..<3_000).map { index in
      Record("id-\(index)", Self.start + Int64(index * 104_729 % 3_000)) {
        $0.verdict = Verdict.allCases[index % 4]
        $0.latency = index % 5 == 0 ? VerdictRow.noLatency : Int64(index) * 28_800_000
        $0.riskTypes = UInt32(index % 4 == 1 ? 1 << (index % 17) : 0)
        $0.model = "m\(index % 300)"
      }
    }
    _ = try store([Array(records[..<1_000]), Array(records[1_000..<1_100]), Array(records[1_100...])])
    var expected = records.sorted { $0.time < $1.time }[...]
    let span = Span(from: Timestamp(microseconds: Self.start + 10), to: Timestamp(microseconds: Self.start + 2_990))
    expected = expected.filter { span.contains(Timestamp(microseconds: $0.time)) }[...]
    try store.read { snapshot throws in
      let models = try snapshot.values(of: .model)
      try snapshot.forEachVerdicts(in: span, fields: .all) { run in
        for row in run.rows {
          let record = expected.removeFirst()
          #expect(row.time == record.time)
          #expect(row.latency == record.latency)
          #expect(row.verdict == record.verdict.rawValue)
          #expect(row.riskTypes == record.riskTypes)
          #expect(models[row.codes[Dimension.model.lane]] == record.model)
        }
      }
    }
    #expect(expected.isEmpty)
  }

  private func anyOrderGivesTheSameTallies() throws {
    let records = (0..<900).map { index in
      Record("id-\(index)", Self.start + Int64(index * 7_907 % 900) * 4_000_000) {
        $0.verdict = Verdict.allCases[index % 4]
        $0.language = ["en", "zh", "de"][index % 3]
        $0.latency = Int64(index) * 1_000
      }
    }
    _ = try store([records])
    let whole = try tallies()
    #expect(Set(whole.keys.map(\.combination)) == Set(Combination.allCases))
    // What was there is a duplicate now; the tallies must not move.
    _ = try store([Array(records[300...].reversed()), Array(records[..<300]), records])
    #expect(try tallies() == whole)
    try store.read { snapshot throws in
      let recount = try TallyRecount(of: snapshot, in: .always)
      #expect(recount.verdicts == 900)
      #expect(recount.tallies == whole)
    }
  }

  private func countsEdgesInTheLaterBucket() throws {
    let grain = TallyKey.grainMicroseconds
    _ = try store([[Record("before", Self.start + grain - 1), Record("at", Self.start + grain)]])
    let buckets = try tallies().keys.filter { $0.combination == .overall }.map(\.start.microseconds).sorted()
    #expect(buckets == [Self.start, Self.start + grain])
  }

  private func keepsCountersAndLedger() throws {
    let flagged = Record("b", Self.start + 1) {
      $0.verdict = .unsafe
      $0.riskTypes = 0b11
      $0.latency = 500_000
    }
    _ = try store([[Record("a", Self.start) { $0.latency = 500_001 }, flagged], [flagged, Record("a", Self.start) { $0.verdict = .error }]])
    try store.read { snapshot throws in
      let counters = try snapshot.counters()
      #expect(counters[CounterKey(.request, "judge", "safe")] == 1)
      #expect(counters[CounterKey(.request, "judge", "unsafe")] == 1)
      #expect(counters[CounterKey(.request, "judge", "error")] == nil)
      #expect(counters[CounterKey(.requestDuration, "judge", "0.5")] == 1)
      #expect(counters[CounterKey(.requestDuration, "judge", "1.0")] == 1)
      #expect(counters[CounterKey(.requestDurationSum, "judge")] == 1_000_001)
      #expect(counters[CounterKey(.riskType, "violence")] == 1)
      #expect(counters[CounterKey(.riskType, "weapons")] == 1)
      #expect(counters[CounterKey(.ingestRecords, "duplicate")] == 1)
      #expect(counters[CounterKey(.ingestRecords, "conflict")] == 1)
      let ledger = try snapshot.ledger()
      #expect(ledger.count == 1)
      #expect(ledger.allSatisfy { $0.isIntact && $0.counts.balances && $0.counts.read == 4 && $0.counts.stored == 2 })
      #expect(try snapshot.lastVerdictBySource().map(\.time.microseconds) == [Self.start + 1])
      #expect(try snapshot.newestVerdictEver()?.microseconds == Self.start + 1)
      #expect(try snapshot.floor() == nil)
    }
  }

  private func labelsTheFirstMethods() throws {
    // Times run against arrival: arrival decides.
    let records = (0..<60).map { index in Record("id-\(index)", Self.start - Int64(index)) { $0.method = "method \(index)" } }
    _ = try store([records])
    _ = try store([[Record("late", Self.start) { $0.method = "method 55" }, Record("known", Self.start) { $0.method = "method 3" }]])
    let requests = try store.read { try $0.counters() }.filter { $0.key.counter == .request }
    #expect(Set(requests.keys.map(\.label)) == Set((0..<50).map { "method \($0)" } + ["other"]))
    #expect(requests[CounterKey(.request, "other", "safe")] == 11)
    #expect(requests[CounterKey(.request, "method 3", "safe")] == 2)
  }

  private func refusesToMixSynthetic() throws {
    let real = Record("a", Self.start)
    let synthetic = Record("b", Self.start) { $0.source = WriterOptions.syntheticSource }
    #expect(throws: StoreError.self) { try store([[real, synthetic]]) }
    #expect(try store.read { try $0.verdictCount() } == 0)
    _ = try store([[real]])
    #expect(throws: StoreError.self) { try store([[synthetic]]) }
    var options = WriterOptions()
    options.allowSynthetic = true
    #expect(try store([[synthetic]], options: options)[0].counts.stored == 1)
    #expect(try store([[Record("c", Self.start)]])[0].counts.stored == 1)
  }

  private func rebuildingChangesNothing() throws {
    _ = try store([(0..<500).map { Record("id-\($0)", Self.start + Int64($0) * 10_000_000) }])
    let before = try tallies()
    let writer = try store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    let bucket = TallyKey.bucket(of: Self.start)
    #expect(try writer.rebuildTallies(buckets: bucket..<bucket + 96) == RebuildOutcome())
    #expect(try tallies() == before)
  }

  private func tellsNoLatencyFromNone() throws {
    let absent = Record("a", Self.start)
    let zero = Record("a", Self.start) { $0.latency = 0 }
    #expect(try store([[absent], [zero], [absent]]).map(counts) == [[1, 1, 0, 0, 0], [1, 0, 0, 1, 0], [1, 0, 1, 0, 0]])
    #expect(try store([[Record("b", Self.start) { $0.latency = 0 }], [Record("b", Self.start)]]).map(counts) == [[1, 1, 0, 0, 0], [1, 0, 0, 1, 0]])
  }

  private func addsUpBeyond32Bits() throws {
    let day = LatencyScale.microsecondsMax
    _ = try store((0..<3).map { batch in (0..<20).map { Record("\(batch) \($0)", Self.start + Int64($0)) { $0.latency = day } } })
    try store.read { snapshot throws in
      #expect(try snapshot.counters()[CounterKey(.requestDurationSum, "judge")] == 60 * day)
      let recount = try TallyRecount(of: snapshot, in: .always).tallies
      #expect(try recount == tallies())
    }
  }

  private func keepsMicrosecondsApart() throws {
    let records = (0..<50).map { Record("a", Self.start - 25 + Int64($0)) }
    #expect(try store([records.shuffled()])[0].counts.stored == 50)
    #expect(try identities() == records.map { "\($0.time) s a" })
  }

  private func keepsFarTimes() throws {
    let times: [Int64] = [946_684_800_000_000, 946_684_800_000_001, Self.start, 4_102_444_799_999_999, 253_402_300_799_999_999]
    #expect(try store([times.map { Record("a", $0) }, times.map { Record("a", $0) }]).map(counts) == [[5, 5, 0, 0, 0], [5, 0, 5, 0, 0]])
    #expect(try identities() == times.map { "\($0) s a" })
    let day = Timestamp.microsecondsPerDay
    #expect(try store.read { try $0.days(in: .always) }.map(\.microseconds) == Set(times.map { $0 / day * day }).sorted())
  }

  private func writersBesideOneAnother() throws {
    let records = (0..<4_000).map { index in
      Record("id-\(index)", Self.start + Int64(index * 7_919 % 4_000) * 1_000_000) {
        $0.model = "m\(index % 40)"
        $0.source = "s\(index % 3)"
      }
    }
    let store = store
    let outcomes = Mutex([LedgerCounts]())
    DispatchQueue.concurrentPerform(iterations: 4) { worker in
      do {
        let writer = try store.makeWriter(options: WriterOptions())
        defer { writer.close() }
        var run = LedgerRun(input: "worker \(worker)", startedAt: Timestamp(microseconds: 1))
        let mine = worker % 2 == 0 ? records : records.reversed()
        for start in stride(from: 0, to: mine.count, by: 500) { _ = try writer.store(Self.batch(Array(mine[start..<start + 500])), in: &run) }
        outcomes.withLock { $0.append(run.counts) }
      } catch {
        Issue.record(error)
      }
    }
    let totals = outcomes.withLock { $0 }
    #expect(totals.map(\.read) == [4_000, 4_000, 4_000, 4_000])
    #expect(totals.reduce(0) { $0 + $1.stored } == 4_000)
    #expect(totals.reduce(0) { $0 + $1.duplicates } == 12_000)
    #expect(Set(try identities()).count == 4_000)
    try store.read { snapshot throws in
      let recount = try TallyRecount(of: snapshot, in: .always).tallies
      #expect(try recount == tallies())
      #expect(try snapshot.ledger().count == 4)
      #expect(try snapshot.counters()[CounterKey(.ingestRecords, "stored")] == 4_000)
    }
  }
}
