import Storage
import Verdicts

/// The cumulative counters, as the store keeps them. Once it has a verdict, every result of each known method and every risk
/// type exists from 0.
struct CounterFamilies {
  let families: [MetricFamily]

  init(_ counters: [CounterKey: Int64], prefix: String, hasVerdicts: Bool) {
    var requests = MetricFamily("\(prefix)_request", .counter, "Verdicts stored by method and result.")
    var durations = MetricFamily("\(prefix)_request_duration_seconds", .histogram, "Latency of verdicts that have one, by method.")
    var riskTypes = MetricFamily("\(prefix)_risk_type_distribution", .counter, "Flagged verdicts stored by risk type; one with two types counts for both.")
    let methods = Set(counters.keys.filter { $0.counter == .request }.map { ExactText($0.label) }).sorted().map(\.text)
    for method in methods {
      for result in Verdict.names {
        requests.add(counters[CounterKey(.request, method, result)] ?? 0, [.init("method", method), .init("result", result)])
      }
      var cumulative: Int64 = 0
      for edge in LatencyScale.histogramLabels {
        cumulative += counters[CounterKey(.requestDuration, method, edge)] ?? 0
        durations.add(cumulative, suffix: "_bucket", [.init("method", method), .init("le", edge)])
      }
      durations.add(
        MetricNumber.seconds(microseconds: counters[CounterKey(.requestDurationSum, method)] ?? 0), suffix: "_sum", [.init("method", method)])
      durations.add(cumulative, suffix: "_count", [.init("method", method)])
    }
    if hasVerdicts {
      for type in RiskType.inNameOrder { riskTypes.add(counters[CounterKey(.riskType, type.name)] ?? 0, [.init("type", type.name)]) }
    }
    families = [requests, durations, riskTypes]
  }

  /// The counters of the store itself, which exist from the start.
  static func ingest(_ counters: [CounterKey: Int64]) -> [MetricFamily] {
    var records = MetricFamily("guardtally_ingest_records", .counter, "Records read by what became of them.")
    for outcome in Counter.ingestOutcomes { records.add(counters[CounterKey(.ingestRecords, outcome)] ?? 0, [.init("outcome", outcome)]) }
    var unrecognised = MetricFamily("guardtally_unrecognised_values", .counter, "Values of stored verdicts that were not recognised, by field.")
    for field in Counter.unrecognisedFields {
      unrecognised.add(counters[CounterKey(.unrecognisedValues, field)] ?? 0, [.init("field", field)])
    }
    return [records, unrecognised]
  }
}
