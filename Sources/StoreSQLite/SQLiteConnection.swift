import CSQLite
import SQLFiles
import Storage

/// One connection. Used by one thread at a time, so SQLite's own mutexes are off.
final class SQLiteConnection {
  enum Mode {
    case readWriteCreate, readWrite
  }

  let path: String
  private let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  private let patience: LockPatience

  /// - Parameter patience: how long to wait for another process's lock.
  init(path: String, mode: Mode, patience: LockPatience) throws(StoreError) {
    self.path = path
    self.patience = patience
    var handle: OpaquePointer?
    let create = mode == .readWriteCreate ? SQLITE_OPEN_CREATE : 0
    let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | create, nil)
    guard let handle, code == SQLITE_OK else {
      let systemError = handle.map { sqlite3_system_errno($0) } ?? 0
      sqlite3_close_v2(handle)
      throw StoreError(
        .unreachable, "cannot open the database \(path): \(describe(code: code, systemError: systemError)); check the path and its permissions")
    }
    self.handle = handle
    sqlite3_extended_result_codes(handle, 1)
    patience.govern(handle)
  }

  deinit { close() }

  private var isClosed = false

  func close() {
    guard !isClosed else { return }
    isClosed = true
    statements.removeAll()
    sqlite3_close_v2(handle)
  }

  /// Runs statements that return nothing of interest.
  func execute(_ sql: String) throws(StoreError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    if code != SQLITE_OK { throw error(code) }
  }

  /// Runs a body between BEGIN IMMEDIATE and COMMIT.
  func transaction<Result>(_ body: () throws -> Result) throws -> Result {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // Some failures (a full disk) have rolled back already; then this one fails and changes nothing.
      try? execute("ROLLBACK")
      throw error
    }
  }

  /// - Throws: ``StoreError`` where the file that is open is no longer the one at its path: what is written to it is lost.
  func checkPlace() throws(StoreError) {
    var hasMoved: Int32 = 0
    guard sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved) == SQLITE_OK, hasMoved != 0 else { return }
    throw StoreError(.unreachable, "the database file \(path) was moved, deleted or replaced while it was open; put it back and begin again")
  }

  /// The statement of `queries/NAME`, prepared once and kept. Reset before it is given out.
  func query(_ name: String, of files: SQLFiles) throws(StoreError) -> SQLiteStatement {
    if let known = statements[name] {
      known.reset()
      return known
    }
    let statement = try prepare(files.query(name))
    statements[name] = statement
    return statement
  }

  private func prepare(_ sql: String) throws(StoreError) -> SQLiteStatement {
    var compiled: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &compiled, nil)
    guard code == SQLITE_OK, let compiled else { throw error(code) }
    return SQLiteStatement(compiled, connection: self)
  }

  /// The first column of the first row as a number, or nil without a row.
  func integer(_ sql: String) throws(StoreError) -> Int64? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(0) : nil
  }

  func text(_ sql: String) throws(StoreError) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  /// Translates a result code into the store's errors.
  func error(_ code: Int32) -> StoreError {
    let what = describe(code: code, systemError: sqlite3_system_errno(handle))
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED:
      return StoreError(.busy, "another process is writing to \(path) and did not finish in time; try again, or wait longer with --busy-timeout")
    case SQLITE_FULL:
      return StoreError(.full, "no space left for \(path); what was acknowledged is stored; free space and run the same command again")
    case SQLITE_NOTADB:
      return StoreError(.notADatabase, "\(path) is not an SQLite database; name another file with --db, or move this one away")
    case SQLITE_IOERR:
      return StoreError(.failed, "\(path): \(what); what was acknowledged is stored; check the disk and run the same command again")
    case SQLITE_CONSTRAINT:
      return StoreError(.damaged, "\(path): what is stored does not fit together (\(what)); run guardtally verify")
    case SQLITE_CORRUPT:
      return StoreError(.damaged, "\(path) is damaged: \(what); restore it from a backup")
    case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
      return StoreError(.unreachable, "cannot use the database \(path): \(what); check its and its folder's permissions")
    default:
      return StoreError(.failed, "\(path): \(what)")
    }
  }
}

/// SQLite's words for a code, with the system's where SQLite blames it. Never the text of a statement or a value.
private func describe(code: Int32, systemError: Int32) -> String {
  let words = String(cString: sqlite3_errstr(code))
  return systemError == 0 ? words : "\(words) (system error \(systemError))"
}
