import ArgumentParser
import Foundation
import Reports
import Storage
import StoreSQLite

/// Which database, and how long to wait for it.
struct StoreOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The database: sqlite:PATH or a path.", valueName: "url"))
  var db: String?

  @Option(help: ArgumentHelp("How long to wait for another process that is writing: 500ms, 10s, 2m.", valueName: "duration"))
  var busyTimeout: String = "10s"

  func store() throws -> any VerdictStore {
    SQLiteStore(
      path: try path(), busyTimeoutMilliseconds: try busyTimeoutMilliseconds(), isInterrupted: { Interrupts.isRequested },
      now: SystemClock.now)
  }

  /// The database's file.
  func path() throws -> String {
    let url = db ?? ProcessInfo.processInfo.environment["GUARDTALLY_DB"].flatMap { $0.isEmpty ? nil : $0 } ?? "sqlite:guardtally.db"
    if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") {
      throw Failure.usage("this program has no Postgres driver; use sqlite:PATH")
    }
    if url.contains("://") { throw Failure.usage("--db takes sqlite:PATH or a path; it knows no other kind of database") }
    let path = url.hasPrefix("sqlite:") ? String(url.dropFirst("sqlite:".count)) : url
    guard !path.isEmpty, !path.hasPrefix(":memory:"), !path.hasPrefix("file:") else {
      throw Failure.usage("--db names no file; write sqlite:PATH")
    }
    return path
  }

  /// All files of the database.
  func files() throws -> [String] {
    let path = try path()
    return ["", "-wal", "-shm", "-aggregate"].map { path + $0 }
  }

  private func busyTimeoutMilliseconds() throws -> Int32 {
    if busyTimeout.hasSuffix("ms"), let count = Int32(busyTimeout.dropLast(2)), count >= 0 { return count }
    guard let length = SpanText.length(busyTimeout), let milliseconds = Int32(exactly: length / 1_000) else {
      throw Failure.usage("--busy-timeout takes a whole number above 0 and a unit (s, m, h, d, w; up to 100 years), as in 500ms, 10s or 2m")
    }
    return milliseconds
  }
}
