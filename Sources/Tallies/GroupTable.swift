package import Verdicts

/// Sums by group: a hash table from dimension codes to a fixed number of 64-bit counts.
package struct GroupTable: Sendable {
  /// The groups' codes, in order of arrival.
  package private(set) var keys: [DimensionCodes] = []
  /// `stride` counts for each group, in the order of ``keys``.
  package var counts: [Int64] = []
  package let stride: Int
  private var slots: [Int32]
  private var mask: Int
  /// The group after the one that was asked for last: tallies list groups in much the same order.
  private var next = 0

  package init(stride: Int) {
    self.stride = stride
    slots = [Int32](repeating: -1, count: 64)
    mask = 63
  }

  /// Makes room for as many groups at once, where there are none yet: a table that grows to them copies its counts again and again.
  package mutating func reserve(_ groups: Int) {
    guard keys.isEmpty, groups * stride > counts.capacity else { return }
    keys.reserveCapacity(groups)
    counts.reserveCapacity(groups * stride)
  }

  /// Adds another table's counts, which are as many for each group.
  ///
  /// - Returns: false where a sum is too large, which no verdicts make.
  package mutating func add(_ other: borrowing GroupTable) -> Bool {
    var fits = true
    for (group, key) in other.keys.enumerated() {
      let base = base(of: key)
      for place in 0..<stride {
        let (sum, isTooLarge) = counts[base + place].addingReportingOverflow(other.counts[group * stride + place])
        counts[base + place] = sum
        if isTooLarge { fits = false }
      }
    }
    return fits
  }

  package mutating func removeAll() {
    next = 0
    keys.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
    for index in slots.indices { slots[index] = -1 }
  }

  /// Where the counts of a group begin in ``counts``; a new group begins with zeros.
  package mutating func base(of key: DimensionCodes) -> Int {
    if next < keys.count, keys[next] == key {
      next += 1
      return (next - 1) * stride
    }
    var slot = Self.hash(key) & mask
    while true {
      let found = slots[slot]
      if found < 0 { break }
      if keys[Int(found)] == key {
        next = Int(found) + 1
        return Int(found) * stride
      }
      slot = (slot + 1) & mask
    }
    slots[slot] = Int32(keys.count)
    keys.append(key)
    counts.append(contentsOf: repeatElement(0, count: stride))
    if keys.count * 2 > slots.count { grow() }
    next = keys.count
    return (keys.count - 1) * stride
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 4)
    mask = slots.count - 1
    for (index, key) in keys.enumerated() {
      var slot = Self.hash(key) & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(index)
    }
  }

  /// The lanes' pairs are multiplied by odd numbers of their own (those of SplitMix64 and xxHash) beside each other, not one after
  /// another.
  @inline(__always)
  private static func hash(_ key: DimensionCodes) -> Int {
    let factors = SIMD4<UInt64>(0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB, 0xC2B2_AE3D_27D4_EB4F)
    let products = unsafeBitCast(key, to: SIMD4<UInt64>.self) &* factors
    var hash = products.wrappedSum()
    // High bits of a lane reach only the high bits of its product, and low bits choose the slot.
    hash = (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: hash ^ hash >> 29)
  }
}
