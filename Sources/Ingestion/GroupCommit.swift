import Dispatch
package import Storage
import Synchronization
package import Verdicts

/// Stores the deliveries of many senders, all that wait at a moment in one commit: a thousand small ones cost a few syncs.
///
/// One thread owns the writer. A delivery is answered when its commit is on disk, or when it is known that it is not stored.
package final class GroupCommit: Sendable {
  /// Bounds of what waits and of a commit.
  package struct Bounds: Sendable {
    /// Bytes of deliveries that wait; beyond them a delivery is refused at once.
    package var bytesWaitingMax = bytesWaitingMaxDefault
    package var verdictsMax = BatchBounds.verdictsMaxDefault

    package static let bytesWaitingMaxDefault = 256 << 20

    package init() {}
  }

  package enum Refusal: Error {
    /// Too much waits already.
    case full
    /// The queue takes nothing more.
    case stopped
  }

  /// What the queue has done, for those who watch it.
  package struct Figures: Sendable {
    package var commits = 0
    package var deliveries = 0
    package var bytesWaiting = 0
    /// Why the newest commit failed, or nil where it did not.
    package var fault: StoreError?
  }

  /// Told once, on the queue's thread: what became of a delivery, once that is on disk; or ``Refusal`` or ``StoreError``, and nothing of it is
  /// acknowledged.
  package typealias Answer = @Sendable (Result<BatchOutcome, any Error>) -> Void

  private struct Waiting: Sendable {
    var batch: VerdictBatch
    var bytes: Int
    var answer: Answer
  }

  private struct State: Sendable {
    var waiting: [Waiting] = []
    var isStopped = false
    var figures = Figures()
  }

  private let state = Mutex(State())
  private let arrivals = DispatchSemaphore(value: 0)
  private let isDone = DispatchSemaphore(value: 0)
  private let input: String
  private let bounds: Bounds
  private let makeWriter: @Sendable () throws -> any VerdictWriter
  private let now: @Sendable () -> Timestamp

  /// - Parameters:
  ///   - input: the name under which the ledger keeps what is stored: one row for the life of the queue.
  ///   - makeWriter: called on the queue's thread, again after a store that was out of reach.
  package init(
    input: String, bounds: Bounds, now: @escaping @Sendable () -> Timestamp, makeWriter: @escaping @Sendable () throws -> any VerdictWriter
  ) {
    self.input = input
    self.bounds = bounds
    self.now = now
    self.makeWriter = makeWriter
  }

  /// Begins the thread.
  package func start() {
    DispatchQueue(label: "guardtally.committing", qos: .userInitiated).async { self.work() }
  }

  package var figures: Figures { state.withLock(\.figures) }

  /// Stores a delivery.
  ///
  /// - Parameters:
  ///   - bytes: how much it counts in what waits.
  ///   - answer: told at once, on the caller's thread, where it is refused.
  package func store(_ batch: VerdictBatch, bytes: Int, answer: @escaping Answer) {
    let refusal = state.withLock { state -> Refusal? in
      if state.isStopped { return .stopped }
      // One delivery alone is taken whatever its size, which is bounded elsewhere.
      if !state.waiting.isEmpty, state.figures.bytesWaiting + bytes > bounds.bytesWaitingMax { return .full }
      state.waiting.append(Waiting(batch: batch, bytes: bytes, answer: answer))
      state.figures.bytesWaiting += bytes
      return nil
    }
    if let refusal { answer(.failure(refusal)) } else { arrivals.signal() }
  }

  /// Stores a delivery, and waits.
  package func store(_ batch: VerdictBatch, bytes: Int) async throws -> BatchOutcome {
    try await withCheckedThrowingContinuation { waiting in store(batch, bytes: bytes) { waiting.resume(with: $0) } }
  }

  /// Takes nothing more, stores what waits, and ends the thread. Blocks until then; to be called once.
  package func stop() {
    state.withLock { $0.isStopped = true }
    arrivals.signal()
    isDone.wait()
  }

  // MARK: - The thread

  private func work() {
    var writer: (any VerdictWriter)?
    var run = LedgerRun(input: input, startedAt: now())
    while true {
      arrivals.wait()
      let group = take()
      if group.isEmpty {
        if state.withLock({ $0.isStopped && $0.waiting.isEmpty }) { break }
        continue
      }
      commit(group, &writer, &run)
    }
    writer?.close()
    isDone.signal()
  }

  /// What waits, as far as it fits one commit.
  private func take() -> [Waiting] {
    state.withLock { state in
      var count = 0
      var verdicts = 0
      while count < state.waiting.count, count == 0 || verdicts + state.waiting[count].batch.rows.count <= bounds.verdictsMax {
        verdicts += state.waiting[count].batch.rows.count
        count += 1
      }
      if count == state.waiting.count {
        var group: [Waiting] = []
        swap(&group, &state.waiting)
        return group
      }
      let group = Array(state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      return group
    }
  }

  private func commit(_ group: [Waiting], _ writer: inout (any VerdictWriter)?, _ run: inout LedgerRun) {
    do {
      let outcome = try store(group, &writer, &run)
      for (waiting, delivery) in zip(group, outcome.deliveries) { answer(waiting, .success(delivery)) }
      state.withLock { state in
        state.figures.commits += 1
        state.figures.fault = nil
      }
    } catch let error as StoreError where error.code == .synthetic && group.count > 1 {
      // One sender's fault is not the others'.
      for waiting in group { commit([waiting], &writer, &run) }
    } catch {
      if (error as? StoreError)?.code != .synthetic {
        state.withLock { $0.figures.fault = error as? StoreError ?? StoreError(.failed, "\(type(of: error))") }
      }
      for waiting in group { answer(waiting, .failure(error)) }
      // A writer whose store went away is made anew by the next delivery. So is the run: what the store has of it is not known, where
      // the answer to a commit was lost.
      writer?.close()
      writer = nil
      run = LedgerRun(input: input, startedAt: now())
    }
  }

  private func store(_ group: [Waiting], _ writer: inout (any VerdictWriter)?, _ run: inout LedgerRun) throws -> BatchOutcome {
    var batch = VerdictBatch(input: input)
    for waiting in group { batch.add(delivery: waiting.batch) }
    let open = try writer ?? makeWriter()
    writer = open
    return try open.store(batch, in: &run)
  }

  private func answer(_ waiting: Waiting, _ result: Result<BatchOutcome, any Error>) {
    state.withLock { state in
      state.figures.bytesWaiting -= waiting.bytes
      state.figures.deliveries += 1
    }
    waiting.answer(result)
  }
}
