import Verdicts

/// Names one cumulative counter: what is counted, and its label values.
package struct CounterKey: Hashable, Comparable, Sendable {
  package var counter: Counter
  /// The method, risk type, outcome or field; for the two counters by method one of the first
  /// ``Counter/methodLabelsMax`` methods by arrival, or ``Counter/otherLabel``.
  package var label: String {
    get { exactLabel.text }
    set { exactLabel = ExactText(newValue) }
  }
  private var exactLabel: ExactText
  /// The result, or the histogram edge; empty where the counter has one label.
  package var part: String

  package init(_ counter: Counter, _ label: String, _ part: String = "") {
    self.counter = counter
    exactLabel = ExactText(label)
    self.part = part
  }

  package static func < (left: CounterKey, right: CounterKey) -> Bool {
    (left.counter.rawValue, left.exactLabel, left.part) < (right.counter.rawValue, right.exactLabel, right.part)
  }
}

/// The counters that a store keeps of its own: only ever added to, in the commit that stores the verdicts.
package enum Counter: String, CaseIterable, Sendable {
  /// Verdicts by method and result.
  case request
  /// Verdicts with a latency by method and histogram bucket (not cumulative over the buckets).
  case requestDuration = "request_duration"
  /// Sum of latencies by method, in microseconds.
  case requestDurationSum = "request_duration_sum"
  /// Flagged verdicts by risk type.
  case riskType = "risk_type"
  /// Records by what became of them.
  case ingestRecords = "ingest_records"
  /// Values of stored verdicts that were not recognised, by field.
  case unrecognisedValues = "unrecognised_values"
  /// Runs of the scheduled job by outcome.
  case aggregationRuns = "aggregation_runs"

  /// Methods that get a label of their own, by arrival.
  package static let methodLabelsMax = 50
  package static let otherLabel = "other"

  package static let ingestOutcomes = ["stored", "duplicate", "conflict", "rejected"]
  package static let unrecognisedFields = ["language", "region", "risk_types"]
}
