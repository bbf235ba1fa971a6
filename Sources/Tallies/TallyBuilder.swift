package import Verdicts

/// Tallies a run of verdicts: for each 15-minute bucket and each combination the exact counts, in canonical form.
///
/// Rows of a cell are chained through indices, so grouping costs one hash look-up a row and combination and no allocation.
/// Reuse a builder: its buffers grow to the largest bucket seen.
package struct TallyBuilder {
  private var slots: [Int32] = []
  private var groups: [Group] = []
  private var nextRow: [Int32] = []
  private var latencyBucketOfRow: [UInt8] = []
  private let encoder = TallyEncoder()
  private let scratch = CellScratch()

  private struct Group {
    /// The codes of the combination's dimensions, the first in the highest bits.
    var high: UInt64
    var low: UInt64
    var firstRow: Int32
  }

  package init() {}

  /// - Parameters:
  ///   - rows: verdicts with the store's codes, in ascending order of time; each is counted once.
  ///   - ids: what the rows' id offsets point into.
  ///   - body: receives each tally's key and whole bytes, bucket by bucket.
  package mutating func build(
    rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, body: (TallyKey, [UInt8]) throws -> Void
  ) rethrows {
    var start = 0
    while start < rows.count {
      let bucket = TallyKey.bucket(of: rows[start].time)
      var end = start + 1
      while end < rows.count, TallyKey.bucket(of: rows[end].time) == bucket { end += 1 }
      try buildBucket(UnsafeBufferPointer(rebasing: rows[start..<end]), ids: ids, bucket: bucket, body: body)
      start = end
    }
  }

  private mutating func buildBucket(
    _ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, bucket: UInt32, body: (TallyKey, [UInt8]) throws -> Void
  ) rethrows {
    latencyBucketOfRow.removeAll(keepingCapacity: true)
    for row in rows {
      latencyBucketOfRow.append(row.latency < 0 ? 0 : LatencyScale.bucket(microseconds: row.latency))
    }
    for combination in Combination.allCases {
      let lanes = combination.dimensions.map(\.lane)
      group(rows, lanes: lanes)
      encoder.reset()
      var fingerprint: UInt64 = 0
      if combination == .overall {
        for index in 0..<rows.count { fingerprint &+= VerdictFingerprint.of(rows.baseAddress! + index, ids: ids) }
      }
      for group in groups { encode(group, rows: rows, lanes: lanes, fingerprint: fingerprint) }
      try body(TallyKey(combination: combination, bucket: bucket), encoder.sealed())
    }
  }

  /// Chains the rows of each cell and sorts the cells by their codes.
  private mutating func group(_ rows: UnsafeBufferPointer<VerdictRow>, lanes: [Int]) {
    groups.removeAll(keepingCapacity: true)
    nextRow.removeAll(keepingCapacity: true)
    nextRow.append(contentsOf: repeatElement(-1, count: rows.count))
    guard !lanes.isEmpty else {
      for index in 1..<max(1, rows.count) { nextRow[index - 1] = Int32(index) }
      groups.append(Group(high: 0, low: 0, firstRow: 0))
      return
    }
    var capacity = 16
    while capacity < rows.count * 2 { capacity *= 2 }
    slots.removeAll(keepingCapacity: true)
    slots.append(contentsOf: repeatElement(-1, count: capacity))
    let mask = capacity - 1
    let lane0 = lanes[0]
    let lane1 = lanes.count > 1 ? lanes[1] : DimensionCodes.scalarCount - 1
    let isWide = lanes.count > 2
    nextRow.withUnsafeMutableBufferPointer { nextRow in
      slots.withUnsafeMutableBufferPointer { slots in
        for index in 0..<rows.count {
          let codes = rows[index].codes
          let high = UInt64(codes[lane0]) << 32 | UInt64(codes[lane1])
          let low = isWide ? UInt64(codes[lanes[2]]) << 32 | UInt64(codes[lanes[3]]) : 0
          var hash = high &* 0x9E37_79B9_7F4A_7C15 ^ low &* 0xC2B2_AE3D_27D4_EB4F
          hash ^= hash >> 32
          var slot = Int(truncatingIfNeeded: hash) & mask
          while true {
            let found = slots[slot]
            if found < 0 {
              slots[slot] = Int32(groups.count)
              groups.append(Group(high: high, low: low, firstRow: Int32(index)))
              break
            }
            if groups[Int(found)].high == high && groups[Int(found)].low == low {
              nextRow[index] = groups[Int(found)].firstRow
              groups[Int(found)].firstRow = Int32(index)
              break
            }
            slot = (slot + 1) & mask
          }
        }
      }
    }
    groups.sort { ($0.high, $0.low) < ($1.high, $1.low) }
  }

  private func encode(_ group: Group, rows: UnsafeBufferPointer<VerdictRow>, lanes: [Int], fingerprint: UInt64) {
    let first = Int(group.firstRow)
    if nextRow[first] < 0 {
      return encoder.append(
        single: rows.baseAddress! + first, latencyBucket: latencyBucketOfRow[first], lanes: lanes, fingerprint: fingerprint)
    }
    var counts = scratch.counts(fingerprint: fingerprint)
    nextRow.withUnsafeBufferPointer { nextRow in
      latencyBucketOfRow.withUnsafeBufferPointer { latencyBucketOfRow in
        var index = first
        while index >= 0 {
          let row = rows.baseAddress! + index
          scratch.add(row, latencyBucket: latencyBucketOfRow[index], to: &counts)
          index = Int(nextRow[index])
        }
      }
    }
    encoder.append(codes: rows[first].codes, lanes: lanes, counts)
    scratch.clear(counts)
  }
}
