import ArgumentParser
import Foundation
import Reports
import Storage
import StorePostgres
import StoreSQLite

/// Which database, and how long to wait for it.
struct StoreOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The database: sqlite:PATH, a path, or postgres://USER@HOST:PORT/DATABASE.", valueName: "url"), completion: .file())
  var db: String?

  @Option(help: ArgumentHelp("The schema of a Postgres database.", valueName: "name"))
  var schema: String = PostgresAddress.schemaDefault

  @Option(
    help: ArgumentHelp("How long to wait for another process that is writing, or for a Postgres server that restarts: 500ms, 10s, 2m.", valueName: "duration"))
  var busyTimeout: String = "10s"

  func store() throws -> any VerdictStore {
    let patience = try busyTimeoutMilliseconds()
    switch try place() {
    case .file(let path):
      return SQLiteStore(path: path, busyTimeoutMilliseconds: patience, isInterrupted: { Interrupts.isRequested }, now: SystemClock.now)
    case .server(let url):
      let address: PostgresAddress
      do {
        address = try PostgresAddress(url: url, schema: schema, lockTimeoutMilliseconds: patience)
      } catch {
        throw Failure.usage(error.description)
      }
      return PostgresStore(address: address, patienceMilliseconds: patience, isInterrupted: { Interrupts.isRequested }, now: SystemClock.now)
    }
  }

  private enum Place {
    case file(String)
    /// libpq's URL.
    case server(String)
  }

  private func place() throws -> Place {
    let url = db ?? ProcessInfo.processInfo.environment["GUARDTALLY_DB"].flatMap { $0.isEmpty ? nil : $0 } ?? "sqlite:guardtally.db"
    if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") { return .server(url) }
    // Neither a file's name nor shown: it may hold a password.
    let beginsLikeServer = ["postgres:", "postgresql:"].contains { url.lowercased().hasPrefix($0) }
    if beginsLikeServer || url.lowercased().contains("password=") {
      throw Failure.usage("--db takes sqlite:PATH, a path, or a URL as in postgres://USER@HOST:PORT/DATABASE")
    }
    if url.contains("://") { throw Failure.usage("--db takes sqlite:PATH, a path or postgres://…; it knows no other kind of database") }
    let path = url.hasPrefix("sqlite:") ? String(url.dropFirst("sqlite:".count)) : url
    guard !path.isEmpty, !path.hasPrefix(":memory:"), !path.hasPrefix("file:") else {
      throw Failure.usage("--db names no file; write sqlite:PATH")
    }
    return .file(path)
  }

  /// All files of the database, which no output may overwrite; a server's are out of reach anyhow.
  func files() throws -> [String] {
    guard case .file(let path) = try place() else { return [] }
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
