import Tallies

/// The cells of several days' tallies, read a stretch of each day in turn: days have much the same groups in the same order, so what is
/// added up to a group is added while the group's counts are still in the processor's cache.
final class DayTallyCells {
  private var tallies: [(key: DayTallyKey, bytes: UnsafeMutableRawBufferPointer)] = []
  private(set) var byteCount = 0

  /// Bytes that are held before they are read; one tally may be more.
  static let bytesHeldMax = 16 << 20
  /// Cells of a day's stretch.
  private static let stretchCells = 512

  deinit { removeAll() }

  func append(_ key: DayTallyKey, _ bytes: UnsafeRawBufferPointer) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyMemory(from: bytes)
    tallies.append((key, copy))
    byteCount += bytes.count
  }

  func removeAll() {
    for tally in tallies { tally.bytes.deallocate() }
    tallies.removeAll()
    byteCount = 0
  }

  private struct Reading {
    var cells: TallyDecoder
    var total: Int
    var read = 0
  }

  /// - Parameters:
  ///   - begin: told how many cells the first tally has.
  ///   - damaged: makes the error for a tally whose bytes are not what was written.
  func forEach(begin: (Int) -> Void, damaged: (DayTallyKey) -> any Error, _ body: (borrowing TallyDecoder) -> Void) throws {
    var readings: [Reading] = []
    for tally in tallies {
      guard let cells = try? TallyDecoder(UnsafeRawBufferPointer(tally.bytes), ofDay: tally.key.combination) else { throw damaged(tally.key) }
      // Every cell has a byte at least.
      readings.append(Reading(cells: cells, total: min(Int(clamping: cells.cellsLeft), tally.bytes.count)))
    }
    begin(readings.first?.total ?? 0)
    let stretches = (readings.map(\.total).max() ?? 0) / Self.stretchCells + 1
    var cells = TallyDecoder()
    for stretch in 1...stretches {
      for index in readings.indices {
        // Taken out while it is read: where it stands, each cell would copy it.
        swap(&cells, &readings[index].cells)
        defer { swap(&cells, &readings[index].cells) }
        let end = readings[index].total * stretch / stretches
        do {
          while readings[index].read < end, try cells.next() {
            readings[index].read += 1
            body(cells)
          }
          if stretch == stretches, try cells.next() { throw TallyDamage() }
        } catch is TallyDamage {
          throw damaged(tallies[index].key)
        }
      }
    }
  }
}
