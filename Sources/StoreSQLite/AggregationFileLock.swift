import Storage

#if canImport(Glibc)
import Glibc
#endif

/// The scheduled job's lock: `flock` on a file beside the database, so it goes with its process. The file itself stays; removing
/// it would let two processes lock two files of one name.
final class AggregationFileLock {
  private let descriptor: Int32

  /// What the file's name has after the database's.
  static let suffix = "-aggregate"

  /// Nil where another process holds the lock.
  init?(database: String) throws(StoreError) {
    // By the file's own name: a link to it is the same database.
    let real = realpath(database, nil)
    defer { free(real) }
    let path = (real.map { String(cString: $0) } ?? database) + Self.suffix
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw StoreError(.unreachable, "cannot open the lock \(path): \(String(cString: strerror(errno))); check the folder's permissions")
    }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      let isHeld = errno == EWOULDBLOCK
      let reason = String(cString: strerror(errno))
      close(descriptor)
      if isHeld { return nil }
      throw StoreError(.unreachable, "cannot lock \(path): \(reason)")
    }
  }

  /// Gives the lock back; it is not used afterwards.
  func release() {
    guard !isReleased else { return }
    isReleased = true
    close(descriptor)
  }

  private var isReleased = false

  deinit { release() }
}
