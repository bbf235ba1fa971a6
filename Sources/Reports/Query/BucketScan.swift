package import Storage
package import Tallies
import Verdicts

/// Answers a ``BucketQuery``: from period tallies for whole periods of a bucket that have them, from the tallies for its other 15-minute
/// steps, from the verdicts at its ends, wherever no tallies are kept, and where counting them takes less. All are exact.
package struct BucketScan {
  private let snapshot: any StoreSnapshot
  private let query: BucketQuery

  package init(_ query: BucketQuery, of snapshot: any StoreSnapshot) {
    self.query = query
    self.snapshot = snapshot
  }

  /// Gives the groups of each bucket that has a verdict, in the order of the buckets. Groups are in no order.
  ///
  /// - Throws: ``StoreError`` `before_floor` where verdicts would be needed that were dropped.
  package func forEachBucket(_ body: (_ bucket: Int, _ groups: borrowing GroupTable) throws -> Void) throws {
    let counting = try BucketCounting(query, of: snapshot)
    var bucket = 0
    func advance(to time: Int64) throws {
      while time >= query.edges[bucket + 1].microseconds {
        try counting.finish { try body(bucket, $0) }
        bucket += 1
      }
    }
    let floor = try snapshot.floor()
    guard try floor != nil || snapshot.verdictsRetired() == 0 else {
      throw StoreError(.damaged, "verdicts have been dropped, and the time before which they were is lost; restore the database from a backup, guardtally verify shows what is damaged")
    }
    var combination = query.combination
    if let tallied = combination, try hasLessInVerdicts(than: tallied, floor: floor) { combination = nil }
    for part in parts(of: try PeriodPlan(query, of: snapshot, floor: floor), combination: combination) {
      switch part {
      case .periods(let keys):
        // Of fewer dimensions there are fewer.
        let hasSameGroups = query.filters.isEmpty && keys.allSatisfy { $0.combination.dimensions.count == query.by.count }
        var periods = PeriodTallyCells(hasSameGroups: hasSameGroups)
        func addPeriods() throws {
          try counting.add(periods)
          periods = PeriodTallyCells(hasSameGroups: hasSameGroups)
        }
        try snapshot.forEachPeriodTally(keys) { key, bytes in
          if key.period.start >= query.edges[bucket + 1] || periods.byteCount >= PeriodTallyCells.bytesHeldMax { try addPeriods() }
          try advance(to: key.period.start.microseconds)
          periods.append(key, bytes)
        }
        try addPeriods()
      case .tallies(let buckets, let combination):
        try snapshot.forEachTally(of: combination, buckets: buckets) { key, bytes in
          try advance(to: key.start.microseconds)
          try counting.add(.tally(key), bytes)
        }
      case .verdicts(let span):
        if let floor, span.from < floor { throw refusal(floor: floor) }
        var tallied = combination == nil && query.combination != nil ? TalliedVerdicts(span) : nil
        try snapshot.forEachBlock(in: span, fields: counting.fields) { block, payload in
          try advance(to: max(block.firstTime, span.from.microseconds))
          let isInBucket = block.firstTime >= span.from.microseconds && block.lastTime < min(query.edges[bucket + 1], span.to).microseconds
          if isInBucket, tallied?.contains(block) ?? true {
            tallied?.add(block)
            return try counting.add(.block(block), payload)
          }
          let columns = try block.columns(payload, counting.fields)
          tallied?.add(columns)
          var row = columns.firstRow(notBefore: span.from.microseconds)
          let end = columns.firstRow(notBefore: span.to.microseconds)
          while row < end {
            try advance(to: Int64(bitPattern: columns.times[row]))
            let next = min(end, columns.firstRow(notBefore: query.edges[bucket + 1].microseconds))
            try counting.add(columns, rows: row..<next)
            row = next
          }
        }
        try tallied?.check(of: snapshot)
      }
    }
    try counting.finish { try body(bucket, $0) }
  }

  static func damage(_ what: String) -> StoreError {
    StoreError(.damaged, "the \(what) is damaged; guardtally verify shows what else is, guardtally rebuild mends tallies")
  }

  // MARK: - Where the counts come from

  enum Part: Equatable {
    case verdicts(Span)
    case tallies(Range<UInt32>, Combination)
    case periods([PeriodTallyKey])
  }

  /// Whether counting verdicts takes less than reading the tallies, which wide combinations with few verdicts make: some quarters of an
  /// hour from all over the span tell. Both give the same; ``TalliedVerdicts`` tells where they are not as many.
  private func hasLessInVerdicts(than combination: Combination, floor: Timestamp?) throws -> Bool {
    guard snapshot.hasBlocks, combination != .overall, let first = query.edges.first, let last = query.edges.last, floor.map({ first >= $0 }) ?? true,
      let oldest = try snapshot.oldestVerdict(), let newest = try snapshot.newestVerdict(before: last), oldest <= newest
    else { return false }
    let buckets = TallyKey.bucket(of: max(first, oldest).microseconds)..<TallyKey.bucket(of: max(first, newest).microseconds) + 1
    var tallyBytes = 0
    var verdicts = 0
    for sample in 0..<Self.samples {
      let bucket = buckets.lowerBound + UInt32(buckets.count * sample / Self.samples)
      try snapshot.forEachTally(of: combination, buckets: bucket..<bucket + 1) { tallyBytes += $1.count }
      do {
        verdicts += try DaySeal.verdictsTallied(of: snapshot, buckets: bucket..<bucket + 1)
      } catch let error as StoreError where error.code == .damaged {
        // Told by whoever needs it.
      }
    }
    return tallyBytes > verdicts * Self.bytesToVerdict
  }

  private static let samples = 8
  /// Bytes of tallies that take as long to read as a verdict.
  private static let bytesToVerdict = 2

  /// The query's span in order.
  func parts(of plan: PeriodPlan, combination: Combination?) -> [Part] {
    guard let first = query.edges.first, let last = query.edges.last, first < last else { return [] }
    if combination == nil, plan.keys.isEmpty { return [.verdicts(Span(from: first, to: last))] }
    var next = 0
    var parts: [Part] = []
    for index in 0..<query.edges.count - 1 {
      var from = query.edges[index]
      let to = query.edges[index + 1]
      // A period that begins before this bucket's end lies in it as a whole, or in no bucket.
      while next < plan.keys.count, plan.keys[next].period.start < to {
        let key = plan.keys[next]
        next += 1
        guard key.period.start >= from, key.period.end <= to else { continue }
        appendStretch(from: from, to: key.period.start, combination, to: &parts)
        append(.periods([key]), to: &parts)
        from = key.period.end
      }
      appendStretch(from: from, to: to, combination, to: &parts)
    }
    return parts
  }

  /// A stretch of one bucket without period tallies: whole 15-minute steps from tallies, what is left of them from verdicts.
  private func appendStretch(from: Timestamp, to: Timestamp, _ combination: Combination?, to parts: inout [Part]) {
    guard from < to else { return }
    guard let combination else { return append(.verdicts(Span(from: from, to: to)), to: &parts) }
    let wholeFrom = from.raised(to: TallyKey.grainMicroseconds)
    let wholeTo = to.floored(to: TallyKey.grainMicroseconds)
    guard wholeFrom < wholeTo else { return append(.verdicts(Span(from: from, to: to)), to: &parts) }
    if from < wholeFrom { append(.verdicts(Span(from: from, to: wholeFrom)), to: &parts) }
    append(.tallies(TallyKey.bucket(of: wholeFrom.microseconds)..<TallyKey.bucket(of: wholeTo.microseconds), combination), to: &parts)
    if wholeTo < to { append(.verdicts(Span(from: wholeTo, to: to)), to: &parts) }
  }

  /// Joins neighbours of one kind: many small buckets are one scan.
  private func append(_ part: Part, to parts: inout [Part]) {
    switch (parts.last, part) {
    case (.verdicts(let before), .verdicts(let next)) where before.to == next.from:
      parts[parts.count - 1] = .verdicts(Span(from: before.from, to: next.to))
    case (.tallies(let before, let combination), .tallies(let next, _)) where before.upperBound == next.lowerBound:
      parts[parts.count - 1] = .tallies(before.lowerBound..<next.upperBound, combination)
    case (.periods(var keys), .periods(let next)):
      // Taken off first, so that the list is not copied.
      parts.removeLast()
      keys += next
      parts.append(.periods(keys))
    default: parts.append(part)
    }
  }

  private func refusal(floor: Timestamp) -> StoreError {
    guard query.measure.isTallied else {
      return StoreError(
        .beforeFloor,
        "verdicts before \(floor.rfc3339()) have been dropped, and the guards' own names and other taxonomies are counted from verdicts alone; ask from then on, or for canonical types")
    }
    let kept = Combination.allCases.map(\.name).joined(separator: ", ")
    return StoreError(
      .beforeFloor,
      "verdicts before \(floor.rfc3339()) have been dropped, and this question needs them; what is kept from before: whole 15-minute steps by \(kept)")
  }
}
