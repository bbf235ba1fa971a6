import Storage
import Tallies
import Verdicts

/// Counts what lies in one bucket after another, in two threads where it is much.
///
/// Unchecked, for the compiler cannot see that each of the two countings is used by one thread at a time: the second by pieces of work that
/// the second thread does, or the first after the second has finished (``SecondThread``).
final class BucketCounting: @unchecked Sendable {
  private var first: GroupCounting
  private var second: GroupCounting
  private let secondThread = SecondThread()
  private var held: HeldBytes?

  /// Bytes that are copied for a thread to count. Enough that handing them over costs little, and few enough that they are counted from the
  /// processor's cache.
  private static let heldBytes = 512 << 10
  private var heldInBucket = 0
  /// So often the first thread counts what is held itself: where buckets are small, a second thread would save little time, and has groups of
  /// its own, which of latencies are as many megabytes again.
  private static let unsharedInBucket = 2

  init(_ query: BucketQuery, of snapshot: any StoreSnapshot) throws {
    first = try GroupCounting(query, of: snapshot)
    second = first
  }

  var fields: VerdictFields { first.fields }

  /// Counts all of a tally or block, here and now or later in another thread: ``finish()`` has it all.
  ///
  /// - Throws: ``StoreError`` `damaged`, of this one or of one before.
  func add(_ item: HeldBytes.Item, _ bytes: UnsafeRawBufferPointer) throws {
    if let held, !held.hasRoom(for: bytes) { try handOver() }
    if held == nil, bytes.count <= Self.heldBytes { held = HeldBytes(capacity: Self.heldBytes) }
    guard let held else { return try Self.count(item, bytes, in: &first) }
    held.append(item, bytes)
  }

  /// Counts rows of a block.
  ///
  /// - Throws: ``StoreError`` `damaged`.
  func add(_ columns: VerdictColumns, rows: Range<Int>) throws { try first.add(columns, rows: rows) }

  /// Counts period tallies, to which nothing is appended any more.
  ///
  /// - Throws: ``StoreError`` `damaged`, of these or of some before.
  func add(_ periods: PeriodTallyCells) throws {
    guard periods.areMany else { return try periods.add(.all, to: &first) }
    if periods.byteCount >= PeriodTallyCells.bytesHeldMax {
      return try secondThread.add { [self] isSecond in
        if isSecond { try periods.add(.all, to: &second) } else { try periods.add(.all, to: &first) }
      }
    }
    try secondThread.add { [self] isSecond in
      if isSecond { try periods.add(.odd, to: &second) } else { try periods.add(.odd, to: &first) }
    }
    try periods.add(.even, to: &first)
  }

  /// Gives the groups of the bucket, if there are any, and begins the next one.
  ///
  /// - Throws: ``StoreError`` `damaged`, and what the body throws.
  func finish(_ body: (borrowing GroupTable) throws -> Void) throws {
    heldInBucket = 0
    if let held {
      self.held = nil
      try Self.count(held, in: &first)
    }
    try secondThread.finish()
    if !second.groups.keys.isEmpty {
      try first.add(second)
      second.removeAll()
    }
    guard !first.groups.keys.isEmpty else { return }
    try body(first.groups)
    first.removeAll()
  }

  private func handOver() throws {
    guard let held else { return }
    self.held = nil
    heldInBucket += 1
    guard heldInBucket > Self.unsharedInBucket else { return try Self.count(held, in: &first) }
    try secondThread.add { [self] isSecond in
      if isSecond { try Self.count(held, in: &second) } else { try Self.count(held, in: &first) }
    }
  }

  private static func count(_ held: HeldBytes, in counting: inout GroupCounting) throws {
    try held.forEach { try count($0, $1, in: &counting) }
  }

  private static func count(_ item: HeldBytes.Item, _ bytes: UnsafeRawBufferPointer, in counting: inout GroupCounting) throws {
    switch item {
    case .block(let block):
      let columns = try block.columns(bytes, counting.fields)
      try counting.add(columns, rows: columns.rows)
    case .tally(let key):
      do {
        try counting.add(bytes, of: key.combination)
      } catch {
        throw BucketScan.damage("tally of \(key.combination.name) at \(key.start.rfc3339())")
      }
    }
  }
}
