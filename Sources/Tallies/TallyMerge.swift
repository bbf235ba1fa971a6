import Verdicts

/// Adds one tally to another of the same combination and bucket.
///
/// Cells are merged in order, and a cell that only one side has is copied as it stands: the cost is a pass over the bytes,
/// whatever the counts.
package enum TallyMerge {
  package static func merge(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, of combination: Combination
  ) throws(TallyDamage) -> [UInt8] {
    let encoder = TallyEncoder()
    let lanes = combination.dimensions.map { Int($0.rawValue) }
    var leftCells = try TallyDecoder(left, of: combination)
    var rightCells = try TallyDecoder(right, of: combination)
    var hasLeft = try leftCells.next()
    var hasRight = try rightCells.next()
    while hasLeft || hasRight {
      let order = !hasLeft ? 1 : !hasRight ? -1 : compare(leftCells.cell.codes, rightCells.cell.codes, lanes)
      if order < 0 {
        encoder.append(encoded: leftCells.encodedCell)
        hasLeft = try leftCells.next()
      } else if order > 0 {
        encoder.append(encoded: rightCells.encodedCell)
        hasRight = try rightCells.next()
      } else {
        var sum = leftCells.cell
        sum.add(rightCells.cell)
        encoder.append(sum, of: combination)
        hasLeft = try leftCells.next()
        hasRight = try rightCells.next()
      }
    }
    return encoder.sealed()
  }

  private static func compare(_ left: DimensionCodes, _ right: DimensionCodes, _ lanes: [Int]) -> Int {
    for lane in lanes where left[lane] != right[lane] { return left[lane] < right[lane] ? -1 : 1 }
    return 0
  }
}
