import SQLFiles
import Storage
import Tallies
import Verdicts

/// One state of an SQLite file: reads within the transaction that its connection has open.
struct SQLiteSnapshot: StoreSnapshot {
  let connection: SQLiteConnection
  let files: SQLFiles

  func floor() throws -> Timestamp? {
    try state("floor").map { try time($0, of: "the floor") }
  }

  func verdictsRetired() throws -> Int {
    Int(try count(try state("verdicts_retired") ?? 0, of: "retired verdicts"))
  }

  func verdictCount() throws -> Int {
    Int(try count(try connection.integer(files.query("verdict_blocks.count")) ?? 0, of: "verdicts"))
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
    StoreError(.damaged, "\(connection.path): the number kept for \(what) is impossible; restore the database from a backup")
  }

  private func state(_ name: String) throws -> Int64? {
    let find = try connection.query("store_state.find", of: files)
    defer { find.reset() }
    find.bind(1, name)
    return try find.step() ? find.integer(0) : nil
  }

  func values(of field: CodedField) throws -> CodedValues {
    if field == .stage { return .stages }
    let list = try connection.query("coded_values.list", of: files)
    defer { list.reset() }
    list.bind(1, Int64(field.rawValue))
    var values: [(UInt32, String)] = []
    while try list.step() {
      guard let code = UInt32(exactly: list.integer(0)) else { throw impossible("a code of \(field.name)") }
      let value = list.text(1)
      guard CodedValueChecksum.of(value, code: code, in: field) == list.integer(2) else {
        throw StoreError(.damaged, "\(connection.path): value \(code) of \(field.name) was changed after it was written; restore the database from a backup")
      }
      values.append((code, value))
    }
    return CodedValues(values)
  }

