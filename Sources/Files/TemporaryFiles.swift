#if canImport(Glibc)
import Glibc
#endif
import Synchronization

/// The files that will get their names when they are whole, for a program that is ended before: it leaves none of them behind.
package enum TemporaryFiles {
  // As addresses of C strings: a signal's handler may ask for nothing that takes a lock or memory.
  private static let first = Atomic<UInt>(0)
  private static let second = Atomic<UInt>(0)

  /// Removes them. May be called by a signal's handler.
  package static func remove() {
    if let path = UnsafePointer<CChar>(bitPattern: first.load(ordering: .relaxed)) { unlink(path) }
    if let path = UnsafePointer<CChar>(bitPattern: second.load(ordering: .relaxed)) { unlink(path) }
  }

  /// - Returns: what to give to ``forget(_:)``. A program that writes more at once than this knows leaves what it does not know.
  static func keep(_ path: String) -> UInt {
    let address = UInt(bitPattern: strdup(path))
    if first.compareExchange(expected: 0, desired: address, ordering: .relaxed).exchanged { return address }
    _ = second.compareExchange(expected: 0, desired: address, ordering: .relaxed)
    return address
  }

  static func forget(_ address: UInt) {
    _ = first.compareExchange(expected: address, desired: 0, ordering: .relaxed)
    _ = second.compareExchange(expected: address, desired: 0, ordering: .relaxed)
    free(UnsafeMutablePointer<CChar>(bitPattern: address))
  }
}
