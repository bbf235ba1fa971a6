#if canImport(Glibc)
import Glibc
#endif

/// Everything that is not a result.
enum StandardError {
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  static func line(_ text: String) { write(text + "\n") }

  static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      // Nobody to tell: a lost message must not stop the work.
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
