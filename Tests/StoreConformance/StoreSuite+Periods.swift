import Storage
import Tallies
import Testing
import Verdicts

/// Periods added up: what they hold, and that they never outlive what they were added up from.
extension StoreSuite {
  static let periodChecks: [Check] = [
    ("a day added up is what its verdicts are", { try $0.addsUpDays() }),
    ("a day that changes is not added up any more", { try $0.forgetsChangedDays() }),
    ("a dropped day is not added up any more", { try $0.forgetsDroppedDays() }),
    ("knows what is no period tally", { try $0.knowsUnknownPeriodTallies() }),
    ("blocks have the verdicts that rows have", { try $0.givesBlocks() }),
  ]

  /// Two days with a little of everything; a cell of most combinations has many verdicts.
  private func storeVariedDays() throws {
    let step = 2 * Timestamp.microsecondsPerDay / 6_000
    let records = (0..<6_000).map { index in
      Record("id-\(index)", Self.start + Int64(index) * step) {
        $0.verdict = Verdict.allCases[index * 7 % 4]
        $0.source = "s\(index % 2)"
        $0.model = "m\(index % 3)"
        $0.method = index % 5 == 0 ? "rescan" : "judge"
        $0.language = ["en", "zh", "fr"][index % 3]
        $0.region = ["US", "CN"][index / 3 % 2]
        $0.latency = index % 4 == 0 ? VerdictRow.noLatency : Int64(index * 7_919 % 3_000_000)
        if $0.verdict == .unsafe || $0.verdict == .controversial {
          $0.riskTypes = UInt32(1 << (index % 17) | 1)
          if index % 3 == 0 { $0.nativeNames = "llama-guard-3|S\(index % 4)=violence" }
        }
      }
    }
    _ = try store([Array(records[..<2_000]), Array(records[2_000...])])
  }

  /// What a block tells of a verdict.
  private struct Told: Equatable {
    var time: Int64
    var codes: [UInt32]
    var attributes: [UInt8]
    var riskTypes: UInt32
    var latency: Int64
  }

  private func givesBlocks() throws {
    try storeVariedDays()
    let end = Self.start + 2 * Timestamp.microsecondsPerDay
    let spans = [Span.always, Span(from: Timestamp(microseconds: Self.start + 12_345), to: Timestamp(microseconds: end - 7_777_777_777)), Span(from: Self.day, to: Self.day)]
    for span in spans {
      let (rows, blocks) = try store.read { snapshot throws in
        var rows: [Told] = []
        try snapshot.forEachVerdicts(in: span, fields: .all) { run in
          for row in run.rows {
            rows.append(
              Told(
                time: row.time, codes: (0..<7).map { row.codes[$0] }, attributes: [row.verdict, row.refusal, row.action, row.errorCause],
                riskTypes: row.riskTypes, latency: row.latency))
          }
        }
        var blocks: [Told] = []
        try snapshot.forEachBlock(in: span, fields: .all) { block, payload in
          let columns = try block.columns(payload, .all)
          for row in columns.firstRow(notBefore: span.from.microseconds)..<columns.firstRow(notBefore: span.to.microseconds) {
            let attributes = VerdictAttributes(number: columns.attributes[row])
            let codes = CodedField.allCases.map { $0 == .stage ? attributes.stage : UInt32(columns.codes(of: $0)[row]) }
            blocks.append(
              Told(
                time: Int64(bitPattern: columns.times[row]), codes: codes,
                attributes: [attributes.verdict, attributes.refusal, attributes.action, attributes.errorCause],
                riskTypes: UInt32(columns.riskTypes[row]), latency: Int64(columns.latencies[row]) - 1))
          }
        }
        return (rows, blocks)
      }
      #expect(rows.count == (span.isEmpty ? 0 : span == .always ? 6_000 : rows.count))
      #expect(blocks == rows)
    }
  }

  private func periodTallies(of days: Range<UInt32> = 0..<1 << 24) throws -> [PeriodTallyKey: [UInt8]] {
    try store.read { snapshot throws in
      var tallies: [PeriodTallyKey: [UInt8]] = [:]
      try snapshot.forEachPeriodTally(try snapshot.periodTallies(of: days)) { tallies[$0] = Array($1) }
      return tallies
    }
  }

