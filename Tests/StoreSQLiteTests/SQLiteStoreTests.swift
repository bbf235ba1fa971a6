import CSQLite
import Foundation
import Storage
import StoreConformance
import StoreSQLite
import Tallies
import Testing
import Verdicts
import Verification

/// A database of its own for one test, in a folder that goes with it.
final class TemporaryDatabase {
  let folder: URL
  var path: String { folder.appending(path: "test.db").path() }
  var store: SQLiteStore { SQLiteStore(path: path, busyTimeoutMilliseconds: 2_000, now: { Timestamp(microseconds: 42) }) }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "guardtally-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Changes the file behind the store's back.
  func execute(_ sql: String) throws {
    var handle: OpaquePointer?
    defer { sqlite3_close_v2(handle) }
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    try #require(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
  }

  func integer(_ sql: String) throws -> Int64 {
    var handle: OpaquePointer?
    var statement: OpaquePointer?
    defer {
      sqlite3_finalize(statement)
      sqlite3_close_v2(handle)
    }
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    try #require(sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK)
    try #require(sqlite3_step(statement) == SQLITE_ROW)
    return sqlite3_column_int64(statement, 0)
  }
}

@Suite struct SQLiteStoreTests {
  @Test(arguments: StoreSuite.checks.map(\.name))
  func conforms(check: String) throws {
    let database = try TemporaryDatabase()
    _ = try database.store.migrate()
    try StoreSuite.checks.first { $0.name == check }?.run(StoreSuite(database.store))
  }

  @Test func makesItsFile() throws {
    let database = try TemporaryDatabase()
    #expect(try database.store.migrate().map(\.version) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(try database.store.migrate().isEmpty)
    #expect(try database.integer("PRAGMA page_size") == 4_096)
    #expect(try database.integer("PRAGMA auto_vacuum") == 2)
    #expect(try database.integer("SELECT applied_at FROM schema_migrations") == 42)
    #expect(try Data(contentsOf: URL(filePath: database.path))[18] == 2, "byte 18 of the header: 2 is the write-ahead log")
  }

  @Test func readingNeverCreates() throws {
    let database = try TemporaryDatabase()
    #expect { try database.store.read { try $0.verdictCount() } } throws: { ($0 as? StoreError)?.code == .absent }
    #expect(!FileManager.default.fileExists(atPath: database.path))
  }

  @Test func refusesOtherFiles() throws {
    let text = try TemporaryDatabase()
    try String(repeating: "not a database ", count: 100).write(toFile: text.path, atomically: true, encoding: .utf8)
    #expect { try text.store.read { try $0.verdictCount() } } throws: { ($0 as? StoreError)?.code == .notADatabase }
    #expect { try text.store.migrate() } throws: { ($0 as? StoreError)?.code == .notADatabase }
    let foreign = try TemporaryDatabase()
    try foreign.execute("CREATE TABLE theirs (x)")
    #expect { try foreign.store.migrate() } throws: { ($0 as? StoreError)?.code == .notADatabase }
    #expect(try foreign.integer("SELECT count(*) FROM sqlite_master") == 1)
  }

  @Test func refusesANewerSchema() throws {
    let database = try TemporaryDatabase()
    _ = try database.store.migrate()
    try database.execute("INSERT INTO schema_migrations VALUES (9, 'later', 0)")
    #expect { try database.store.read { try $0.verdictCount() } } throws: { ($0 as? StoreError)?.code == .ahead }
    #expect { try database.store.makeWriter(options: WriterOptions()) } throws: { ($0 as? StoreError)?.code == .ahead }
    #expect(try database.store.migrationPlan().unknown == 9)
  }

  @Test func oneWriterAtATimeAndReadersBeside() throws {
    let database = try TemporaryDatabase()
    _ = try database.store.migrate()
    var handle: OpaquePointer?
    defer { sqlite3_close_v2(handle) }
    try #require(sqlite3_open(database.path, &handle) == SQLITE_OK)
    try #require(sqlite3_exec(handle, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    let store = SQLiteStore(path: database.path, busyTimeoutMilliseconds: 50, now: { Timestamp(microseconds: 0) })
    let writer = try store.makeWriter(options: WriterOptions())
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    #expect { try writer.store(StoreSuite.batch([.init("a", StoreSuite.start)]), in: &run) } throws: { ($0 as? StoreError)?.code == .busy }
    #expect(run.run == nil)
    #expect(try store.read { try $0.verdictCount() } == 0)
    try #require(sqlite3_exec(handle, "COMMIT", nil, nil, nil) == SQLITE_OK)
    #expect(try writer.store(StoreSuite.batch([.init("a", StoreSuite.start)]), in: &run).counts.stored == 1)
  }

