import Storage
import Tallies
import Verdicts

/// One state of a Postgres store: reads within the transaction that its connection has open.
///
/// Tallies are the folded ones and what workers have appended since, added up: the same bytes, folded or not.
final class PostgresSnapshot: StoreSnapshot {
  private let connection: PostgresConnection
  private let place: String
  private var cursors = 0

  /// Rows of one FETCH of tallies, each up to some tens of kilobytes.
  private static let talliesFetched = 64
  /// Period tallies that are asked for at once, each up to a megabyte or two.
  private static let periodTalliesFetched = 8
  /// Verdicts that are handed on at a time.
  private static let runVerdicts = 2_048

  init(_ connection: PostgresConnection, place: String) {
    self.connection = connection
    self.place = place
  }

  func floor() throws -> Timestamp? { try state("floor").map { try time($0, of: "the floor") } }

  func lastAggregation() throws -> Timestamp? { try state("last_aggregation").map { try time($0, of: "the last aggregation") } }

  func verdictsRetired() throws -> Int { Int(try count(try state("verdicts_retired") ?? 0, of: "retired verdicts")) }

  func verdictCount() throws -> Int { Int(try translated { try connection.run("verdicts.count").integer(0, 0) }) }

  private func state(_ name: String) throws -> Int64? {
    try translated {
      let found = try connection.run("store_state.find", .text(name))
      return found.count > 0 ? found.integer(0, 0) : nil
    }
  }

  func values(of field: CodedField) throws -> CodedValues {
    if field == .stage { return .stages }
    return try translated {
      let list = try connection.run("coded_values.list", .integer(Int64(field.rawValue)))
      return CodedValues(
        try (0..<list.count).map { row in
          guard let code = UInt32(exactly: list.integer(row, 0)) else { throw impossible("a code of \(field.name)") }
          let value = list.text(row, 1)
          guard CodedValueChecksum.of(value, code: code, in: field) == list.integer(row, 2) else {
            throw StoreError(.damaged, "\(place): value \(code) of \(field.name) was changed after it was written; restore the database from a backup")
          }
          return (code, value)
        })
    }
  }

