#if canImport(Glibc)
import Glibc
#endif
import CSQLite
package import Storage

/// A look at a file, and at the disk it is on.
struct SQLiteExamination {
  let path: String

  /// Less free space than this is told.
  private static let freeBytesMin: UInt64 = 1 << 30
  private static let syncs = 16
  /// A larger file's pages are not looked at, which takes a second for about half of this.
  static let checkedBytesMax: Int64 = 1 << 30

  private var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether the file, and those that SQLite makes beside it, can be written.
  var writing: StoreFinding {
    let exists = access(path, F_OK) == 0
    if exists, access(path, W_OK) != 0 {
      return StoreFinding(.failure, "writing", "\(path) may not be written: \(String(cString: strerror(errno)))", advice: "check its owner and permissions")
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      return StoreFinding(
        .failure, "writing", "no file can be made in \(folder): \(String(cString: strerror(errno)))", advice: "the write-ahead log stands beside the database; check the folder's permissions")
    }
    return StoreFinding(.ok, "writing", exists ? "\(path) can be written" : "\(folder) can hold \(path)")
  }

  var space: StoreFinding {
    var system = statvfs()
    guard statvfs(folder, &system) == 0 else { return StoreFinding(.warning, "space", "unknown: \(String(cString: strerror(errno)))") }
    let free = UInt64(system.f_bavail) * UInt64(system.f_frsize)
    let text = "\(free / 1_000_000) MB free"
    return free < Self.freeBytesMin
      ? StoreFinding(.warning, "space", text, advice: "free some: with a full disk nothing more is stored, and what was acknowledged stays") : StoreFinding(.ok, "space", text)
  }

  /// Written and synced beside the database, and removed.
  var sync: StoreFinding {
    let name = "\(path).\(getpid()).doctor"
    let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      return StoreFinding(.failure, "sync", "no file can be made beside the database: \(String(cString: strerror(errno)))", advice: "check the folder")
    }
    defer {
      close(file)
      unlink(name)
    }
    let page = [UInt8](repeating: 0x55, count: 4_096)
    var times: [Int64] = []
    for _ in 0..<Self.syncs {
      let begin = ContinuousClock.now
      guard page.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) == page.count, fdatasync(file) == 0 else {
        return StoreFinding(.failure, "sync", "the disk does not take what is written: \(String(cString: strerror(errno)))", advice: "check the disk")
      }
      times.append((ContinuousClock.now - begin).microseconds)
    }
    return .syncing(times)
  }

  static var library: StoreFinding { StoreFinding(.ok, "library", "SQLite \(SQLiteStore.libraryVersion)") }
}

extension SQLiteStore {
  /// The library's version, as in 3.40.1.
  package static var libraryVersion: String { String(cString: sqlite3_libversion()) }

  package func findings() -> [StoreFinding] {
    let examination = SQLiteExamination(path: path)
    let schema = schemaFinding
    return [SQLiteExamination.library, examination.writing, examination.space, examination.sync, schema] + (schema.grade == .ok ? [pages] : [])
  }

  /// Whether the file's pages fit together, as far as that is soon told.
  private var pages: StoreFinding {
    var status = stat()
    guard stat(path, &status) == 0, Int64(status.st_size) <= SQLiteExamination.checkedBytesMax else {
      return StoreFinding(.ok, "pages", "not looked at, for the file is larger than \(SQLiteExamination.checkedBytesMax >> 30) GiB; guardtally verify reads all of it")
    }
    do {
      let found = try checkPages()
      return found == "ok" ? StoreFinding(.ok, "pages", "they fit together") : StoreFinding(.failure, "pages", found, advice: "restore \(path) from a backup")
    } catch {
      return .failure("pages", error)
    }
  }
}

extension Duration {
  fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
