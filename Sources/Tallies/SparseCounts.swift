/// Verdicts by group and one of 256 places: a hash table, for most groups have few of the places.
struct SparseCounts {
  /// Group and place in one number, or ``free``.
  private var keys: [UInt64] = []
  private var verdicts: [UInt64] = []
  /// Pairs of a group and a place that occur.
  private(set) var count = 0
  private(set) var isGivenUp = false

  private static let free = UInt64.max

  mutating func add(_ amount: UInt64, group: Int, place: UInt8) {
    guard !isGivenUp else { return }
    if count * 2 >= keys.count { grow() }
    let key = UInt64(group) << 8 | UInt64(place)
    let slot = slot(of: key)
    if keys[slot] == Self.free {
      keys[slot] = key
      count += 1
    }
    verdicts[slot] &+= amount
  }

  /// Counts no more, and forgets what was counted.
  mutating func giveUp() {
    self = SparseCounts()
    isGivenUp = true
  }

  /// The counts of each of so many groups, ascending by place.
  func byGroup(_ groups: Int) -> [[(place: UInt8, verdicts: UInt64)]] {
    var byGroup = [[(place: UInt8, verdicts: UInt64)]](repeating: [], count: groups)
    for slot in keys.indices where keys[slot] != Self.free {
      byGroup[Int(keys[slot] >> 8)].append((UInt8(truncatingIfNeeded: keys[slot]), verdicts[slot]))
    }
    for group in byGroup.indices { byGroup[group].sort { $0.place < $1.place } }
    return byGroup
  }

  private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    var hash = key &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 32
    var slot = Int(truncatingIfNeeded: hash) & mask
    while keys[slot] != Self.free, keys[slot] != key { slot = (slot + 1) & mask }
    return slot
  }

  private mutating func grow() {
    let before = (keys, verdicts)
    let capacity = max(256, keys.count * 2)
    keys = [UInt64](repeating: Self.free, count: capacity)
    verdicts = [UInt64](repeating: 0, count: capacity)
    for (key, amount) in zip(before.0, before.1) where key != Self.free {
      let slot = slot(of: key)
      keys[slot] = key
      verdicts[slot] = amount
    }
  }
}
