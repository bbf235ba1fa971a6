package import Verdicts

/// A batch on its way into a store: its rows in the store's codes and in order of key, what becomes of each, and what is refused.
/// Every driver takes a batch in by these steps; only where rows are looked up and written is its own.
package struct BatchIntake {
  package let batch: VerdictBatch
  /// The rows that are not refused for their time; after ``assignCodes(_:)`` in the store's codes, after ``sort()`` in order of
  /// (time, source, id), equal keys in order of arrival.
  package private(set) var rows: [VerdictRow]
  package private(set) var outcome = BatchOutcome()
  private var isUsed: [[Bool]] = []

  /// Refuses what lies before the floor, where a repetition could not be recognised.
  package init(_ batch: VerdictBatch, floor: Timestamp?) {
    self.batch = batch
    rows = batch.rows
    outcome.counts.read = batch.read
    outcome.counts.rejected = batch.rejections.count
    outcome.deliveries = batch.deliveries.map { delivery in
      var outcome = BatchOutcome()
      outcome.counts.read = delivery.read
      outcome.counts.rejected = delivery.rejected
      return outcome
    }
    if let floor, rows.contains(where: { $0.time < floor.microseconds }) {
      refuse(rows.filter { $0.time < floor.microseconds }, code: .expired)
      rows.removeAll { $0.time < floor.microseconds }
    }
    isUsed = batch.values.enumerated().map { lane, values in
      var isUsed = [Bool](repeating: false, count: values.count)
      let first = CodedField.allCases[lane].firstInBatch
      for row in rows where Int(row.codes[lane]) >= first { isUsed[Int(row.codes[lane]) - first] = true }
      return isUsed
    }
  }

  /// The values of a field that one of the rows has, in order of arrival: refused records leave nothing in the store.
  package func usedValues(of field: CodedField) -> [String] {
    zip(batch.values[field.lane], isUsed[field.lane]).filter(\.1).map(\.0)
  }

  /// Replaces the batch's own numbers of values by the store's codes.
  ///
  /// - Parameter codes: gives the codes of a field's values, one for each.
  package mutating func assignCodes(_ codes: (CodedField, [String]) throws -> [UInt32]) rethrows {
    for field in CodedField.allCases {
      let lane = field.lane
      var codesOfUsed = try codes(field, usedValues(of: field))[...]
      // What comes before the first value stands for none.
      let none = [UInt32](repeating: 0, count: field.firstInBatch)
      let codeOfValue = none + isUsed[lane].map { $0 ? codesOfUsed.removeFirst() : 0 }
      if codeOfValue.count == none.count { continue }
      rows.withUnsafeMutableBufferPointer { rows in
        codeOfValue.withUnsafeBufferPointer { codeOfValue in
          for index in 0..<rows.count { rows[index].codes[lane] = codeOfValue[Int(rows[index].codes[lane])] }
        }
      }
    }
  }

  /// Sorts by (time, source, id), equal keys by arrival. Most traffic comes in order and is only looked over.
  package mutating func sort() {
    batch.idBytes.withUnsafeBufferPointer { ids in
      guard let ids = ids.baseAddress else { return }
      let isSorted = rows.withUnsafeBufferPointer { rows in
        (1..<max(1, rows.count)).allSatisfy { VerdictKey.compare(rows.baseAddress! + $0 - 1, ids, rows.baseAddress! + $0, ids) <= 0 }
      }
      if isSorted { return }
      rows.sort { left, right in
        let order = withUnsafePointer(to: left) { left in
          withUnsafePointer(to: right) { VerdictKey.compare(left, ids, $0, ids) }
        }
        return order != 0 ? order < 0 : left.idOffset < right.idOffset
      }
    }
  }

  /// Counts the fates of the rows and keeps those that were stored, in order of key.
  package mutating func settle(_ fates: [VerdictFate]) {
    var stored: [VerdictRow] = []
    stored.reserveCapacity(rows.count)
    var conflicts: [VerdictRow] = []
    for (index, row) in rows.enumerated() {
      switch fates[index] {
      case .stored:
        stored.append(row)
        count(row) {
          $0.stored += 1
          $0.unrecognised += row.unrecognised.total
        }
      case .duplicate: count(row) { $0.duplicates += 1 }
      case .conflict: conflicts.append(row)
      }
    }
    refuse(conflicts, code: .conflict)
    rows = stored
  }

  /// The newest time of each source that occurs in the rows.
  package func newestBySource() -> [UInt32: Int64] {
    var newest: [UInt32: Int64] = [:]
    var source: UInt32 = 0
    var time = Int64.min
    // Neighbours are mostly of one source: a look-up for each row would cost more than all the rest.
    func keep() { if time > newest[source] ?? .min { newest[source] = time } }
    for row in rows {
      if row.codes[Dimension.source.lane] != source {
        keep()
        source = row.codes[Dimension.source.lane]
        time = .min
      }
      time = max(time, row.time)
    }
    keep()
    return newest
  }

  /// Counts a row in the batch, and in the delivery that brought it.
  @inline(__always)
  private mutating func count(_ row: VerdictRow, _ change: (inout LedgerCounts) -> Void) {
    change(&outcome.counts)
    if !outcome.deliveries.isEmpty { change(&outcome.deliveries[delivery(of: row)].counts) }
  }

  /// Ids lie in order of arrival, so an id's offset leads to its delivery.
  private func delivery(of row: VerdictRow) -> Int {
    var low = 0
    var high = batch.deliveries.count - 1
    while low < high {
      let middle = (low + high) / 2
      if batch.deliveries[middle].idBytesEnd <= row.idOffset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func refuse(_ rows: [VerdictRow], code: RejectionCode) {
    guard !rows.isEmpty else { return }
    // Ids lie in order of arrival, so an id's offset leads back to its row's position.
    let offsets = batch.rows.map(\.idOffset)
    for row in rows.sorted(by: { $0.idOffset < $1.idOffset }) {
      var low = 0
      var high = offsets.count - 1
      while low < high {
        let middle = (low + high) / 2
        if offsets[middle] < row.idOffset { low = middle + 1 } else { high = middle }
      }
      let rejection = Rejection(position: batch.positions[low], code: code)
      outcome.refused.append(rejection)
      if !outcome.deliveries.isEmpty { outcome.deliveries[delivery(of: row)].refused.append(rejection) }
      count(row) { if code == .conflict { $0.conflicts += 1 } else { $0.rejected += 1 } }
    }
  }
}
