"""Every kind of damage to a Postgres store is found by `verify`, and what can be recounted is mended by `rebuild`.

`python3 test_damage.py --binary PATH [--rows 20000]`, within script/with-postgres; standard library only. Each damage is done
behind the program's back to a copy of one store that has all there is: folded tallies, pending deltas, sealed days, a floor.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass

import traffic
from harness import Checks, Program
from oracle import MICROSECONDS
from postgres import PostgresDatabases

FIRST, FLOOR, END = "2026-03-02", "2026-03-05", "2026-03-09"
DAY = "2026-03-06"
NOW = "2026-03-09T00:00:00Z"


@dataclass(frozen=True)
class Damage:
    """A change behind the program's back; `mended` where a recount of the verdicts puts it right."""

    name: str
    sql: str
    mended: bool = False


def in_day(day: str, column: str = "tally") -> str:
    bucket = traffic.instant(day) // (15 * 60 * MICROSECONDS)
    return f"{column} % 4294967296 BETWEEN {bucket} AND {bucket + 95}"


def a_verdict(position: int = 7) -> str:
    """One verdict of a day that has pending deltas, away from the end of its bucket."""
    begin = traffic.instant(DAY)
    return (
        f"(time, source, id) = (SELECT time, source, id FROM verdicts WHERE time >= {begin} AND time % 900000000 < 600000000"
        f" ORDER BY time, source, id LIMIT 1 OFFSET {position})"
    )


def a_tally(position: int, day: str = DAY) -> str:
    return f"(SELECT tally FROM tallies WHERE {in_day(day)} ORDER BY tally LIMIT 1 OFFSET {position})"


def one_of(table: str, order: str, position: int = 5) -> str:
    """A row of a table without a key."""
    return f"ctid = (SELECT ctid FROM {table} ORDER BY {order}, ctid LIMIT 1 OFFSET {position})"


def of_verdicts() -> list[Damage]:
    changed = {
        "its model": "model = (SELECT max(code) FROM coded_values WHERE field = 1 AND code <> verdicts.model)",
        "its source": "source = (SELECT max(code) FROM coded_values WHERE field = 0 AND code <> verdicts.source)",
        "its method": "method = (SELECT max(code) FROM coded_values WHERE field = 3 AND code <> verdicts.method)",
        "its language": "language = (SELECT max(code) FROM coded_values WHERE field = 4 AND code <> verdicts.language)",
        "its region": "region = (SELECT max(code) FROM coded_values WHERE field = 5 AND code <> verdicts.region)",
        "its latency by a microsecond": "latency = coalesce(latency, 0) + 1",
        "its latency removed or made": "latency = CASE WHEN latency IS NULL THEN 5 END",
        "its risk types": "risk_types = risk_types # 1",
        "its attributes": "attributes = (SELECT max(other.attributes) FROM verdicts AS other WHERE other.attributes <> verdicts.attributes)",
        "its lowest attribute": "attributes = attributes # 1",
        "its id": "id = id || 'x'",
        "its id's letter case": "id = CASE WHEN id = upper(id) THEN lower(id) ELSE upper(id) END",
        "its time by a microsecond": "time = time + 1",
        "its time by a bucket": "time = time + 900000000",
        "its time by a day": f"time = time + {traffic.DAY}",
        "a dimension's code that does not exist": "region = 30000",
    }
    copied = "time, latency, source, model, method, language, region, risk_types, attributes"
    return [
        *(Damage(f"a verdict: {name}", f"UPDATE verdicts SET {change} WHERE {a_verdict()}") for name, change in changed.items()),
        Damage("a verdict deleted", f"DELETE FROM verdicts WHERE {a_verdict()}"),
        Damage("a day's verdicts deleted", f"DELETE FROM verdicts WHERE time / {traffic.DAY} = {traffic.instant(DAY) // traffic.DAY}"),
        Damage("a verdict added", f"INSERT INTO verdicts ({copied}, id) SELECT {copied}, id || '-2' FROM verdicts WHERE {a_verdict()}"),
        Damage("a verdict again a microsecond later", f"INSERT INTO verdicts ({copied}, id)"
               f" SELECT time + 1{copied.removeprefix('time')}, id FROM verdicts WHERE {a_verdict()}"),
        Damage("all verdicts deleted", "DELETE FROM verdicts"),
        Damage("a partition taken off", "DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE guardtally.verdicts DETACH PARTITION '"
               " || inhrelid::regclass FROM pg_inherits WHERE inhparent = 'guardtally.verdicts'::regclass"
               " ORDER BY pg_total_relation_size(inhrelid) DESC LIMIT 1); END $$"),
        Damage("a partition dropped", "DO $$ BEGIN EXECUTE (SELECT 'DROP TABLE ' || inhrelid::regclass FROM pg_inherits"
               " WHERE inhparent = 'guardtally.verdicts'::regclass ORDER BY pg_total_relation_size(inhrelid) DESC LIMIT 1); END $$"),
    ]  # fmt: skip


