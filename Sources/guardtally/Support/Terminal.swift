#if canImport(Glibc)
import Glibc
#endif
import Reports

/// The terminal that results go to, if they do.
enum Terminal {
  static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }

  /// - Parameter isFile: whether the results go to a file, and not to standard output.
  static func screen(isFile: Bool) -> Screen {
    let isShown = !isFile && isOutput
    return Screen(width: isShown ? size?.columns : nil, hasStyles: isShown && hasStyles, hasUnicode: hasUnicode)
  }

  /// Nil where it is not known.
  static var size: (columns: Int, rows: Int)? { size(of: STDOUT_FILENO) }

  static func size(of descriptor: Int32) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Whether it can do no more than print one line after another.
  static var isDumb: Bool { environment("TERM") == "dumb" }

  /// https://no-color.org: any value but an empty one.
  private static var hasStyles: Bool { (environment("NO_COLOR") ?? "").isEmpty && !isDumb }

  /// As the locale says (POSIX: LC_ALL, then LC_CTYPE, then LANG).
  private static var hasUnicode: Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
    let name = locale.lowercased()
    return name.contains("utf-8") || name.contains("utf8")
  }

  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
