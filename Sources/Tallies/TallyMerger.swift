import Verdicts

/// Adds one tally to another of the same combination and bucket.
///
/// Cells are merged in order, and a cell that only one side has is copied as it stands: the cost is a pass over the bytes,
/// whatever the counts. Reuse a merger: its buffers serve one merge after another.
package final class TallyMerger {
  private var left = TallyDecoder()
  private var right = TallyDecoder()
  private let encoder = TallyEncoder()
  private let scratch = CellScratch()

  package init() {}

  package func merge(
    _ leftBytes: UnsafeRawBufferPointer, _ rightBytes: UnsafeRawBufferPointer, of combination: Combination
  ) throws(TallyDamage) -> [UInt8] {
    encoder.reset()
    let lanes = combination.dimensions.map(\.lane)
    try left.begin(leftBytes, lanes: lanes)
    try right.begin(rightBytes, lanes: lanes)
    var hasLeft = try left.next()
    var hasRight = try right.next()
    while hasLeft || hasRight {
      let order = !hasLeft ? 1 : !hasRight ? -1 : Self.compare(left.codes, right.codes, lanes)
      if order < 0 {
        encoder.append(encoded: left.encodedCell)
      } else if order > 0 {
        encoder.append(encoded: right.encodedCell)
      } else {
        var counts = scratch.counts(fingerprint: left.fingerprint &+ right.fingerprint)
        scratch.add(left, to: &counts)
        scratch.add(right, to: &counts)
        encoder.append(codes: left.codes, lanes: lanes, counts)
        scratch.clear(counts)
      }
      if order <= 0 { hasLeft = try left.next() }
      if order >= 0 { hasRight = try right.next() }
    }
    return encoder.sealed()
  }

  private static func compare(_ left: DimensionCodes, _ right: DimensionCodes, _ lanes: [Int]) -> Int {
    for lane in lanes where left[lane] != right[lane] { return left[lane] < right[lane] ? -1 : 1 }
    return 0
  }
}
