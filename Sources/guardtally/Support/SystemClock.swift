#if canImport(Glibc)
import Glibc
#endif
import Verdicts

/// The machine's clock: the only place where the time is asked for.
enum SystemClock {
  static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * Timestamp.microsecondsPerSecond + Int64(time.tv_nsec) / 1_000)
  }

  /// Microseconds on a clock that never jumps.
  static func steadyMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * Timestamp.microsecondsPerSecond + Int64(time.tv_nsec) / 1_000
  }
}
