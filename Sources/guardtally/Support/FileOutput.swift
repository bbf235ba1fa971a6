#if canImport(Glibc)
import Glibc
#endif

/// Results to standard output, or to a file that appears only when it is whole. A link leads to its target, an existing file's
/// permissions are kept, and what is no file (a pipe, a device) is written to as it is.
///
/// A text stream cannot throw, so the first failure is kept and thrown by ``finish()``.
final class FileOutput: TextOutputStream {
  private let descriptor: Int32
  /// The file's name, and the one it has while it is written; nil for standard output.
  private let file: (path: String, temporary: String)?
  private var buffer: [UInt8] = []
  private(set) var failure: OutputError?
  private var isFinished = false
  private let precious: [String]

  private static let bufferBytes = 128 << 10

  /// - Parameters:
  ///   - path: nil or `-` for standard output.
  ///   - precious: files that must not be overwritten: the database, the inputs.
  init(path: String?, sparing precious: [String] = []) throws {
    self.precious = precious
    guard let path, path != "-" else {
      descriptor = STDOUT_FILENO
      file = nil
      return
    }
    var status = stat()
    let exists = stat(path, &status) == 0
    if precious.contains(path) { throw Self.refusal(of: path) }
    try Self.refuse(path, ifOneOf: precious)
    if exists, status.st_mode & S_IFMT != S_IFREG {
      file = nil
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw OutputError(path: path, systemError: errno) }
      return
    }
    let target = Self.resolved(path)
    let temporary = "\(target).\(getpid()).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    file = (target, temporary)
    guard descriptor >= 0 else { throw OutputError(path: path, systemError: errno) }
    if exists { fchmod(descriptor, status.st_mode & 0o7777) }
  }

  /// Refuses a path that leads to one of these files.
  private static func refuse(_ path: String, ifOneOf precious: [String]) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    for other in precious {
      var otherStatus = stat()
      if stat(other, &otherStatus) == 0, otherStatus.st_dev == status.st_dev, otherStatus.st_ino == status.st_ino {
        throw refusal(of: path)
      }
    }
  }

  private static func refusal(of path: String) -> any Error {
    Failure.usage("\(path) is the database or an input, and would be overwritten; name another file")
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
  }

  func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.bufferBytes { flush() }
  }

  func write(bytes: [UInt8]) {
    write { $0.append(contentsOf: bytes) }
  }

  /// Lets a writer append to what is not yet written out.
  func write(_ append: (inout [UInt8]) -> Void) {
    append(&buffer)
    if buffer.count >= Self.bufferBytes { flush() }
  }

  /// Writes what is buffered, and gives a file its name: all of it or none.
  func finish() throws {
    flush()
    if let failure { throw failure }
    guard let file else { return }
    // The database may have come to be at this very place meanwhile.
    try Self.refuse(file.path, ifOneOf: precious)
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(file.temporary, file.path) == 0 else {
      throw OutputError(path: file.path, systemError: errno)
    }
    isFinished = true
  }

  private func flush() {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard failure == nil else { return }
    var start = 0
    while start < buffer.count {
      let count = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + start, $0.count - start) }
      if count < 0 {
        if errno == EINTR { continue }
        failure = OutputError(path: file?.path ?? "standard output", systemError: errno)
        return
      }
      start += count
    }
  }
}

/// Results could not be written.
struct OutputError: Error, CustomStringConvertible {
  var path: String
  var systemError: Int32

  var isClosedPipe: Bool { systemError == EPIPE }
  var description: String { "cannot write \(path): \(String(cString: strerror(systemError)))" }
}
