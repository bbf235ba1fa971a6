#if canImport(Glibc)
import Glibc
#endif

/// How long to go on trying what another process, or a server that restarts, stands in the way of.
struct Patience {
  let milliseconds: Int32
  let isInterrupted: @Sendable () -> Bool

  private static let pauseMicroseconds: Int64 = 50_000

  /// A wait that begins now.
  func begin() -> Wait { Wait(deadline: Self.steadyMicroseconds() + Int64(milliseconds) * 1_000, isInterrupted: isInterrupted) }

  struct Wait {
    let deadline: Int64
    let isInterrupted: @Sendable () -> Bool

    /// Waits a little; false where it is no use waiting any longer.
    func pause() -> Bool {
      guard !isInterrupted(), Patience.steadyMicroseconds() < deadline else { return false }
      var time = timespec(tv_sec: 0, tv_nsec: Int(Patience.pauseMicroseconds) * 1_000)
      nanosleep(&time, nil)
      return true
    }
  }

  private static func steadyMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }
}