  /// Two make one file at once: who comes second waits, as for any other lock.
  @Test func waitsForWhoMakesTheFile() throws {
    let database = try TemporaryDatabase()
    var handle: OpaquePointer?
    defer { sqlite3_close_v2(handle) }
    // Made so far that only the write-ahead log is missing, where SQLite itself would not wait.
    try database.execute("PRAGMA application_id = \(0x4754_4C59)")
    try #require(sqlite3_open(database.path, &handle) == SQLITE_OK)
    try #require(sqlite3_exec(handle, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    let impatient = SQLiteStore(path: database.path, busyTimeoutMilliseconds: 50, now: { Timestamp(microseconds: 0) })
    #expect { try impatient.makeWriter(options: WriterOptions()) } throws: { ($0 as? StoreError)?.code == .busy }
    let made = DispatchGroup()
    let store = database.store
    DispatchQueue.global().async(group: made) {
      #expect(throws: Never.self) { try store.makeWriter(options: WriterOptions()).close() }
    }
    #expect(made.wait(timeout: .now() + 0.3) == .timedOut)
    try #require(sqlite3_exec(handle, "COMMIT", nil, nil, nil) == SQLITE_OK)
    made.wait()
    #expect(try store.read { try $0.verdictCount() } == 0)
  }

  @Test func expiredRecordsAreRejected() throws {
    let database = try TemporaryDatabase()
    _ = try database.store.migrate()
    try database.execute("INSERT INTO store_state VALUES ('floor', \(StoreSuite.start))")
    let writer = try database.store.makeWriter(options: WriterOptions())
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    let outcome = try writer.store(
      StoreSuite.batch([.init("a", StoreSuite.start), .init("b", StoreSuite.start - 1)]), in: &run)
    #expect(outcome.counts.stored == 1)
    #expect(outcome.counts.rejected == 1)
    #expect(outcome.refused.map(\.code) == [.expired])
    #expect(outcome.refused.map(\.position.line) == [2])
  }
}

/// What `verify` must find, each done behind the store's back.
@Suite struct DamageTests {
  private func filled() throws -> TemporaryDatabase {
    let database = try TemporaryDatabase()
    let writer = try database.store.makeWriter(options: WriterOptions())
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    let records = (0..<3_000).map { index in
      StoreSuite.Record("id-\(index)", StoreSuite.start + Int64(index) * 40_000_000) {
        $0.verdict = Verdict.allCases[index % 4]
        $0.latency = Int64(index)
      }
    }
    _ = try writer.store(StoreSuite.batch(records), in: &run)
    writer.close()
    return database
  }

  private func differences(_ database: TemporaryDatabase) throws -> [String] {
    var found: [String] = []
    _ = try Verifier(database.store).verify(span: .always) { found.append($0.description) }
    return found
  }

  @Test func findsNothingWhereNothingIs() throws {
    #expect(try differences(filled()) == [])
  }

