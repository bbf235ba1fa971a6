import Foundation
import Testing

private let one = #"{"id":"a","time":"2026-01-10T12:00:00Z","verdict":"safe"}"#

@Suite struct CommandTests {
  @Test func storesOnceAndSaysSo() throws {
    let shell = try Shell()
    let first = try shell.run("printf '%s\\n' '\(one)' '' '{\"id\":\"b\"' | guardtally ingest --json --rejects rejects.csv")
    #expect(first.status == 65)
    #expect(first.output == #"{"read":2,"stored":1,"duplicates":0,"conflicts":0,"rejected":1,"unrecognised":0}"# + "\n")
    #expect(first.errors == "stdin:3: bad_json: the line is not valid JSON (byte 59)\nread=2 stored=1 duplicates=0 conflicts=0 rejected=1 unrecognised=0\n")
    #expect(try String(contentsOf: shell.folder.appending(path: "rejects.csv"), encoding: .utf8) == "input,line,offset,length,code\r\nstdin,3,59,9,bad_json\r\n")
    let second = try shell.run("printf '%s\\n' '\(one)' '\(one.replacing("safe", with: "unsafe"))' | guardtally ingest --allow-rejects")
    #expect(second.status == 0)
    #expect(second.lastErrorLine == "read=2 stored=0 duplicates=1 conflicts=1 rejected=0 unrecognised=0")
    #expect(second.output.isEmpty)
    #expect(try shell.run("guardtally verify").status == 0)
  }

  /// Every exit code of the contract, and that results and talk are kept apart.
  @Test(arguments: [
    ("guardtally report safe-ratio", Int32(69)), ("guardtally verify --db nowhere/x.db", 69), ("guardtally metrics", 69),
    ("guardtally ingest missing.ndjson", 1), ("guardtally ingest .", 1), ("guardtally report nothing", 64),
    ("guardtally report safe-ratio --to 2026-01-01", 64), ("guardtally report safe-ratio --from 2026-01-02 --to 2026-01-02", 64),
    ("guardtally report safe-ratio --from 2026-01-02 --last 1h", 64), ("guardtally report safe-ratio --tz Mars/Olympus", 64),
    ("guardtally report safe-ratio --by colour", 64), ("guardtally report safe-ratio --by language,language", 64),
    ("guardtally report safe-ratio --every 2h", 64), ("guardtally report safe-ratio --where language", 64),
    ("guardtally report safe-ratio --sort colour", 64), ("guardtally report safe-ratio --limit -1", 64),
    ("guardtally report safe-ratio --format xml", 64), ("guardtally report safe-ratio --from yesterday", 64),
    ("guardtally nothing", 64), ("guardtally ingest --set id=x", 64), ("guardtally ingest --assume-time soon", 64),
    ("guardtally ingest --assign-ids", 64), ("guardtally rebuild --from 2026-01-02 --to 2026-01-01", 64), ("guardtally generate --days 0", 64),
    ("guardtally ingest --db postgres://127.0.0.1:1/x", 69), ("guardtally report safe-ratio --db postgres://127.0.0.1:1/x", 69),
    ("guardtally ingest --db mysql://localhost/x", 64), ("guardtally ingest --db postgres://127.0.0.1:1/x --schema pg_x", 64),
    ("guardtally ingest --db postgres://%zz/x", 64), ("guardtally aggregate", 69), ("guardtally aggregate --textfile ''", 64),
    ("guardtally ingest --db postgres:u:secret@h/x", 64), ("guardtally ingest --db 'host=h password=secret'", 64), ("guardtally aggregate --keep-verdicts soon", 64),
    ("guardtally aggregate --every 5s --now 2026-01-01", 64), ("guardtally aggregate --tz Mars/Olympus", 64), ("guardtally metrics --windows 90s", 64),
  ])
  func failsWithItsCode(command: String, status: Int32) throws {
    let shell = try Shell()
    let outcome = try shell.run(command)
    #expect(outcome.status == status)
    #expect(!outcome.errors.isEmpty)
    #expect(!outcome.errors.contains("secret"))
    #expect(outcome.output.isEmpty || command.contains("metrics"))
    #expect(!FileManager.default.fileExists(atPath: shell.folder.appending(path: "guardtally.db").path()))
  }

