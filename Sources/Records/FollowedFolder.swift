#if canImport(Glibc)
import Glibc
#endif

/// The files beside a followed one that may have had its name before: those called as it is, with a number or a date behind or before the extension
/// (`app.log.1`, `app.log-20260110`, `app.1.log`), in its folder and in the one that a link leads to.
package struct FollowedFolder {
  struct Entry {
    var path: String
    var number: FollowedIdentity.Number
    /// The first bytes; nil where it cannot be read.
    var head: [UInt8]?
    /// When it was last written to, in microseconds since 1970.
    var changedAt: Int64

    var identity: FollowedIdentity { FollowedIdentity(number, head: head ?? []) }
  }

  private let path: String

  init(of path: String) { self.path = Self.whole(path) }

  /// In the order in which they were last written to.
  var entries: [Entry] {
    var seen: Set<FollowedIdentity.Number> = []
    return names.flatMap { name in
      Self.names(in: name.folder).filter { Self.isRotated($0, of: name.base) }.compactMap { Self.entry(name.folder + $0) }
    }
    .filter { seen.insert($0.number).inserted }
    .sorted { ($0.changedAt, $0.path) < ($1.changedAt, $1.path) }
  }

  /// When files last came into the folders, went or were renamed, in nanoseconds since 1970, to a clock tick.
  var changesAt: [Int64] {
    names.map { name in
      var status = stat()
      return stat(name.folder, &status) == 0 ? Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec) : 0
    }
  }

  /// Whether a file would be found here by what it is called.
  func isFound(_ path: String) -> Bool {
    let (folder, base) = (Self.folder(of: path), String(Self.name(of: path)))
    return names.contains { name in
      (Self.real(name.folder) ?? name.folder) == (Self.real(folder) ?? folder) && (base == name.base || Self.isRotated(base, of: name.base))
    }
  }

  /// Folders that may not be listed, so that nothing is found in them, and why.
  var unlistable: [(folder: String, reason: String)] {
    folders.compactMap { folder in
      guard let listing = opendir(folder) else { return errno == ENOENT ? nil : (folder, String(cString: strerror(errno))) }
      closedir(listing)
      return nil
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
    let descriptor = FollowedDescriptor.open(path)
    return Entry(
      path: path, number: descriptor?.number ?? FollowedIdentity.Number(status), head: descriptor?.head,
      changedAt: Int64(status.st_mtim.tv_sec) &* 1_000_000 &+ Int64(status.st_mtim.tv_nsec) / 1_000)
  }

  /// Whether rotation may have made a name of another: behind it, or before its extension, a number or a date.
  private static func isRotated(_ name: String, of base: String) -> Bool {
    if name.hasPrefix(base), isNumberOrDate(name.dropFirst(base.count)) { return true }
    guard let point = base.lastIndex(of: "."), point > base.startIndex else { return false }
    let (stem, kind) = (base[..<point], base[point...])
    return name.hasPrefix(stem) && name.hasSuffix(kind) && name.count > base.count && isNumberOrDate(name.dropFirst(stem.count).dropLast(kind.count))
  }

  /// A point and a number; or a date, or seconds since 1970. Another number behind a hyphen is an instance's (`app-2`), which has a log of its own.
  private static func isNumberOrDate(_ suffix: Substring) -> Bool {
    guard let first = suffix.utf8.first, ".-_".utf8.contains(first) else { return false }
    let rest = suffix.utf8.dropFirst()
    let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
    let digits = Array(rest.prefix(while: isDigit))
    guard !digits.isEmpty, rest.allSatisfy({ isDigit($0) || ".-_:TZ".utf8.contains($0) }) else { return false }
    if first == UInt8(ascii: "."), digits.count == rest.count { return true }
    let number = { (range: Range<Int>) in digits[range].reduce(0) { $0 * 10 + Int($1 & 0x0F) } }
    let isYear = { (from: Int) in (1_900...2_099).contains(number(from..<from + 4)) }
    switch digits.count {
    case 4: return isYear(0) && rest.count(where: isDigit) >= 6
    case 6: return isYear(0) || (1...12).contains(number(2..<4)) && (1...31).contains(number(4..<6))
    case 8: return isYear(0) || isYear(4) && (1...31).contains(number(0..<2)) && (1...31).contains(number(2..<4))
    default: return digits.count >= 10
    }
  }
}
