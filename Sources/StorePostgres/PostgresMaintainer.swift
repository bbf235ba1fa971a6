import Storage
import Tallies
import Verdicts

/// The scheduled job on a Postgres store. Its session holds a lock from beginning to end: when the session breaks, so does the
/// hold, and nothing is done on another one.
final class PostgresMaintainer: StoreMaintainer {
  private let connection: PostgresConnection
  private let place: String
  private let space: Int64

  /// Deltas that are added up in one transaction, but for further ones of the last tally.
  private static let deltasFolded: Int64 = 2_000
  /// How long dropping a day waits for readers of the verdicts; writers wait meanwhile.
  private static let dropTimeoutMilliseconds = 3_000

  init(_ connection: PostgresConnection, place: String, space: Int64) {
    self.connection = connection
    self.place = place
    self.space = space
  }

  func close() { connection.close() }

  func prepare(for span: Span) throws {
    try translated {
      let first = max(span.from, .earliestAccepted).microseconds
      let instants = Array(stride(from: first, to: max(first, span.to.microseconds), by: Int(Timestamp.microsecondsPerDay)))
      try connection.run("verdict_partitions.ensure", .integers(instants))
    }
  }

  func fold() throws -> Int {
    try translated {
      var folded = 0
      var from = Int64.min
      while true {
        let end = try connection.run("tally_deltas.chunk_end", .integer(from), .integer(Self.deltasFolded))
        guard !end.isNull(0, 0) else { break }
        let last = end.integer(0, 0)
        folded += try connection.transaction { try foldTallies(from: from, through: last) }
        guard last < .max else { break }
        from = last + 1
      }
      folded += Int(try connection.run("counter_deltas.fold").integer(0, 0))
      return folded + Int(try connection.run("source_activity_deltas.fold").integer(0, 0))
    }
  }

  /// Takes deltas away and adds exactly those, in one transaction.
  private func foldTallies(from first: Int64, through last: Int64) throws -> Int {
    let taken = try connection.run("tally_deltas.take", .integer(first), .integer(last))
    let order = (0..<taken.count).sorted { taken.integer($0, 0) < taken.integer($1, 0) }
    let numbers = Set(order.map { taken.integer($0, 0) }).sorted()
    let folded = try connection.run("tallies.find_all", .integers(numbers.map { Optional($0) }))
    var folding: [Int64: Int] = [:]
    for row in 0..<folded.count { folding[folded.integer(row, 0)] = row }
    var rows = TallyRows()
    var sum = TallySum()
    func keep(_ finished: (TallyKey, [UInt8])?) throws {
      guard let (key, cells) = finished else { return }
      guard !cells.isEmpty else {
        throw StoreError(
          .damaged,
          "\(place): the tally of \(key.combination.name) at \(key.start.rfc3339()) is damaged; run guardtally verify, then guardtally rebuild")
      }
      rows.append(key, cells)
    }
    var previous: Int64?
    for row in order {
      let number = taken.integer(row, 0)
      guard let key = TallyKey(number: number) else {
        throw StoreError(.damaged, "\(place): tally \(number) was appended, and no verdict can be counted there; run guardtally verify, then guardtally rebuild")
      }
      if number != previous, let before = folding[number] { try keep(sum.add(folded.bytes(before, 1), to: key)) }
      previous = number
      try keep(sum.add(taken.bytes(row, 1), to: key))
    }
    try keep(sum.finish())
    try rows.put(connection)
    try TallyRows.deleteSummaries(of: TallyRows.days(of: numbers), connection)
    return taken.count
  }

