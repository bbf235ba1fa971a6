package import Verdicts

/// Sums by group: a table from dimension codes to a fixed number of 64-bit counts.
///
/// Where the codes that a group can have are known and few, each combination of them has a place of its own; other groups are hashed.
package struct GroupTable: Sendable {
  /// The groups' codes, in order of arrival.
  package private(set) var keys: [DimensionCodes] = []
  /// `stride` counts for each group, in the order of ``keys``.
  package var counts: [Int64] = []
  package let stride: Int
  /// Nil where all groups are hashed.
  package let places: Places?
  /// For each place one more than its group, or 0.
  private var placed: [Int32]
  /// The same by hash, for the groups that have no place.
  private var hashed = [Int32](repeating: 0, count: Self.hashedMin)
  private var hashedCount = 0
  /// The group after the one that was asked for last: tallies list groups in much the same order.
  private var next = 0

  private static let hashedMin = 64
  private static let reservedBytesMax = 96 << 20
  /// Combinations of codes that may have a place each.
  private static let placesMax = 1 << 21

  /// - Parameter codes: for each lane that a group may have a code in the codes that there are; nil where that is not known.
  package init(stride: Int, codes: [(lane: Int, codes: Range<Int>)]? = nil) {
    self.stride = stride
    places = codes.flatMap { Places($0, max: Self.placesMax) }
    placed = [Int32](repeating: 0, count: places?.count ?? 0)
  }

  /// Where the codes of a group lead: how far each lane's is from the first there is, times the number of combinations of those before it,
  /// added up.
  package struct Places: Sendable {
    package let firstCodes: DimensionCodes
    /// How many codes there are from the first on.
    package let limits: DimensionCodes
    package let factors: DimensionCodes
    package let count: Int

    init?(_ codes: [(lane: Int, codes: Range<Int>)], max: Int) {
      var firstCodes = DimensionCodes(repeating: 0)
      var limits = DimensionCodes(repeating: 1)
      var factors = DimensionCodes(repeating: 0)
      var count = 1
      for (lane, codes) in codes {
        firstCodes[lane] = UInt32(clamping: codes.lowerBound)
        limits[lane] = UInt32(clamping: codes.count)
        factors[lane] = UInt32(count)
        let (product, isTooLarge) = count.multipliedReportingOverflow(by: codes.count)
        guard !isTooLarge, product > 0, product <= max else { return nil }
        count = product
      }
      self.firstCodes = firstCodes
      self.limits = limits
      self.factors = factors
      self.count = count
    }

    /// Nil where a code is none of those that there are.
    @inline(__always)
    func place(of key: DimensionCodes) -> Int? {
      let steps = key &- firstCodes
      guard all(steps .< limits) else { return nil }
      return Int((steps &* factors).wrappedSum())
    }

    func key(at place: Int) -> DimensionCodes {
      var key = DimensionCodes(repeating: 0)
      for lane in key.indices where factors[lane] != 0 { key[lane] = firstCodes[lane] + UInt32(place) / factors[lane] % limits[lane] }
      return key
    }
  }

  /// Makes room for as many groups at once, where there are none yet: a table that grows to them copies its counts again and again.
  package mutating func reserve(_ groups: Int) {
    let groups = min(groups, Self.reservedBytesMax / (stride * MemoryLayout<Int64>.size))
    guard keys.isEmpty, groups * stride > counts.capacity else { return }
    keys.reserveCapacity(groups)
    counts.reserveCapacity(groups * stride)
  }

  /// Adds another table's counts, which are as many for each group; none is 2^62 yet.
  ///
  /// - Returns: false where a sum is.
  package mutating func add(_ other: borrowing GroupTable) -> Bool {
    var fits = true
    for (group, key) in other.keys.enumerated() {
      let base = base(of: key)
      for place in 0..<stride {
        counts[base + place] &+= other.counts[group * stride + place]
        if UInt64(bitPattern: counts[base + place]) >> TallyDecoder.latencySumBitsMax != 0 { fits = false }
      }
    }
    return fits
  }

  package mutating func removeAll() {
    next = 0
    // Many places and few groups in each of many buckets would be cleared for longer than anything is counted.
    if let places, keys.count < placed.count / 16 {
      for key in keys { if let place = places.place(of: key) { placed[place] = 0 } }
    } else {
      for place in placed.indices { placed[place] = 0 }
    }
    if hashedCount > 0 {
      for slot in hashed.indices { hashed[slot] = 0 }
      hashedCount = 0
    }
    keys.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
  }

  /// Where the counts of a group begin in ``counts``; a new group begins with zeros.
  package mutating func base(of key: DimensionCodes) -> Int {
    if let place = places?.place(of: key) {
      if placed[place] == 0 { placed[place] = append(key) }
      return (Int(placed[place]) - 1) * stride
    }
    if next < keys.count, keys[next] == key {
      next += 1
      return (next - 1) * stride
    }
    var slot = Self.hash(key) & (hashed.count - 1)
    while hashed[slot] > 0, keys[Int(hashed[slot]) - 1] != key { slot = (slot + 1) & (hashed.count - 1) }
    if hashed[slot] == 0 {
      hashed[slot] = append(key)
      hashedCount += 1
      next = keys.count
      if hashedCount * 2 > hashed.count { growHashed() }
      return (keys.count - 1) * stride
    }
    next = Int(hashed[slot])
    return (next - 1) * stride
  }

  /// Which groups rows are of, where ``places`` has a place for each.
  ///
  /// - Parameters:
  ///   - rowPlaces: for each row its place, or ``noPlace``.
  ///   - numbers: filled in, for each row one more than its group, or 0.
  package mutating func number(_ rowPlaces: UnsafeBufferPointer<UInt32>, into numbers: UnsafeMutableBufferPointer<Int32>) {
    guard let places else { preconditionFailure("all groups are hashed") }
    var row = 0
    while row < rowPlaces.count {
      row = placed.withUnsafeBufferPointer { placed in
        for row in row..<rowPlaces.count {
          let place = rowPlaces[row]
          numbers[row] = place == Self.noPlace ? 0 : placed[Int(place)]
          if place != Self.noPlace, numbers[row] == 0 { return row }
        }
        return rowPlaces.count
      }
      guard row < rowPlaces.count else { return }
      let place = Int(rowPlaces[row])
      placed[place] = append(places.key(at: place))
    }
  }

  /// The place of a row whose group has none, or that is of no group.
  package static let noPlace = UInt32.max

  /// - Returns: the new group's number and 1.
  private mutating func append(_ key: DimensionCodes) -> Int32 {
    keys.append(key)
    counts.append(contentsOf: repeatElement(0, count: stride))
    return Int32(keys.count)
  }

  private mutating func growHashed() {
    hashed = [Int32](repeating: 0, count: hashed.count * 4)
    for (group, key) in keys.enumerated() where places?.place(of: key) == nil {
      var slot = Self.hash(key) & (hashed.count - 1)
      while hashed[slot] > 0 { slot = (slot + 1) & (hashed.count - 1) }
      hashed[slot] = Int32(group + 1)
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