  private func period(_ day: Timestamp, _ length: Period.Length = .day) -> Period { Period(of: Period.day(of: day), length) }

  private func addUp(_ days: [Timestamp], _ length: Period.Length = .day) throws -> [Bool] {
    try withMaintainer { maintainer throws in
      _ = try maintainer.fold()
      return try days.map { day in
        let summary = try #require(try store.read { try PeriodSummary(of: $0, period(day, length)) })
        return try maintainer.keep(summary)
      }
    }
  }

  private func addsUpDays() throws {
    try storeVariedDays()
    #expect(try periodTallies().isEmpty)
    _ = try withMaintainer { try $0.fold() }
    #expect(try store.read { try $0.periodsWithoutSummary(of: .day, endingBy: Self.nextDay) } == [period(Self.day)])
    #expect(try store.read { try $0.periodsWithoutSummary(of: .day, endingBy: .init(microseconds: Self.nextDay.microseconds - 1)) } == [])
    #expect(try addUp([Self.day, Self.nextDay]) == [true, true])
    #expect(try store.read { try $0.periodsWithoutSummary(of: .day, endingBy: Span.always.to) } == [])
    let tallies = try periodTallies()
    for day in [Self.day, Self.nextDay] {
      let number = Period.day(of: day)
      let ofDay = try periodTallies(of: number..<number + 1)
      #expect(Set(ofDay.keys) == Set(tallies.keys.filter { $0.period.firstDay == number }))
      for combination in PeriodCombination.allCases {
        #expect(ofDay[PeriodTallyKey(period: period(day), combination: combination, part: .counts)] != nil, "\(combination)")
        let hasLatencies = ofDay[PeriodTallyKey(period: period(day), combination: combination, part: .latencies)] != nil
        #expect(hasLatencies == !combination.hasNames, "\(combination)")
      }
    }
    for (key, bytes) in tallies { #expect(try cells(of: key, bytes) == countedCells(of: key), "\(key)") }
    // Both days are of the same sixteen.
    #expect(try store.read { try $0.periodsWithoutSummary(of: .sixteenDays, endingBy: period(Self.day, .sixteenDays).end) } == [period(Self.day, .sixteenDays)])
    #expect(try addUp([Self.day], .sixteenDays) == [true])
    let both = try periodTallies().filter { $0.key.period.length == .sixteenDays }
    #expect(both.count == 28)
    for (key, bytes) in both { #expect(try cells(of: key, bytes) == countedCells(of: key), "\(key)") }
    #expect(try periodTallies().count == 28 * 3)
    // Added up again, each is put in its own place.
    #expect(try addUp([Self.day, Self.nextDay]) == [true, true])
    #expect(try periodTallies().filter { $0.key.period.length == .sixteenDays } == both)
  }

  private func cells(of key: PeriodTallyKey, _ bytes: [UInt8]) throws -> [DimensionCodes: TallyCell] {
    try bytes.withUnsafeBytes { bytes in
      var decoder = try TallyDecoder(bytes, ofPeriod: key.combination)
      var cells: [DimensionCodes: TallyCell] = [:]
      while try decoder.next() { cells[decoder.codes] = decoder.cell }
      return cells
    }
  }

  /// A plain loop over the verdicts.
  private func countedCells(of key: PeriodTallyKey) throws -> [DimensionCodes: TallyCell] {
    var cells: [DimensionCodes: TallyCell] = [:]
    let span = key.period.span
    try store.read { snapshot throws in
      try snapshot.forEachVerdicts(in: span, fields: .all) { run in
        for row in run.rows where key.part == .counts || row.latency >= 0 {
          let isFlagged = row.verdict == Verdict.unsafe.rawValue || row.verdict == Verdict.controversial.rawValue
          var codes = DimensionCodes(repeating: 0)
          for dimension in key.combination.dimensions { codes[dimension.lane] = row.codes[dimension.lane] }
          if key.combination.hasNames, isFlagged {
            codes[6] = row.codes[6]
            codes[7] = row.riskTypes
          }
          var cell = cells[codes] ?? TallyCell()
          cell.codes = codes
          if key.part == .latencies {
            cell.latencySumMicroseconds += UInt64(row.latency)
            cell.latencies[Int(LatencyScale.bucket(microseconds: row.latency))] += 1
          } else {
            cell.verdicts[Int(row.verdict)] += 1
            if row.verdict == Verdict.error.rawValue { cell.errorCauses[Int(row.errorCause)] += 1 }
            if !key.combination.hasNames, isFlagged {
              for type in 0..<RiskType.count where row.riskTypes & (1 << UInt32(type)) != 0 {
                cell.flagged[(row.verdict == Verdict.unsafe.rawValue ? RiskType.count : 0) + type] += 1
              }
            }
          }
          cells[codes] = cell
        }
      }
    }
    return cells
  }

  private func forgetsChangedDays() throws {
    try storeVariedDays()
    let number = Period.day(of: Self.day)
    #expect(try addUp([Self.day, Self.nextDay]) == [true, true])
    #expect(try addUp([Self.day], .sixteenDays) == [true])
    let second = try periodTallies(of: number + 1..<number + 2)
    // A duplicate changes nothing, a new verdict its own day alone.
    _ = try store([[Record("late", Self.start + 5)]])
    #expect(try periodTallies() == second)
    try withMaintainer { maintainer throws in
      _ = try maintainer.fold()
      #expect(try periodTallies() == second)
      let summary = try #require(try store.read { try PeriodSummary(of: $0, period(Self.day)) })
      // A verdict that comes in while a day is added up.
      _ = try store([[Record("later", Self.start + 6)]])
      #expect(try !maintainer.keep(summary))
      _ = try maintainer.fold()
      #expect(try !maintainer.keep(summary))
    }
    #expect(try store.read { try $0.periodsWithoutSummary(of: .day, endingBy: Span.always.to) } == [period(Self.day)])
    #expect(try addUp([Self.day]) == [true])
    let first = try periodTallies(of: number..<number + 1)
    _ = try store([[Record("late", Self.start + 5)]])
    #expect(try periodTallies(of: number..<number + 1) == first)
    // Rebuilding and discarding change it too.
    let writer = try store.makeWriter(options: WriterOptions())
    let bucket = TallyKey.bucket(of: Self.start)
    _ = try writer.rebuildTallies(buckets: bucket..<bucket + 1)
    writer.close()
    #expect(try periodTallies() == second)
    var run = LedgerRun(input: "discard", startedAt: Self.day)
    let late = Span(from: Self.nextDay, to: Self.nextDay.advanced(byMicroseconds: Timestamp.microsecondsPerHour))
    _ = try withMaintainer { try $0.discard(VerdictSelection(span: late, codes: [:]), in: &run) }
    #expect(try periodTallies().isEmpty)
  }

  private func forgetsDroppedDays() throws {
    try storeVariedDays()
    #expect(try addUp([Self.day, Self.nextDay]) == [true, true])
    let number = Period.day(of: Self.day)
    let seal = try #require(try store.read { try DaySeal(of: $0, day: Self.day) })
    try withMaintainer { maintainer throws in #expect(try maintainer.drop(seal)) }
    #expect(try periodTallies(of: number..<number + 1).isEmpty)
    #expect(try periodTallies(of: number + 1..<number + 2).count == 28)
    try store.read { snapshot throws in
      #expect(try snapshot.periodsWithoutSummary(of: .day, endingBy: Span.always.to) == [])
      #expect(try PeriodSummary(of: snapshot, period(Self.day)) == nil)
    }
  }

  private func knowsUnknownPeriodTallies() throws {
    try storeVariedDays()
    _ = try addUp([Self.day])
    #expect(try store.read { try $0.unknownPeriodTallies() } == [])
    #expect(PeriodTallyKey.Part.allCases.flatMap { part in
      Period.Length.allCases.flatMap { length in PeriodCombination.allCases.map { PeriodTallyKey(period: Period(of: 20_000, length), combination: $0, part: part) } }
    }
      .allSatisfy { PeriodTallyKey(number: $0.number) == ($0.part == .latencies && $0.combination.hasNames ? nil : $0) })
    #expect([-1, 12, 20, 32, 63, 76, 80, 140, 204, 208, 255, 256 + 128, Int64.max, Int64.min].allSatisfy { PeriodTallyKey(number: $0) == nil })
  }
}
