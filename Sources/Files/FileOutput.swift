#if canImport(Glibc)
import Glibc
#endif

/// Results to standard output, or to a file that appears only when it is whole. A link leads to its target, an existing file's
/// permissions are kept, and what is no file (a pipe, a device) is written to as it is.
///
/// A text stream cannot throw, so the first failure is kept and thrown by ``finish()``.
package final class FileOutput: TextOutputStream {
  private let descriptor: Int32
  /// The file's name, and the one it has while it is written; nil for standard output.
  private let file: (path: String, temporary: String, kept: UInt)?
  private let name: String
  /// Whether nothing was there before.
  package let isEmpty: Bool
  private var buffer: [UInt8] = []
  package private(set) var failure: OutputError?
  private var isFinished = false
  private let precious: [String]

  private static let bufferBytes = 128 << 10

  /// - Parameters:
  ///   - path: nil or `-` for standard output.
  ///   - isGrowing: whether a file is written to where it ends, instead of being replaced when all is written.
  ///   - precious: files that must not be overwritten: the database, the inputs.
  package init(path: String?, isGrowing: Bool = false, sparing precious: [String] = []) throws {
    self.precious = precious
    name = path ?? "standard output"
    guard let path, path != "-" else {
      descriptor = STDOUT_FILENO
      file = nil
      isEmpty = true
      return
    }
    var status = stat()
    let exists = stat(path, &status) == 0
    if precious.contains(path) { throw OutputError(path: path, reason: .precious) }
    try Self.refuse(path, ifOneOf: precious)
    isEmpty = !isGrowing || !exists || status.st_size == 0
    if isGrowing || exists && status.st_mode & S_IFMT != S_IFREG {
      file = nil
      descriptor = open(path, O_WRONLY | O_CLOEXEC | (isGrowing ? O_APPEND | O_CREAT : 0), 0o666)
      guard descriptor >= 0 else { throw OutputError(path: path, reason: .system(errno)) }
      return
    }
    let target = Self.resolved(path)
    let temporary = "\(target).\(getpid()).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    file = (target, temporary, TemporaryFiles.keep(temporary))
    guard descriptor >= 0 else { throw OutputError(path: path, reason: .system(errno)) }
    if exists { fchmod(descriptor, status.st_mode & 0o7777) }
  }

  /// Refuses a path that leads to one of these files.
  private static func refuse(_ path: String, ifOneOf precious: [String]) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    for other in precious {
      var otherStatus = stat()
      if stat(other, &otherStatus) == 0, otherStatus.st_dev == status.st_dev, otherStatus.st_ino == status.st_ino {
        throw OutputError(path: path, reason: .precious)
      }
    }
  }

  /// The path with links followed, or as it is where nothing is there yet.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  deinit {
    guard let file, !isFinished else { return }
    close(descriptor)
    unlink(file.temporary)
    TemporaryFiles.forget(file.kept)
  }

  package func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.bufferBytes { writeBuffer() }
  }

  package func write(bytes: [UInt8]) {
    write { $0.append(contentsOf: bytes) }
  }

  /// Lets a writer append to what is not yet written out.
  package func write(_ append: (inout [UInt8]) -> Void) {
    append(&buffer)
    if buffer.count >= Self.bufferBytes { writeBuffer() }
  }

  /// Writes what is buffered, and gives a file its name: all of it or none.
  package func finish() throws {
    try flush()
    guard let file else { return }
    // The database may have come to be at this very place meanwhile.
    try Self.refuse(file.path, ifOneOf: precious)
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(file.temporary, file.path) == 0 else {
      throw OutputError(path: file.path, reason: .system(errno))
    }
    isFinished = true
    TemporaryFiles.forget(file.kept)
  }

  /// Writes what is buffered, for whoever reads along.
  package func flush() throws {
    writeBuffer()
    if let failure { throw failure }
  }

  private func writeBuffer() {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard failure == nil else { return }
    var start = 0
    while start < buffer.count {
      let count = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + start, $0.count - start) }
      if count < 0 {
        if errno == EINTR { continue }
        failure = OutputError(path: name == "-" ? "standard output" : name, reason: .system(errno))
        return
      }
      start += count
    }
  }
}

/// Results could not be written.
package struct OutputError: Error, Sendable, CustomStringConvertible {
  package enum Reason: Sendable, Equatable {
    /// The system's error number.
    case system(Int32)
    /// The file is the database or an input.
    case precious
  }

  package var path: String
  package var reason: Reason

  private static func advice(_ number: Int32) -> String {
    switch number {
    case ENOENT, ENOTDIR: "; make the folder first, or name another file"
    case EACCES, EPERM, EROFS, EISDIR: "; name a file that you may write"
    case ENOSPC, EDQUOT, EFBIG: "; free some space and run the same command again"
    default: "; check where it goes and run the same command again"
    }
  }

  /// Whoever read the output has seen enough.
  package var isClosedPipe: Bool { reason == .system(EPIPE) }

  package var description: String {
    switch reason {
    case .system(let number): "cannot write \(path): \(String(cString: strerror(number)))\(Self.advice(number))"
    case .precious: "\(path) is the database or an input, and would be overwritten; name another file"
    }
  }
}
