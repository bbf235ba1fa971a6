import SQLFiles
import Storage
import Tallies
import Verdicts

/// Stores batches in an SQLite file, each in one transaction that changes verdicts, tallies, counters and ledger together.
final class SQLiteWriter: VerdictWriter {
  private let connection: SQLiteConnection
  private let files: SQLFiles
  private let options: WriterOptions
  private var codebook: DimensionCodebook
  private var blocks: VerdictBlocks
  private var tallies: TallyTable
  private var fates: [VerdictBlocks.Fate] = []

  init(connection: SQLiteConnection, files: SQLFiles, options: WriterOptions) {
    self.connection = connection
    self.files = files
    self.options = options
    codebook = DimensionCodebook(connection: connection, files: files)
    blocks = VerdictBlocks(connection: connection, files: files)
    tallies = TallyTable(connection: connection, files: files)
  }

  func close() { connection.close() }

  func store(_ batch: VerdictBatch, in run: inout LedgerRun) throws -> BatchOutcome {
    let before = run
    let (outcome, after) = try inTransaction {
      var outcome = BatchOutcome()
      outcome.counts.read = batch.read
      outcome.counts.rejected = batch.rejections.count
      let stored = try storeVerdicts(of: batch, outcome: &outcome)
      try stored.withUnsafeBufferPointer { rows in
        try batch.idBytes.withUnsafeBufferPointer { ids in
          if let ids = ids.baseAddress, !rows.isEmpty { try tallies.add(rows, ids: ids) }
        }
        try count(rows, batch: batch, counts: outcome.counts)
        try recordActivity(of: rows)
      }
      return (outcome, try record(outcome.counts, in: before))
    }
    run = after
    return outcome
  }

  func rebuildTallies(buckets: Range<UInt32>) throws -> RebuildOutcome {
    try inTransaction {
      let grain = TallyKey.grainMicroseconds
      let span = Span(
        from: Timestamp(microseconds: Int64(buckets.lowerBound) * grain), to: Timestamp(microseconds: Int64(buckets.upperBound) * grain))
      let snapshot = SQLiteSnapshot(connection: connection, files: files)
      return try tallies.replace(buckets: buckets, bySpan: span, of: snapshot)
    }
  }

