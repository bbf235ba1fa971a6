import Dispatch
import Synchronization
import Tallies
import Verdicts

/// Counts the tallies of a batch on a thread of its own, while the session's thread copies the batch in; of a small one at once, which
/// costs less than changing threads.
final class TallyCounting: Sendable {
  private let queue = DispatchQueue(label: "guardtally.counting", qos: .userInitiated)
  private let builder = Mutex(TallyBuilder())

  /// Rows that are counted at once.
  private static let rowsAtOnceMax = 1_000

  /// Tallies that are being counted, or are.
  final class Pending: Sendable {
    private let rows = Mutex(TallyRows())
    private let isDone = DispatchSemaphore(value: 0)

    fileprivate func finish(_ counted: TallyRows) {
      rows.withLock { $0 = counted }
      isDone.signal()
    }

    /// Waits for the counting to end. To be called once.
    func value() -> TallyRows {
      isDone.wait()
      return rows.withLock { $0 }
    }
  }

  /// - Parameter rows: in ascending order of time.
  func begin(_ rows: [VerdictRow], idBytes: [UInt8]) -> Pending {
    let pending = Pending()
    if rows.count <= Self.rowsAtOnceMax {
      pending.finish(count(rows, idBytes: idBytes))
    } else {
      queue.async { [self] in pending.finish(count(rows, idBytes: idBytes)) }
    }
    return pending
  }

  private func count(_ rows: [VerdictRow], idBytes: [UInt8]) -> TallyRows {
    var tallies = TallyRows()
    builder.withLock { builder in
      rows.withUnsafeBufferPointer { rows in
        idBytes.withUnsafeBufferPointer { ids in
          if let ids = ids.baseAddress { builder.build(rows: rows, ids: ids) { tallies.append($0, $1) } }
        }
      }
    }
    return tallies
  }
}
