import Storage
import Tallies
import Testing
import Verdicts

/// What the scheduled job may rely on.
extension StoreSuite {
  static let maintenanceChecks: [Check] = [
    ("folding changes no answer", { try $0.foldingChangesNoAnswer() }),
    ("one job at a time", { try $0.oneJobAtATime() }),
    ("drops a day that is what its seal says", { try $0.dropsASealedDay() }),
    ("drops no day that has changed", { try $0.dropsNoChangedDay() }),
    ("a floor is never moved over verdicts, nor back", { try $0.movesTheFloorForward() }),
    ("counts runs of the job", { try $0.countsRuns() }),
    ("discards what is selected and nothing else", { try $0.discardsWhatIsSelected() }),
  ]

  static let day = Timestamp(microseconds: start)
  static let nextDay = day.advanced(byMicroseconds: Timestamp.microsecondsPerDay)

  func withMaintainer<Result>(_ body: (any StoreMaintainer) throws -> Result) throws -> Result {
    let maintainer = try #require(try store.makeMaintainer())
    defer { maintainer.close() }
    return try body(maintainer)
  }

  /// Two days of verdicts in several batches; a block or page holds both.
  private func storeTwoDays() throws {
    let step = Timestamp.microsecondsPerDay / 400
    let records = (0..<800).map { index in
      Record("id-\(index)", Self.start + Int64(index) * step) {
        $0.verdict = Verdict.allCases[index % 4]
        $0.latency = Int64(index) * 1_000
        $0.source = "s\(index % 3)"
      }
    }
    _ = try store([Array(records[..<300]), Array(records[300..<500]), Array(records[500...])])
  }

  private struct Answers: Equatable {
    var tallies: [TallyKey: [UInt8]]
    var counters: [CounterKey: Int64]
    var activity: [Int64]
  }

  private func answers() throws -> Answers {
    Answers(
      tallies: try tallies(), counters: try store.read { try $0.counters() },
      activity: try store.read { try $0.lastVerdictBySource().map(\.time.microseconds) })
  }

  private func foldingChangesNoAnswer() throws {
    try storeTwoDays()
    let before = try answers()
    try withMaintainer { maintainer throws in
      _ = try maintainer.fold()
      #expect(try answers() == before)
      #expect(try maintainer.fold() == 0)
      _ = try store([(0..<400).map { Record("late-\($0)", Self.start + Int64($0) * 300_000_000) { $0.language = "fr" } }])
      let between = try answers()
      #expect(between != before)
      _ = try maintainer.fold()
      #expect(try answers() == between)
    }
    let recount = try store.read { try TallyRecount(of: $0, in: .always).tallies }
    #expect(try recount == tallies())
  }

