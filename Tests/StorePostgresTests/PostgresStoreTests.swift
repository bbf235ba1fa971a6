import Aggregation
import Dispatch
import Storage
import StoreConformance
import StorePostgres
import Testing
import Verdicts
import Verification

/// Needs a server: `script/with-postgres swift test --filter StorePostgresTests`. `script/test` brings one.
@Suite(.enabled(if: PostgresDatabase.server != nil, "GUARDTALLY_TEST_POSTGRES is not set; run script/with-postgres swift test"))
struct PostgresStoreTests {
  @Test(arguments: StoreSuite.checks.map(\.name))
  func conforms(check: String) throws {
    let database = try PostgresDatabase()
    let store = try database.store
    _ = try store.migrate()
    try StoreSuite.checks.first { $0.name == check }?.run(StoreSuite(store))
  }

  /// The server's locale, and the schema's name, make no difference.
  @Test(arguments: [
    "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8' ENCODING 'UTF8'",
    "TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C.UTF-8' ENCODING 'UTF8'",
  ])
  func answersTheSameUnderAnyLocale(options: String) throws {
    for name in ["compares ids and values bytewise", "any order of batches gives the same tallies", "gives labels to the first methods by arrival"] {
      let database = try PostgresDatabase(options, schema: "Größe \"x\"")
      let store = try database.store
      _ = try store.migrate()
      try StoreSuite.checks.first { $0.name == name }?.run(StoreSuite(store))
    }
  }

  private func filled() throws -> PostgresDatabase {
    let database = try PostgresDatabase()
    let writer = try database.store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    _ = try writer.store(
      StoreSuite.batch((0..<2_000).map { index in .init("id-\(index)", StoreSuite.start + Int64(index) * 60_000_000) { $0.latency = 5 } }), in: &run)
    return database
  }

  private func differences(_ database: PostgresDatabase) throws -> [String] {
    var found: [String] = []
    _ = try Verifier(try database.store).verify(span: .always) { found.append($0.description) }
    return found
  }

  @Test func refusesAnotherEncoding() throws {
    let database = try PostgresDatabase("TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C' ENCODING 'LATIN1'")
    #expect { try database.store.migrate() } throws: { ($0 as? StoreError)?.code == .unsuitable }
  }

  @Test func readingNeverCreates() throws {
    let database = try PostgresDatabase()
    let store = try database.store
    #expect { try store.read { try $0.verdictCount() } } throws: { ($0 as? StoreError)?.code == .absent }
    #expect(try database.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'guardtally'") == "0")
  }

  @Test func refusesAnotherProgramsSchema() throws {
    let database = try PostgresDatabase()
    try database.execute("CREATE SCHEMA guardtally CREATE TABLE theirs (x int)")
    #expect { try database.store.makeWriter(options: WriterOptions()) } throws: { ($0 as? StoreError)?.code == .notADatabase }
  }

  private static let backToTheFirstSchema = """
    SET search_path = guardtally; DROP TABLE sealed_days; DROP TABLE job_runs; DROP TABLE followed_files; DROP TABLE period_tallies; ALTER TABLE ledger DROP COLUMN discarded; DELETE FROM schema_migrations WHERE version > 1;
    ALTER TABLE verdicts DROP COLUMN native_names; ALTER TABLE coded_values RENAME TO dimension_values;
    ALTER TABLE dimension_values RENAME COLUMN field TO dimension; ALTER INDEX coded_values_by_value RENAME TO dimension_values_by_value;
    ALTER TABLE dimension_values RENAME CONSTRAINT coded_values_value_check TO dimension_values_value_check
    """

