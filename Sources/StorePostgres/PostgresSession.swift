import Storage
import Tallies
import Verdicts

/// A writer's session and what it knows of the store; begun anew when the connection breaks.
final class PostgresSession {
  let connection: PostgresConnection
  let place: String
  private let space: Int64
  private let options: WriterOptions
  private var register = CodeRegister()
  private var partitions = PartitionCover()
  private let counting = TallyCounting()
  /// The way that the batch before took: files that were sent before go on being so.
  private var way = BatchTransaction.Way.copying
  private var isScattered = false
  /// As it was when it was last read; each transaction holds it to that.
  private var knownFloor: Timestamp??
  /// Whether the store has a source that is not made up: then it always will.
  private var hasOthers = false

  /// Rows that are sent with all that goes with them.
  private static let rowsTogetherMax = 500

  init(_ connection: PostgresConnection, place: String, space: Int64, options: WriterOptions) {
    self.connection = connection
    self.place = place
    self.space = space
    self.options = options
  }

  func close() { connection.close() }

  /// Stores a batch in one transaction.
  ///
  /// - Parameters:
  ///   - run: as it was left by the last commit.
  ///   - beforeCommit: told what will hold once the commit is through, whether or not its answer arrives.
  func store(_ batch: VerdictBatch, in run: LedgerRun, beforeCommit: (CommittedBatch) -> Void) throws -> CommittedBatch {
    while true {
      let floor = try knownFloor ?? self.floor()
      knownFloor = floor
      var intake = BatchIntake(batch, floor: floor)
      if !intake.rows.isEmpty {
        try register.register(intake, connection, space: space) { try refuseMixing(sources: $0) }
        try intake.assignCodes { try register.codes(of: $1, in: $0) }
        intake.sort()
        try partitions.ensure(for: intake.rows, connection)
      }
      let rows = BatchTransaction(rows: intake.rows, idBytes: batch.idBytes)
      var number = run.run
      if number == nil { number = try connection.run("ledger.next_run").integer(0, 0) }
      if let committed = try attempt(intake, rows, as: number ?? 0, after: run, floor: floor, beforeCommit: beforeCommit) { return committed }
    }
  }

