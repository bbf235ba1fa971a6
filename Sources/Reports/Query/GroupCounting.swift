import Storage
import Tallies
import Verdicts

/// Counts what a ``BucketQuery`` asks for by group, in one thread.
struct GroupCounting: Sendable {
  private(set) var groups: GroupTable
  private let measure: Measure
  private let by: [Dimension]
  /// For each dimension that is filtered which of its codes are let through.
  private let filters: [(dimension: Dimension, codes: [Bool])]
  /// What is left of a cell's codes in its group's key.
  private let mask: DimensionCodes
  private let periodMask: DimensionCodes
  let fields: VerdictFields

  /// Of a block's rows: whether they are counted (empty where all are), where their groups are, and one more than these groups' numbers.
  private var isCounted: [Bool] = []
  private var places: [UInt32] = []
  private var numbers = [Int32](repeating: 0, count: VerdictBlockEncoder.rowsMax)
  /// Rows whose groups are looked for by their hash: those that have no place, or all.
  private var hashed: [Int] = []
  private var keys: [DimensionCodes] = []

  init(_ query: BucketQuery, of snapshot: any StoreSnapshot) throws {
    measure = query.measure
    by = query.by
    filters = try query.filters.map { ($0.dimension, $0.matchingCodes(of: try snapshot.values(of: $0.dimension))) }
    var mask = DimensionCodes(repeating: 0)
    for dimension in query.by { mask[dimension.lane] = .max }
    self.mask = mask
    let namesLanes = query.measure == .riskTypeSets ? [CodedField.nativeNames.lane, DimensionCodes.riskTypesLane] : []
    periodMask = namesLanes.reduce(into: mask) { $0[$1] = .max }
    fields = query.by.isEmpty && query.filters.isEmpty ? query.measure.fields : query.measure.fields.union(.codes)
    groups = GroupTable(stride: query.measure.stride, codes: try query.by.map { ($0.lane, try snapshot.values(of: $0).codes) })
  }

  mutating func removeAll() { groups.removeAll() }

  /// Adds what another counted of the same question.
  ///
  /// - Throws: ``StoreError`` `damaged` where a sum is too large.
  mutating func add(_ other: borrowing GroupCounting) throws(StoreError) { if !groups.add(other.groups) { throw Self.tooLarge } }

  private static var tooLarge: StoreError {
    StoreError(.damaged, "a sum of what was asked for is too large to be counted; guardtally verify shows whether it is damaged")
  }

  mutating func reserve(_ count: Int) { groups.reserve(count) }

  // MARK: - Cells of tallies

  /// Adds all cells of a 15-minute tally.
  mutating func add(_ tally: UnsafeRawBufferPointer, of combination: Combination) throws(TallyDamage) {
    var cells = try TallyDecoder(tally, of: combination)
    while try cells.next() { try add(cells, mask: mask) }
  }

  /// Adds a cell of a period tally.
  mutating func addPeriod(_ cells: borrowing TallyDecoder) throws(TallyDamage) { try add(cells, mask: periodMask) }

  @inline(__always)
  private mutating func add(_ cells: borrowing TallyDecoder, mask: DimensionCodes) throws(TallyDamage) {
    guard measure.counts(cells) else { return }
    for filter in filters {
      let code = Int(cells.codes[filter.dimension.lane])
      if code >= filter.codes.count || !filter.codes[code] { return }
    }
    let base = groups.base(of: cells.codes & mask)
    let measure = measure
    try groups.counts.withUnsafeMutableBufferPointer { counts throws(TallyDamage) in try measure.add(cells, to: counts.baseAddress! + base) }
  }

  // MARK: - Verdicts

  /// Adds rows of a block.
  ///
  /// - Throws: ``StoreError`` `damaged` where a sum is too large.
  mutating func add(_ columns: VerdictColumns, rows: Range<Int>) throws(StoreError) {
    selectRows(of: columns, rows)
    hashed.removeAll(keepingCapacity: true)
    if let known = groups.places, hasPlaces(columns, rows, known) {
      placeRows(of: columns, rows, known)
    } else {
      hashed.append(contentsOf: rows)
      for row in isCounted.indices where !isCounted[row] { numbers[row] = 0 }
    }
    hashRows(of: columns, first: rows.lowerBound)
    let fits = numbers.withUnsafeBufferPointer { numbers in
      measure.add(columns, rows: rows, of: numbers.baseAddress! - rows.lowerBound, to: &groups.counts)
    }
    if !fits { throw Self.tooLarge }
  }

