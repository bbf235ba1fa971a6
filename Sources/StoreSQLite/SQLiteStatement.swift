import CSQLite
import Storage

/// A prepared statement whose parameters are `$1`, `$2`, … as in the query files.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private unowned let connection: SQLiteConnection
  /// SQLite's index of each numbered parameter; names get indices in order of appearance.
  private let indices: [Int32]

  init(_ handle: OpaquePointer, connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
    indices = (1...max(1, sqlite3_bind_parameter_count(handle))).map { sqlite3_bind_parameter_index(handle, "$\($0)") }
  }

  deinit { sqlite3_finalize(handle) }

  func reset() {
    sqlite3_reset(handle)
  }

  func bind(_ number: Int, _ value: Int64) {
    sqlite3_bind_int64(handle, indices[number - 1], value)
  }

  func bind(_ number: Int, _ value: String) {
    sqlite3_bind_text(handle, indices[number - 1], value, Int32(value.utf8.count), transient)
  }

  /// Binds bytes without a copy: they must stay where they are until the statement is reset or bound anew.
  func bind(_ number: Int, borrowing bytes: UnsafeRawBufferPointer) {
    // SQLite reads a null pointer as NULL, even with a length of 0.
    if bytes.isEmpty {
      sqlite3_bind_zeroblob(handle, indices[number - 1], 0)
    } else {
      sqlite3_bind_blob(handle, indices[number - 1], bytes.baseAddress, Int32(bytes.count), nil)
    }
  }

  /// Moves to the next row; false at the end.
  func step() throws(StoreError) -> Bool {
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default:
      sqlite3_reset(handle)
      throw connection.error(code)
    }
  }

  /// Runs a statement that returns no rows.
  func run() throws(StoreError) {
    _ = try step()
    sqlite3_reset(handle)
  }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func text(_ column: Int32) -> String {
    guard let bytes = sqlite3_column_text(handle, column) else { return "" }
    return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self)
  }

  /// Valid until the next step or reset.
  func blob(_ column: Int32) -> UnsafeRawBufferPointer {
    guard let bytes = sqlite3_column_blob(handle, column) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column)))
  }
}

/// Tells SQLite to copy what is bound.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
