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

  package init(stride: Int) {
    self.stride = stride
    slots = [Int32](repeating: -1, count: 64)
    mask = 63
  }

  package mutating func removeAll() {
    keys.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
    for index in slots.indices { slots[index] = -1 }
  }

  /// Where the counts of a group begin in ``counts``; a new group begins with zeros.
  package mutating func base(of key: DimensionCodes) -> Int {
    var slot = Self.hash(key) & mask
    while true {
      let found = slots[slot]
      if found < 0 { break }
      if keys[Int(found)] == key { return Int(found) * stride }
      slot = (slot + 1) & mask
    }
    slots[slot] = Int32(keys.count)
    keys.append(key)
    counts.append(contentsOf: repeatElement(0, count: stride))
    if keys.count * 2 > slots.count { grow() }
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

  private static func hash(_ key: DimensionCodes) -> Int {
    var hash: UInt64 = 0
    for lane in 0..<DimensionCodes.scalarCount {
      hash = (hash ^ UInt64(key[lane])) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    return Int(truncatingIfNeeded: hash)
  }
}
