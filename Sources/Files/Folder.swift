#if canImport(Glibc)
import Glibc
#endif

/// A folder for results.
package enum Folder {
  /// Makes a folder and what leads to it; one that is there is left as it is.
  package static func make(_ path: String) throws(OutputError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += part
      if mkdir(prefix, 0o777) != 0, errno != EEXIST { throw OutputError(path: path, reason: .system(errno)) }
      prefix += "/"
    }
    var status = stat()
    guard stat(path, &status) == 0 else { throw OutputError(path: path, reason: .system(errno)) }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw OutputError(path: path, reason: .system(ENOTDIR)) }
  }
}
