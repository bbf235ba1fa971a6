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

  /// Returns early when a signal arrives.
  static func sleep(microseconds: Int64) {
    var time = timespec(tv_sec: Int(microseconds / 1_000_000), tv_nsec: Int(microseconds % 1_000_000 * 1_000))
    nanosleep(&time, nil)
  }

  /// Microseconds on a clock that never jumps.
  static func steadyMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * Timestamp.microsecondsPerSecond + Int64(time.tv_nsec) / 1_000
  }
}
