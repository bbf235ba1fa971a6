package import Verdicts

/// The exact counts of the verdicts that share a bucket and dimension values.
package struct TallyCell: Sendable, Equatable {
  /// Codes of the combination's dimensions; the other lanes are 0.
  package var codes = DimensionCodes(repeating: 0)
  /// By ``Verdict``'s raw value.
  package var verdicts = SIMD4<UInt64>(repeating: 0)
  /// Flagged verdicts by ``RiskType``'s raw value: controversial in the first ``RiskType/count`` places, unsafe after them.
  package var flagged = [UInt64](repeating: 0, count: 2 * RiskType.count)
  /// Errors by ``ErrorCause``'s raw value; they add up to the errors.
  package var errorCauses = [UInt64](repeating: 0, count: ErrorCause.allCases.count)
  /// Of the verdicts that have a latency.
  package var latencySumMicroseconds: UInt64 = 0
  /// Verdicts by bucket of ``LatencyScale``; one place for each of its buckets.
  package var latencies = [UInt64](repeating: 0, count: LatencyScale.edges.count)

  /// The sum of the fingerprints of the verdicts, wrapping; kept overall alone. Ties every stored field, the id included, to
  /// the tallies, so that a verdict changed in what is not counted is found all the same.
  package var fingerprint: UInt64 = 0

  package init() {}

  /// Adds another cell's counts.
  package mutating func add(_ other: TallyCell) {
    verdicts &+= other.verdicts
    fingerprint &+= other.fingerprint
    latencySumMicroseconds &+= other.latencySumMicroseconds
    for index in flagged.indices { flagged[index] &+= other.flagged[index] }
    for index in errorCauses.indices { errorCauses[index] &+= other.errorCauses[index] }
    for index in latencies.indices { latencies[index] &+= other.latencies[index] }
  }
}