def of_tallies() -> list[Damage]:
    one = a_tally(3)
    delta = one_of("tally_deltas", "tally")
    return [
        Damage("a tally with another's counts", f"UPDATE tallies SET cells = (SELECT cells FROM tallies WHERE tally = {a_tally(40)})"
               f" WHERE tally = {one}", True),
        Damage("a tally with one bit changed", "UPDATE tallies SET cells = set_bit(cells, 9, 1 - get_bit(cells, 9))"
               f" WHERE tally = {one}", True),
        Damage("a tally cut", f"UPDATE tallies SET cells = substring(cells FROM 1 FOR length(cells) - 1) WHERE tally = {one}", True),
        Damage("a tally emptied", f"UPDATE tallies SET cells = '' WHERE tally = {one}", True),
        Damage("a tally deleted", f"DELETE FROM tallies WHERE tally = {one}", True),
        Damage("a tally of a pair deleted", f"DELETE FROM tallies WHERE tally = (SELECT max(tally) FROM tallies WHERE {in_day(DAY)})", True),
        Damage("a tally added where there are no verdicts", f"INSERT INTO tallies SELECT tally + 960, cells FROM tallies WHERE tally = {one}"),
        Damage("a tally of no combination", "INSERT INTO tallies SELECT 60 * 4294967296 + tally % 4294967296, cells FROM tallies LIMIT 1"),
        Damage("a tally below nothing", "INSERT INTO tallies SELECT -5, cells FROM tallies LIMIT 1"),
        Damage("all tallies deleted", "DELETE FROM tallies"),
        Damage("a sealed day's tally changed", f"UPDATE tallies SET cells = (SELECT cells FROM tallies WHERE tally = {a_tally(40, FIRST)})"
               f" WHERE tally = {a_tally(3, FIRST)}"),
        Damage("a sealed day's tally deleted", f"DELETE FROM tallies WHERE tally = {a_tally(3, FIRST)}"),
        Damage("a delta with another's counts", "UPDATE tally_deltas SET cells = (SELECT cells FROM tally_deltas WHERE"
               f" {one_of('tally_deltas', 'tally', 90)}) WHERE {delta}", True),
        Damage("a delta with one bit changed", f"UPDATE tally_deltas SET cells = set_bit(cells, 9, 1 - get_bit(cells, 9)) WHERE {delta}", True),
        Damage("a delta deleted", f"DELETE FROM tally_deltas WHERE {delta}", True),
        Damage("all deltas deleted", "DELETE FROM tally_deltas", True),
        Damage("a delta doubled", f"INSERT INTO tally_deltas SELECT * FROM tally_deltas WHERE {delta}", True),
        Damage("a delta of another bucket", f"UPDATE tally_deltas SET tally = tally + 1 WHERE {delta}", True),
        Damage("a delta below the floor", f"INSERT INTO tally_deltas SELECT {a_tally(3, FIRST)}, cells FROM tally_deltas LIMIT 1"),
        Damage("a delta of no combination", "INSERT INTO tally_deltas SELECT 60 * 4294967296 + tally % 4294967296, cells FROM tally_deltas LIMIT 1"),
    ]  # fmt: skip


