#if canImport(Glibc)
import Glibc
#endif

/// The files beside a followed one that may have had its name before: those called as it is, with a number or a date behind
/// (`app.log.1`, `app.log-20260110`), in its folder and in the one that a link leads to.
package struct FollowedFolder {
  struct Entry {
    var path: String
    var number: FollowedIdentity.Number
    /// The first bytes, none where it cannot be read.
    var head: [UInt8]
    /// When it was last written to, in microseconds since 1970.
    var changedAt: Int64

    var identity: FollowedIdentity { FollowedIdentity(number, head: head) }
  }

  private let path: String

  init(of path: String) { self.path = path }

  /// In the order in which they were last written to.
  var entries: [Entry] {
    var seen: Set<FollowedIdentity.Number> = []
    return names.flatMap { name in
      Self.names(in: name.folder).filter { $0.hasPrefix(name.base) && Self.isNumberOrDate($0.dropFirst(name.base.count)) }.compactMap { Self.entry(name.folder + $0) }
    }
    .filter { seen.insert($0.number).inserted }
    .sorted { ($0.changedAt, $0.path) < ($1.changedAt, $1.path) }
  }

  /// When files last came into the folders, went or were renamed, in nanoseconds since 1970, to a clock tick.
  var changesAt: [Int64] {
    names.map { name in
      var status = stat()
      return stat(name.folder, &status) == 0 ? Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec) : 0
    }
  }

  /// The folders that are looked in, each as it is written in a path before a name.
  var folders: [String] { names.map(\.folder) }

  /// Where a file lies among given folders, whatever it is called there.
  static func paths(of number: FollowedIdentity.Number, in folders: [String]) -> [String] {
    var searched: Set<String> = []
    return folders.filter { searched.insert($0).inserted }.flatMap { folder in names(in: folder, numbered: number.inode).map { folder + $0 } }
  }

  /// The folder that a file is in, with the stroke that ends it.
  static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./" }

  private static func name(of path: String) -> Substring { path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...] }

  /// A path from the root, whether or not there is such a file; a link is itself.
  package static func whole(_ path: String) -> String {
    guard let folder = real(folder(of: path)) else { return path }
    return (folder == "/" ? "" : folder) + "/" + name(of: path)
  }

  /// Without links, and from the root; nil for what is absent.
  static func real(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The followed path, and what a link leads to.
  private var names: [(folder: String, base: String)] {
    let paths = [path] + [Self.real(path)].compactMap { $0 }.filter { $0 != path }
    return paths.map { (Self.folder(of: $0), String(Self.name(of: $0))) }
  }

  private static func names(in folder: String, numbered inode: UInt64? = nil) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      if let inode, UInt64(entry.pointee.d_ino) != inode { continue }
      names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }

  private static func entry(_ path: String) -> Entry? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    defer { if descriptor >= 0 { close(descriptor) } }
    if descriptor >= 0 { fstat(descriptor, &status) }
    return Entry(
      path: path, number: FollowedIdentity.Number(status), head: descriptor >= 0 ? FollowedIdentity.head(of: descriptor) : [],
      changedAt: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1_000)
  }

  /// Whether rotation may have put it behind a name: a point and a number, or a date with its year first, or seconds since 1970. Another number
  /// behind a hyphen is an instance's (`app-2`), which has a log of its own.
  private static func isNumberOrDate(_ suffix: Substring) -> Bool {
    guard let first = suffix.utf8.first, ".-_".utf8.contains(first) else { return false }
    let rest = suffix.utf8.dropFirst()
    let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
    let number = rest.prefix(while: isDigit)
    guard !number.isEmpty, rest.allSatisfy({ isDigit($0) || ".-_:TZ".utf8.contains($0) }) else { return false }
    if first == UInt8(ascii: "."), number.count == rest.count { return true }
    let isYear = number.starts(with: "19".utf8) || number.starts(with: "20".utf8)
    let digits = rest.count(where: isDigit)
    return isYear ? number.count >= 4 && digits >= 6 : number.count >= 10
  }
}
