package import Tallies
package import Verdicts

/// Tallies counted anew from the verdicts of a span of whole 15-minute buckets.
package struct TallyRecount {
  package var tallies: [TallyKey: [UInt8]] = [:]
  package private(set) var verdicts = 0

  /// Verdicts of one bucket that are held at a time.
  private static let pendingMax = 65_536

  /// Holds one span's tallies in memory: a day at a time is what callers ask for.
  ///
  /// - Parameter seen: is given the verdicts as they are read.
  package init(of snapshot: any StoreSnapshot, in span: Span, seen: (UnsafeBufferPointer<VerdictRow>) -> Void = { _ in }) throws {
    var builder = TallyBuilder()
    let merger = TallyMerger()
    var pending: [VerdictRow] = []
    var pendingIDs: [UInt8] = []
    var pendingBucket: UInt32 = 0
    var tallies: [TallyKey: [UInt8]] = [:]
    var count = 0
    func flush() throws {
      try pending.withUnsafeBufferPointer { rows in
        try pendingIDs.withUnsafeBufferPointer { ids in
          guard let ids = ids.baseAddress else { return }
          try builder.build(rows: rows, ids: ids) { key, cells in
            guard let before = tallies[key] else { return tallies[key] = cells }
            tallies[key] = try before.withUnsafeBytes { left in
              try cells.withUnsafeBytes { try merger.merge(left, $0, of: key.combination) }
            }
          }
        }
      }
      pending.removeAll(keepingCapacity: true)
      pendingIDs.removeAll(keepingCapacity: true)
    }
    try snapshot.forEachVerdicts(in: span, fields: .all) { run in
      count += run.rows.count
      seen(run.rows)
      for row in run.rows {
        let bucket = TallyKey.bucket(of: row.time)
        if bucket != pendingBucket || pending.count >= Self.pendingMax {
          try flush()
          pendingBucket = bucket
        }
        var copy = row
        copy.idOffset = UInt32(pendingIDs.count)
        pendingIDs.append(contentsOf: run.idBytes[Int(row.idOffset)..<Int(row.idOffset) + Int(row.idLength)])
        pending.append(copy)
      }
    }
    try flush()
    self.tallies = tallies
    verdicts = count
  }
}