  func forEachTally(
    of combination: Combination, buckets: Range<UInt32>, _ body: (TallyKey, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let scan = try connection.query("tallies.scan", of: files)
    defer { scan.reset() }
    scan.bind(1, TallyKey(combination: combination, bucket: buckets.lowerBound).number)
    scan.bind(2, TallyKey(combination: combination, bucket: buckets.upperBound).number)
    while try scan.step() {
      guard let key = TallyKey(number: scan.integer(0)) else { continue }
      try body(key, scan.blob(1))
    }
  }

  func periodTallies(of days: Range<UInt32>) throws -> [PeriodTallyKey] {
    let list = try connection.query("period_tallies.list", of: files)
    defer { list.reset() }
    list.bind(1, Int64(days.lowerBound) << 8)
    list.bind(2, Int64(days.upperBound) << 8)
    var keys: [PeriodTallyKey] = []
    while try list.step() { if let key = PeriodTallyKey(number: list.integer(0)) { keys.append(key) } }
    return keys
  }

  func forEachPeriodTally(_ keys: [PeriodTallyKey], _ body: (PeriodTallyKey, UnsafeRawBufferPointer) throws -> Void) throws {
    let find = try connection.query("period_tallies.find", of: files)
    defer { find.reset() }
    for key in keys {
      find.reset()
      find.bind(1, key.number)
      guard try find.step() else {
        throw StoreError(.damaged, "\(connection.path): the \(key.name) is listed, and is not there; restore the database from a backup")
      }
      try body(key, find.blob(0))
    }
  }

  func periodsWithoutSummary(of length: Period.Length, endingBy time: Timestamp) throws -> [Period] {
    let list = try connection.query("tallies.periods_without_summary", of: files)
    defer { list.reset() }
    let range = PeriodRange(length, from: try floor(), endingBy: time)
    for (index, value) in range.parameters.enumerated() { list.bind(index + 1, value) }
    var periods: [Period] = []
    while try list.step() { periods.append(Period(of: UInt32(clamping: list.integer(0)), length)) }
    return periods
  }

  func unknownPeriodTallies() throws -> [Int64] {
    let list = try connection.query("period_tallies.unknown", of: files)
    list.bind(1, Int64(try floor().map(Period.day(of:)) ?? 0))
    return try numbers(list)
  }

  func forEachVerdicts(in span: Span, fields: VerdictFields, _ body: (VerdictRun) throws -> Void) throws {
    guard !span.isEmpty else { return }
    let scan = try connection.query("verdict_blocks.in_span", of: files)
    defer { scan.reset() }
    scan.bind(1, span.from.microseconds)
    scan.bind(2, span.to.microseconds)
    var decoder = VerdictBlockDecoder()
    var previousLast = Int64.min
    while try scan.step() {
      let block = scan.integer(0)
      guard decoder.decode(scan.blob(6), fields: fields), let first = decoder.rows.first, let last = decoder.rows.last,
        first.time == scan.integer(1), last.time == scan.integer(4), Int64(decoder.rows.count) == scan.integer(5), previousLast <= first.time
      else { throw VerdictBlocks.damage(block: block, path: connection.path) }
      previousLast = last.time
      if fields.contains([.codes, .id]) {
        let isFirstKey = Int64(first.codes[Dimension.source.lane]) == scan.integer(2)
          && decoder.ids[Int(first.idOffset)..<Int(first.idOffset) + Int(first.idLength)].elementsEqual(scan.blob(3))
        guard isFirstKey else { throw VerdictBlocks.damage(block: block, path: connection.path) }
      }
      try decoder.ids.withUnsafeBytes { ids in
        try decoder.rows.withUnsafeBufferPointer { rows in
          let start = Self.firstIndex(rows, notBefore: span.from.microseconds)
          let end = Self.firstIndex(rows, notBefore: span.to.microseconds)
          if start < end { try body(VerdictRun(rows: UnsafeBufferPointer(rebasing: rows[start..<end]), idBytes: ids)) }
        }
      }
    }
  }

  var hasBlocks: Bool { true }

  func forEachBlock(in span: Span, fields: VerdictFields, _ body: (StoredBlock, UnsafeRawBufferPointer) throws -> Void) throws {
    guard !span.isEmpty else { return }
    let scan = try connection.query("verdict_blocks.in_span", of: files)
    defer { scan.reset() }
    scan.bind(1, span.from.microseconds)
    scan.bind(2, span.to.microseconds)
    let path = connection.path
    var previousLast = Int64.min
    while try scan.step() {
      let number = scan.integer(0)
      let block = StoredBlock(count: Int(clamping: scan.integer(5)), firstTime: scan.integer(1), lastTime: scan.integer(4)) {
        VerdictBlocks.damage(block: number, path: path)
      }
      guard (1...VerdictBlockEncoder.rowsMax).contains(block.count), previousLast <= block.firstTime, block.firstTime <= block.lastTime else { throw VerdictBlocks.damage(block: number, path: path) }
      previousLast = block.lastTime
      try body(block, scan.blob(6))
    }
  }

  private static func firstIndex(_ rows: UnsafeBufferPointer<VerdictRow>, notBefore time: Int64) -> Int {
    var low = 0
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if rows[middle].time < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func days(in span: Span) throws -> [Timestamp] {
    var days: Set<Int64> = []
    let blocks = try connection.query("verdict_blocks.days", of: files)
    defer { blocks.reset() }
    while try blocks.step() {
      for column: Int32 in 0...1 {
        let length = Timestamp.microsecondsPerDay
        days.insert(try time(min(blocks.integer(column), .max / length) * length, of: "a block's time").microseconds / length)
      }
    }
    try addDaysInside(&days)
    let tallies = try connection.query("tallies.days", of: files)
    defer { tallies.reset() }
    while try tallies.step() { days.insert(tallies.integer(0)) }
    let length = Timestamp.microsecondsPerDay
    return days.sorted().map { Timestamp(microseconds: $0 * length) }
      .filter { $0 < span.to && $0.advanced(byMicroseconds: length) > span.from }
  }

  /// Where verdicts are rare a block reaches over several days; only its rows tell which.
  private func addDaysInside(_ days: inout Set<Int64>) throws {
    let blocks = try connection.query("verdict_blocks.over_several_days", of: files)
    defer { blocks.reset() }
    var decoder = VerdictBlockDecoder()
    while try blocks.step() {
      // A damaged block is found when its first day is recounted.
      guard decoder.decode(blocks.blob(0), fields: []) else { continue }
      for row in decoder.rows { days.insert(row.time / Timestamp.microsecondsPerDay) }
    }
  }

  func oldestVerdict() throws -> Timestamp? {
    try connection.integer(files.query("verdict_blocks.oldest_time")).map { try time($0, of: "a block's time") }
  }

  /// Blocks are looked at as they are read.
  func faults() throws -> [String] { [] }

  func unknownTallies() throws -> [Int64] { try numbers(try connection.query("tallies.unknown", of: files)) }

  private func numbers(_ list: SQLiteStatement) throws -> [Int64] {
    defer { list.reset() }
    var numbers: [Int64] = []
    while try list.step() { numbers.append(list.integer(0)) }
    return numbers
  }

  func newestVerdict(before time: Timestamp) throws -> Timestamp? {
    let last = try connection.query("verdict_blocks.last_before", of: files)
    defer { last.reset() }
    last.bind(1, time.microseconds)
    guard try last.step() else { return nil }
    let newest = try self.time(last.integer(0), of: "a block's time")
    if newest < time { return newest }
    var decoder = VerdictBlockDecoder()
    guard decoder.decode(last.blob(1), fields: []), let row = decoder.rows.last(where: { $0.time < time.microseconds }) else {
      throw StoreError(.damaged, "\(connection.path): the verdict block before \(time.rfc3339()) is damaged; restore the database from a backup")
    }
    return try self.time(row.time, of: "a verdict's time")
  }

  func seals() throws -> [DaySeal] {
    let list = try connection.query("sealed_days.list", of: files)
    defer { list.reset() }
    var seals: [DaySeal] = []
    while try list.step() {
      seals.append(
        DaySeal(
          day: try time(list.integer(0), of: "a sealed day"), verdicts: Int(try count(list.integer(1), of: "a sealed day's verdicts")),
          newestVerdict: try time(list.integer(2), of: "a sealed day's newest verdict"), digest: Array(list.blob(3))))
    }
    return seals
  }

  func lastAggregation() throws -> Timestamp? {
    try state("last_aggregation").map { try time($0, of: "the last aggregation") }
  }

  func counters() throws -> [CounterKey: Int64] {
    let list = try connection.query("counters.list", of: files)
    defer { list.reset() }
    var counters: [CounterKey: Int64] = [:]
    while try list.step() {
      guard let counter = Counter(rawValue: list.text(0)) else { continue }
      counters[CounterKey(counter, list.text(1), list.text(2))] = try count(list.integer(3), of: "counter \(counter.rawValue)")
    }
    return counters
  }

  func lastVerdictBySource() throws -> [(source: UInt32, time: Timestamp)] {
    let list = try connection.query("source_activity.list", of: files)
    defer { list.reset() }
    var sources: [(UInt32, Timestamp)] = []
    while try list.step() {
      guard let source = UInt32(exactly: list.integer(0)) else { throw impossible("a source") }
      sources.append((source, try time(list.integer(1), of: "a source's newest verdict")))
    }
    return sources
  }

  func followedPlace(of file: String) throws -> String? {
    let find = try connection.query("followed_files.find", of: files)
    defer { find.reset() }
    find.bind(1, file)
    return try find.step() ? find.text(0) : nil
  }

  func ledger() throws -> [LedgerEntry] {
    let list = try connection.query("ledger.list", of: files)
    defer { list.reset() }
    var entries: [LedgerEntry] = []
    while try list.step() {
      var counts = LedgerCounts()
      func column(_ index: Int32) throws -> Int { Int(try count(list.integer(index), of: "ledger row \(list.integer(0))")) }
      counts.read = try column(3)
      counts.stored = try column(4)
      counts.duplicates = try column(5)
      counts.conflicts = try column(6)
      counts.rejected = try column(7)
      counts.unrecognised = try column(8)
      entries.append(
        LedgerEntry(
          run: list.integer(0), input: list.text(1), startedAt: try time(list.integer(2), of: "ledger row \(list.integer(0))"), counts: counts,
          discarded: try column(9), checksum: list.integer(10)))
    }
    return entries
  }
}
