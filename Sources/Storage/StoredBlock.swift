package import Verdicts

/// Some stored verdicts in ascending order of time, as ``VerdictBlockEncoder`` packed them. What it says of them has not been compared with
/// the bytes yet, which may be damaged: ``columns(_:_:)`` does that, in any thread.
package struct StoredBlock: Sendable {
  package var count: Int
  /// Microseconds since 1970.
  package var firstTime: Int64
  package var lastTime: Int64
  /// What is said where the bytes are not what was written.
  private let damage: @Sendable () -> StoreError

  package init(count: Int, firstTime: Int64, lastTime: Int64, damage: @escaping @Sendable () -> StoreError) {
    self.count = count
    self.firstTime = firstTime
    self.lastTime = lastTime
    self.damage = damage
  }

  /// - Parameters:
  ///   - payload: the block's bytes; they must outlive the columns.
  ///   - fields: what will be read of them.
  /// - Throws: ``StoreError`` `damaged`.
  package func columns(_ payload: UnsafeRawBufferPointer, _ fields: VerdictFields) throws(StoreError) -> VerdictColumns {
    guard let columns = VerdictColumns(payload), columns.count == count, columns.arePossible(fields),
      columns.areInOrder, Int64(bitPattern: columns.times[0]) == firstTime, Int64(bitPattern: columns.times[count - 1]) == lastTime
    else { throw damage() }
    return columns
  }
}

extension StoreSnapshot {
  package var hasBlocks: Bool { false }

  /// Verdicts of a span as blocks, for a store that keeps them as rows.
  package func forEachBlock(in span: Span, fields: VerdictFields, _ body: (StoredBlock, UnsafeRawBufferPointer) throws -> Void) throws {
    try forEachVerdicts(in: span, fields: fields) { run in
      var rest = run.rows[...]
      while let first = rest.first {
        let rows = UnsafeBufferPointer(rebasing: rest.prefix(VerdictBlockEncoder.rowsMax))
        rest = rest.dropFirst(rows.count)
        let payload = VerdictBlockEncoder.encode(rows, ids: nil)
        let block = StoredBlock(
          count: rows.count, firstTime: first.time, lastTime: rows[rows.count - 1].time
        ) { StoreError(.failed, "verdicts could not be packed") }
        try payload.withUnsafeBytes { try body(block, $0) }
      }
    }
  }
}
