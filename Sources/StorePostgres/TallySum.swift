import Tallies

/// Adds up neighbouring tallies of one key as they come.
struct TallySum {
  private let merger = TallyMerger()
  private var key: TallyKey?
  private var cells: [UInt8] = []
  private var isDamaged = false

  /// - Returns: the sum of the key before, where a new one begins.
  mutating func add(_ bytes: UnsafeRawBufferPointer, to next: TallyKey) -> (TallyKey, [UInt8])? {
    guard next == key else {
      let finished = finish()
      key = next
      cells = Array(bytes)
      return finished
    }
    guard !isDamaged else { return nil }
    do {
      cells = try cells.withUnsafeBytes { try merger.merge($0, bytes, of: next.combination) }
    } catch {
      isDamaged = true
    }
    return nil
  }

  /// The sum of the last key. Where a part was damaged there are no bytes, which no tally has, so that whoever reads them notices.
  mutating func finish() -> (TallyKey, [UInt8])? {
    defer {
      key = nil
      isDamaged = false
    }
    return key.map { ($0, isDamaged ? [] : cells) }
  }
}
