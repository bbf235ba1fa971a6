import Dispatch
import Storage
import Synchronization
import Testing

@Suite struct SecondThreadTests {
  private struct Failure: Error {}

  /// Each piece is done once, and each thread does one at a time.
  @Test func doesAllThatItIsGiven() throws {
    let second = SecondThread()
    for _ in 0..<20 {
      let done = Mutex([Int: Int]())
      let working = Mutex((first: 0, second: 0, most: 0))
      for piece in 0..<100 {
        try second.add { isSecond in
          working.withLock { working in
            if isSecond { working.second += 1 } else { working.first += 1 }
            working.most = max(working.most, working.first, working.second)
          }
          done.withLock { $0[piece, default: 0] += 1 }
          working.withLock { working in if isSecond { working.second -= 1 } else { working.first -= 1 } }
        }
      }
      try second.finish()
      #expect(done.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, 1) }))
      #expect(working.withLock { $0.most } == 1)
    }
  }

  /// Whoever did the piece, its error is heard of, after which nothing is at work any more.
  @Test func tellsWhatFailed() throws {
    for failing in 0..<12 {
      let second = SecondThread()
      let done = Atomic(0)
      var hasFailed = false
      for piece in 0..<12 {
        do {
          try second.add { _ in
            if piece == failing { throw Failure() }
            done.add(1, ordering: .relaxed)
          }
        } catch is Failure {
          hasFailed = true
          break
        }
      }
      do { try second.finish() } catch is Failure { hasFailed = true }
      #expect(hasFailed)
      let atTheEnd = done.load(ordering: .relaxed)
      #expect(atTheEnd >= failing && atTheEnd <= 11)
      try second.finish()
      #expect(done.load(ordering: .relaxed) == atTheEnd)
    }
  }

  /// A machine whose threads are all busy.
  @Test func doesWithoutAThread() throws {
    let isOver = DispatchSemaphore(value: 0)
    let busy = DispatchGroup()
    for _ in 0..<256 { DispatchQueue.global(qos: .userInitiated).async(group: busy) { isOver.wait() } }
    defer {
      for _ in 0..<256 { isOver.signal() }
      busy.wait()
    }
    let second = SecondThread()
    let done = Atomic(0)
    for _ in 0..<50 { try second.add { _ in done.add(1, ordering: .relaxed) } }
    try second.finish()
    #expect(done.load(ordering: .relaxed) == 50)
  }
}