def of_counters_and_ledger() -> list[Damage]:
    delta = one_of("counter_deltas", "counter, label, part")
    ledger = ("read = read + 1, duplicates = duplicates + 1", "stored = stored - 1, rejected = rejected + 1", "input = 'other'",
              "started_at = started_at + 1", "unrecognised = unrecognised + 1", "checksum = checksum + 1", "run = run + 1000")  # fmt: skip
    return [
        Damage("a counter lowered", "UPDATE counters SET value = value - 1 WHERE counter = 'request' AND part = 'safe' AND label = 'judge'"),
        Damage("a counter lowered far below", "UPDATE counters SET value = 0 WHERE counter = 'request' AND part = 'safe'"),
        Damage("a counter of latencies lowered", "UPDATE counters SET value = 0 WHERE counter = 'request_duration_sum'"),
        Damage("a counter of ingestion raised", "UPDATE counters SET value = value + 1 WHERE counter = 'ingest_records'"),
        Damage("a counter of ingestion lowered", "UPDATE counters SET value = value - 1 WHERE counter = 'ingest_records'"),
        Damage("counters deleted", "DELETE FROM counters WHERE counter = 'risk_type'"),
        Damage("a counter's delta deleted", f"DELETE FROM counter_deltas WHERE {delta}"),
        Damage("all counters' deltas deleted", "DELETE FROM counter_deltas"),
        Damage("deltas of ingestion doubled", "INSERT INTO counter_deltas SELECT * FROM counter_deltas WHERE counter = 'ingest_records'"),
        *(Damage(f"a ledger row: {change}", f"UPDATE ledger SET {change} WHERE run = (SELECT max(run) FROM ledger)") for change in ledger),
        Damage("a ledger row deleted", "DELETE FROM ledger WHERE run = (SELECT min(run) FROM ledger)"),
        Damage("a ledger row doubled", "INSERT INTO ledger SELECT run + 1000, input, started_at, read, stored, duplicates, conflicts,"
               " rejected, unrecognised, checksum FROM ledger WHERE run = (SELECT max(run) FROM ledger)"),
        Damage("a source's newest verdict, later", "UPDATE source_activity SET last_verdict = last_verdict + 1"),
        Damage("a source's newest verdict, earlier", "DELETE FROM source_activity_deltas;"
               " UPDATE source_activity SET last_verdict = last_verdict - 1"),
    ]  # fmt: skip


def of_values_and_floor() -> list[Damage]:
    most = "(SELECT code FROM coded_values WHERE field = 4 AND value = 'en')"
    return [
        Damage("a value renamed", "UPDATE coded_values SET value = 'xx' WHERE field = 4 AND value = 'en'"),
        Damage("a value in another letter case", "UPDATE coded_values SET value = 'EN' WHERE field = 4 AND value = 'en'"),
        Damage("a value deleted", f"DELETE FROM coded_values WHERE field = 4 AND code = {most}"),
        Damage("a value of another code", "UPDATE coded_values SET code = 30000 WHERE field = 4 AND value = 'en'"),
        Damage("two values exchanged", "UPDATE coded_values SET code = -code + 60000 WHERE field = 1 AND code <= 2;"
               " UPDATE coded_values SET code = CASE code WHEN 59999 THEN 2 ELSE 1 END WHERE field = 1 AND code >= 59998"),
        Damage("the floor a day later", f"UPDATE store_state SET value = value + {traffic.DAY} WHERE name = 'floor'"),
        Damage("the floor a day earlier", f"UPDATE store_state SET value = value - {traffic.DAY} WHERE name = 'floor'"),
        Damage("the floor a microsecond later", "UPDATE store_state SET value = value + 1 WHERE name = 'floor'"),
        Damage("the floor removed", "DELETE FROM store_state WHERE name = 'floor'"),
        Damage("the count of dropped verdicts", "UPDATE store_state SET value = value - 1 WHERE name = 'verdicts_retired'"),
        Damage("a seal deleted", "DELETE FROM sealed_days WHERE day = (SELECT min(day) FROM sealed_days)"),
        Damage("a seal's count", "UPDATE sealed_days SET verdicts = verdicts + 1 WHERE day = (SELECT min(day) FROM sealed_days)"),
        Damage("a seal's checksum", "UPDATE sealed_days SET digest = set_bit(digest, 9, 1 - get_bit(digest, 9))"),
        Damage("a seal of another day", "UPDATE sealed_days SET day = day - 100 WHERE day = (SELECT min(day) FROM sealed_days)"),
    ]  # fmt: skip


