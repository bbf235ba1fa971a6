package import Verdicts

/// Orders verdicts by what names them: time, source, id. Any order of sources would do; the store's codes never change.
package enum VerdictKey {
  /// Below 0, 0 or above 0 as the left key is before, equal to or after the right one.
  @inline(__always)
  package static func compare(
    _ left: UnsafePointer<VerdictRow>, _ leftIDs: UnsafePointer<UInt8>,
    _ right: UnsafePointer<VerdictRow>, _ rightIDs: UnsafePointer<UInt8>
  ) -> Int {
    if left.pointee.time != right.pointee.time { return left.pointee.time < right.pointee.time ? -1 : 1 }
    let lane = Dimension.source.lane
    if left.pointee.codes[lane] != right.pointee.codes[lane] { return left.pointee.codes[lane] < right.pointee.codes[lane] ? -1 : 1 }
    return compare(
      UnsafeBufferPointer(start: leftIDs + Int(left.pointee.idOffset), count: Int(left.pointee.idLength)),
      UnsafeBufferPointer(start: rightIDs + Int(right.pointee.idOffset), count: Int(right.pointee.idLength)))
  }

  /// Bytewise, a shorter one first.
  package static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    var index = 0
    let shorter = min(left.count, right.count)
    while index < shorter {
      if left[index] != right[index] { return left[index] < right[index] ? -1 : 1 }
      index += 1
    }
    return left.count - right.count
  }
}
