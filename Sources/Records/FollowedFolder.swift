#if canImport(Glibc)
import Glibc
#endif

/// The files beside a followed one that may have had its name before: those called as it is, with a number or a date behind
/// (`app.log.1`, `app.log-20260110`), in its folder and in the one that a link leads to.
struct FollowedFolder {
  struct Entry {
    var path: String
    var key: Key
  }

  /// Which file it is, whatever it is called.
  struct Key: Hashable {
    var inode: UInt64
    /// In microseconds since 1970: a number of a file may be given to another, which is then newer.
    var changedAt: Int64

    init(_ status: stat) {
      inode = UInt64(status.st_ino)
      changedAt = Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1_000
    }
  }

  private let path: String

  init(of path: String) { self.path = path }

  /// In the order in which they were last written to.
  var entries: [Entry] {
    var paths = [path]
    if let real = realpath(path, nil) {
      defer { free(real) }
      let target = String(cString: real)
      if target != path { paths.append(target) }
    }
    return paths.flatMap(Self.entries).sorted { ($0.key.changedAt, $0.path) < ($1.key.changedAt, $1.path) }
  }

  private static func entries(beside path: String) -> [Entry] {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? "./"
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var entries: [Entry] = []
    while let entry = readdir(listing) {
      let other = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard other.hasPrefix(name), isNumberOrDate(other.dropFirst(name.count)) else { continue }
      var status = stat()
      guard stat(folder + other, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      entries.append(Entry(path: folder + other, key: Key(status)))
    }
    return entries
  }

  private static func isNumberOrDate(_ suffix: Substring) -> Bool {
    guard let first = suffix.first, ".-_".contains(first) else { return false }
    return suffix.contains(where: \.isNumber) && suffix.allSatisfy { $0.isASCII && ($0.isNumber || ".-_:TZ".contains($0)) }
  }
}