  /// Puts a recount in the place of the tallies of whole 15-minute buckets.
  func rebuildTallies(buckets: Range<UInt32>) throws -> RebuildOutcome {
    try connection.holding(.aggregation, space: space) {
      try connection.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE ONLY verdicts IN ACCESS SHARE MODE") {
        try TallyRows.replace(buckets: buckets, of: PostgresSnapshot(connection, place: place), connection)
      }
    }
  }

  // MARK: - A batch

  /// One transaction after another, each by a surer way, until the key objects no more.
  ///
  /// - Returns: nil where the batch must be looked at anew: the floor has moved, a partition is gone, the run's number is taken.
  private func attempt(
    _ intake: BatchIntake, _ rows: BatchTransaction, as number: Int64, after run: LedgerRun, floor: Timestamp?,
    beforeCommit: (CommittedBatch) -> Void
  ) throws -> CommittedBatch? {
    var way = self.way
    while true {
      do {
        let committed = try write(intake, rows, by: way, as: number, after: run, floor: floor, beforeCommit: beforeCommit)
        let repeated = committed.outcome.counts.duplicates + committed.outcome.counts.conflicts > 0
        self.way = repeated ? .lookingUp : .copying
        return committed
      } catch let failure as PostgresFailure where failure.isUniqueViolation && ["verdicts.copy_in", "verdicts.insert_all"].contains(failure.action) {
        way = way.next
      } catch let failure as PostgresFailure where failure.isOtherwise && failure.action == "store_state.hold_floor" {
        knownFloor = nil
        return nil
      } catch let failure as PostgresFailure where failure.isUniqueViolation && failure.action == "ledger.insert" {
        // Another worker's run was given the same number.
        return nil
      } catch let failure as PostgresFailure where failure.isWithoutPartition {
        partitions.forget()
        return nil
      }
    }
  }

  private func write(
    _ intake: BatchIntake, _ rows: BatchTransaction, by way: BatchTransaction.Way, as number: Int64, after run: LedgerRun,
    floor: Timestamp?, beforeCommit: (CommittedBatch) -> Void
  ) throws -> CommittedBatch {
    do {
      let opening: [PostgresConnection.Query] = [
        .init("transactions.begin"), .init("locks.share", .integer(space), .integer(AdvisoryLock.floor.rawValue)),
        .init("store_state.hold_floor", .integer(floor?.microseconds ?? -1)),
      ]
      var settled = intake
      if way == .copying, rows.count <= Self.rowsTogetherMax {
        // What becomes of few that are new is known beforehand, and so is all that goes with them.
        settled.settle(rows.fatesIfNew)
        let counted = counting.begin(settled.rows, idBytes: intake.batch.idBytes)
        return try commit(settled, counted, as: number, after: run, opening + (intake.rows.isEmpty ? [] : [rows.insertion]), beforeCommit)
      }
      try connection.runTogether(opening)
      // Most batches are new as a whole, so they are counted while they are copied in.
      let whole = way == .copying ? counting.begin(intake.rows, idBytes: intake.batch.idBytes) : nil
      settled.settle(try rows.write(way, connection, isScattered: &isScattered))
      let isNew = settled.rows.count == intake.rows.count
      let counted = (isNew ? whole : nil) ?? counting.begin(settled.rows, idBytes: intake.batch.idBytes)
      return try commit(settled, counted, as: number, after: run, [], beforeCommit)
    } catch {
      if !connection.isBad { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// Sends what goes with rows that are written, or are by the queries that go first, and COMMIT.
  private func commit(
    _ settled: BatchIntake, _ counted: TallyCounting.Pending, as number: Int64, after run: LedgerRun,
    _ first: [PostgresConnection.Query], _ beforeCommit: (CommittedBatch) -> Void
  ) throws -> CommittedBatch {
    var queries = first
    var deltas = PostgresConnection.Query("deltas.append")
    deltas.parameters = try counted.value().parameters + activity(of: settled) + counters(of: settled)
    queries.append(deltas)
    var next = run
    next.run = number
    next.counts += settled.outcome.counts
    queries.append(ledgerRow(of: next, after: run))
    queries.append(.init("transactions.commit"))
    let committed = CommittedBatch(outcome: settled.outcome, run: next)
    beforeCommit(committed)
    try connection.runTogether(queries)
    return committed
  }

  /// What raises the newest time of each source: sources, times.
  private func activity(of intake: BatchIntake) -> [PostgresValue] {
    let newest = intake.newestBySource().sorted { $0.key < $1.key }
    return [.integers(newest.map { Int64($0.key) }), .integers(newest.map { $0.value })]
  }

  /// What is added to the counters: counters, labels, parts, values.
  private func counters(of intake: BatchIntake) throws -> [PostgresValue] {
    var labels = register.methodLabels
    let methods = intake.usedValues(of: .method)
    let names = Dictionary(zip(try register.codes(of: methods, in: .method), methods)) { first, _ in first }
    let changes = intake.rows.withUnsafeBufferPointer { rows in
      CounterChanges(
        rows: rows, counts: intake.outcome.counts, methodNames: { names[$0] ?? Counter.otherLabel }, methodLabels: &labels)
    }
    let keys = changes.additions.keys.sorted()
    return [
      .texts(keys.map(\.counter.rawValue)), .texts(keys.map(\.label)), .texts(keys.map(\.part)), .integers(keys.map { changes.additions[$0] }),
    ]
  }

  /// Writes the run's ledger row; the first of its batches makes the row, the others find it as the one before left it.
  private func ledgerRow(of next: LedgerRun, after run: LedgerRun) -> PostgresConnection.Query {
    let total = next.counts
    let columns: [PostgresValue] = [.integer(next.run ?? 0), .text(next.input), .integer(next.startedAt.microseconds)]
      + [total.read, total.stored, total.duplicates, total.conflicts, total.rejected, total.unrecognised].map { .integer(Int64($0)) }
      + [.integer(next.checksum)]
    var query = PostgresConnection.Query(run.run == nil ? "ledger.insert" : "ledger.update")
    query.parameters = run.run == nil ? columns : columns + [.integer(run.checksum)]
    return query
  }

  /// Whether the ledger says of a run what it should say after a commit whose answer did not arrive.
  func hasCommitted(_ batch: CommittedBatch) throws -> Bool {
    let found = try connection.run("ledger.find_checksum", .integer(batch.run.run ?? 0))
    return found.count > 0 && found.integer(0, 0) == batch.run.checksum
  }

  // MARK: - State

  private func floor() throws -> Timestamp? {
    let found = try connection.run("store_state.find", .text("floor"))
    return found.count > 0 ? Timestamp(microseconds: found.integer(0, 0)) : nil
  }

  private func refuseMixing(sources: [String]) throws {
    // Beside others there may be others, whatever else is there.
    guard !options.allowSynthetic, !hasOthers || sources.contains(WriterOptions.syntheticSource) else { return }
    let source = PostgresValue.integer(Int64(Dimension.source.rawValue))
    hasOthers = try connection.run("coded_values.has_other_value", source, .text(WriterOptions.syntheticSource)).count > 0
    try SyntheticMixing.refuse(
      sources: sources, hasSynthetic: try connection.run("coded_values.find", source, .text(WriterOptions.syntheticSource)).count > 0,
      hasOthers: hasOthers, place: place)
  }
}

/// A batch that is in the store once its commit is through.
struct CommittedBatch {
  var outcome: BatchOutcome
  /// As the ledger has it with this batch.
  var run: LedgerRun
}
