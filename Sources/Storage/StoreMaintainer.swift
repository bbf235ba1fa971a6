package import Verdicts

/// The scheduled job's hold on a store. One holder at a time over all processes and hosts; the hold ends with the process, however
/// that ends, and never by a time-out. Not thread-safe. Throws ``StoreError``.
package protocol StoreMaintainer: AnyObject {
  /// Adds what writers have appended to the tallies and counters.
  ///
  /// - Returns: how many appended rows there were.
  func fold() throws -> Int

  /// Makes room for verdicts of a span, where a store does that beforehand.
  func prepare(for span: Span) throws

  /// Keeps a period's tallies, in the place of those that there are: if the period is still what was added up.
  ///
  /// - Returns: false, and nothing has changed, where it is not.
  func keep(_ summary: PeriodSummary) throws -> Bool

  /// Drops the verdicts of a day, keeps its seal and moves the floor to the day's end, all in one commit: if the day is still
  /// what the seal says.
  ///
  /// - Returns: false, and nothing has changed, where verdicts of the day were stored since.
  func drop(_ seal: DaySeal) throws -> Bool

  /// Moves the floor forward to 00:00 UTC of a day before which there are no verdicts.
  ///
  /// - Returns: false, and nothing has changed, where there are verdicts before it.
  func raiseFloor(to time: Timestamp) throws -> Bool

  /// Removes selected verdicts, puts a recount in the place of the tallies of their 15-minute buckets, and adds what was removed to the
  /// run's ledger row, all in one commit. Counters stay. Where nothing is selected, nothing is written.
  ///
  /// - Returns: how many verdicts were removed.
  func discard(_ selection: VerdictSelection, in run: inout LedgerRun) throws -> Int

  /// Gives space of dropped verdicts back to the file system.
  func reclaimSpace() throws

  /// Keeps how a run ended: for the counters, and each part of its work.
  func record(_ outcome: AggregationOutcome, at time: Timestamp, _ runs: [JobRun]) throws

  /// When a part of the work last began that succeeded, or nil.
  func lastSuccess(of work: JobRun.Work) throws -> Timestamp?

  /// Ends the hold. The maintainer is not used afterwards.
  func close()
}

/// How a run of the scheduled job ended. The raw value is a label of metrics.
package enum AggregationOutcome: String, CaseIterable, Sendable {
  case succeeded, failed
}