  @Test(arguments: [
    "DELETE FROM verdict_blocks WHERE block = 2",
    "UPDATE verdict_blocks SET payload = CAST(substr(payload, 1, 900) || x'ff' || substr(payload, 902) AS BLOB) WHERE block = 1",
    "UPDATE verdict_blocks SET verdicts = verdicts + 1 WHERE block = 1",
    "INSERT INTO verdict_blocks SELECT 99, first_time + 1, first_source, first_id, last_time, verdicts, payload FROM verdict_blocks WHERE block = 1",
    "UPDATE tallies SET cells = (SELECT cells FROM tallies AS other WHERE other.tally = tallies.tally + 1) WHERE tally = (SELECT min(tally) FROM tallies)",
    "UPDATE tallies SET cells = zeroblob(20) WHERE tally = (SELECT max(tally) FROM tallies)",
    "DELETE FROM tallies WHERE tally = (SELECT max(tally) FROM tallies)",
    "INSERT INTO tallies SELECT tally + 9600, cells FROM tallies LIMIT 1",
    "UPDATE counters SET value = value - 1 WHERE counter = 'request' AND part = 'safe'",
    "UPDATE counters SET value = value + 1 WHERE counter = 'request_duration_sum'",
    "UPDATE counters SET value = value - 1 WHERE counter = 'ingest_records'",
    "DELETE FROM counters WHERE counter = 'request_duration'",
    "UPDATE ledger SET read = read + 1, duplicates = duplicates + 1",
    "UPDATE ledger SET input = 'other'",
    "DELETE FROM ledger",
    "UPDATE source_activity SET last_verdict = last_verdict - 1",
    "DELETE FROM coded_values WHERE field = 4",
    "UPDATE coded_values SET value = 'fr' WHERE field = 4",
    "UPDATE verdict_blocks SET first_source = 99 WHERE block = 2",
    "UPDATE verdict_blocks SET first_id = x'41' WHERE block = 2",
    "INSERT INTO tallies SELECT (9 << 32) + (tally & 4294967295), cells FROM tallies LIMIT 1",
    "INSERT INTO tallies SELECT -5, cells FROM tallies LIMIT 1",
    "INSERT INTO tallies SELECT 4294967295, cells FROM tallies LIMIT 1",
    "INSERT INTO counters VALUES ('request', 'zz', 'safe', 0)",
    "UPDATE source_activity SET last_verdict = last_verdict + 1",
    "INSERT INTO store_state VALUES ('floor', 1767312000000000)",
    "INSERT INTO store_state VALUES ('floor', 1767225600000001)",
  ])
  func finds(damage: String) throws {
    let database = try filled()
    try database.execute(damage)
    #expect(try !differences(database).isEmpty)
  }

  /// Blocks of another store, sound in themselves, whose verdicts differ in nothing that is counted.
  @Test(arguments: ["another id", "another action", "another time in the bucket"])
  func findsVerdictsOfAnotherStore(change: String) throws {
    let database = try filled()
    let other = try TemporaryDatabase()
    let writer = try other.store.makeWriter(options: WriterOptions())
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    var batch = StoreSuite.batch(
      (0..<3_000).map { index in
        StoreSuite.Record("id-\(index)", StoreSuite.start + Int64(index) * 40_000_000) {
          $0.verdict = Verdict.allCases[index % 4]
          $0.latency = Int64(index)
        }
      })
    switch change {
    case "another id": batch.idBytes[Int(batch.rows[1_700].idOffset)] = UInt8(ascii: "j")
    case "another action": batch.rows[1_700].action = Action.blocked.rawValue
    default: batch.rows[1_700].time += 1
    }
    _ = try writer.store(batch, in: &run)
    writer.close()
    try database.execute(
      "ATTACH '\(other.path)' AS other; DELETE FROM verdict_blocks; INSERT INTO verdict_blocks SELECT * FROM other.verdict_blocks")
    let found = try differences(database)
    #expect(found.contains { $0.contains("not the same in every field") })
    // Rebuilding makes the tallies fit, and says what they fitted before.
    let day = Span(
      from: Timestamp(microseconds: StoreSuite.start), to: Timestamp(microseconds: StoreSuite.start + 2 * Timestamp.microsecondsPerDay))
    #expect(try Rebuilder(database.store).rebuild(day).outcome.bucketsOfOtherVerdicts.count == 1)
    #expect(try differences(database) == [])
  }

  /// A file of schema 1 is brought up: its tallies, which knew no error causes, are counted anew, and nothing else is lost.
  @Test func bringsUpAFileOfTheFirstSchema() throws {
    let database = try filled()
    let before = try database.store.read { try $0.counters() }
    try database.execute(
      """
      DELETE FROM schema_migrations WHERE version > 1; DROP TABLE sealed_days; DROP TABLE job_runs; DROP TABLE followed_files; DROP TABLE period_tallies;
      DROP TRIGGER ledger_inserted; DROP TRIGGER ledger_updated; ALTER TABLE ledger DROP COLUMN knows_periods; ALTER TABLE ledger DROP COLUMN discarded; UPDATE tallies SET cells = x'0100' WHERE tally % 2 = 0;
      ALTER TABLE coded_values RENAME TO dimension_values; ALTER TABLE dimension_values RENAME COLUMN field TO dimension;
      DROP INDEX coded_values_by_value
      """)
    #expect { try database.store.read { try $0.verdictCount() } } throws: { ($0 as? StoreError)?.code == .behind }
    #expect(try database.store.migrate().map(\.version) == [2, 3, 4, 5, 6, 7, 8])
    #expect(try database.store.read { try $0.counters() } == before)
    #expect(try differences(database) == [])
  }

