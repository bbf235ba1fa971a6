/// Memory for strings whose escapes have been replaced.
package final class ScratchBytes {
  package let start: UnsafeMutablePointer<UInt8>

  package init(capacity: Int) { start = .allocate(capacity: capacity) }

  deinit { start.deallocate() }
}
