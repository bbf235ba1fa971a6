package import Storage
import Tallies
package import Verdicts

/// One report as asked for.
package struct Report: Sendable {
  package var name: ReportName
  package var span: Span
  package var step: BucketStep?
  package var by: [Dimension]
  package var filters: [DimensionFilter]
  package var zone: Zone
  package var naming: CategoryNaming

  /// More buckets than this are refused unless asked for: a year of minutes is half a million.
  package static let bucketsMaxDefault: Int64 = 10_000_000

  /// - Throws: ``QueryError`` where the span is empty, a dimension stands twice or the buckets are too many.
  package init(
    name: ReportName, span: Span, step: BucketStep?, by: [Dimension], filters: [DimensionFilter], zone: Zone,
    naming: CategoryNaming = .canonical, bucketsMax: Int64 = bucketsMaxDefault
  ) throws(QueryError) {
    guard name == .categories || !naming.needsSets else {
      throw QueryError("--native and --taxonomy name what was found, which \(name.rawValue) does not tell; they belong to the report categories")
    }
    guard !span.isEmpty else {
      throw QueryError("the span is empty: it begins at \(zone.text(span.from)) and ends at \(zone.text(span.to)); --from must be before --to")
    }
    guard Set(by).count == by.count else { throw QueryError("--by names a dimension twice") }
    let minutes = (span.to.microseconds - span.from.microseconds) / Timestamp.microsecondsPerMinute
    guard (step.map { minutes / $0.minutesMin } ?? 1) <= bucketsMax else {
      throw QueryError("--every \(step?.rawValue ?? "") makes more than \(bucketsMax) buckets of this span; take longer buckets or a shorter span, or raise --buckets-max")
    }
    self.name = name
    self.span = span
    self.step = step
    self.by = by
    self.filters = filters
    self.zone = zone
    self.naming = naming
  }

  /// What is said where there is no row: not that there were no verdicts, where there were but of another kind.
  var emptyText: String {
    let missing =
      switch name {
      case .safeRatio: "verdicts"
      case .categories: "flagged verdicts"
      case .latency: "verdicts with a latency"
      case .errors: "errors"
      }
    return "no \(missing)\(filterText) from \(spanText)"
  }

  /// The span in the report's zone.
  var spanText: String { "\(zone.text(span.from)) to \(zone.text(span.to))" + (zone.isUTC ? "" : " (\(zone.name))") }

  /// What `--where` asked for, or nothing.
  var filterText: String {
    filters.isEmpty ? "" : " where " + filters.map { ReaderText.visible($0.text) }.joined(separator: " and ")
  }

  package var columns: [Column] {
    [Column("start", .time), Column("end", .time)] + by.map { Column($0.name, .text) } + name.columns(naming)
  }

  /// Gives the rows in the contract's order, bucket by bucket: only one bucket's groups are in memory.
  package func forEachRow(of snapshot: any StoreSnapshot, _ body: ([Cell]) throws -> Void) throws {
    let edges = step?.edges(of: span, in: zone) ?? [span.from, span.to]
    let values = try by.map { try snapshot.values(of: $0) }
    let ranks = values.map(Self.ranks)
    let lanes = by.map { Int($0.rawValue) }
    let query = BucketQuery(edges: edges, by: by, filters: filters, measure: name.measure(naming))
    let stride = query.measure.stride
    let nativeNames = try naming.needsSets ? Self.nativeNames(of: snapshot) : [:]
    var row: [Cell] = []
    try BucketScan(query, of: snapshot).forEachBucket { bucket, groups in
      let keys = groups.keys
      let inOrder = GroupOrder(keys, lanes: lanes, ranks: ranks)
      var order = inOrder.groups[...]
      while let group = order.first {
        row.removeAll(keepingCapacity: true)
        row.append(.time(edges[bucket]))
        row.append(.time(edges[bucket + 1]))
        for (index, lane) in lanes.enumerated() {
          guard let value = values[index][keys[group][lane]] else {
            throw StoreError(.damaged, "a verdict has a \(by[index].name) that the store does not list; run guardtally verify")
          }
          row.append(.text(value))
        }
        guard naming.needsSets else {
          order.removeFirst()
          try name.appendRows(groups.counts[group * stride..<(group + 1) * stride], to: &row, body)
          continue
        }
        var categories = CategoryCounts(naming, nativeNames: nativeNames)
        while let part = order.first, inOrder.areSame(group, part) {
          order.removeFirst()
          try categories.add(
            groups.counts[part * stride..<(part + 1) * stride], riskTypes: RiskTypeSet(bits: keys[part][DimensionCodes.riskTypesLane]),
            nativeNames: keys[part][CodedField.nativeNames.lane])
        }
        try name.appendRows(categories, to: &row, body)
      }
    }
  }

  private static func nativeNames(of snapshot: any StoreSnapshot) throws -> [UInt32: NativeNameText] {
    try snapshot.values(of: .nativeNames).all.reduce(into: [:]) { names, entry in
      guard let text = NativeNameText(entry.value) else {
        throw StoreError(.damaged, "native names \(entry.code) are not as they were written; run guardtally verify")
      }
      names[entry.code] = text
    }
  }

  /// For each code the place of its value in bytewise order.
  private static func ranks(_ values: CodedValues) -> [Int] {
    var ranks: [Int] = []
    let sorted = values.all.sorted { $0.value.utf8.lexicographicallyPrecedes($1.value.utf8) }
    for (rank, entry) in sorted.enumerated() {
      while ranks.count <= Int(entry.code) { ranks.append(.max) }
      ranks[Int(entry.code)] = rank
    }
    return ranks
  }
}

extension BucketStep {
  /// Minutes of the shortest bucket.
  fileprivate var minutesMin: Int64 {
    switch self {
    case .minute: 1
    case .fiveMinutes: 5
    case .quarterHour: 15
    case .hour: 60
    case .day, .week, .month: 1_380
    }
  }
}
