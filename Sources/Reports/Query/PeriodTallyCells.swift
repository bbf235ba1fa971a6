import Dispatch
import Synchronization
import Tallies

/// Several periods' tallies that are added up to one table, a stretch of each in turn: periods have much the same groups in the same order,
/// so what is added to a group is added while its counts are still in the processor's cache. Many are shared with a second thread.
///
/// One thread uses it at a time. Unchecked, for the compiler cannot see what keeps the second thread's reading apart: it looks at what is
/// held only if it claimed its half, and then ``add(to:hasSameGroups:_:)`` waits for it before anything held is changed or freed. One that
/// comes later finds its half claimed, and touches nothing.
final class PeriodTallyCells: @unchecked Sendable {
  private struct Held {
    var key: PeriodTallyKey
    var bytes: UnsafeMutableRawBufferPointer
  }

  private var held: [Held] = []
  private(set) var byteCount = 0

  /// Adds the cell that a decoder read last to a table.
  typealias Adding = @Sendable (borrowing TallyDecoder, inout GroupTable) throws -> Void

  /// Bytes that are held before they are added up; one tally may be more.
  static let bytesHeldMax = 16 << 20
  /// Fewer are added up in less time than another thread takes to begin.
  private static let bytesSharedMin = 1 << 17
  /// Cells of a stretch.
  private static let stretchCells = 512

  deinit { removeAll() }

  func append(_ key: PeriodTallyKey, _ bytes: UnsafeRawBufferPointer) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyMemory(from: bytes)
    held.append(Held(key: key, bytes: copy))
    byteCount += bytes.count
  }

  func removeAll() {
    for tally in held { tally.bytes.deallocate() }
    held.removeAll()
    byteCount = 0
  }

  /// A tally whose bytes are not what was written.
  struct Damage: Error {
    var key: PeriodTallyKey
  }

  /// - Parameter hasSameGroups: whether a period's cells are groups of the table, one each.
  /// - Throws: ``Damage``.
  func add(to groups: inout GroupTable, hasSameGroups: Bool, _ adding: @escaping Adding) throws {
    guard byteCount >= Self.bytesSharedMin, held.count > 1 else {
      return try Self.add(held, to: &groups, hasSameGroups: hasSameGroups, adding)
    }
    let second = Half(Array(held.indices.filter { $0 % 2 == 1 }))
    let stride = groups.stride
    DispatchQueue.global(qos: .userInitiated).async { [self] in
      guard second.isMine() else { return }
      second.finish(
        Result {
          var table = GroupTable(stride: stride)
          try Self.add(second.indices.map { held[$0] }, to: &table, hasSameGroups: hasSameGroups, adding)
          return table
        })
    }
    // A half that is being added up is waited for whatever becomes of this one: it reads the same bytes.
    let first = Result { try Self.add(held.indices.filter { $0 % 2 == 0 }.map { held[$0] }, to: &groups, hasSameGroups: hasSameGroups, adding) }
    guard !second.isMine() else {
      // No thread was free.
      try first.get()
      return try Self.add(second.indices.map { held[$0] }, to: &groups, hasSameGroups: hasSameGroups, adding)
    }
    let table = second.value()
    try first.get()
    guard groups.add(try table.get()) else { throw Damage(key: held[0].key) }
  }

  /// What a second thread adds up, if one is free before the first has added up the rest.
  private final class Half: Sendable {
    let indices: [Int]
    private let isTaken = Atomic(false)
    private let result = Mutex<Result<GroupTable, any Error>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    init(_ indices: [Int]) { self.indices = indices }

    /// True for the first who asks, who then adds it up.
    func isMine() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }

    func finish(_ found: Result<GroupTable, any Error>) {
      result.withLock { $0 = found }
      isDone.signal()
    }

    /// Waits for the end. To be called once, where somebody else adds it up.
    func value() -> Result<GroupTable, any Error> {
      isDone.wait()
      guard let found = result.withLock({ $0 }) else { preconditionFailure("a half was finished without a result") }
      return found
    }
  }

  private struct Reading {
    var cells: TallyDecoder
    var total: Int
    var read = 0
  }

  private static func add(_ tallies: [Held], to groups: inout GroupTable, hasSameGroups: Bool, _ adding: Adding) throws {
    var readings: [Reading] = []
    for tally in tallies {
      guard let cells = try? TallyDecoder(UnsafeRawBufferPointer(tally.bytes), ofPeriod: tally.key.combination) else { throw Damage(key: tally.key) }
      // Every cell has a byte at least.
      readings.append(Reading(cells: cells, total: min(Int(clamping: cells.cellsLeft), tally.bytes.count)))
    }
    if hasSameGroups, let first = readings.first { groups.reserve(min(first.total, PeriodTallyBuilder.Bounds.cellsMaxMax) * 5 / 4) }
    let stretches = (readings.map(\.total).max() ?? 0) / stretchCells + 1
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
            try adding(cells, &groups)
          }
          if stretch == stretches, try cells.next() { throw TallyDamage() }
        } catch is TallyDamage {
          throw Damage(key: tallies[index].key)
        }
      }
    }
  }
}
