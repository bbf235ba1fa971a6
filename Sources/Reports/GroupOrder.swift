import Verdicts

/// Groups in the order of their dimensions' values.
struct GroupOrder {
  /// Numbers of groups.
  let groups: [Int]
  private let keys: [DimensionCodes]
  private let mask: DimensionCodes

  /// - Parameters:
  ///   - lanes: of the dimensions, the first of which decides first.
  ///   - ranks: for each of these, and each of its codes, the place of the value; codes beyond come last.
  init(_ keys: [DimensionCodes], lanes: [Int], ranks: [[Int]]) {
    self.keys = keys
    var mask = DimensionCodes(repeating: 0)
    for lane in lanes { mask[lane] = .max }
    self.mask = mask
    // From the last dimension to the first, each time keeping the order of what is equal.
    var order = Array(keys.indices)
    var sorted = order
    for (lane, ranks) in zip(lanes, ranks).reversed() {
      var starts = [Int](repeating: 0, count: ranks.count + 2)
      func rank(_ group: Int) -> Int {
        let code = Int(keys[group][lane])
        return code < ranks.count ? min(ranks[code], ranks.count) : ranks.count
      }
      for group in order { starts[rank(group) + 1] += 1 }
      for rank in 1..<starts.count { starts[rank] += starts[rank - 1] }
      for group in order {
        let rank = rank(group)
        sorted[starts[rank]] = group
        starts[rank] += 1
      }
      swap(&order, &sorted)
    }
    groups = order
  }

  /// Whether two groups differ at most in what is no dimension.
  func areSame(_ left: Int, _ right: Int) -> Bool { keys[left] & mask == keys[right] & mask }
}
