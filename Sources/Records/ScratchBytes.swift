/// Memory for strings whose escapes have been replaced.
final class ScratchBytes {
  let start: UnsafeMutablePointer<UInt8>

  init(capacity: Int) { start = .allocate(capacity: capacity) }

  deinit { start.deallocate() }
}