  /// A file that version 0.2.0 wrote, with a day sealed: its verdicts had no native names, and are what they were.
  @Test func bringsUpAFileOfTheSecondSchema() throws {
    let database = try TemporaryDatabase()
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Data/schema-2.db.gz").standardizedFileURL
    let gunzip = Process()
    gunzip.executableURL = URL(filePath: "/bin/sh")
    gunzip.arguments = ["-c", "gzip -dc '\(file.path())' > '\(database.path)'"]
    try gunzip.run()
    gunzip.waitUntilExit()
    #expect(try database.integer("SELECT count(*) FROM dimension_values") > 100)
    #expect(try database.store.migrate().map(\.version) == [3, 4, 5, 6, 7, 8])
    #expect(try differences(database) == [])
    #expect(try database.store.read { try $0.verdictCount() } == 200)
    let suite = StoreSuite(database.store)
    let record = StoreSuite.Record("new", StoreSuite.start + 2 * Timestamp.microsecondsPerDay) {
      $0.verdict = .unsafe
      $0.nativeNames = "llama-guard-3|S1=violence"
    }
    #expect(try suite.store([[record]], allowSynthetic: true) == [1])
    #expect(try differences(database) == [])
  }

  /// A tally that is mended while its day is added up: no verdict has changed, and the sum is wrong all the same.
  @Test func keepsNoSumOfAMendedTally() throws {
    let database = try filled()
    let day = Timestamp(microseconds: StoreSuite.start)
    let period = Period(of: Period.day(of: day), .day)
    let language = TallyKey(combination: .language, bucket: 0).number
    try database.execute(
      """
      UPDATE tallies SET cells = (SELECT cells FROM tallies WHERE tally >= \(language) ORDER BY tally LIMIT 1 OFFSET 1)
      WHERE tally = (SELECT min(tally) FROM tallies WHERE tally >= \(language))
      """)
    let summary = try #require(try database.store.read { try PeriodSummary(of: $0, period) })
    _ = try Rebuilder(database.store).rebuild(Span(from: day, to: day.advanced(byMicroseconds: Timestamp.microsecondsPerDay)))
    let maintainer = try #require(try database.store.makeMaintainer())
    defer { maintainer.close() }
    #expect(try !maintainer.keep(summary))
    #expect(try maintainer.keep(try #require(try database.store.read { try PeriodSummary(of: $0, period) })))
    #expect(try differences(database) == [])
  }

  @Test func rebuildMendsTallies() throws {
    let database = try filled()
    try database.execute("UPDATE tallies SET cells = zeroblob(20) WHERE tally % 7 = 0; DELETE FROM tallies WHERE tally % 7 = 1")
    try database.execute("INSERT INTO tallies SELECT (9 << 32) + (tally & 4294967295), cells FROM tallies LIMIT 1")
    try database.execute("INSERT INTO tallies SELECT tally + 200, cells FROM tallies WHERE tally % 50 = 2")
    #expect(try !differences(database).isEmpty)
    let span = Span(from: Timestamp(microseconds: StoreSuite.start), to: Timestamp(microseconds: StoreSuite.start + 10 * Timestamp.microsecondsPerDay))
    let outcome = try Rebuilder(database.store).rebuild(span).outcome
    #expect(outcome.talliesChanged > 0)
    #expect(outcome.bucketsOfOtherVerdicts.allSatisfy { $0.microseconds > StoreSuite.start + Timestamp.microsecondsPerDay })
    #expect(try differences(database) == [])
  }

  @Test func countsRepeatedIDs() throws {
    let database = try TemporaryDatabase()
    let writer = try database.store.makeWriter(options: WriterOptions())
    var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
    let start = StoreSuite.start
    _ = try writer.store(
      StoreSuite.batch([
        .init("a", start), .init("a", start + 1), .init("a", start + 2), .init("b", start), .init("b", start + 9),
        .init("c", start), .init("c", start + 1) { $0.source = "t" },
      ]), in: &run)
    #expect(try database.store.read { try RepeatedIDs.count(in: $0) } == 2)
  }
}
