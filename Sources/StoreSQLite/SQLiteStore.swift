import SQLFiles
package import Storage
import Tallies
package import Verdicts

#if canImport(Glibc)
import Glibc
#endif

/// Verdicts in one SQLite file.
///
/// The file is made with 4 KiB pages (a small commit writes a page in each of a dozen places), incremental auto-vacuum (so that retention can give
/// space back), a write-ahead log (readers and a writer beside each other) and a sync at each commit.
package struct SQLiteStore: VerdictStore {
  package var path: String
  package var busyTimeoutMilliseconds: Int32
  /// Asked while waiting for another process: true gives up the wait.
  package var isInterrupted: @Sendable () -> Bool
  /// Read when a migration is recorded.
  package var now: @Sendable () -> Timestamp
  private let files = SQLFiles(dialect: .sqlite)

  /// How long to wait for another process's write lock.
  package static let busyTimeoutMillisecondsDefault: Int32 = 10_000

  package init(
    path: String, busyTimeoutMilliseconds: Int32 = busyTimeoutMillisecondsDefault,
    isInterrupted: @escaping @Sendable () -> Bool = { false }, now: @escaping @Sendable () -> Timestamp
  ) {
    self.path = path
    self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
    self.isInterrupted = isInterrupted
    self.now = now
  }

  package func migrationPlan() throws -> MigrationPlan {
    let connection = try openExisting()
    defer { connection.close() }
    return try plan(connection)
  }

  package func migrate() throws -> [Migration] {
    let connection = try openForWriting()
    defer { connection.close() }
    return try migrate(connection)
  }

  package func makeWriter(options: WriterOptions) throws -> any VerdictWriter {
    let connection = try openForWriting()
    _ = try migrate(connection)
    return SQLiteWriter(connection: connection, files: files, options: options)
  }

  package func makeMaintainer() throws -> (any StoreMaintainer)? {
    try openExisting().close()
    guard let lock = try AggregationFileLock(database: path) else { return nil }
    let connection = try openForWriting()
    _ = try migrate(connection)
    return SQLiteMaintainer(connection: connection, files: files, lock: lock)
  }

  package func read<Result>(_ body: (any StoreSnapshot) throws -> Result) throws -> Result {
    let connection = try openExisting()
    defer { connection.close() }
    try connection.execute("BEGIN")
    let plan = try plan(connection)
    try refuseIfAhead(plan)
    if let first = plan.pending.first {
      throw StoreError(.behind, "\(path) lacks migration \(first.version) (\(first.name)); run guardtally migrate --db \(path)")
    }
    return try body(SQLiteSnapshot(connection: connection, files: files))
  }

  /// - Returns: `ok`, or the first thing that is wrong.
  func checkPages() throws -> String {
    let connection = try openExisting()
    defer { connection.close() }
    return try connection.text("PRAGMA quick_check(1)") ?? "ok"
  }

  private var patience: LockPatience { LockPatience(milliseconds: busyTimeoutMilliseconds, isInterrupted: isInterrupted) }

  // MARK: - Opening

  /// 'GTLY': tells a GuardTally file from another program's.
  private static let applicationID: Int64 = 0x4754_4C59

  private var absent: StoreError {
    StoreError(.absent, "no database at \(path); guardtally ingest creates one, --db or GUARDTALLY_DB names another")
  }

  private func openExisting() throws -> SQLiteConnection {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT { throw absent }
      throw StoreError(.unreachable, "cannot reach the database \(path): \(String(cString: strerror(errno)))")
    }
    let connection = try SQLiteConnection(path: path, mode: .readWrite, patience: patience)
    switch try kind(connection) {
    case .ours: return connection
    case .empty: throw StoreError(.absent, "\(path) is empty; guardtally ingest fills it, --db or GUARDTALLY_DB names another")
    case .foreign: throw StoreError(.notADatabase, "\(path) is not a GuardTally database; name another with --db")
    }
  }

  private enum Kind {
    case ours, empty, foreign
  }

  /// Whose file it is, read in one snapshot: another process may be making it at this moment.
  private func kind(_ connection: SQLiteConnection) throws -> Kind {
    try connection.execute("BEGIN")
    defer { try? connection.execute("COMMIT") }
    let hasTables = try connection.integer("SELECT count(*) FROM sqlite_master") ?? 0 > 0
    let application = try connection.integer("PRAGMA application_id")
    if application == Self.applicationID { return .ours }
    return hasTables || application != 0 ? .foreign : .empty
  }

  private func openForWriting() throws -> SQLiteConnection {
    let connection = try SQLiteConnection(path: path, mode: .readWriteCreate, patience: patience)
    let patience = patience
    var isFirst = true
    while true {
      do {
        try prepare(connection)
        return connection
      } catch let error as StoreError where error.code == .busy {
        // SQLite itself does not wait where a file is made over and another process is at it too.
        guard patience.waitsOn(isFirst: isFirst) else { throw error }
        isFirst = false
      }
    }
  }

  private func prepare(_ connection: SQLiteConnection) throws {
    switch try kind(connection) {
    case .ours: break
    case .foreign: throw StoreError(.notADatabase, "\(path) is another program's SQLite database; name another with --db")
    case .empty:
      // These take effect only before the first table, the page size only before the write-ahead log.
      try connection.execute("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL")
      // A file that had tables once has a page size already; without any, it can still be made over.
      if try connection.integer("PRAGMA page_count") ?? 0 > 0, try connection.text("PRAGMA journal_mode") != "wal" {
        try connection.execute("VACUUM")
      }
    }
    if try connection.text("PRAGMA journal_mode") != "wal" {
      guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
        throw StoreError(.unreachable, "\(path): this file system cannot hold a write-ahead log; use a local disk")
      }
      syncFolder()
    }
    try connection.execute(
      "PRAGMA synchronous = FULL; PRAGMA cache_size = -\(Self.cacheKibibytes); PRAGMA wal_autocheckpoint = \(Self.checkpointPages)")
  }

  /// Pages that a writer keeps in memory.
  private static let cacheKibibytes = 32_768
  /// The write-ahead log is copied into the file when it has grown to this many pages (64 MiB).
  private static let checkpointPages = 4_096

  /// A new file's name is durable only when its folder is synced.
  private func syncFolder() {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  // MARK: - Migrations

  private func plan(_ connection: SQLiteConnection) throws -> MigrationPlan {
    var applied: [Int] = []
    if try connection.integer("SELECT count(*) FROM sqlite_master WHERE name = 'schema_migrations'") == 1 {
      let list = try connection.query("schema_migrations.list", of: files)
      defer { list.reset() }
      while try list.step() { applied.append(Int(list.integer(0))) }
    }
    return try MigrationPlan(known: files.migrations.map { Migration($0) }, applied: applied)
  }

  private func refuseIfAhead(_ plan: MigrationPlan) throws(StoreError) {
    if let unknown = plan.unknown {
      throw StoreError(.ahead, "\(path) has schema \(unknown), newer than this program knows; use a newer guardtally")
    }
  }

  /// Counts all tallies anew, a day at a time.
  private func recountTallies(_ connection: SQLiteConnection) throws {
    let snapshot = SQLiteSnapshot(connection: connection, files: files)
    let tallies = TallyTable(connection: connection, files: files)
    for day in try snapshot.days(in: .always) {
      let end = day.microseconds + Timestamp.microsecondsPerDay
      _ = try tallies.replace(buckets: TallyKey.bucket(of: day.microseconds)..<TallyKey.bucket(of: end), of: snapshot)
    }
  }

  private func migrate(_ connection: SQLiteConnection) throws -> [Migration] {
    let before = try plan(connection)
    try refuseIfAhead(before)
    guard !before.pending.isEmpty else { return [] }
    try connection.execute("BEGIN IMMEDIATE")
    do {
      // Another process may have migrated while this one waited for the lock.
      let pending = try plan(connection).pending
      for migration in pending {
        try connection.execute(migration.sql)
        let insert = try connection.query("schema_migrations.insert", of: files)
        insert.bind(1, Int64(migration.version))
        insert.bind(2, migration.name)
        insert.bind(3, now().microseconds)
        try insert.run()
      }
      if pending.contains(where: { Migration.recounting.contains($0.version) }) { try recountTallies(connection) }
      try connection.execute("PRAGMA application_id = \(Self.applicationID)")
      try connection.execute("COMMIT")
      return pending
    } catch {
      try? connection.execute("ROLLBACK")
      throw error
    }
  }
}
