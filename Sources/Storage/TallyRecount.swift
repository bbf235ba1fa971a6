package import Tallies
package import Verdicts

/// Tallies counted anew from the verdicts of a span of whole 15-minute buckets.
package struct TallyRecount {
  package var tallies: [TallyKey: [UInt8]] = [:]
  package private(set) var verdicts = 0

  /// Holds one span's tallies in memory: a day at a time is what callers ask for.
  package init(of snapshot: any StoreSnapshot, in span: Span) throws {
    var builder = TallyBuilder()
    var pending: [VerdictRow] = []
    var pendingBucket: UInt32 = 0
    var tallies: [TallyKey: [UInt8]] = [:]
    var count = 0
    func flush() {
      pending.withUnsafeBufferPointer { rows in
        builder.build(rows: rows) { key, cells in tallies[key] = cells }
      }
      pending.removeAll(keepingCapacity: true)
    }
    try snapshot.forEachVerdicts(in: span, fields: [.codes, .verdict, .riskTypes, .latency]) { run in
      count += run.rows.count
      for row in run.rows {
        let bucket = TallyKey.bucket(of: row.time)
        if bucket != pendingBucket {
          flush()
          pendingBucket = bucket
        }
        pending.append(row)
      }
    }
    flush()
    self.tallies = tallies
    verdicts = count
  }
}
