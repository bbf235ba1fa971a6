/// Finds the bucket of a latency without a branch: its six highest bits and their place lead to a bucket that is at most two before it.
///
/// Public, and not package, for the compiler inlines only that into other modules. Unchecked, for its memory is written once and kept for good.
@frozen
public struct LatencyLookup: @unchecked Sendable {
  /// By the place of the highest bits, and these bits: the bucket of the least such latency.
  @usableFromInline let firstBuckets: UnsafePointer<UInt8>
  @usableFromInline let edges: UnsafePointer<Int64>

  private static let bits = 6

  /// - Parameter edges: ascending, 256 at the most, the last above every latency that is asked for.
  init(_ edges: [Int64]) {
    let last = edges.count - 1
    // A bucket after the last, for what is compared beyond it.
    let copy = UnsafeMutablePointer<Int64>.allocate(capacity: edges.count + 2)
    for index in 0..<edges.count + 2 { copy[index] = index <= last ? edges[index] : .max }
    let places = 64 - edges[last].leadingZeroBitCount - Self.bits
    let buckets = UnsafeMutablePointer<UInt8>.allocate(capacity: (places + 1) << Self.bits)
    var bucket = 0
    for place in 0...places {
      for high in Int64(0)..<1 << Self.bits {
        let least = high << Int64(place)
        let greatest = min(least + (1 << Int64(place)) - 1, edges[last])
        // Numbers with fewer bits have a place of their own, so these are never asked for.
        if place > 0, high < 1 << (Self.bits - 1) || least > edges[last] {
          buckets[place << Self.bits + Int(high)] = 0
          continue
        }
        while edges[bucket] < least { bucket += 1 }
        precondition(bucket + 2 > last || edges[bucket + 2] >= greatest, "latencies with the same six highest bits are in more than three buckets")
        buckets[place << Self.bits + Int(high)] = UInt8(bucket)
      }
    }
    firstBuckets = UnsafePointer(buckets)
    self.edges = UnsafePointer(copy)
  }

  /// - Parameter microseconds: 0 to the last edge.
  @inlinable
  @inline(__always)
  public func bucket(_ microseconds: Int64) -> UInt8 {
    let place = max(58 - microseconds.leadingZeroBitCount, 0)
    let bucket = Int(firstBuckets[place << 6 + Int(truncatingIfNeeded: microseconds >> Int64(place))])
    let next = bucket + (edges[bucket] < microseconds ? 1 : 0)
    return UInt8(truncatingIfNeeded: next + (edges[next] < microseconds ? 1 : 0))
  }
}
