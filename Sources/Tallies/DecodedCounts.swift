import Verdicts

/// Where a decoder writes the counts of the cell that it reads. One decoder uses it; a copy of the decoder would share it.
package final class DecodedCounts {
  /// As ``TallyCell/flagged``.
  package let flagged: UnsafeMutablePointer<UInt64>
  /// As ``TallyCell/errorCauses``.
  package let errorCauses: UnsafeMutablePointer<UInt64>
  /// As ``TallyCell/latencies``.
  package let latencies: UnsafeMutablePointer<UInt64>
  /// Buckets whose latencies are above 0, ascending.
  let latencyBuckets: UnsafeMutablePointer<UInt8>
  /// Codes of the cell, a lane each.
  let codes: UnsafeMutablePointer<DimensionCodes>

  package static let errorCauseCount = ErrorCause.allCases.count
  static let latencyCount = LatencyScale.edges.count

  init() {
    flagged = .allocate(capacity: 2 * RiskType.count)
    flagged.initialize(repeating: 0, count: 2 * RiskType.count)
    errorCauses = .allocate(capacity: Self.errorCauseCount)
    errorCauses.initialize(repeating: 0, count: Self.errorCauseCount)
    latencies = .allocate(capacity: Self.latencyCount)
    latencies.initialize(repeating: 0, count: Self.latencyCount)
    latencyBuckets = .allocate(capacity: Self.latencyCount)
    codes = .allocate(capacity: 1)
    codes.initialize(to: DimensionCodes(repeating: 0))
  }

  deinit {
    flagged.deallocate()
    errorCauses.deallocate()
    latencies.deallocate()
    latencyBuckets.deallocate()
    codes.deallocate()
  }
}
