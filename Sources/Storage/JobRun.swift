package import Verdicts

/// One part of the scheduled job's work as it was done.
package struct JobRun: Sendable, Equatable {
  /// The raw value is what a store keeps.
  package enum Work: String, CaseIterable, Sendable {
    /// Adding what writers appended to the tallies.
    case fold
    /// Adding up the tallies of whole periods.
    case periods = "period_tallies"
    /// Dropping old verdicts.
    case retention
    /// Publishing the set of CSV reports.
    case reports
  }

  package var work: Work
  package var startedAt: Timestamp
  /// Microseconds, 0 or more.
  package var duration: Int64
  package var outcome: AggregationOutcome

  /// Runs of each part of the work that are kept: the newest. Folding every 15 seconds fills that in two days, publishing daily in
  /// decades.
  package static let keptMax = 10_000

  package init(work: Work, startedAt: Timestamp, duration: Int64, outcome: AggregationOutcome) {
    self.work = work
    self.startedAt = startedAt
    self.duration = max(0, duration)
    self.outcome = outcome
  }
}