  func forEachTally(
    of combination: Combination, buckets: Range<UInt32>, _ body: (TallyKey, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try translated {
      cursors += 1
      let cursor = "tallies_\(cursors)"
      try connection.declareCursor(
        cursor, for: "tallies.scan", .integer(TallyKey(combination: combination, bucket: buckets.lowerBound).number),
        .integer(TallyKey(combination: combination, bucket: buckets.upperBound).number))
      defer { if !connection.isBad { try? connection.execute("CLOSE \(cursor)") } }
      var sum = TallySum()
      while true {
        let rows = try connection.fetch(Self.talliesFetched, from: cursor)
        for row in 0..<rows.count {
          guard let key = TallyKey(number: rows.integer(row, 0)) else { continue }
          if let (finished, cells) = sum.add(rows.bytes(row, 1), to: key) { try cells.withUnsafeBytes { try body(finished, $0) } }
        }
        if rows.count < Self.talliesFetched { break }
      }
      if let (finished, cells) = sum.finish() { try cells.withUnsafeBytes { try body(finished, $0) } }
    }
  }

  func periodTallies(of days: Range<UInt32>) throws -> [PeriodTallyKey] {
    try translated {
      let list = try connection.run("period_tallies.list", .integer(Int64(days.lowerBound) << 8), .integer(Int64(days.upperBound) << 8))
      return (0..<list.count).compactMap { PeriodTallyKey(number: list.integer($0, 0)) }
    }
  }

  func forEachPeriodTally(_ keys: [PeriodTallyKey], _ body: (PeriodTallyKey, UnsafeRawBufferPointer) throws -> Void) throws {
    try translated {
      for start in stride(from: 0, to: keys.count, by: Self.periodTalliesFetched) {
        let part = keys[start..<min(start + Self.periodTalliesFetched, keys.count)]
        let found = try connection.run("period_tallies.find_all", .integers(part.map { Optional($0.number) }))
        guard found.count == part.count, zip(0..<found.count, part).allSatisfy({ found.integer($0, 0) == $1.number }) else {
          throw StoreError(.damaged, "\(place): a period tally is listed, and is not there; restore the database from a backup")
        }
        for (row, key) in zip(0..<found.count, part) { try body(key, found.bytes(row, 1)) }
      }
    }
  }

  func periodsWithoutSummary(of length: Period.Length, endingBy time: Timestamp) throws -> [Period] {
    try translated {
      var query = PostgresConnection.Query("tallies.periods_without_summary")
      query.parameters = PeriodRange(length, from: try floor(), endingBy: time).parameters.map { .integer($0) }
      let list = try connection.run(query)
      return (0..<list.count).map { Period(of: UInt32(clamping: list.integer($0, 0)), length) }
    }
  }

  func unknownPeriodTallies() throws -> [Int64] {
    try translated {
      let list = try connection.run("period_tallies.unknown", .integer(Int64(try floor().map(Period.day(of:)) ?? 0)))
      return (0..<list.count).map { list.integer($0, 0) }
    }
  }

  func forEachVerdicts(in span: Span, fields: VerdictFields, _ body: (VerdictRun) throws -> Void) throws {
    guard !span.isEmpty else { return }
    let hasID = fields.contains(.id)
    var reader = VerdictWireReader(hasID: hasID)
    func flush() throws {
      try reader.ids.withUnsafeBytes { ids in
        try reader.rows.withUnsafeBufferPointer { rows in
          if !rows.isEmpty { try body(VerdictRun(rows: rows, idBytes: ids)) }
        }
      }
      reader.removeAll()
    }
    try translated {
      // A bound that is no bigint would turn the comparison into one of decimals, which no index serves.
      try connection.copyOut(
        hasID ? "verdicts.in_span" : "verdicts.in_span_without_id",
        [max(span.from.microseconds, -Self.farthest), min(span.to.microseconds, Self.farthest)]
      ) { piece in
        guard reader.read(piece) else {
          throw StoreError(.damaged, "\(place): a verdict in the span from \(span.from == Span.always.from ? "the beginning" : span.from.rfc3339()) on has an impossible value; restore the database from a backup")
        }
        if reader.rows.count >= Self.runVerdicts { try flush() }
      }
      try flush()
    }
  }

  private static let farthest: Int64 = 1 << 62

  func days(in span: Span) throws -> [Timestamp] {
    try translated {
      var days: Set<Int64> = []
      for query in ["verdicts.days", "tallies.days"] {
        let list = try connection.run(query)
        for row in 0..<list.count {
          let length = Timestamp.microsecondsPerDay
          days.insert(try time(min(list.integer(row, 0), .max / length) * length, of: "a day").microseconds)
        }
      }
      return days.sorted().map { Timestamp(microseconds: $0) }
        .filter { $0 < span.to && $0.advanced(byMicroseconds: Timestamp.microsecondsPerDay) > span.from }
    }
  }

  func faults() throws -> [String] {
    try translated {
      let list = try connection.run("verdict_partitions.faults")
      return (0..<list.count).map { "partition \(list.text($0, 0)): it is not as verdict_partitions lists it, so verdicts of its days may find no place" }
    }
  }

  func unknownTallies() throws -> [Int64] {
    try translated {
      let list = try connection.run("tallies.unknown")
      return (0..<list.count).map { list.integer($0, 0) }
    }
  }

  func oldestVerdict() throws -> Timestamp? {
    try translated {
      let found = try connection.run("verdicts.oldest_time")
      return found.count > 0 ? try time(found.integer(0, 0), of: "a verdict's time") : nil
    }
  }

  func newestVerdict(before time: Timestamp) throws -> Timestamp? {
    try translated {
      let found = try connection.run("verdicts.newest_time_before", .integer(time.microseconds))
      return found.count > 0 ? try self.time(found.integer(0, 0), of: "a verdict's time") : nil
    }
  }

  func seals() throws -> [DaySeal] {
    try translated {
      let list = try connection.run("sealed_days.list")
      return try (0..<list.count).map { row in
        DaySeal(
          day: try time(list.integer(row, 0), of: "a sealed day"),
          verdicts: Int(try count(list.integer(row, 1), of: "a sealed day's verdicts")),
          newestVerdict: try time(list.integer(row, 2), of: "a sealed day's newest verdict"), digest: Array(list.bytes(row, 3)))
      }
    }
  }

  func counters() throws -> [CounterKey: Int64] {
    try translated {
      let list = try connection.run("counters.list")
      var counters: [CounterKey: Int64] = [:]
      for row in 0..<list.count {
        guard let counter = Counter(rawValue: list.text(row, 0)) else { continue }
        counters[CounterKey(counter, list.text(row, 1), list.text(row, 2))] = try count(list.integer(row, 3), of: "counter \(counter.rawValue)")
      }
      return counters
    }
  }

  func lastVerdictBySource() throws -> [(source: UInt32, time: Timestamp)] {
    try translated {
      let list = try connection.run("source_activity.list")
      return try (0..<list.count).map { row in
        guard let source = UInt32(exactly: list.integer(row, 0)) else { throw impossible("a source") }
        return (source, try time(list.integer(row, 1), of: "a source's newest verdict"))
      }
    }
  }

  func followedPlace(of file: String) throws -> String? {
    try translated {
      let found = try connection.run("followed_files.find", .text(file))
      return found.count > 0 ? found.text(0, 0) : nil
    }
  }

  func ledger() throws -> [LedgerEntry] {
    try translated {
      let list = try connection.run("ledger.list")
      return try (0..<list.count).map { row in
        let name = "ledger row \(list.integer(row, 0))"
        var counts = LedgerCounts()
        func column(_ index: Int) throws -> Int { Int(try count(list.integer(row, index), of: name)) }
        counts.read = try column(3)
        counts.stored = try column(4)
        counts.duplicates = try column(5)
        counts.conflicts = try column(6)
        counts.rejected = try column(7)
        counts.unrecognised = try column(8)
        return LedgerEntry(
          run: list.integer(row, 0), input: list.text(row, 1), startedAt: try time(list.integer(row, 2), of: name), counts: counts,
          discarded: try column(9), checksum: list.integer(row, 10))
      }
    }
  }

  // MARK: - What can be

  private func translated<Result>(_ body: () throws -> Result) throws -> Result {
    try PostgresFailure.translated(at: place, body)
  }

  private func time(_ microseconds: Int64, of what: String) throws -> Timestamp {
    guard let time = Timestamp(stored: microseconds) else { throw impossible(what) }
    return time
  }

  private func count(_ number: Int64, of what: String) throws -> Int64 {
    guard StoredCount.isPossible(number) else { throw impossible(what) }
    return number
  }

  private func impossible(_ what: String) -> StoreError {
    StoreError(.damaged, "\(place): the number kept for \(what) is impossible; restore the database from a backup")
  }
}
