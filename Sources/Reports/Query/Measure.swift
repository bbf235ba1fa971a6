import Storage
import Tallies
import Verdicts

/// What is counted of each group, and in which places of its counts.
package enum Measure: Sendable {
  /// Four counts: verdicts by result.
  case verdicts
  /// The four, then flagged verdicts as in ``TallyCell/flagged``.
  case riskTypes
  /// The four, of verdicts that share their native names and their set of risk types: a group for each such pair.
  case riskTypeSets
  /// The four, then errors as in ``TallyCell/errorCauses``.
  case errorCauses
  /// The sum of latencies in microseconds, then verdicts by bucket of ``LatencyScale``.
  case latencies

  /// Places of a group.
  package var stride: Int {
    switch self {
    case .verdicts, .riskTypeSets: 4
    case .riskTypes: 4 + 2 * RiskType.count
    case .errorCauses: 4 + ErrorCause.allCases.count
    case .latencies: 1 + LatencyScale.edges.count
    }
  }

  /// Whether tallies have it; what they do not have is counted from the verdicts.
  var isTallied: Bool { self != .riskTypeSets }

  /// What tells a verdict's group from others, beside its dimensions.
  @inline(__always)
  func extendKey(_ key: inout DimensionCodes, with row: VerdictRow) {
    if self == .riskTypeSets { key.addNames(of: row) }
  }

  /// What must be read of a verdict, but for its dimensions.
  var fields: VerdictFields {
    switch self {
    case .verdicts: .verdict
    case .riskTypes: [.verdict, .riskTypes]
    case .riskTypeSets: [.codes, .verdict, .riskTypes]
    case .errorCauses: .verdict
    case .latencies: .latency
    }
  }

  /// Counts one verdict. One without a latency has no place among latencies, and makes no group there.
  func counts(_ row: VerdictRow) -> Bool { self != .latencies || row.latency >= 0 }

  func add(_ row: VerdictRow, to counts: inout [Int64], at base: Int) {
    if self == .latencies {
      counts[base] += row.latency
      counts[base + 1 + Int(LatencyScale.bucket(microseconds: row.latency))] += 1
      return
    }
    counts[base + Int(row.verdict)] += 1
    switch self {
    case .riskTypes:
      guard row.riskTypes != 0, Verdict.isFlagged(rawValue: row.verdict) else { return }
      let offset = base + 4 + (Verdict.isUnsafe(rawValue: row.verdict) ? RiskType.count : 0)
      var bits = row.riskTypes
      while bits != 0 {
        counts[offset + bits.trailingZeroBitCount] += 1
        bits &= bits - 1
      }
    case .errorCauses:
      if row.verdict == Verdict.error.rawValue { counts[base + 4 + Int(row.errorCause)] += 1 }
    case .verdicts, .riskTypeSets, .latencies: break
    }
  }

  /// As ``counts(_:)`` for a cell that a decoder has read: whether it has anything of this measure.
  func counts(_ cells: borrowing TallyDecoder) -> Bool { self != .latencies || !cells.latencyBuckets.isEmpty }

  /// Counts a cell that a decoder has read.
  ///
  /// - Throws: ``TallyDamage`` where a sum is too large, which no verdicts make.
  func add(_ cells: borrowing TallyDecoder, to counts: inout [Int64], at base: Int) throws {
    var isTooLarge = false
    counts.withUnsafeMutableBufferPointer { counts in
      func add(_ amount: UInt64, _ place: Int) {
        let (sum, overflows) = counts[base + place].addingReportingOverflow(Int64(clamping: amount))
        counts[base + place] = sum
        if overflows { isTooLarge = true }
      }
      if self == .latencies {
        add(cells.cell.latencySumMicroseconds, 0)
        for bucket in cells.latencyBuckets { add(cells.cell.latencies[Int(bucket)], 1 + Int(bucket)) }
        return
      }
      for verdict in 0..<4 { add(cells.cell.verdicts[verdict], verdict) }
      switch self {
      case .riskTypes:
        var types = cells.riskTypes
        while types != 0 {
          let type = types.trailingZeroBitCount
          add(cells.cell.flagged[type], 4 + type)
          add(cells.cell.flagged[RiskType.count + type], 4 + RiskType.count + type)
          types &= types - 1
        }
      case .errorCauses:
        guard cells.cell.verdicts[Int(Verdict.error.rawValue)] != 0 else { return }
        for index in cells.cell.errorCauses.indices { add(cells.cell.errorCauses[index], 4 + index) }
      case .verdicts, .riskTypeSets, .latencies: break
      }
    }
    if isTooLarge { throw TallyDamage() }
  }
}
