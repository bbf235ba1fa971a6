package import Verdicts

/// Sums by group: a table from dimension codes to a fixed number of 64-bit counts.
///
/// Where the codes that a group can have are known and few, each combination of them has a place of its own; else groups are hashed.
package struct GroupTable: Sendable {
  /// The groups' codes, in order of arrival.
  package private(set) var keys: [DimensionCodes] = []
  /// `stride` counts for each group, in the order of ``keys``.
  package var counts: [Int64] = []
  package let stride: Int
  /// One more than the group of a place or hash, or 0.
  private var slots: [Int32]
  /// Nil where groups are hashed.
  package private(set) var places: Places?
  private var mask: Int
  /// The group after the one that was asked for last: tallies list groups in much the same order.
  private var next = 0

  private static let hashedSlots = 64
  /// Combinations of codes that may have a place each.
  private static let placesMax = 1 << 21

  /// - Parameter codes: for each lane that a group may have a code in, how many codes there are, from 0 on; nil where that is not known.
  package init(stride: Int, codes: [(lane: Int, count: Int)]? = nil) {
    self.stride = stride
    places = codes.flatMap { Places($0, max: Self.placesMax) }
    slots = [Int32](repeating: 0, count: places?.count ?? Self.hashedSlots)
    mask = Self.hashedSlots - 1
  }

  /// Where the codes of a group lead: each lane's, times the number of combinations of those before it, added up.
  package struct Places: Sendable {
    package let factors: DimensionCodes
    package let limits: DimensionCodes
    package let count: Int

    init?(_ codes: [(lane: Int, count: Int)], max: Int) {
      var factors = DimensionCodes(repeating: 0)
      var limits = DimensionCodes(repeating: 1)
      var count = 1
      for (lane, codeCount) in codes {
        factors[lane] = UInt32(count)
        limits[lane] = UInt32(clamping: codeCount)
        let (product, isTooLarge) = count.multipliedReportingOverflow(by: codeCount)
        guard !isTooLarge, product > 0, product <= max else { return nil }
        count = product
      }
      self.factors = factors
      self.limits = limits
      self.count = count
    }

    /// Nil where a code is none of those that there are.
    @inline(__always)
    func place(of key: DimensionCodes) -> Int? {
      guard all(key .< limits) else { return nil }
      return Int((key &* factors).wrappedSum())
    }

    func key(at place: Int) -> DimensionCodes {
      var key = DimensionCodes(repeating: 0)
      for lane in key.indices where factors[lane] != 0 { key[lane] = UInt32(place) / factors[lane] % limits[lane] }
      return key
    }
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
    if let places, keys.count < slots.count / 16 {
      for key in keys { if let place = places.place(of: key) { slots[place] = 0 } }
    } else {
      for index in slots.indices { slots[index] = 0 }
    }
    keys.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
  }

  /// Where the counts of a group begin in ``counts``; a new group begins with zeros.
  package mutating func base(of key: DimensionCodes) -> Int {
    if let places {
      if let place = places.place(of: key) {
        let found = slots[place]
        return found > 0 ? Int(found - 1) * stride : insert(key, at: place)
      }
      hash()
    }
    if next < keys.count, keys[next] == key {
      next += 1
      return (next - 1) * stride
    }
    var slot = Self.hash(key) & mask
    while true {
      let found = slots[slot]
      if found == 0 { break }
      if keys[Int(found) - 1] == key {
        next = Int(found)
        return (Int(found) - 1) * stride
      }
      slot = (slot + 1) & mask
    }
    let base = insert(key, at: slot)
    if keys.count * 2 > slots.count { grow(to: slots.count * 4) }
    next = keys.count
    return base
  }

  /// Which groups rows are of, where ``places`` has a place for each.
  ///
  /// - Parameters:
  ///   - rowPlaces: for each row its place, or ``noPlace``.
  ///   - numbers: filled in, for each row one more than its group, or 0.
  package mutating func number(_ rowPlaces: UnsafeBufferPointer<UInt32>, into numbers: UnsafeMutableBufferPointer<Int32>) {
    guard let places else { preconditionFailure("groups that are hashed have no places") }
    var row = 0
    while row < rowPlaces.count {
      row = slots.withUnsafeBufferPointer { slots in
        for row in row..<rowPlaces.count {
          let place = rowPlaces[row]
          numbers[row] = place == Self.noPlace ? 0 : slots[Int(place)]
          if place != Self.noPlace, numbers[row] == 0 { return row }
        }
        return rowPlaces.count
      }
      guard row < rowPlaces.count else { return }
      let place = Int(rowPlaces[row])
      _ = insert(places.key(at: place), at: place)
    }
  }

  /// The place of a row that is of no group.
  package static let noPlace = UInt32.max

  private mutating func insert(_ key: DimensionCodes, at slot: Int) -> Int {
    keys.append(key)
    slots[slot] = Int32(keys.count)
    counts.append(contentsOf: repeatElement(0, count: stride))
    return (keys.count - 1) * stride
  }

  /// Gives up places, for a code has come that is none of those that there are.
  package mutating func hash() {
    places = nil
    var slots = Self.hashedSlots
    while slots < keys.count * 2 { slots *= 4 }
    grow(to: slots)
  }

  private mutating func grow(to slotCount: Int) {
    slots = [Int32](repeating: 0, count: slotCount)
    mask = slotCount - 1
    for (index, key) in keys.enumerated() {
      var slot = Self.hash(key) & mask
      while slots[slot] > 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(index + 1)
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