  private func discardsWhatIsSelected() throws {
    try storeTwoDays()
    let before = try answers()
    let (code, present, newest) = try store.read { snapshot in
      (try #require(try snapshot.values(of: .source).all.first { $0.value == "s1" }).code, try snapshot.verdictCount(), try snapshot.lastVerdictBySource())
    }
    var run = LedgerRun(input: "discard s1", startedAt: Self.day)
    let first = Span(from: Self.day, to: Self.day.advanced(byMicroseconds: Timestamp.microsecondsPerHour * 6 + 1))
    let rest = Span(from: first.to, to: Span.always.to)
    let removed = try withMaintainer { maintainer throws in
      let none = try maintainer.discard(VerdictSelection(span: first, codes: [.source: [code], .stage: [UInt32(Stage.response.rawValue)]]), in: &run)
      #expect(none == 0 && run.run == nil)
      return try [first, rest].map { try maintainer.discard(VerdictSelection(span: $0, codes: [.source: [code]]), in: &run) }
    }
    #expect(removed == [34, 233])
    try store.read { snapshot in
      #expect(try snapshot.verdictCount() == present - 267)
      #expect(try snapshot.lastVerdictBySource().map(\.source) == newest.map(\.source).filter { $0 != code })
      let entry = try #require(try snapshot.ledger().last)
      #expect(entry.input == "discard s1" && entry.discarded == 267 && entry.isIntact && entry.counts == LedgerCounts())
    }
    #expect(try store.read { try TallyRecount(of: $0, in: .always).tallies } == tallies())
    #expect(try answers().counters == before.counters)
    // The identities are free again.
    let outcome = try store([[Record("id-1", Self.start + Timestamp.microsecondsPerDay / 400) { $0.source = "s1" }]])
    #expect(outcome.last?.counts.stored == 1)
  }

  private func oneJobAtATime() throws {
    let first = try #require(try store.makeMaintainer())
    #expect(try store.makeMaintainer() == nil)
    // Others store meanwhile.
    _ = try store([[Record("a", Self.start)]])
    first.close()
    try withMaintainer { _ in }
  }

  private func dropsASealedDay() throws {
    try storeTwoDays()
    let before = try answers()
    let seal = try #require(try store.read { try DaySeal(of: $0, day: Self.day) })
    #expect(seal.verdicts == 400)
    try withMaintainer { maintainer throws in
      #expect(try maintainer.drop(seal))
      try maintainer.reclaimSpace()
    }
    #expect(try answers() == before)
    try store.read { snapshot throws in
      #expect(try snapshot.floor() == Self.nextDay)
      #expect(try snapshot.verdictsRetired() == 400)
      #expect(try snapshot.verdictCount() == 400)
      #expect(try snapshot.oldestVerdict() == Self.nextDay)
      #expect(try snapshot.seals() == [seal])
      #expect(try seal.digestNow(of: snapshot) == seal.digest)
      #expect(try snapshot.newestVerdict(before: Self.nextDay) == nil)
      #expect(try snapshot.newestVerdictEver(before: Self.nextDay) == seal.newestVerdict)
    }
    let outcome = try store([[Record("id-0", Self.start), Record("new", Self.nextDay.microseconds - 1), Record("new", Self.nextDay.microseconds)]])[0]
    #expect(counts(outcome) == [3, 1, 0, 0, 2])
    #expect(outcome.refused.map(\.code) == [.expired, .expired])
  }

  private func dropsNoChangedDay() throws {
    try storeTwoDays()
    let seal = try #require(try store.read { try DaySeal(of: $0, day: Self.day) })
    _ = try store([[Record("late", Self.start + 5)]])
    try withMaintainer { maintainer throws in #expect(try !maintainer.drop(seal)) }
    #expect(try store.read { try $0.verdictCount() } == 801)
    #expect(try store.read { try $0.floor() } == nil)
  }

  private func movesTheFloorForward() throws {
    try storeTwoDays()
    try withMaintainer { maintainer throws in
      #expect(try !maintainer.raiseFloor(to: Self.nextDay))
      #expect(try store.read { try $0.floor() } == nil)
      #expect(try maintainer.raiseFloor(to: Self.day))
      let earlier = Self.day.advanced(byMicroseconds: -Timestamp.microsecondsPerDay)
      #expect(try maintainer.raiseFloor(to: earlier))
      #expect(try store.read { try $0.floor() } == Self.day)
    }
  }

  private func countsRuns() throws {
    #expect(try store.read { try $0.lastAggregation() } == nil)
    try withMaintainer { maintainer throws in
      try maintainer.record(.failed, at: Timestamp(microseconds: 5), [])
      #expect(try store.read { try $0.lastAggregation() } == nil)
      try maintainer.record(.succeeded, at: Timestamp(microseconds: 7), [])
      try maintainer.record(.succeeded, at: Timestamp(microseconds: 9), [])
      #expect(try JobRun.Work.allCases.map { try maintainer.lastSuccess(of: $0) } == [nil, nil, nil, nil])
      func run(_ work: JobRun.Work, _ time: Int64, _ outcome: AggregationOutcome) -> JobRun {
        JobRun(work: work, startedAt: Timestamp(microseconds: time), duration: 3, outcome: outcome)
      }
      try maintainer.record(.failed, at: Timestamp(microseconds: 20), [run(.fold, 20, .succeeded), run(.reports, 20, .failed)])
      try maintainer.record(.succeeded, at: Timestamp(microseconds: 9), [run(.fold, 10, .succeeded), run(.reports, 11, .succeeded)])
      #expect(try JobRun.Work.allCases.map { try maintainer.lastSuccess(of: $0)?.microseconds } == [20, nil, nil, 11])
    }
    try store.read { snapshot throws in
      #expect(try snapshot.lastAggregation() == Timestamp(microseconds: 9))
      #expect(try snapshot.counters()[CounterKey(.aggregationRuns, "succeeded")] == 3)
      #expect(try snapshot.counters()[CounterKey(.aggregationRuns, "failed")] == 2)
    }
  }
}
