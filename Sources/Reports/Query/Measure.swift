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

  /// Counts verdicts of a block.
  ///
  /// - Parameter numbers: for each row one more than its group, or 0 for one that is not counted.
  /// - Returns: false where a sum of latencies is too large.
  func add(_ columns: VerdictColumns, rows: Range<Int>, of numbers: UnsafePointer<Int32>, to counts: inout [Int64]) -> Bool {
    let stride = stride
    return counts.withUnsafeMutableBufferPointer { counts in
      // No group, no row that is counted.
      guard let first = counts.baseAddress else { return true }
      // Where the first group would be if it had the number 0.
      let counts = first - stride
      if self == .latencies {
        let lookup = LatencyScale.lookup
        var bits: UInt64 = 0
        columns.latencies.forEach(in: rows) { row, value in
          guard numbers[row] > 0 else { return }
          let base = counts + Int(numbers[row]) &* stride
          let latency = Int64(bitPattern: value) &- 1
          base[0] &+= latency
          bits |= UInt64(bitPattern: base[0])
          base[1 + Int(lookup.bucket(latency))] &+= 1
        }
        // A block adds less than 2^47.
        return bits >> TallyDecoder.latencySumBitsMax == 0
      }
      columns.attributes.forEach(in: rows) { row, number in
        guard numbers[row] > 0 else { return }
        counts[Int(numbers[row]) &* stride &+ Int(VerdictAttributes(number: number).verdict)] &+= 1
      }
      switch self {
      case .riskTypes:
        columns.riskTypes.forEach(in: rows) { row, value in
          guard value != 0, numbers[row] > 0 else { return }
          let verdict = VerdictAttributes(number: columns.attributes[row]).verdict
          guard Verdict.isFlagged(rawValue: verdict) else { return }
          let place = counts + Int(numbers[row]) &* stride + 4 + (Verdict.isUnsafe(rawValue: verdict) ? RiskType.count : 0)
          var bits = value
          while bits != 0 {
            place[bits.trailingZeroBitCount] &+= 1
            bits &= bits - 1
          }
        }
      case .errorCauses:
        columns.attributes.forEach(in: rows) { row, number in
          let attributes = VerdictAttributes(number: number)
          guard attributes.verdict == Verdict.error.rawValue, numbers[row] > 0 else { return }
          counts[Int(numbers[row]) &* stride + 4 + Int(attributes.errorCause)] &+= 1
        }
      case .verdicts, .riskTypeSets, .latencies: break
      }
      return true
    }
  }

  /// Whether a cell that a decoder has read has anything of this measure.
  func counts(_ cells: borrowing TallyDecoder) -> Bool { self != .latencies || !cells.latencyBuckets.isEmpty }

  /// Counts a cell that a decoder has read.
  ///
  /// - Throws: ``TallyDamage`` where a sum is too large, which no verdicts make.
  @inline(__always)
  func add(_ cells: borrowing TallyDecoder, to counts: UnsafeMutablePointer<Int64>) throws(TallyDamage) {
    // A cell's counts are below 2^40, so a sum that was below 2^52 cannot overflow unseen; nor can one of latencies, below 2^62.
    var bits: UInt64 = 0
    if self == .latencies {
      if Self.add(cells.latencySumMicroseconds, to: counts) >> TallyDecoder.latencySumBitsMax != 0 { throw TallyDamage() }
      for bucket in cells.latencyBuckets { bits |= Self.add(cells.counts.latencies[Int(bucket)], to: counts + 1 + Int(bucket)) }
    } else {
      for verdict in 0..<4 { bits |= Self.add(cells.verdicts[verdict], to: counts + verdict) }
      if self == .riskTypes {
        var types = cells.riskTypes
        while types != 0 {
          let type = types.trailingZeroBitCount
          bits |= Self.add(cells.counts.flagged[type], to: counts + 4 + type)
          bits |= Self.add(cells.counts.flagged[RiskType.count + type], to: counts + 4 + RiskType.count + type)
          types &= types - 1
        }
      } else if self == .errorCauses, cells.verdicts[Int(Verdict.error.rawValue)] != 0 {
        for cause in 0..<DecodedCounts.errorCauseCount { bits |= Self.add(cells.counts.errorCauses[cause], to: counts + 4 + cause) }
      }
    }
    if bits >> Self.countBitsMax != 0 { throw TallyDamage() }
  }

  /// Counts of a thread are below 2^52, so that sums of a few of them are numbers still.
  private static let countBitsMax: UInt64 = 52

  /// - Returns: the sum's bits.
  @inline(__always)
  private static func add(_ amount: UInt64, to count: UnsafeMutablePointer<Int64>) -> UInt64 {
    count.pointee &+= Int64(bitPattern: amount)
    return UInt64(bitPattern: count.pointee)
  }
}
