import ByteCoding

/// The locks of one store. They are Postgres' advisory locks: held by a transaction or a session, and gone with it, whatever
/// becomes of its process. They are named by two numbers, the first of which is the schema's.
enum AdvisoryLock: Int64 {
  /// Migrating: exclusive.
  case migration = 1
  /// Giving codes to values: exclusive.
  case codes = 2
  /// Storing verdicts shares it; dropping verdicts takes it alone, so that none is stored before a floor that moves.
  case floor = 3
  /// The scheduled job, and rebuilding tallies: exclusive, for a session.
  case aggregation = 4

  /// The first number: a checksum of the schema's name, so that two stores of one database do not wait for each other.
  static func space(schema: String) -> Int64 {
    Int64(Int32(bitPattern: CRC32C.checksum(Array("guardtally.\(schema)".utf8))))
  }
}

extension PostgresConnection {
  /// Takes a lock, or shares it, until the transaction's end.
  func lock(_ lock: AdvisoryLock, space: Int64, isShared: Bool = false) throws {
    try run(isShared ? "locks.share" : "locks.take", .integer(space), .integer(lock.rawValue))
  }

  /// Runs a body while this session holds a lock. A broken connection has given it back already.
  func holding<Result>(_ lock: AdvisoryLock, space: Int64, _ body: () throws -> Result) throws -> Result {
    try run("locks.take_session", .integer(space), .integer(lock.rawValue))
    defer { if !isBad { _ = try? run("locks.release_session", .integer(space), .integer(lock.rawValue)) } }
    return try body()
  }
}