  func keep(_ summary: PeriodSummary) throws -> Bool {
    try translated {
      try connection.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ") {
        let buckets = summary.period.buckets
        // What is folded stays as it is while this session holds the job's lock, and readers look for what is not folded.
        let isPending = try connection.run("tally_deltas.any", .integer(Int64(buckets.lowerBound)), .integer(Int64(buckets.upperBound))).count > 0
        guard !isPending, try summary.holds(in: PostgresSnapshot(connection, place: place)) else { return false }
        let numbers = PeriodTallyKey.numbers(of: summary.period)
        try connection.run("period_tallies.delete", .integer(numbers.lowerBound), .integer(numbers.upperBound))
        let tallies = summary.tallies.sorted { $0.key < $1.key }
        try connection.run("period_tallies.put_all", .integers(tallies.map { $0.key.number }), .blobs(tallies.map(\.value)))
        return true
      }
    }
  }

  func drop(_ seal: DaySeal) throws -> Bool {
    try aloneWithVerdicts {
      let snapshot = PostgresSnapshot(connection, place: place)
      guard try DaySeal(of: snapshot, day: seal.day) == seal else { return false }
      let end = seal.day.advanced(byMicroseconds: Timestamp.microsecondsPerDay)
      let dropped = try connection.run("verdicts.count_before", .integer(end.microseconds)).integer(0, 0)
      guard dropped == Int64(seal.verdicts) else {
        throw StoreError(
          .damaged,
          "\(place): the tallies of \(seal.day.rfc3339()) count \(seal.verdicts) verdicts, but \(dropped) would be dropped; run guardtally verify")
      }
      let retired = Int64(try snapshot.verdictsRetired())
      try dropPartitions(before: end)
      try connection.run(
        "sealed_days.insert", .integer(seal.day.microseconds), .integer(Int64(seal.verdicts)), .integer(seal.newestVerdict.microseconds),
        .bytes(seal.digest))
      try put("verdicts_retired", retired + dropped)
      try raise(to: max(end, try snapshot.floor() ?? end))
      return true
    }
  }

  func raiseFloor(to time: Timestamp) throws -> Bool {
    try aloneWithVerdicts {
      let snapshot = PostgresSnapshot(connection, place: place)
      if let oldest = try snapshot.oldestVerdict(), oldest < time { return false }
      try raise(to: max(time, try snapshot.floor() ?? time))
      try dropPartitions(before: time)
      return true
    }
  }

  func discard(_ selection: VerdictSelection, in run: inout LedgerRun) throws -> Int {
    let before = run
    let (removed, after) = try translated {
      // Writers are kept out, readers are not.
      try connection.transaction("BEGIN; SET LOCAL lock_timeout = \(Self.dropTimeoutMilliseconds)") {
        try connection.lock(.floor, space: space)
        func codes(_ dimension: Dimension) -> PostgresValue { .integers((selection.codes[dimension] ?? []).sorted().map { Int64($0) }) }
        let removed = try connection.run(
          "verdicts.discard", .integer(selection.span.from.microseconds), .integer(selection.span.to.microseconds), codes(.source), codes(.model),
          codes(.stage), codes(.method), codes(.language), codes(.region))
        let count = (0..<removed.count).reduce(0) { $0 + Int(removed.integer($1, 1)) }
        guard count > 0 else { return (0, before) }
        let snapshot = PostgresSnapshot(connection, place: place)
        _ = try TallyRows.replace(buckets: TallyKey.buckets(of: selection.span), of: snapshot, connection, mends: false)
        let sources = Set((0..<removed.count).map { UInt32(truncatingIfNeeded: removed.integer($0, 0)) })
        for (source, time) in try NewestVerdicts(of: sources, removedFrom: selection.span, in: snapshot).times {
          try connection.run("source_activity_deltas.delete", .integer(Int64(source)))
          if let time {
            try connection.run("source_activity.set", .integer(Int64(source)), .integer(time.microseconds))
          } else {
            try connection.run("source_activity.delete", .integer(Int64(source)))
          }
        }
        var after = before
        after.discarded += count
        if after.run == nil { after.run = try connection.run("ledger.next_run").integer(0, 0) }
        try connection.run(
          "ledger.put_discard", .integer(after.run ?? 0), .text(after.input), .integer(after.startedAt.microseconds), .integer(Int64(after.discarded)),
          .integer(after.checksum))
        return (count, after)
      }
    }
    run = after
    return removed
  }

  /// Dropped partitions have given their files back.
  func reclaimSpace() throws {}

  func lastSuccess(of work: JobRun.Work) throws -> Timestamp? {
    try translated {
      let found = try connection.run("job_runs.last_success", .text(work.rawValue))
      return found.count > 0 ? Timestamp(microseconds: found.integer(0, 0)) : nil
    }
  }

  func record(_ outcome: AggregationOutcome, at time: Timestamp, _ runs: [JobRun]) throws {
    try translated {
      try connection.transaction {
        try connection.run("counters.add", .text(Counter.aggregationRuns.rawValue), .text(outcome.rawValue), .text(""), .integer(1))
        if outcome == .succeeded { try put("last_aggregation", time.microseconds) }
        for run in runs {
          try connection.run(
            "job_runs.insert", .text(run.work.rawValue), .integer(run.startedAt.microseconds), .integer(run.duration), .text(run.outcome.rawValue))
          try connection.run("job_runs.prune", .text(run.work.rawValue), .integer(Int64(JobRun.keptMax)))
        }
      }
    }
  }

  /// Runs a transaction while no verdict is stored and none is read.
  private func aloneWithVerdicts<Result>(_ body: () throws -> Result) throws -> Result {
    try translated {
      try connection.transaction("BEGIN; SET LOCAL lock_timeout = \(Self.dropTimeoutMilliseconds)") {
        // Writers are kept out before readers, in the order in which a writer meets both.
        try connection.lock(.floor, space: space)
        try connection.execute("LOCK TABLE ONLY verdicts IN ACCESS EXCLUSIVE MODE")
        return try body()
      }
    }
  }

  /// Drops the partitions that end by a time, and the verdicts before it of one that reaches over it.
  private func dropPartitions(before time: Timestamp) throws {
    let list = try connection.run("verdict_partitions.list")
    for row in 0..<list.count where list.integer(row, 1) <= time.microseconds {
      let name = PostgresConnection.identifier(list.text(row, 2))
      try connection.execute("ALTER TABLE verdicts DETACH PARTITION \(name); DROP TABLE \(name)", action: "dropping a partition")
      try connection.run("verdict_partitions.delete", .integer(list.integer(row, 0)))
    }
    try connection.run("verdicts.delete_before", .integer(time.microseconds))
  }

  /// Moves the floor. Periods that begin below it cannot be proved any more.
  private func raise(to floor: Timestamp) throws {
    try put("floor", floor.microseconds)
    let first = PeriodTallyKey.numbers(of: Period(of: Period.day(of: floor), .day)).lowerBound
    try connection.run("period_tallies.delete", .integer(.min), .integer(first - 1))
  }

  private func put(_ name: String, _ value: Int64) throws {
    try connection.run("store_state.put", .text(name), .integer(value))
  }

  private func translated<Result>(_ body: () throws -> Result) throws -> Result {
    try PostgresFailure.translated(at: place, body)
  }
}
