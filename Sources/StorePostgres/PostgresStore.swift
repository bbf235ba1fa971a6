import SQLFiles
package import Storage
package import Verdicts

/// Verdicts in one schema of a Postgres database, for any number of writers on any number of hosts.
///
/// Values are matched and sorted by their bytes, times are numbers, and each session is set up whatever the server's defaults are,
/// so answers are those of every other store. Writers append what they counted; the scheduled job folds it.
package struct PostgresStore: VerdictStore {
  let address: PostgresAddress
  /// How long to wait for other sessions' locks, and for a server that restarts.
  private let patienceMilliseconds: Int32
  private let isInterrupted: @Sendable () -> Bool
  let now: @Sendable () -> Timestamp
  private let files = SQLFiles(dialect: .postgres)

  package init(
    address: PostgresAddress, patienceMilliseconds: Int32, isInterrupted: @escaping @Sendable () -> Bool = { false },
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.address = address
    self.patienceMilliseconds = patienceMilliseconds
    self.isInterrupted = isInterrupted
    self.now = now
  }

  package func migrationPlan() throws -> MigrationPlan {
    let (current, connection, _) = try opened(for: .reading) { connection, place in
      guard try schemaState(connection, place: place) == .ours else { throw absent(at: place) }
      return try plan(connection)
    }
    connection.close()
    return current
  }

  package func migrate() throws -> [Migration] {
    let (applied, connection, _) = try opened(for: .writing) { try migrate($0, place: $1) }
    connection.close()
    return applied
  }

  package func makeWriter(options: WriterOptions) throws -> any VerdictWriter {
    let (connection, place) = try connectForWriting()
    return PostgresWriter(
      connection, place: place, space: AdvisoryLock.space(schema: address.schema), options: options,
      patience: patience, reconnect: { try address.connect(for: .writing) })
  }

  package func makeMaintainer() throws -> (any StoreMaintainer)? {
    let (connection, place) = try connectForWriting()
    return try PostgresFailure.translated(at: place) {
      let space = AdvisoryLock.space(schema: address.schema)
      let isHeld = try connection.run("locks.try_session", .integer(space), .integer(AdvisoryLock.aggregation.rawValue)).integer(0, 0) == 1
      guard isHeld else { return nil }
      return PostgresMaintainer(connection, place: place, space: space)
    }
  }

  package func read<Result>(_ body: (any StoreSnapshot) throws -> Result) throws -> Result {
    let (_, connection, place) = try opened(for: .reading) { connection, place in
      guard try schemaState(connection, place: place) == .ours else { throw absent(at: place) }
      try refuseUnlessCurrent(try plan(connection), place: place)
    }
    defer { connection.close() }
    return try PostgresFailure.translated(at: place) {
      // The lock comes before the snapshot: a partition that is dropped later stays as long as this reader needs it, and one that
      // was dropped before is missing from the snapshot too.
      try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE ONLY verdicts IN ACCESS SHARE MODE")
      return try body(PostgresSnapshot(connection, place: place))
    }
  }

  // MARK: - Opening

  private var patience: Patience { Patience(milliseconds: patienceMilliseconds, isInterrupted: isInterrupted) }

  /// A session whose schema a body has looked at. Where it breaks meanwhile, another is opened: only a server that could not be
  /// reached at all is given up at once.
  private func opened<Result>(
    for role: PostgresAddress.Role, _ body: (PostgresConnection, _ place: String) throws -> Result
  ) throws -> (Result, PostgresConnection, place: String) {
    let wait = patience.begin()
    var isBroken = false
    var place = "the Postgres server"
    while true {
      do {
        let (connection, name) = try address.connect(for: role)
        place = name
        return (try body(connection, name), connection, name)
      } catch let failure as PostgresFailure {
        guard failure.isConnectionLost, wait.pause() else { throw failure.storeError(at: place) }
        isBroken = true
      } catch let error as StoreError where error.code == .unreachable && isBroken {
        guard wait.pause() else { throw error }
      }
    }
  }

  /// A session on a current schema; an empty database is migrated, one with data is not, for older workers may run on it.
  private func connectForWriting() throws -> (PostgresConnection, place: String) {
    let (_, connection, place) = try opened(for: .writing) { connection, place in
      if try schemaState(connection, place: place) == .ours {
        let plan = try plan(connection)
        if plan.pending.isEmpty || plan.unknown != nil { return try refuseUnlessCurrent(plan, place: place) }
        if try plan.applied.contains(1) && connection.run("verdicts.has_any").count > 0 { return try refuseUnlessCurrent(plan, place: place) }
      }
      _ = try migrate(connection, place: place)
    }
    return (connection, place)
  }

  private func absent(at place: String) -> StoreError {
    StoreError(
      .absent, "no verdicts in schema \(address.schema) of \(place); guardtally ingest creates them, --db, GUARDTALLY_DB or --schema names others")
  }

  private func refuseUnlessCurrent(_ plan: MigrationPlan, place: String) throws(StoreError) {
    try refuseIfAhead(plan, place: place)
    guard let first = plan.pending.first else { return }
    throw StoreError(
      .behind, "\(place) lacks migration \(first.version) (\(first.name)); run guardtally migrate with the same --db when no older worker needs it")
  }

  private func refuseIfAhead(_ plan: MigrationPlan, place: String) throws(StoreError) {
    if let unknown = plan.unknown {
      throw StoreError(.ahead, "\(place) has schema \(unknown), newer than this program knows; use a newer guardtally")
    }
  }

  // MARK: - Migrations

  private enum SchemaState {
    case ours, missing, empty
  }

  private func schemaState(_ connection: PostgresConnection, place: String) throws -> SchemaState {
    let found = try connection.run("schema_migrations.exists", .text(address.schema))
    if found.integer(0, 0) > 0, found.integer(0, 3) == 0 {
      throw StoreError(.failed, "\(place): the role may not use schema \(address.schema); see docs/postgres.md for the rights it needs")
    }
    if found.integer(0, 1) > 0 { return .ours }
    guard found.integer(0, 2) == 0 else {
      throw StoreError(.notADatabase, "schema \(address.schema) of \(place) is another program's; name another with --schema")
    }
    return found.integer(0, 0) == 0 ? .missing : .empty
  }

  private func plan(_ connection: PostgresConnection) throws -> MigrationPlan {
    let list = try connection.run("schema_migrations.list")
    return try MigrationPlan(known: files.migrations.map { Migration($0) }, applied: (0..<list.count).map { Int(list.integer($0, 0)) })
  }

  private func migrate(_ connection: PostgresConnection, place: String) throws -> [Migration] {
    try connection.transaction {
      try connection.lock(.migration, space: AdvisoryLock.space(schema: address.schema))
      // Another process may have migrated while this one waited for the lock.
      let state = try schemaState(connection, place: place)
      if state == .missing { try connection.execute("CREATE SCHEMA \(PostgresConnection.identifier(address.schema))", action: "CREATE SCHEMA") }
      let plan = state == .ours ? try plan(connection) : try MigrationPlan(known: files.migrations.map { Migration($0) }, applied: [])
      try refuseIfAhead(plan, place: place)
      for migration in plan.pending {
        try connection.execute(migration.sql, action: "migration \(migration.version)")
        try connection.run(
          "schema_migrations.insert", .integer(Int64(migration.version)), .text(migration.name), .integer(now().microseconds))
      }
      return plan.pending
    }
  }
}
