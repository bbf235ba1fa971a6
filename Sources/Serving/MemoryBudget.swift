import HTTPTypes
import Synchronization

/// Bytes of requests that may be in memory at once; beyond them requests are put off before memory grows.
final class MemoryBudget: Sendable {
  private let used = Atomic<Int>(0)
  let bytesMax: Int

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  var bytesUsed: Int { used.load(ordering: .relaxed) }

  /// What one request holds; it is given back when the share goes.
  final class Share: Sendable {
    private let budget: MemoryBudget
    private let held = Atomic<Int>(0)

    init(of budget: MemoryBudget) { self.budget = budget }

    deinit { budget.used.subtract(held.load(ordering: .relaxed), ordering: .relaxed) }

    var bytes: Int { held.load(ordering: .relaxed) }

    /// - Throws: a fault that asks for another try, where there is no room.
    func grow(by bytes: Int) throws {
      let after = budget.used.add(bytes, ordering: .relaxed).newValue
      // The first is let in whatever its size, which has a bound of its own.
      guard after <= budget.bytesMax || after == bytes else {
        budget.used.subtract(bytes, ordering: .relaxed)
        throw RequestFault(
          .serviceUnavailable, "overloaded", "too many bytes of requests are waiting to be stored (--queue-bytes-max); send the request again",
          retryAfter: 1, endsConnection: true)
      }
      held.add(bytes, ordering: .relaxed)
    }
  }
}
