#if canImport(Glibc)
import Glibc
#endif

/// How many files this program may have open at once.
enum OpenFiles {
  /// Raises the limit towards a count, as far as the system lets an ordinary user. What then cannot be opened is told where it is.
  static func allow(_ count: Int) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < rlim_t(count) else { return }
    limit.rlim_cur = min(limit.rlim_max, rlim_t(count))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