  /// Runs a body between BEGIN IMMEDIATE and COMMIT.
  private func inTransaction<Result>(_ body: () throws -> Result) throws -> Result {
    try connection.execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try connection.execute("COMMIT")
      return result
    } catch {
      // Some failures (a full disk) have rolled back already; then this one fails and changes nothing.
      try? connection.execute("ROLLBACK")
      codebook.forget()
      throw error
    }
  }

  // MARK: - Verdicts

  /// Stores the rows that are new.
  ///
  /// - Returns: the stored rows with the store's codes, in ascending order of time.
  private func storeVerdicts(of batch: VerdictBatch, outcome: inout BatchOutcome) throws -> [VerdictRow] {
    var rows = batch.rows
    if let floor = try stateValue("floor"), rows.contains(where: { $0.time < floor }) {
      refuse(rows.filter { $0.time < floor }, of: batch, code: .expired, outcome: &outcome)
      rows.removeAll { $0.time < floor }
    }
    guard !rows.isEmpty else { return [] }
    let isUsed = Self.usedValues(rows, of: batch)
    try refuseMixing(sources: zip(batch.values[0], isUsed[0]).filter(\.1).map(\.0))
    try replaceLocalCodes(&rows, values: batch.values, isUsed: isUsed)
    return try batch.idBytes.withUnsafeBufferPointer { ids in
      sortByKey(&rows, ids: ids.baseAddress!)
      fates.removeAll(keepingCapacity: true)
      fates.append(contentsOf: repeatElement(.stored, count: rows.count))
      try rows.withUnsafeBufferPointer { rows in
        try fates.withUnsafeMutableBufferPointer { try blocks.add(rows, ids: ids.baseAddress!, fates: $0) }
      }
      return settle(rows, of: batch, outcome: &outcome)
    }
  }

  /// Counts the fates of sorted rows and keeps those that were stored.
  private func settle(_ rows: [VerdictRow], of batch: VerdictBatch, outcome: inout BatchOutcome) -> [VerdictRow] {
    var stored: [VerdictRow] = []
    stored.reserveCapacity(rows.count)
    var conflicts: [VerdictRow] = []
    for (index, row) in rows.enumerated() {
      switch fates[index] {
      case .stored:
        stored.append(row)
        outcome.counts.unrecognised += row.unrecognised.total
      case .duplicate: outcome.counts.duplicates += 1
      case .conflict: conflicts.append(row)
      }
    }
    outcome.counts.stored = stored.count
    refuse(conflicts, of: batch, code: .conflict, outcome: &outcome)
    return stored
  }

  private func refuse(_ rows: [VerdictRow], of batch: VerdictBatch, code: RejectionCode, outcome: inout BatchOutcome) {
    if code == .conflict { outcome.counts.conflicts += rows.count } else { outcome.counts.rejected += rows.count }
    guard !rows.isEmpty else { return }
    // Ids lie in order of arrival, so an id's offset leads back to its row's position.
    let offsets = batch.rows.map(\.idOffset)
    for row in rows.sorted(by: { $0.idOffset < $1.idOffset }) {
      var low = 0
      var high = offsets.count - 1
      while low < high {
        let middle = (low + high) / 2
        if offsets[middle] < row.idOffset { low = middle + 1 } else { high = middle }
      }
      outcome.refused.append(Rejection(position: batch.positions[low], code: code))
    }
  }

  /// For each dimension and value of a batch whether one of the rows has it: refused records leave nothing in the store.
  private static func usedValues(_ rows: [VerdictRow], of batch: VerdictBatch) -> [[Bool]] {
    batch.values.enumerated().map { lane, values in
      var isUsed = [Bool](repeating: false, count: values.count)
      for row in rows { isUsed[Int(row.codes[lane])] = true }
      return isUsed
    }
  }

  private func replaceLocalCodes(_ rows: inout [VerdictRow], values: [[String]], isUsed: [[Bool]]) throws {
    var codes: [[UInt32]] = []
    for dimension in Dimension.allCases {
      let lane = dimension.lane
      codes.append(try zip(values[lane], isUsed[lane]).map { try $1 ? codebook.code(of: $0, in: dimension) : 0 })
    }
    rows.withUnsafeMutableBufferPointer { rows in
      for lane in 0..<codes.count {
        codes[lane].withUnsafeBufferPointer { codes in
          for index in 0..<rows.count { rows[index].codes[lane] = codes[Int(rows[index].codes[lane])] }
        }
      }
    }
  }

  /// Sorts by (time, source, id), equal keys by arrival. Most traffic comes in order and is only looked over.
  private func sortByKey(_ rows: inout [VerdictRow], ids: UnsafePointer<UInt8>) {
    let isSorted = rows.withUnsafeBufferPointer { rows in
      (1..<max(1, rows.count)).allSatisfy { VerdictKey.compare(rows.baseAddress! + $0 - 1, ids, rows.baseAddress! + $0, ids) <= 0 }
    }
    if isSorted { return }
    rows.sort { left, right in
      let order = withUnsafePointer(to: left) { left in
        withUnsafePointer(to: right) { VerdictKey.compare(left, ids, $0, ids) }
      }
      return order != 0 ? order < 0 : left.idOffset < right.idOffset
    }
  }

  // MARK: - Beside the verdicts

  /// Made-up verdicts stand beside others only where that was asked for: they would be in every total.
  private func refuseMixing(sources: [String]) throws {
    guard !options.allowSynthetic else { return }
    let synthetic = WriterOptions.syntheticSource
    let bringsSynthetic = sources.contains(synthetic)
    let bringsOthers = sources.contains { $0 != synthetic }
    let hasSynthetic = try hasSource(matching: "dimension_values.find", synthetic)
    let hasOthers = try hasSource(matching: "dimension_values.has_other_value", synthetic)
    if bringsSynthetic && (bringsOthers || hasOthers) || bringsOthers && hasSynthetic && !hasOthers {
      throw StoreError(
        .synthetic,
        "\(connection.path): synthetic verdicts would stand beside real ones and be in every total; use another --db, or --allow-synthetic if that is meant")
    }
  }

  private func hasSource(matching query: String, _ value: String) throws -> Bool {
    let find = try connection.statement(files.query(query))
    defer { find.reset() }
    find.bind(1, Int64(Dimension.source.rawValue))
    find.bind(2, value)
    return try find.step()
  }

  private func stateValue(_ name: String) throws -> Int64? {
    let find = try connection.statement(files.query("store_state.find"))
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
    let list = try connection.statement(files.query("counters.labels"))
    list.bind(1, Counter.request.rawValue)
    while try list.step() { labels.insert(ExactText(list.text(0))) }
    list.reset()
    labels.remove(ExactText(Counter.otherLabel))
    let changes = CounterChanges(rows: rows, counts: counts, methodNames: { names[$0] ?? Counter.otherLabel }, methodLabels: &labels)
    for (key, amount) in changes.additions {
      let add = try connection.statement(files.query("counters.add"))
      add.bind(1, key.counter.rawValue)
      add.bind(2, key.label)
      add.bind(3, key.part)
      add.bind(4, amount)
      try add.run()
    }
  }

  private func recordActivity(of rows: UnsafeBufferPointer<VerdictRow>) throws {
    var newest: [UInt32: Int64] = [:]
    var source: UInt32 = 0
    var time = Int64.min
    for row in rows {
      let next = row.codes[Dimension.source.lane]
      if next != source {
        if source != 0 { newest[source] = max(newest[source] ?? .min, time) }
        source = next
        time = .min
      }
      time = max(time, row.time)
    }
    if source != 0 { newest[source] = max(newest[source] ?? .min, time) }
    for (source, time) in newest {
      let raise = try connection.statement(files.query("source_activity.raise"))
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
    let put = try connection.statement(files.query(run.run == nil ? "ledger.insert" : "ledger.update"))
    put.bind(1, number)
    put.bind(2, next.input)
    put.bind(3, next.startedAt.microseconds)
    put.bind(4, Int64(next.counts.read))
    put.bind(5, Int64(next.counts.stored))
    put.bind(6, Int64(next.counts.duplicates))
    put.bind(7, Int64(next.counts.conflicts))
    put.bind(8, Int64(next.counts.rejected))
    put.bind(9, Int64(next.counts.unrecognised))
    put.bind(10, LedgerEntry.checksum(run: number, input: next.input, startedAt: next.startedAt, counts: next.counts))
    try put.run()
    return next
  }
}