  /// An empty schema is migrated by whoever writes; one with verdicts only on demand, for older workers may run on it.
  @Test func migratesByItselfOnlyWhereThereIsNothing() throws {
    let unused = try PostgresDatabase()
    try #require(try unused.store.makeMaintainer()).close()
    #expect(try unused.store.migrationPlan().pending.isEmpty)
    let empty = try PostgresDatabase()
    let store = try empty.store
    #expect(try store.migrate().map(\.version) == [1, 2, 3, 4, 5, 6, 7, 8])
    try empty.execute(Self.backToTheFirstSchema)
    try store.makeWriter(options: WriterOptions()).close()
    #expect(try store.migrationPlan().pending.isEmpty)

    let used = try filled()
    try used.execute(Self.backToTheFirstSchema)
    let behind = try used.store
    #expect { try behind.makeWriter(options: WriterOptions()) } throws: {
      ($0 as? StoreError)?.code == .behind && "\($0)".contains("guardtally migrate")
    }
    #expect { try behind.read { try $0.verdictCount() } } throws: { ($0 as? StoreError)?.code == .behind }
    #expect(try behind.migrate().map(\.version) == [2, 3, 4, 5, 6, 7, 8])
    #expect(try differences(used) == [])
  }

  /// With the rights that docs/postgres.md gives a worker, and not even that to make temporary tables.
  @Test func ingestsWithoutTheRightToMakeAnything() throws {
    let database = try PostgresDatabase()
    _ = try database.store.migrate()
    let role = "worker_" + String(UInt64.random(in: 0..<(.max)), radix: 16)
    try database.execute(
      """
      CREATE ROLE \(role) LOGIN;
      DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database()); END $$;
      GRANT USAGE ON SCHEMA guardtally TO \(role);
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA guardtally TO \(role);
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA guardtally TO \(role)
      """)
    defer { _ = try? database.execute("DROP OWNED BY \(role); DROP ROLE \(role)") }
    let store = try database.store(as: role)
    let writer = try store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    let day = Timestamp.microsecondsPerDay
    let first = (0..<300).map { StoreSuite.Record("id-\($0)", StoreSuite.start + Int64($0) * day / 100) }
    let second = first + (300..<600).map { StoreSuite.Record("id-\($0)", StoreSuite.start + Int64($0) * day / 100) }
    #expect(try writer.store(StoreSuite.batch(first), in: &run).counts.stored == 300)
    #expect(try writer.store(StoreSuite.batch(second), in: &run).counts.duplicates == 300)
    #expect(try store.read { try $0.verdictCount() } == 600)
    #expect(try differences(database) == [])
  }

  @Test func firstUsesAtOnceMakeOneSchema() throws {
    let database = try PostgresDatabase()
    let store = try database.store
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      do { try store.makeWriter(options: WriterOptions()).close() } catch { Issue.record(error) }
    }
    #expect(try store.migrationPlan().pending.isEmpty)
  }

  /// After a failover the sequence may be behind its table.
  @Test func goesOnAfterItsSequence() throws {
    let database = try filled()
    let writer = try database.store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    for name in ["y", "z"] {
      try database.execute("SELECT setval('guardtally.ledger_runs', 1, false)")
      var run = LedgerRun(input: name, startedAt: Timestamp(microseconds: 0))
      #expect(try writer.store(StoreSuite.batch([.init(name, StoreSuite.start)]), in: &run).counts.stored == 1)
    }
    #expect(try differences(database) == [])
  }

  @Test func saysWhenTheRoleMayNotUseTheSchema() throws {
    let database = try filled()
    let role = "stranger_" + String(UInt64.random(in: 0..<(.max)), radix: 16)
    try database.execute("CREATE ROLE \(role) LOGIN")
    defer { _ = try? database.execute("DROP ROLE \(role)") }
    #expect { try database.store(as: role).read { try $0.verdictCount() } } throws: {
      ($0 as? StoreError)?.code == .failed && "\($0)".contains("docs/postgres.md")
    }
  }

  /// A report that is at work is not disturbed, and the job is not a failed one: the next run drops the day.
  @Test func leavesDaysThatAreReadToTheNextRun() throws {
    let database = try filled()
    let store = try database.store
    let maintainer = try #require(try store.makeMaintainer())
    defer { maintainer.close() }
    let retention = Retention(of: store, by: maintainer)
    let cutoff = Timestamp(microseconds: StoreSuite.start + Timestamp.microsecondsPerDay)
    try store.read { snapshot throws in
      #expect(try snapshot.verdictCount() == 2_000)
      let summary = try retention.dropVerdicts(before: cutoff)
      #expect(summary.postponement != nil && summary.obstacle == nil && summary.days == 0)
      #expect(try snapshot.verdictCount() == 2_000)
    }
    let summary = try retention.dropVerdicts(before: cutoff)
    #expect(summary.postponement == nil && summary.days == 1 && summary.verdicts == 1_440)
    #expect(try differences(database) == [])
  }

  @Test(arguments: ["$user", "pg_x", "information_schema", "", String(repeating: "x", count: 64), "a\nb"])
  func refusesSchemasThatAreNotOnesOwn(name: String) {
    #expect(throws: StoreError.self) { try PostgresAddress(url: "postgres://h/db", schema: name, lockTimeoutMilliseconds: 1) }
  }

  @Test(arguments: [
    "postgres://", "postgresql:///db", "postgres://u:p@/db?host=/run/postgresql", "postgres://u@h1:1,h2:2/db", "postgres://[::1]:5432/db",
    "postgres://u:p%40ss@h/db?options=-c%20geqo%3Doff",
  ])
  func takesURLsOfLibpq(url: String) throws {
    _ = try PostgresAddress(url: url, schema: "guardtally", lockTimeoutMilliseconds: 1)
  }

  /// A password that was not encoded would otherwise stand in a message as a host, a port or a database.
  @Test(arguments: [
    "postgres://u:p@ss@host/db", "postgres://u:pa/ss@host/db", "postgres://u:12/ss@host/db", "postgres://u:p?ss@host/db", "postgres://%zz/db",
    "postgres://u:p@host:port/db", "postgres://h/db?bogus=ss",
  ])
  func refusesURLsWhosePartsRunTogether(url: String) {
    #expect { try PostgresAddress(url: url, schema: "guardtally", lockTimeoutMilliseconds: 1) } throws: {
      let message = "\($0)"
      return !message.contains("ss@") && !message.contains("=ss")
    }
  }

  @Test func refusesANewerSchema() throws {
    let database = try filled()
    try database.execute("INSERT INTO guardtally.schema_migrations VALUES (9, 'later', 0)")
    #expect { try database.store.read { try $0.verdictCount() } } throws: { ($0 as? StoreError)?.code == .ahead }
    #expect { try database.store.makeWriter(options: WriterOptions()) } throws: { ($0 as? StoreError)?.code == .ahead }
  }

  /// The first thousand partitions are days; after them whole gaps within a year, so there is never one for each of a store's days.
  @Test func scatteredTimesMakeFewPartitions() throws {
    let database = try PostgresDatabase()
    let writer = try database.store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    let first: Int64 = 946_684_800_000_000
    let records = (0..<3_000).map { StoreSuite.Record("id-\($0)", first + Int64($0 * 7_919 % 9_000) * Timestamp.microsecondsPerDay) }
    #expect(try writer.store(StoreSuite.batch(records), in: &run).counts.stored == 3_000)
    #expect(try writer.store(StoreSuite.batch(records), in: &run).counts.duplicates == 3_000)
    #expect(try Int(database.execute("SELECT count(*) FROM pg_inherits")) ?? .max < 2_100)
    try database.store.read { snapshot throws in
      #expect(try snapshot.faults() == [])
      #expect(try snapshot.days(in: .always).count == 3_000)
    }
  }

  @Test func appendedCountsAreNoHotRows() throws {
    let database = try filled()
    #expect(try database.execute("SELECT count(*) FROM guardtally.tallies") == "0")
    #expect(try differences(database) == [])
    let maintainer = try #require(try database.store.makeMaintainer())
    defer { maintainer.close() }
    #expect(try maintainer.fold() > 0)
    #expect(try database.execute("SELECT count(*) FROM guardtally.tally_deltas") == "0")
    #expect(try differences(database) == [])
  }

  @Test(arguments: [
    "UPDATE guardtally.verdicts SET attributes = attributes # 1 WHERE id = 'id-77'",
    "UPDATE guardtally.verdicts SET time = time + 1 WHERE id = 'id-77'",
    "UPDATE guardtally.verdicts SET id = 'other' WHERE id = 'id-77'",
    "UPDATE guardtally.verdicts SET latency = NULL WHERE id = 'id-77'",
    "UPDATE guardtally.verdicts SET attributes = -1 WHERE id = 'id-77'",
    "UPDATE guardtally.verdicts SET risk_types = -1 WHERE id = 'id-77'",
    "UPDATE guardtally.verdicts SET model = 99 WHERE id = 'id-77'",
    "UPDATE guardtally.verdicts SET model = -1 WHERE id = 'id-77'",
    "DELETE FROM guardtally.verdicts WHERE id = 'id-77'",
    "INSERT INTO guardtally.verdicts SELECT time, latency, source, model, method, language, region, risk_types, attributes, 'more' FROM guardtally.verdicts WHERE id = 'id-77'",
    "UPDATE guardtally.tally_deltas SET cells = cells || '\\x00' WHERE tally = (SELECT max(tally) FROM guardtally.tally_deltas)",
    "DELETE FROM guardtally.tally_deltas WHERE tally = (SELECT max(tally) FROM guardtally.tally_deltas)",
    "INSERT INTO guardtally.tally_deltas SELECT * FROM guardtally.tally_deltas ORDER BY tally LIMIT 1",
    "INSERT INTO guardtally.tally_deltas SELECT -5, cells FROM guardtally.tally_deltas LIMIT 1",
    "INSERT INTO guardtally.tallies SELECT tally, cells FROM guardtally.tally_deltas ORDER BY tally LIMIT 1",
    "UPDATE guardtally.counter_deltas SET value = value + 1 WHERE counter = 'request'",
    "UPDATE guardtally.counter_deltas SET value = -9000000000000000000 WHERE counter = 'request'",
    "DELETE FROM guardtally.counter_deltas WHERE counter = 'ingest_records'",
    "UPDATE guardtally.source_activity_deltas SET last_verdict = last_verdict - 1",
    "UPDATE guardtally.source_activity_deltas SET last_verdict = last_verdict + 1",
    "UPDATE guardtally.ledger SET read = read + 1, rejected = rejected + 1",
    "UPDATE guardtally.coded_values SET value = 'renamed' WHERE field = 1",
    "INSERT INTO guardtally.store_state VALUES ('floor', 1767225600000001)",
    "INSERT INTO guardtally.store_state VALUES ('verdicts_retired', 5)",
    "DELETE FROM guardtally.verdict_partitions",
    "UPDATE guardtally.verdict_partitions SET ends = ends + 1",
    "UPDATE guardtally.verdict_partitions SET name = 'other'",
    "INSERT INTO guardtally.sealed_days VALUES (1767139200000000, 5, 1767139200000001, '\\x00')",
  ])
  func verifyFindsDamage(damage: String) throws {
    let database = try filled()
    #expect(try differences(database) == [])
    try database.execute(damage)
    #expect(try !differences(database).isEmpty)
  }

  @Test func rebuildMendsFoldedAndAppendedTallies() throws {
    let database = try filled()
    let store = try database.store
    let maintainer = try #require(try store.makeMaintainer())
    _ = try maintainer.fold()
    maintainer.close()
    let writer = try store.makeWriter(options: WriterOptions())
    var run = LedgerRun(input: "y", startedAt: Timestamp(microseconds: 0))
    _ = try writer.store(StoreSuite.batch((0..<500).map { .init("late-\($0)", StoreSuite.start + Int64($0) * 60_000_000) }), in: &run)
    writer.close()
    try database.execute("UPDATE guardtally.tallies SET cells = '\\x0000' WHERE tally % 7 = 0; DELETE FROM guardtally.tallies WHERE tally % 7 = 1")
    try database.execute("UPDATE guardtally.tally_deltas SET cells = '\\x0000' WHERE tally % 5 = 0; DELETE FROM guardtally.tally_deltas WHERE tally % 5 = 1")
    try database.execute("INSERT INTO guardtally.tallies SELECT tally + 2000, cells FROM guardtally.tallies WHERE tally % 50 = 2; INSERT INTO guardtally.tally_deltas SELECT -1, cells FROM guardtally.tally_deltas LIMIT 1")
    #expect(try !differences(database).isEmpty)
    let span = Span(from: Timestamp(microseconds: StoreSuite.start), to: Timestamp(microseconds: StoreSuite.start + 40 * Timestamp.microsecondsPerDay))
    #expect(try Rebuilder(store).rebuild(span).outcome.talliesChanged > 0)
    #expect(try differences(database) == [])
    #expect(try Rebuilder(store).rebuild(span).outcome == RebuildOutcome())
  }

  /// The server ends every session while batches are stored: each is stored once all the same.
  @Test func goesOnWhenSessionsAreEnded() throws {
    let database = try PostgresDatabase()
    let writer = try database.store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    for batch in 0..<20 {
      try database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
      let records = (0..<100).map { StoreSuite.Record("\(batch)-\($0)", StoreSuite.start + Int64($0)) }
      #expect(try writer.store(StoreSuite.batch(records), in: &run).counts.stored == 100)
    }
    #expect(run.counts.stored == 2_000)
    #expect(try database.store.read { try $0.verdictCount() } == 2_000)
    #expect(try differences(database) == [])
  }

  /// A server that commits asynchronously by default does not for what is acknowledged.
  @Test func commitsAreSynced() throws {
    let database = try PostgresDatabase()
    try database.execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$")
    _ = try database.store.migrate()
    try database.execute(
      """
      CREATE TABLE public.seen (setting text);
      CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.seen SELECT current_setting('synchronous_commit'); RETURN NULL; END $$;
      CREATE TRIGGER see AFTER INSERT ON guardtally.ledger EXECUTE FUNCTION public.see()
      """)
    let writer = try database.store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    _ = try writer.store(StoreSuite.batch([.init("a", StoreSuite.start)]), in: &run)
    #expect(try database.execute("SELECT string_agg(setting, ',') FROM public.seen") == "on")
  }
}
