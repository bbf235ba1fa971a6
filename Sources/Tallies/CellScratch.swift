import Verdicts

/// Where one cell is added up before it is written: all places are 0 between cells.
final class CellScratch {
  let flagged: UnsafeMutablePointer<UInt64>
  let errorCauses: UnsafeMutablePointer<UInt64>
  let latencies: UnsafeMutablePointer<UInt64>
  let latencyBuckets: UnsafeMutablePointer<UInt64>

  init() {
    func zeros(_ count: Int) -> UnsafeMutablePointer<UInt64> {
      let start = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
      start.initialize(repeating: 0, count: count)
      return start
    }
    flagged = zeros(2 * RiskType.count)
    errorCauses = zeros(ErrorCause.allCases.count)
    latencies = zeros(256)
    latencyBuckets = zeros(TallyEncoder.latencyWords)
  }

  deinit {
    flagged.deallocate()
    errorCauses.deallocate()
    latencies.deallocate()
    latencyBuckets.deallocate()
  }

  /// A new cell's counts, which are written into the places.
  func counts(fingerprint: UInt64) -> TallyEncoder.Counts {
    TallyEncoder.Counts(
      flagged: flagged, errorCauses: errorCauses, latencies: latencies, latencyBuckets: latencyBuckets, fingerprint: fingerprint)
  }

  /// Adds the cell that a decoder read last.
  func add(_ decoder: borrowing TallyDecoder, to counts: inout TallyEncoder.Counts) {
    counts.verdicts &+= decoder.verdicts
    counts.latencySum &+= decoder.latencySumMicroseconds
    counts.riskTypes |= decoder.riskTypes
    var bits = decoder.riskTypes
    while bits != 0 {
      let type = bits.trailingZeroBitCount
      flagged[type] &+= decoder.counts.flagged[type]
      flagged[RiskType.count + type] &+= decoder.counts.flagged[RiskType.count + type]
      bits &= bits - 1
    }
    if decoder.verdicts[Int(Verdict.error.rawValue)] != 0 {
      for cause in 0..<ErrorCause.allCases.count { errorCauses[cause] &+= decoder.counts.errorCauses[cause] }
    }
    for bucket in decoder.latencyBuckets {
      latencies[Int(bucket)] &+= decoder.counts.latencies[Int(bucket)]
      latencyBuckets[Int(bucket >> 6)] |= 1 << UInt64(bucket & 63)
    }
  }

  @inline(__always)
  func add(_ row: UnsafePointer<VerdictRow>, latencyBucket: UInt8, to counts: inout TallyEncoder.Counts) {
    let verdict = row.pointee.verdict
    counts.verdicts[Int(verdict)] &+= 1
    if row.pointee.riskTypes != 0, Verdict.isFlagged(rawValue: verdict) {
      let base = Verdict.isUnsafe(rawValue: verdict) ? RiskType.count : 0
      counts.riskTypes |= row.pointee.riskTypes
      var bits = row.pointee.riskTypes
      while bits != 0 {
        flagged[base + bits.trailingZeroBitCount] &+= 1
        bits &= bits - 1
      }
    }
    if verdict == Verdict.error.rawValue { errorCauses[Int(row.pointee.errorCause)] &+= 1 }
    if row.pointee.latency >= 0 {
      counts.latencySum &+= UInt64(row.pointee.latency)
      latencies[Int(latencyBucket)] &+= 1
      latencyBuckets[Int(latencyBucket >> 6)] |= 1 << UInt64(latencyBucket & 63)
    }
  }

  /// Sets every place back to 0 that a cell has used.
  func clear(_ counts: TallyEncoder.Counts) {
    var types = counts.riskTypes
    while types != 0 {
      flagged[types.trailingZeroBitCount] = 0
      flagged[RiskType.count + types.trailingZeroBitCount] = 0
      types &= types - 1
    }
    if counts.verdicts[Int(Verdict.error.rawValue)] != 0 {
      for cause in 0..<ErrorCause.allCases.count { errorCauses[cause] = 0 }
    }
    for word in 0..<TallyEncoder.latencyWords {
      var bits = latencyBuckets[word]
      while bits != 0 {
        latencies[word * 64 + bits.trailingZeroBitCount] = 0
        bits &= bits - 1
      }
      latencyBuckets[word] = 0
    }
  }
}
