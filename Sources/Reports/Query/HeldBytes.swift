import Storage
import Tallies

/// Copies of tallies and blocks of verdicts that wait to be counted, in one piece of memory.
///
/// Unchecked, for whoever fills it hands it over as a whole, and never looks at it again.
final class HeldBytes: @unchecked Sendable {
  enum Item {
    case tally(TallyKey)
    case block(StoredBlock)
  }

  private let memory: UnsafeMutableRawBufferPointer
  private var items: [(item: Item, bytes: Range<Int>)] = []
  private(set) var byteCount = 0

  /// - Parameter capacity: bytes that there is room for.
  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 16) }

  deinit { memory.deallocate() }

  func hasRoom(for bytes: UnsafeRawBufferPointer) -> Bool { bytes.count <= memory.count - byteCount }

  func append(_ item: Item, _ bytes: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(rebasing: memory[byteCount...]).copyMemory(from: bytes)
    items.append((item, byteCount..<byteCount + bytes.count))
    byteCount += bytes.count
  }

  func forEach(_ body: (Item, UnsafeRawBufferPointer) throws -> Void) rethrows {
    for (item, range) in items { try body(item, UnsafeRawBufferPointer(rebasing: memory[range])) }
  }
}
