package import Tallies
package import Verdicts

/// A database of verdicts and their tallies, in the words of the domain. Drivers implement it; nothing else knows SQL.
///
/// A store promises: what ``VerdictWriter/store(_:in:)`` returned for is committed and synced; tallies, counters and ledger
/// changed in that same commit; a ``StoreSnapshot`` sees one commit's state from its first to its last read. It does not
/// promise that dimension codes agree between stores, or mean anything but equality.
package protocol VerdictStore: Sendable {
  /// What is applied and what is pending. Changes nothing.
  func migrationPlan() throws -> MigrationPlan

  /// Brings the schema up to this program's, under a lock, creating the database where there is none.
  ///
  /// - Returns: what was applied now.
  func migrate() throws -> [Migration]

  /// Opens the store for writing, migrating it first where the contract allows.
  func makeWriter(options: WriterOptions) throws -> any VerdictWriter

  /// Takes the scheduled job's hold on the store, or gives nil where somebody else has it. Migrates as ``makeWriter(options:)`` does,
  /// but makes no file.
  func makeMaintainer() throws -> (any StoreMaintainer)?

  /// Looks at the store and the machine under it; stores nothing.
  func findings() -> [StoreFinding]

  /// Reads one consistent state. Never creates a database; refuses one whose schema is not this program's.
  func read<Result>(_ body: (any StoreSnapshot) throws -> Result) throws -> Result
}

/// The one way in. Not thread-safe: one thread uses a writer at a time. Throws ``StoreError``.
package protocol VerdictWriter: AnyObject {
  /// Stores what is new of a batch, tells duplicates from conflicts, and changes tallies, counters and the run's ledger row,
  /// all in one synced commit; or throws, and nothing of the batch is stored.
  func store(_ batch: VerdictBatch, in run: inout LedgerRun) throws -> BatchOutcome

  /// Replaces the tallies of whole 15-minute buckets by a recount of their verdicts, in one commit.
  func rebuildTallies(buckets: Range<UInt32>) throws -> RebuildOutcome

  /// Keeps how far a followed file has been read: a hint for the next run.
  func note(place: String, of file: String) throws

  /// Gives the database back. The writer is not used afterwards.
  func close()
}

/// One consistent state of a store. Throws ``StoreError``, or what a caller's closure throws.
package protocol StoreSnapshot {
  /// The time before which verdicts have been dropped, or nil.
  func floor() throws -> Timestamp?

  /// Verdicts that were stored and later dropped.
  func verdictsRetired() throws -> Int

  /// Verdicts that are present.
  func verdictCount() throws -> Int

  func values(of field: CodedField) throws -> CodedValues

  /// Tallies of a combination with a bucket in the range, in ascending order. The bytes are valid during the call.
  func forEachTally(
    of combination: Combination, buckets: Range<UInt32>, _ body: (TallyKey, UnsafeRawBufferPointer) throws -> Void) throws

  /// Period tallies of periods that begin on days in the range, of those that equal what the store counts of them now, ascending.
  func periodTallies(of days: Range<UInt32>) throws -> [PeriodTallyKey]

  /// Gives period tallies that ``periodTallies(of:)`` has listed, ascending. The bytes are valid during the call.
  func forEachPeriodTally(_ keys: [PeriodTallyKey], _ body: (PeriodTallyKey, UnsafeRawBufferPointer) throws -> Void) throws

  /// Periods of a length with tallies but without period tallies that begin at the floor or later and end by a time, the newest first.
  func periodsWithoutSummary(of length: Period.Length, endingBy time: Timestamp) throws -> [Period]

  /// Numbers under which something is kept as a period tally that no period tally has: of another period than one from the floor on that
  /// something is counted in, or of what periods are not counted by.
  func unknownPeriodTallies() throws -> [Int64]

  /// Verdicts of a span in ascending order of time, source code and id bytes, in runs of any length. Rows carry the store's codes; fields that were
  /// not asked for are 0. Rows and ids are valid during the call, in which nothing else may be asked of the snapshot.
  func forEachVerdicts(in span: Span, fields: VerdictFields, _ body: (VerdictRun) throws -> Void) throws

  /// Whether verdicts lie in blocks, which are read in a fiftieth of the time that rows of a server take.
  var hasBlocks: Bool { get }

  /// The blocks that may have verdicts of a span, in ascending order of time; they may have others as well. The bytes are valid during the call,
  /// in which nothing else may be asked of the snapshot.
  ///
  /// - Parameter fields: what will be read of them.
  func forEachBlock(in span: Span, fields: VerdictFields, _ body: (StoredBlock, UnsafeRawBufferPointer) throws -> Void) throws

  /// Days (00:00 UTC) of the span on which there is a verdict or a tally, ascending.
  func days(in span: Span) throws -> [Timestamp]

  /// What does not fit together in how the store keeps its verdicts, each in a line; none in a store that is whole.
  func faults() throws -> [String]

  /// Numbers under which something is kept as a tally that no tally has.
  func unknownTallies() throws -> [Int64]

  /// The time of the oldest verdict that is present, or nil.
  func oldestVerdict() throws -> Timestamp?

  /// The time of the newest verdict that is present before a time, or nil.
  func newestVerdict(before time: Timestamp) throws -> Timestamp?

  /// The seals of days whose verdicts were dropped, ascending.
  func seals() throws -> [DaySeal]

  /// When the scheduled job last succeeded, or nil.
  func lastAggregation() throws -> Timestamp?

  func counters() throws -> [CounterKey: Int64]

  /// The newest verdict of each source by its code, ascending.
  func lastVerdictBySource() throws -> [(source: UInt32, time: Timestamp)]

  func ledger() throws -> [LedgerEntry]

  /// How far a followed file had been read when that was last noted, or nil.
  func followedPlace(of file: String) throws -> String?
}

extension StoreSnapshot {
  package func values(of dimension: Dimension) throws -> CodedValues { try values(of: dimension.field) }

  /// The time of the newest verdict before a time that the store ever took in, dropped ones included.
  package func newestVerdictEver(before time: Timestamp = Span.always.to) throws -> Timestamp? {
    if let present = try newestVerdict(before: time) { return present }
    return try seals().map(\.newestVerdict).filter { $0 < time }.max()
  }
}
