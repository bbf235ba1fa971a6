package import Storage
package import Tallies
import Verdicts

/// Answers a ``BucketQuery``: from the tallies where a bucket consists of whole 15-minute steps, from the verdicts at its ends
/// and wherever no tallies are kept. Both are exact.
package struct BucketScan {
  private let snapshot: any StoreSnapshot
  private let query: BucketQuery
  private let combination: Combination?

  package init(_ query: BucketQuery, of snapshot: any StoreSnapshot) {
    self.query = query
    self.snapshot = snapshot
    combination = query.combination
  }

  /// Gives the groups of each bucket that has a verdict, in the order of the buckets. Groups are in no order.
  ///
  /// - Throws: ``StoreError`` `before_floor` where verdicts would be needed that were dropped.
  package func forEachBucket(_ body: (_ bucket: Int, _ groups: borrowing GroupTable) throws -> Void) throws {
    let matching = try query.filters.map { (lane: Int($0.dimension.rawValue), codes: $0.matchingCodes(of: try snapshot.values(of: $0.dimension))) }
    var mask = DimensionCodes(repeating: 0)
    for dimension in query.by { mask[dimension.lane] = .max }
    var groups = GroupTable(stride: query.measure.stride)
    var bucket = 0
    func advance(to time: Int64) throws {
      while time >= query.edges[bucket + 1].microseconds {
        if !groups.keys.isEmpty {
          try body(bucket, groups)
          groups.removeAll()
        }
        bucket += 1
      }
    }
    let measure = query.measure
    let floor = try snapshot.floor()
    for part in parts() {
      switch part {
      case .verdicts(let span):
        if let floor, span.from < floor { throw refusal(floor: floor) }
        var fields = measure.fields
        if !query.by.isEmpty || !matching.isEmpty { fields.insert(.codes) }
        try snapshot.forEachVerdicts(in: span, fields: fields) { run in
          for row in run.rows {
            guard Self.matches(row.codes, matching), measure.counts(row) else { continue }
            try advance(to: row.time)
            var key = row.codes & mask
            measure.extendKey(&key, with: row)
            measure.add(row, to: &groups.counts, at: groups.base(of: key))
          }
        }
      case .tallies(let buckets, let combination):
        try snapshot.forEachTally(of: combination, buckets: buckets) { key, bytes in
          try advance(to: key.start.microseconds)
          do {
            var cells = try TallyDecoder(bytes, of: combination)
            while try cells.next() {
              guard Self.matches(cells.cell.codes, matching), measure.counts(cells) else { continue }
              measure.add(cells, to: &groups.counts, at: groups.base(of: cells.cell.codes & mask))
            }
          } catch is TallyDamage {
            throw StoreError(
              .damaged,
              "the tally of \(combination.name) at \(key.start.rfc3339()) is damaged; guardtally verify shows what else is, guardtally rebuild mends tallies")
          }
        }
      }
    }
    if !groups.keys.isEmpty { try body(bucket, groups) }
  }

  private static func matches(_ codes: DimensionCodes, _ filters: [(lane: Int, codes: [Bool])]) -> Bool {
    for filter in filters {
      let code = Int(codes[filter.lane])
      if code >= filter.codes.count || !filter.codes[code] { return false }
    }
    return true
  }

  // MARK: - Where the counts come from

  enum Part: Equatable {
    case verdicts(Span)
    case tallies(Range<UInt32>, Combination)
  }

  /// The query's span in order: whole 15-minute steps of one bucket from tallies, what is left of a bucket from verdicts.
  func parts() -> [Part] {
    guard let first = query.edges.first, let last = query.edges.last, first < last else { return [] }
    guard let combination else { return [.verdicts(Span(from: first, to: last))] }
    var parts: [Part] = []
    for index in 0..<query.edges.count - 1 {
      let from = query.edges[index]
      let to = query.edges[index + 1]
      let wholeFrom = from.raised(to: TallyKey.grainMicroseconds)
      let wholeTo = to.floored(to: TallyKey.grainMicroseconds)
      guard wholeFrom < wholeTo else {
        append(.verdicts(Span(from: from, to: to)), to: &parts)
        continue
      }
      if from < wholeFrom { append(.verdicts(Span(from: from, to: wholeFrom)), to: &parts) }
      append(.tallies(TallyKey.bucket(of: wholeFrom.microseconds)..<TallyKey.bucket(of: wholeTo.microseconds), combination), to: &parts)
      if wholeTo < to { append(.verdicts(Span(from: wholeTo, to: to)), to: &parts) }
    }
    return parts
  }

  /// Joins neighbours of one kind: many small buckets are one scan.
  private func append(_ part: Part, to parts: inout [Part]) {
    switch (parts.last, part) {
    case (.verdicts(let before), .verdicts(let next)) where before.to == next.from:
      parts[parts.count - 1] = .verdicts(Span(from: before.from, to: next.to))
    case (.tallies(let before, let combination), .tallies(let next, _)) where before.upperBound == next.lowerBound:
      parts[parts.count - 1] = .tallies(before.lowerBound..<next.upperBound, combination)
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
