/// The buckets in which latencies are tallied: log-spaced, and exact at every edge of the published histogram.
///
/// Bucket `i` holds whole microseconds in `(edges[i-1], edges[i]]`; bucket 0 holds exactly 0. Between two neighbouring
/// anchors (1 µs, the histogram's edges, and the record's bound of a day) the edges are spaced evenly by ratio, never by
/// more than ``ratioMax``, so a bucket's harmonic midpoint is within 5% of every latency in it:
/// `(hi - lo) / (hi + lo) <= 0.05` exactly when `hi / lo <= 1.05 / 0.95`.
package enum LatencyScale {
  /// 1.05 / 0.95, rounded down.
  static let ratioMax = 1.105

  /// The upper edges of the published histogram, in microseconds; `+Inf` follows.
  package static let histogramEdgesMicroseconds: [Int64] = [
    100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000,
  ]
  /// The same edges as Prometheus label values.
  package static let histogramLabels = ["0.1", "0.5", "1.0", "2.0", "5.0", "10.0", "30.0", "+Inf"]

  /// The largest latency of a record: 24 hours.
  package static let microsecondsMax: Int64 = 86_400_000_000

  /// Upper edges in microseconds, ascending; at most 256 of them, so that a bucket's number fits a byte.
  package static let edges: [Int64] = {
    var edges: [Int64] = [0, 1]
    for anchor in histogramEdgesMicroseconds + [microsecondsMax] {
      while let last = edges.last, last < anchor {
        // Whole microseconds: below about 20 µs each has a bucket of its own.
        let stepped = Int64(Double(last) * ratioMax)
        edges.append(min(anchor, max(last + 1, stepped)))
      }
    }
    precondition(edges.count <= 256, "a bucket number must fit a byte")
    return edges
  }()

  /// The bucket of a latency from 0 to ``microsecondsMax``.
  package static func bucket(microseconds: Int64) -> UInt8 { lookup.bucket(microseconds) }

  /// To be taken once for many latencies.
  package static let lookup = LatencyLookup(edges)

  /// What stands for the latencies of a bucket, in microseconds: whole, and within 5% of every one of them.
  ///
  /// The harmonic midpoint `2ab / (a + b)` of a bucket's least latency a and greatest b is as far from both by ratio; of the whole
  /// numbers beside it the one whose larger distance is smaller.
  package static let representatives: [Int64] = edges.indices.map { bucket in
    guard bucket > 0 else { return 0 }
    let low = edges[bucket - 1] + 1
    let high = edges[bucket]
    let midpoint = Int64(2 * Double(low) * Double(high) / Double(low + high))
    func distance(_ value: Int64) -> Double { max(Double(abs(value - low)) / Double(low), Double(abs(high - value)) / Double(high)) }
    return distance(midpoint) <= distance(midpoint + 1) ? midpoint : midpoint + 1
  }

  /// For each bucket the index of the published histogram's bucket that contains it; the last is `+Inf`.
  package static let histogramBucket: [Int] = edges.map { edge in
    histogramEdgesMicroseconds.firstIndex { edge <= $0 } ?? histogramEdgesMicroseconds.count
  }
}
