package import Verdicts

/// Adds up a period's counts of one ``PeriodCombination``, from its 15-minute tallies or from its verdicts.
///
/// A period tally is for reading less than there is otherwise. Where it would hardly be less it is given up: ``Bounds`` says when, by
/// the period's verdicts and the kind of store alone, so that everyone who counts the period keeps the same. The overall counts, which are one cell, are always
/// kept: they say that the period was added up.
package struct PeriodTallyBuilder {
  package let combination: PeriodCombination
  private let mask: DimensionCodes
  private let bounds: Bounds
  private var groups: GroupTable
  /// By risk type as in ``TallyCell/flagged``, and by bucket of ``LatencyScale``.
  private var flagged = SparseCounts()
  private var latencies = SparseCounts()
  private var hasTooManyCells = false

  /// What a period tally may hold, so that adding up periods is cheaper than counting them, and takes little of the store.
  package struct Bounds: Sendable, Equatable {
    private let cellsMax: Int
    /// The same by all dimensions.
    private let everythingCellsMax: Int
    /// Cells times the buckets of ``LatencyScale`` that each has.
    let latenciesMax: Int

    /// No period tally has more cells.
    package static let cellsMaxMax = 262_144
    private static let latenciesMaxMax = 524_288

    /// - Parameters:
    ///   - verdicts: of the period.
    ///   - hasBlocks: whether the store keeps verdicts in blocks; where they are rows, reading them takes so long that half as many cells are
    ///     much less.
    package init(verdicts: Int, hasBlocks: Bool) {
      cellsMax = min(verdicts / 8, 65_536)
      everythingCellsMax = hasBlocks ? cellsMax : min(verdicts / 2, Self.cellsMaxMax)
      latenciesMax = min(verdicts / 4 * 3, Self.latenciesMaxMax)
    }

    func cellsMax(of combination: PeriodCombination) -> Int {
      switch combination {
      case .overall: .max
      case .everything: everythingCellsMax
      default: cellsMax
      }
    }
  }

  /// Places of a group: verdicts, causes of errors, sum of latencies.
  private static let causesPlace = 4
  private static let latencySumPlace = causesPlace + ErrorCause.allCases.count
  private static let stride = latencySumPlace + 1

  /// - Parameter codes: those that each dimension has.
  package init(_ combination: PeriodCombination, bounds: Bounds, codes: [Dimension: Range<Int>]) {
    self.combination = combination
    self.bounds = bounds
    var mask = DimensionCodes(repeating: 0)
    for lane in combination.lanes { mask[lane] = .max }
    self.mask = mask
    groups = GroupTable(stride: Self.stride, codes: combination.dimensions.map { ($0.lane, codes[$0] ?? 0..<0) })
  }

  /// Adds the cell that a decoder of a 15-minute tally read last.
  package mutating func add(_ cells: borrowing TallyDecoder) {
    guard !hasTooManyCells else { return }
    let base = groups.base(of: cells.codes)
    for verdict in 0..<4 { groups.counts[base + verdict] &+= Int64(truncatingIfNeeded: cells.verdicts[verdict]) }
    if cells.verdicts[Int(Verdict.error.rawValue)] != 0 {
      for cause in 0..<ErrorCause.allCases.count {
        groups.counts[base + Self.causesPlace + cause] &+= Int64(truncatingIfNeeded: cells.counts.errorCauses[cause])
      }
    }
    var types = cells.riskTypes
    while types != 0 {
      let type = types.trailingZeroBitCount
      let (controversial, unsafe) = (cells.counts.flagged[type], cells.counts.flagged[RiskType.count + type])
      if controversial != 0 { flagged.add(controversial, group: base / Self.stride, place: UInt8(type)) }
      if unsafe != 0 { flagged.add(unsafe, group: base / Self.stride, place: UInt8(RiskType.count + type)) }
      types &= types - 1
    }
    addLatency(Int64(truncatingIfNeeded: cells.latencySumMicroseconds), at: base)
    for bucket in cells.latencyBuckets { latencies.add(cells.counts.latencies[Int(bucket)], group: base / Self.stride, place: bucket) }
    giveUpWhatIsTooLarge()
  }

  /// Adds verdicts with the store's codes.
  package mutating func add(_ rows: UnsafeBufferPointer<VerdictRow>) {
    for row in rows where !hasTooManyCells { add(row) }
  }

  private mutating func add(_ row: VerdictRow) {
    var key = row.codes & mask
    if combination.hasNames {
      key[CodedField.nativeNames.lane] = 0
      key.addNames(of: row)
    }
    let base = groups.base(of: key)
    groups.counts[base + Int(row.verdict)] &+= 1
    if row.verdict == Verdict.error.rawValue { groups.counts[base + Self.causesPlace + Int(row.errorCause)] &+= 1 }
    if !combination.hasNames {
      if row.riskTypes != 0, Verdict.isFlagged(rawValue: row.verdict) {
        let first = Verdict.isUnsafe(rawValue: row.verdict) ? RiskType.count : 0
        var types = row.riskTypes
        while types != 0 {
          flagged.add(1, group: base / Self.stride, place: UInt8(first + types.trailingZeroBitCount))
          types &= types - 1
        }
      }
      if row.latency >= 0 {
        addLatency(row.latency, at: base)
        latencies.add(1, group: base / Self.stride, place: LatencyScale.bucket(microseconds: row.latency))
      }
    }
    giveUpWhatIsTooLarge()
  }

  /// A sum that no reader would take is not kept.
  private mutating func addLatency(_ microseconds: Int64, at base: Int) {
    let (sum, isTooLarge) = groups.counts[base + Self.latencySumPlace].addingReportingOverflow(microseconds)
    groups.counts[base + Self.latencySumPlace] = sum
    if isTooLarge || UInt64(bitPattern: sum) >> TallyDecoder.latencySumBitsMax != 0 { latencies.giveUp() }
  }

  private mutating func giveUpWhatIsTooLarge() {
    if groups.keys.count > bounds.cellsMax(of: combination) {
      hasTooManyCells = true
      groups = GroupTable(stride: Self.stride)
      flagged.giveUp()
      latencies.giveUp()
    } else if latencies.count > bounds.latenciesMax {
      latencies.giveUp()
    }
  }

  /// The period tallies that are kept, in canonical form.
  package func parts() -> [PeriodTallyKey.Part: [UInt8]] {
    guard !hasTooManyCells, !groups.keys.isEmpty else { return [:] }
    let lanes = combination.lanes
    let order = groups.keys.indices.sorted { left, right in
      let first = groups.keys[left]
      let second = groups.keys[right]
      for lane in lanes where first[lane] != second[lane] { return first[lane] < second[lane] }
      return false
    }
    var parts: [PeriodTallyKey.Part: [UInt8]] = [.counts: counts(in: order, lanes: lanes)]
    if !combination.hasNames, !latencies.isGivenUp { parts[.latencies] = latencies(in: order, lanes: lanes) }
    return parts
  }

  private func counts(in order: [Int], lanes: [Int]) -> [UInt8] {
    let encoder = TallyEncoder()
    let scratch = CellScratch()
    let flaggedByGroup = combination.hasNames ? [] : flagged.byGroup(groups.keys.count)
    for group in order {
      let base = group * groups.stride
      var counts = scratch.counts(fingerprint: 0)
      for verdict in 0..<4 { counts.verdicts[verdict] = UInt64(truncatingIfNeeded: groups.counts[base + verdict]) }
      for cause in 0..<ErrorCause.allCases.count {
        scratch.errorCauses[cause] = UInt64(truncatingIfNeeded: groups.counts[base + Self.causesPlace + cause])
      }
      if !combination.hasNames {
        for (place, verdicts) in flaggedByGroup[group] {
          counts.riskTypes |= 1 << UInt32(Int(place) % RiskType.count)
          scratch.flagged[Int(place)] = verdicts
        }
      }
      encoder.append(codes: groups.keys[group], lanes: lanes, counts)
      scratch.clear(counts)
    }
    return encoder.sealed()
  }

  /// Cells of groups that have a latency.
  private func latencies(in order: [Int], lanes: [Int]) -> [UInt8] {
    let encoder = TallyEncoder()
    let scratch = CellScratch()
    let byGroup = latencies.byGroup(groups.keys.count)
    for group in order where !byGroup[group].isEmpty {
      var counts = scratch.counts(fingerprint: 0)
      counts.latencySum = UInt64(truncatingIfNeeded: groups.counts[group * groups.stride + Self.latencySumPlace])
      for (bucket, verdicts) in byGroup[group] {
        scratch.latencies[Int(bucket)] = verdicts
        scratch.latencyBuckets[Int(bucket >> 6)] |= 1 << UInt64(bucket & 63)
      }
      encoder.append(codes: groups.keys[group], lanes: lanes, counts)
      scratch.clear(counts)
    }
    return encoder.sealed()
  }
}
