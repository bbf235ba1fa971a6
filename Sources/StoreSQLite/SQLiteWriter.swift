import SQLFiles
import Storage
import Verdicts

/// Stores batches in an SQLite file, each in one transaction that changes verdicts, tallies, counters and ledger together.
final class SQLiteWriter: VerdictWriter {
  private let connection: SQLiteConnection
  private let files: SQLFiles
  private let options: WriterOptions
  private var codebook: Codebook
  private var blocks: VerdictBlocks
  private var tallies: TallyTable
  private var fates: [VerdictFate] = []
  /// Whether the store has a source that is not made up: then it always will, unless this transaction is undone.
  private var hasOthers = false

  init(connection: SQLiteConnection, files: SQLFiles, options: WriterOptions) {
    self.connection = connection
    self.files = files
    self.options = options
    codebook = Codebook(connection: connection, files: files)
    blocks = VerdictBlocks(connection: connection, files: files)
    tallies = TallyTable(connection: connection, files: files)
  }

  func close() { connection.close() }

  func store(_ batch: VerdictBatch, in run: inout LedgerRun) throws -> BatchOutcome {
    let before = run
    let (outcome, after) = try inTransaction {
      let intake = try storeVerdicts(of: batch)
      try intake.rows.withUnsafeBufferPointer { rows in
        try batch.idBytes.withUnsafeBufferPointer { ids in
          if let ids = ids.baseAddress, !rows.isEmpty { try tallies.add(rows, ids: ids) }
        }
        try count(rows, batch: batch, counts: intake.outcome.counts)
      }
      try recordActivity(intake.newestBySource())
      return (intake.outcome, try record(intake.outcome.counts, in: before))
    }
    // Committed, but to a file that nobody will find: not to be acknowledged.
    try connection.checkPlace()
    run = after
    return outcome
  }

  func rebuildTallies(buckets: Range<UInt32>) throws -> RebuildOutcome {
    try inTransaction {
      try tallies.replace(buckets: buckets, of: SQLiteSnapshot(connection: connection, files: files))
    }
  }

  func note(place: String, of file: String) throws {
    let put = try connection.query("followed_files.put", of: files)
    put.bind(1, file)
    put.bind(2, place)
    try put.run()
  }

  private func inTransaction<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try connection.transaction(body)
    } catch {
      // After a rollback codes may be gone.
      codebook.forget()
      hasOthers = false
      throw error
    }
  }

  // MARK: - Verdicts

  /// Stores the rows that are new, and leaves them alone in what it returns.
  private func storeVerdicts(of batch: VerdictBatch) throws -> BatchIntake {
    var intake = BatchIntake(batch, floor: try stateValue("floor").map(Timestamp.init))
    guard !intake.rows.isEmpty else { return intake }
    try refuseMixing(sources: intake.usedValues(of: .source))
    try intake.assignCodes { field, values in try values.map { try codebook.code(of: $0, in: field) } }
    intake.sort()
    fates.removeAll(keepingCapacity: true)
    fates.append(contentsOf: repeatElement(.stored, count: intake.rows.count))
    try batch.idBytes.withUnsafeBufferPointer { ids in
      try intake.rows.withUnsafeBufferPointer { rows in
        try fates.withUnsafeMutableBufferPointer { try blocks.add(rows, ids: ids.baseAddress!, fates: $0) }
      }
    }
    intake.settle(fates)
    return intake
  }

  // MARK: - Beside the verdicts

  private func refuseMixing(sources: [String]) throws {
    // Beside others there may be others, whatever else is there.
    guard !options.allowSynthetic, !hasOthers || sources.contains(WriterOptions.syntheticSource) else { return }
    hasOthers = try hasSource(matching: "coded_values.has_other_value", WriterOptions.syntheticSource)
    try SyntheticMixing.refuse(
      sources: sources, hasSynthetic: try hasSource(matching: "coded_values.find", WriterOptions.syntheticSource), hasOthers: hasOthers,
      place: connection.path)
  }

  private func hasSource(matching query: String, _ value: String) throws -> Bool {
    let find = try connection.query(query, of: files)
    defer { find.reset() }
    find.bind(1, Int64(Dimension.source.rawValue))
    find.bind(2, value)
    return try find.step()
  }

  private func stateValue(_ name: String) throws -> Int64? {
    let find = try connection.query("store_state.find", of: files)
    defer { find.reset() }
    find.bind(1, name)
    return try find.step() ? find.integer(0) : nil
  }

  private func count(_ rows: UnsafeBufferPointer<VerdictRow>, batch: VerdictBatch, counts: LedgerCounts) throws {
    var names: [UInt32: String] = [:]
    let used = Set(rows.map { $0.codes[Dimension.method.lane] })
    if !used.isEmpty {
      // The rows' codes are known by now, so a method without one is a refused record's.
      for method in batch.values[Dimension.method.lane] {
        if let code = try codebook.knownCode(of: method, in: .method), used.contains(code) { names[code] = method }
      }
    }
    var labels: Set<ExactText> = []
    let list = try connection.query("counters.labels", of: files)
    list.bind(1, Counter.request.rawValue)
    while try list.step() { labels.insert(ExactText(list.text(0))) }
    list.reset()
    labels.remove(ExactText(Counter.otherLabel))
    let changes = CounterChanges(rows: rows, counts: counts, methodNames: { names[$0] ?? Counter.otherLabel }, methodLabels: &labels)
    for (key, amount) in changes.additions {
      let add = try connection.query("counters.add", of: files)
      add.bind(1, key.counter.rawValue)
      add.bind(2, key.label)
      add.bind(3, key.part)
      add.bind(4, amount)
      try add.run()
    }
  }

  private func recordActivity(_ newest: [UInt32: Int64]) throws {
    for (source, time) in newest {
      let raise = try connection.query("source_activity.raise", of: files)
      raise.bind(1, Int64(source))
      raise.bind(2, time)
      try raise.run()
    }
  }

  /// Writes the run's ledger row as it stands with this batch.
  private func record(_ counts: LedgerCounts, in run: LedgerRun) throws -> LedgerRun {
    var next = run
    next.counts += counts
    if next.run == nil {
      next.run = try connection.integer(files.query("ledger.next_run"))
    }
    let number = next.run ?? 0
    let put = try connection.query(run.run == nil ? "ledger.insert" : "ledger.update", of: files)
    put.bind(1, number)
    put.bind(2, next.input)
    put.bind(3, next.startedAt.microseconds)
    put.bind(4, Int64(next.counts.read))
    put.bind(5, Int64(next.counts.stored))
    put.bind(6, Int64(next.counts.duplicates))
    put.bind(7, Int64(next.counts.conflicts))
    put.bind(8, Int64(next.counts.rejected))
    put.bind(9, Int64(next.counts.unrecognised))
    put.bind(10, next.checksum)
    try put.run()
    return next
  }
}
