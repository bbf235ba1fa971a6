#if canImport(Glibc)
import Glibc
#endif
import Synchronization

/// Bytes of a file, a pipe or a terminal.
package final class FileBytes: ByteSource {
  private let descriptor: Int32
  private let name: String
  private let ownsDescriptor: Bool
  /// Bytes of the file, or nil where that is not known before its end.
  package let size: Int64?
  private let position: BytePosition
  private let isInterrupted: @Sendable () -> Bool

  /// - Throws: ``InputError`` `missing` or `unreadable`.
  package convenience init(path: String, position: BytePosition, isInterrupted: @escaping @Sendable () -> Bool) throws(InputError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let reason = String(cString: strerror(errno))
      throw InputError(errno == ENOENT ? .missing : .unreadable, "cannot open \(path): \(reason); check the name and its permissions")
    }
    self.init(descriptor: descriptor, ownsDescriptor: true, name: path, position: position, isInterrupted: isInterrupted)
  }

  /// Standard input.
  package static func standardInput(position: BytePosition, isInterrupted: @escaping @Sendable () -> Bool) -> FileBytes {
    FileBytes(descriptor: 0, ownsDescriptor: false, name: "standard input", position: position, isInterrupted: isInterrupted)
  }

  private init(
    descriptor: Int32, ownsDescriptor: Bool, name: String, position: BytePosition, isInterrupted: @escaping @Sendable () -> Bool
  ) {
    self.descriptor = descriptor
    self.ownsDescriptor = ownsDescriptor
    self.name = name
    self.position = position
    self.isInterrupted = isInterrupted
    var status = stat()
    let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    size = isFile ? Int64(status.st_size) : nil
    if isFile { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
  }

  deinit { if ownsDescriptor { close(descriptor) } }

  package func read(into buffer: UnsafeMutableRawBufferPointer, within milliseconds: Int32?) throws -> Int? {
    var left = milliseconds ?? .max
    while true {
      if isInterrupted() { throw InputError(.interrupted, "interrupted") }
      // A pipe or terminal may stay silent for ever: look up now and then.
      if size == nil, !hasBytes(within: min(left, Self.silenceMilliseconds)) {
        if milliseconds != nil { left -= Self.silenceMilliseconds }
        if left <= 0 { return nil }
        continue
      }
      #if canImport(Glibc)
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      #endif
      if count >= 0 {
        position.advance(by: count)
        return count
      }
      if errno != EINTR { throw InputError(.unreadable, "cannot read \(name): \(String(cString: strerror(errno)))") }
    }
  }

  private static let silenceMilliseconds: Int32 = 200

  private func hasBytes(within milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) != 0
  }
}

/// How far an input has been read, shared with whoever shows it.
package final class BytePosition: Sendable {
  private let bytes = Atomic<Int>(0)

  package init() {}

  package var value: Int { bytes.load(ordering: .relaxed) }

  func advance(by count: Int) { bytes.add(count, ordering: .relaxed) }
}
