@testable import Reports
import Testing
import Verdicts

@Suite struct GroupOrderTests {
  /// Groups of two dimensions in the order of their values' ranks, whether they are counted or compared; a code without a rank comes last.
  @Test(arguments: [3, 400]) func followsTheRanks(values: Int) {
    let ranks = [(0..<values).map { ($0 * 7 + 2) % values }, [Int.max, 1, 0]]
    var keys: [DimensionCodes] = []
    for first in [2, 0, 1, values + 5] {
      for second in [0, 1, 2] as [UInt32] {
        var key = DimensionCodes(repeating: 0)
        key[1] = UInt32(first)
        key[5] = second
        key[6] = UInt32(keys.count)
        keys.append(key)
      }
    }
    let order = GroupOrder(keys, lanes: [5, 1], ranks: [ranks[1], ranks[0]])
    let expected = keys.indices.sorted { left, right in
      func ranksOf(_ group: Int) -> (Int, Int) {
        let code = Int(keys[group][1])
        return (min(ranks[1][Int(keys[group][5])], 3), code < values ? ranks[0][code] : values)
      }
      return ranksOf(left) < ranksOf(right)
    }
    #expect(order.groups == expected)
    #expect(order.areSame(4, 4) && !order.areSame(0, 1))
  }
}