def fill(checks: Checks, program: Program, stores: PostgresDatabases, rows: int) -> str:
    """A store with sealed days below a floor, folded tallies, and deltas that are yet to be folded."""
    checks.group("a store with everything")
    database = stores.fresh("everything")
    lines = list(traffic.records(rows, 7, traffic.instant(FIRST), 7, "random", "uuid"))
    kept = [line for line in traffic.records(rows // 2, 8, traffic.instant(FLOOR), 4, "random", "uuid")]
    checks.equal(program.ingest(database, "--input-name", "first", stdin="\n".join(lines).encode()).code, 0, "first input")
    done = program.aggregate(database, "--keep-verdicts", "4d", "--now", NOW)
    checks.equal((done.code, done.aggregation and done.aggregation.floor), (0, f"{FLOOR}T00:00:00Z"), f"aggregate ({done.brief()})")
    checks.equal(program.ingest(database, "--input-name", "second", stdin="\n".join(kept).encode()).code, 0, "second input")
    for table in ("tally_deltas", "counter_deltas", "sealed_days", "tallies", "source_activity"):
        checks.check(int(stores.value(database, f"SELECT count(*) FROM {table}")) > 2, f"{table} has rows")
    verified = program.verify(database)
    checks.equal(verified.code, 0, f"verify ({verified.brief()})")
    return database


def check_damage(checks: Checks, program: Program, stores: PostgresDatabases, database: str, damage: Damage) -> None:
    damaged = stores.copy(database, "damaged")
    done = stores.execute(damaged, damage.sql)
    checks.check(bool(done) and not any(tag.endswith(" 0") for tag in done), f"{damage.name}: it was done", done)
    result = program.verify(damaged)
    checks.check(result.code == 1 and bool(result.stdout + result.stderr), damage.name, (result.brief(), result.stdout[-200:]))
    if damage.mended:
        rebuilt = program.run("rebuild", "--from", FLOOR, "--to", END, "--db", damaged)
        verified = program.verify(damaged)
        checks.check(rebuilt.code == 0 and verified.code == 0, f"{damage.name}: rebuilt", (rebuilt.brief(), verified.stdout[-300:]))
    if "one bit" in damage.name:
        shown = program.run("report", "safe-ratio", "--from", FLOOR, "--to", END, "--every", "15m", "--by", "source", "--db", damaged)
        whole = program.run("report", "safe-ratio", "--from", FLOOR, "--to", END, "--every", "15m", "--by", "source", "--db", database)
        checks.check(shown.code != 0 or shown.stdout == whole.stdout, f"{damage.name}: no wrong number is shown", shown.brief())
    stores.drop(damaged)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks("damage")
    with tempfile.TemporaryDirectory(), PostgresDatabases() as stores:
        database = fill(checks, program, stores, options.rows)
        for name, damages in (
            ("verdicts", of_verdicts()), ("tallies and deltas", of_tallies()), ("counters and ledger", of_counters_and_ledger()),
            ("values, floor and seals", of_values_and_floor()),
        ):  # fmt: skip
            checks.group(f"damage to {name}")
            for damage in damages:
                check_damage(checks, program, stores, database, damage)
        checks.group("the store that was copied")
        checks.equal(program.verify(database).code, 0, "verify")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