  @Test func damagedGzipStoresWhatCameBefore() throws {
    let shell = try Shell()
    let outcome = try shell.run("guardtally generate --rows 5000 | gzip > t.gz; head -c 60000 t.gz > cut.gz; guardtally ingest cut.gz")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("cut_line"))
    #expect(outcome.errors.contains("the gzip stream ends in the middle"))
    #expect(try shell.run("guardtally verify").status == 0)
    let whole = try shell.run("guardtally ingest t.gz && guardtally report safe-ratio --from 2026-01-01 --to 2026-01-02 --format csv | tail -n 1 | cut -d, -f3")
    #expect(whole.output.trimmingCharacters(in: .whitespacesAndNewlines) == "5000")
  }

  @Test func syntheticVerdictsStayApart() throws {
    let shell = try Shell()
    #expect(try shell.run("printf '%s\\n' '\(one)' | guardtally ingest").status == 0)
    let mixed = try shell.run("guardtally generate --rows 10 | guardtally ingest")
    #expect(mixed.status == 64)
    #expect(mixed.lastErrorLine == "read=0 stored=0 duplicates=0 conflicts=0 rejected=0 unrecognised=0")
    #expect(try shell.run("guardtally generate --rows 10 | guardtally ingest --allow-synthetic").status == 0)
  }

  @Test func refusedRecordsLeaveNothing() throws {
    let shell = try Shell()
    let refused = #"{"id":"x","time":"nonsense","verdict":"safe","source":"synthetic","method":"ghost"}"#
    let outcome = try shell.run("printf '%s\n' '\(refused)' '\(one)' | guardtally ingest; guardtally metrics | grep -E 'ghost|synthetic|folded.*[1-9]$'")
    #expect(outcome.errors.hasSuffix("read=2 stored=1 duplicates=0 conflicts=0 rejected=1 unrecognised=0\n"))
    #expect(outcome.output.isEmpty)
  }

  /// What a slow feed has sent is stored after about a second, and its age is that of its arrival.
  @Test func slowFeedsAreStoredMeanwhile() throws {
    let shell = try Shell()
    let feed = "(for n in 1 2 3 4 5 6 7 8 9; do printf '{\"id\":\"%s\",\"time\":\"%s\",\"verdict\":\"safe\"}\n' $n $(date -u +%Y-%m-%dT%H:%M:%SZ); sleep 0.4; done)"
    let script = "\(feed) | guardtally ingest --time-ahead-max 1s 2> ledger & sleep 2.6; guardtally report safe-ratio --last 1h | tail -n 1 | cut -d, -f3; wait; cat ledger"
    let lines = try shell.run(script).output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect((1...8).contains(Int(lines.first?.filter(\.isNumber) ?? "") ?? 0))
    #expect(lines.last == "read=9 stored=9 duplicates=0 conflicts=0 rejected=0 unrecognised=0")
  }

  @Test func outputsSpareTheDatabaseAndTheInputs() throws {
    let shell = try Shell()
    let made = try shell.run("printf '%s\n' '\(one)' > in.ndjson; guardtally ingest --db x.db --rejects ./x.db in.ndjson")
    #expect(made.status == 64)
    #expect(made.lastErrorLine == "read=1 stored=1 duplicates=0 conflicts=0 rejected=0 unrecognised=0")
    for script in ["guardtally ingest --db x.db --rejects in.ndjson in.ndjson", "ln -s x.db y; guardtally report safe-ratio --db x.db --output y"] {
      #expect(try shell.run(script).status == 64)
    }
    #expect(try shell.run("guardtally verify --db x.db && cat in.ndjson").output.hasSuffix(one + "\n"))
    let piped = try shell.run("mkfifo p; cat p > copy & guardtally report safe-ratio --db x.db --from 2026-01-10 --to 2026-01-11 --output p; wait; wc -l < copy")
    #expect(piped.output.filter(\.isNumber) == "2")
  }

  @Test func assignedIDsAreTheSameAgain() throws {
    let shell = try Shell()
    let line = #"{"time":"2026-01-10T12:00:00Z","verdict":"safe"}"#
    let script = "printf '%s\\n' '\(line)' '\(line)' > log.ndjson; guardtally ingest --assign-ids log.ndjson; gzip log.ndjson; guardtally ingest --assign-ids --input-name log.ndjson log.ndjson.gz"
    let outcome = try shell.run(script)
    #expect(outcome.errors == "read=2 stored=2 duplicates=0 conflicts=0 rejected=0 unrecognised=0\nread=2 stored=0 duplicates=2 conflicts=0 rejected=0 unrecognised=0\n")
  }

  @Test func generateIsTheSameEverywhere() throws {
    let shell = try Shell()
    let outcome = try shell.run("guardtally generate --rows 3 --seed 9 --days 1")
    #expect(try shell.run("guardtally generate --rows 3 --seed 9 --days 1").output == outcome.output)
    #expect(outcome.output.split(separator: "\n").count == 3)
    #expect(outcome.output.hasPrefix(#"{"id":"9-000000000000","time":"2026-01-01T0"#))
  }

  @Test func outputFilesAppearWhole() throws {
    let shell = try Shell()
    let outcome = try shell.run("printf '%s\\n' '\(one)' | guardtally ingest; guardtally report safe-ratio --from 2026-01-10 --to 2026-01-11 --output r.csv; ls; guardtally report safe-ratio --last 1h --output no/where.csv")
    #expect(outcome.status == 1)
    #expect(outcome.output.split(separator: "\n").contains("r.csv"))
    #expect(!outcome.output.contains(".tmp"))
    #expect(try String(contentsOf: shell.folder.appending(path: "r.csv"), encoding: .utf8).hasSuffix(",1,1,0,0,0,1.000000,0.206549,1.000000,1.000000,0.000000\r\n"))
  }

  @Test func limitSaysWhatItLeft() throws {
    let shell = try Shell()
    let outcome = try shell.run("guardtally generate --rows 500 | guardtally ingest 2>/dev/null; guardtally report safe-ratio --from 2026-01-01 --to 2026-01-02 --every 1h --limit 2 --format csv")
    #expect(outcome.output.split(separator: "\r\n").count == 3)
    #expect(outcome.errors == "guardtally: 22 more rows were left out by --limit 2\n")
  }
}
