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
    func rank(_ group: Int, _ index: Int) -> Int {
      let code = Int(keys[group][lanes[index]])
      return code < ranks[index].count ? min(ranks[index][code], ranks[index].count) : ranks[index].count
    }
    var order = Array(keys.indices)
    guard ranks.allSatisfy({ $0.count <= Self.ranksToGroupsMax * keys.count }) else {
      order.sort { left, right in
        for index in lanes.indices {
          let (leftRank, rightRank) = (rank(left, index), rank(right, index))
          if leftRank != rightRank { return leftRank < rightRank }
        }
        return false
      }
      groups = order
      return
    }
    // By counting: from the last dimension to the first, each time keeping the order of what is equal.
    var sorted = order
    for index in lanes.indices.reversed() {
      var starts = [Int](repeating: 0, count: ranks[index].count + 2)
      for group in order { starts[rank(group, index) + 1] += 1 }
      for place in 1..<starts.count { starts[place] += starts[place - 1] }
      for group in order {
        let place = rank(group, index)
        sorted[starts[place]] = group
        starts[place] += 1
      }
      swap(&order, &sorted)
    }
    groups = order
  }

  /// Where there are more values than this for each group, as in many short buckets, comparing takes less than counting.
  private static let ranksToGroupsMax = 4

  /// Whether two groups differ at most in what is no dimension.
  func areSame(_ left: Int, _ right: Int) -> Bool { keys[left] & mask == keys[right] & mask }
}
