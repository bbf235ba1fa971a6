import Tallies

/// Several periods' tallies that are added up to one table, a stretch of each in turn: periods have much the same groups in the same order,
/// so what is added to a group is added while its counts are still in the processor's cache.
///
/// Unchecked, for nothing is appended while anybody adds them up.
final class PeriodTallyCells: @unchecked Sendable {
  private struct Held {
    var key: PeriodTallyKey
    var bytes: UnsafeMutableRawBufferPointer
  }

  private var held: [Held] = []
  private(set) var byteCount = 0
  /// Whether a period's cells are groups of the table, one each.
  private let hasSameGroups: Bool

  /// Bytes that are held before they are added up; one tally may be more.
  static let bytesHeldMax = 4 << 20
  /// Fewer are added up in less time than another thread takes to begin.
  private static let bytesSharedMin = 1 << 17
  /// Cells of a stretch.
  private static let stretchCells = 512

  init(hasSameGroups: Bool) { self.hasSameGroups = hasSameGroups }

  deinit { for tally in held { tally.bytes.deallocate() } }

  /// Whether it is worth sharing them between two threads.
  var areMany: Bool { byteCount >= Self.bytesSharedMin && held.count > 1 }

  func append(_ key: PeriodTallyKey, _ bytes: UnsafeRawBufferPointer) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyMemory(from: bytes)
    held.append(Held(key: key, bytes: copy))
    byteCount += bytes.count
  }

  /// Which of them.
  enum Part { case all, even, odd }

  private struct Reading {
    var cells: TallyDecoder
    var total: Int
    var read = 0
  }

  /// - Throws: ``StoreError`` `damaged`.
  func add(_ part: Part, to counting: inout GroupCounting) throws {
    let tallies = part == .all ? held : held.indices.filter { $0 % 2 == (part == .odd ? 1 : 0) }.map { held[$0] }
    var readings: [Reading] = []
    for tally in tallies {
      guard let cells = try? TallyDecoder(UnsafeRawBufferPointer(tally.bytes), ofPeriod: tally.key.combination) else {
        throw BucketScan.damage(tally.key.name)
      }
      // Every cell has a byte at least.
      readings.append(Reading(cells: cells, total: min(Int(clamping: cells.cellsLeft), tally.bytes.count)))
    }
    if hasSameGroups, let first = readings.first { counting.reserve(min(first.total, PeriodTallyBuilder.Bounds.cellsMaxMax) * 5 / 4) }
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
            try counting.addPeriod(cells)
          }
          if stretch == stretches, try cells.next() { throw TallyDamage() }
        } catch is TallyDamage {
          throw BucketScan.damage(tallies[index].key.name)
        }
      }
    }
  }
}
