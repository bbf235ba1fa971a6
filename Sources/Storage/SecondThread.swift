import Dispatch
import Synchronization

/// Pieces of one piece of work that a second thread takes over where one is free, while the thread that uses this does the rest.
///
/// One thread uses it at a time. Unless something fails all that is asked for is done: what no other thread has begun, ``finish()`` does itself.
package final class SecondThread {
  /// Does a piece of work; `isSecond` tells the two threads apart, each of which does one piece at a time.
  package typealias Work = @Sendable (_ isSecond: Bool) throws -> Void

  private let queue = DispatchQueue(label: "second thread", target: .global(qos: .userInitiated))
  private var pending: [Piece] = []
  /// Pieces that wait for the second thread at the most; the first does further ones itself.
  private static let pendingMax = 4

  package init() {}

  /// Leaves a piece of work to the second thread, or does it where enough is waiting for that.
  ///
  /// - Throws: what this work throws if it is done here, or what an earlier piece has thrown; this one is not begun then.
  package func add(_ work: @escaping Work) throws {
    while let first = pending.first, first.isDone {
      pending.removeFirst()
      try first.outcome()
    }
    guard pending.count < Self.pendingMax else { return try work(false) }
    let piece = Piece(work)
    pending.append(piece)
    queue.async { piece.doIfNobodyHas(isSecond: true) }
  }

  /// Returns, or throws what the work threw, when all that was left to the second thread is done.
  package func finish() throws {
    let pieces = pending
    pending.removeAll()
    // From the end, for the second thread works from the beginning.
    for piece in pieces.reversed() { piece.doIfNobodyHas(isSecond: false) }
    for piece in pieces { piece.wait() }
    for piece in pieces { try piece.outcome() }
  }

  private final class Piece: Sendable {
    private let work: Mutex<Work?>
    private let end = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Void, any Error>?>(nil)

    init(_ work: @escaping Work) { self.work = Mutex(work) }

    var isDone: Bool { result.withLock { $0 != nil } }

    func doIfNobodyHas(isSecond: Bool) {
      let taken = work.withLock { work in
        defer { work = nil }
        return work
      }
      guard let taken else { return }
      let done = Result { try taken(isSecond) }
      result.withLock { $0 = done }
      end.signal()
    }

    func wait() {
      end.wait()
      end.signal()
    }

    func outcome() throws { try result.withLock { $0 }?.get() }
  }
}