  /// Fills ``isCounted``, which is empty where all rows are.
  private mutating func selectRows(of columns: VerdictColumns, _ rows: Range<Int>) {
    isCounted.removeAll(keepingCapacity: true)
    guard measure == .latencies || !filters.isEmpty else { return }
    isCounted.append(contentsOf: repeatElement(true, count: rows.count))
    isCounted.withUnsafeMutableBufferPointer { isCounted in
      let first = rows.lowerBound
      // One without a latency has no place among latencies, and makes no group there.
      if measure == .latencies { columns.latencies.forEach(in: rows) { isCounted[$0 - first] = $1 > 0 } }
      for filter in filters {
        filter.codes.withUnsafeBufferPointer { codes in
          columns.forEachCode(of: filter.dimension, in: rows) { row, code in
            isCounted[row - first] = isCounted[row - first] && Int(code) < codes.count && codes[Int(code)]
          }
        }
      }
    }
  }

  private func hasPlaces(_ columns: VerdictColumns, _ rows: Range<Int>, _ known: GroupTable.Places) -> Bool {
    by.allSatisfy { dimension in
      guard dimension != .stage else { return true }
      let codes = columns.codes(of: dimension.field)
      let first = known.firstCodes[dimension.lane]
      return codes.low >= first && codes.isAtMost(UInt64(first) + UInt64(known.limits[dimension.lane]) - 1, in: rows)
    }
  }

  private mutating func placeRows(of columns: VerdictColumns, _ rows: Range<Int>, _ known: GroupTable.Places) {
    places.removeAll(keepingCapacity: true)
    places.append(contentsOf: repeatElement(0 &- (known.firstCodes &* known.factors).wrappedSum(), count: rows.count))
    places.withUnsafeMutableBufferPointer { places in
      let first = rows.lowerBound
      for dimension in by {
        let factor = known.factors[dimension.lane]
        columns.forEachCode(of: dimension, in: rows) { places[$0 - first] &+= $1 &* factor }
      }
      for row in isCounted.indices where !isCounted[row] { places[row] = GroupTable.noPlace }
      guard measure == .riskTypeSets else { return }
      columns.attributes.forEach(in: rows) { row, number in
        guard Verdict.isFlagged(rawValue: VerdictAttributes(number: number).verdict) else { return }
        places[row - first] = GroupTable.noPlace
        hashed.append(row)
      }
    }
    places.withUnsafeBufferPointer { places in
      numbers.withUnsafeMutableBufferPointer { groups.number(places, into: $0) }
    }
  }

  /// Numbers the rows of ``hashed``. Only what is flagged names something.
  private mutating func hashRows(of columns: VerdictColumns, first: Int) {
    guard !hashed.isEmpty else { return }
    keys.removeAll(keepingCapacity: true)
    keys.append(contentsOf: repeatElement(DimensionCodes(repeating: 0), count: hashed.count))
    let attributes = columns.attributes
    for dimension in by {
      let lane = dimension.lane
      if dimension == .stage {
        for (index, row) in hashed.enumerated() { keys[index][lane] = VerdictAttributes(number: attributes[row]).stage }
      } else {
        let codes = columns.codes(of: dimension.field)
        for (index, row) in hashed.enumerated() { keys[index][lane] = UInt32(truncatingIfNeeded: codes[row]) }
      }
    }
    if measure == .riskTypeSets {
      let (riskTypes, nativeNames) = (columns.riskTypes, columns.nativeNames)
      let (riskTypesLane, namesLane) = (DimensionCodes.riskTypesLane, CodedField.nativeNames.lane)
      for (index, row) in hashed.enumerated() where Verdict.isFlagged(rawValue: VerdictAttributes(number: attributes[row]).verdict) {
        keys[index][namesLane] = UInt32(truncatingIfNeeded: nativeNames[row])
        keys[index][riskTypesLane] = UInt32(truncatingIfNeeded: riskTypes[row])
      }
    }
    for (index, row) in hashed.enumerated() where isCounted.isEmpty || isCounted[row - first] {
      numbers[row - first] = Int32(groups.base(of: keys[index]) / groups.stride + 1)
    }
  }
}

extension VerdictColumns {
  /// Gives rows and codes of a dimension.
  @inline(__always)
  fileprivate func forEachCode(of dimension: Dimension, in rows: Range<Int>, _ body: (_ row: Int, _ code: UInt32) -> Void) {
    if dimension == .stage { return attributes.forEach(in: rows) { body($0, VerdictAttributes(number: $1).stage) } }
    codes(of: dimension.field).forEach(in: rows) { body($0, UInt32(truncatingIfNeeded: $1)) }
  }
}
