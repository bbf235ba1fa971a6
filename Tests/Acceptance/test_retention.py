"""Retention of half of 14 days: what is kept stays the same to the byte, what is gone is refused, and space comes back.

`python3 test_retention.py --binary PATH [--store sqlite] [--rows 200000] [--seed 7]`; standard library only.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import re
import sys
import tempfile
from collections.abc import Iterator

import traffic
from harness import Aggregation, Checks, Ledger, Program, outputs
from oracle import DIMENSIONS, MICROSECONDS, parse_exposition
from postgres import Databases, PostgresDatabases, add_store_option, databases

FIRST, END = "2026-03-02", "2026-03-16"
NOW = "2026-03-16T00:30:00Z"
FLOOR_DAY = "2026-03-09"
FLOOR = f"{FLOOR_DAY}T00:00:00Z"
KEEP = ("--keep-verdicts", "7d", "--now", NOW)
SPAN = ("--from", f"{FIRST}T00:00:00Z", "--to", f"{END}T00:00:00Z")

REPORTS = ("safe-ratio", "categories", "latency", "errors")
WIDTHS = ("", "15m", "1h", "1d", "1w", "1mo")
# The combinations that are kept for ever.
KEPT = ("", *DIMENSIONS, "language,region", "source,model,stage,method")
ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")

# One 15-minute bucket is a tally's low 32 bits, counted from 1970.
BUCKETS_OF_A_DAY = 96
DAMAGED_DAY = "2026-03-05"


def command(report: str, span: tuple[str, ...] = SPAN, every: str = "", by: str = "", zone: str = "") -> tuple[str, ...]:
    options = (("--every", every), ("--by", by), ("--tz", zone))
    chosen = itertools.chain.from_iterable(option for option in options if option[1])
    return ("report", report, *span, *chosen, "--format", "csv")


def kept_commands() -> Iterator[tuple[str, ...]]:
    """Every report by every kept combination and width, the zone and the span taking turns."""
    spans = (
        SPAN, SPAN, ("--from", "2026-03-04T17:45:00Z", "--to", "2026-03-11T03:15:00Z"),
        ("--from", "2026-03-03", "--to", "2026-03-09"), ("--from", "2026-03-10T00:00:00+05:45", "--to", "2026-03-14"),
    )  # fmt: skip
    turn = 0
    for report, every, by in itertools.product(REPORTS, WIDTHS, KEPT):
        turn += 1
        yield command(report, spans[turn % len(spans)], every, by, ZONES[turn % len(ZONES)])
    for report in REPORTS:
        yield (*command(report, by="region"), "--where", "language=en,zh*")
        yield (*command(report, every="1d"), "--where", "model=qwen*")


def late_commands() -> Iterator[tuple[str, ...]]:
    """What needs verdicts, asked of those that are kept."""
    span = ("--from", FLOOR, "--to", "2026-03-11T07:07:07Z")
    for report in REPORTS:
        yield command(report, span, "5m", "region")
        yield command(report, span, "1m")
        yield command(report, span, "1h", "language,model")
        yield command(report, ("--from", "2026-03-09T00:00:01Z", "--to", "2026-03-12T10:00:00.5Z"), "", "source,language")


def refused_commands() -> Iterator[tuple[str, ...]]:
    """What needs verdicts that are gone."""
    for report in REPORTS:
        yield command(report, by="language,model")
        yield command(report, every="5m")
        yield command(report, every="1m", by="region")
        yield command(report, ("--from", "2026-03-03T00:07:00Z", "--to", FLOOR), "1h")
        yield command(report, ("--from", "2026-03-08T23:59:59Z", "--to", END), "1d", "source,region")
    yield (*command("safe-ratio", by="language"), "--where", "model=qwen*")


def total(program: Program, database: str, *span: str) -> int:
    """`total` of a safe-ratio report without `--by`; no row means no verdict."""
    lines = program.run("report", "safe-ratio", *span, "--format", "csv", "--db", database).stdout.decode().splitlines()
    return int(lines[1].split(",")[2]) if len(lines) > 1 else 0


def counters(program: Program, database: str, now: str = NOW) -> dict[object, float]:
    """The counters that ingestion raises; aggregation has its own."""
    text = program.run("metrics", "--now", now, "--db", database).stdout.decode()
    names = re.compile("qwen_guard_.*_total|qwen_guard_request_duration_.*|guardtally_(ingest_records|unrecognised_values)_total")
    return {series: value for series, value in parse_exposition(text).items() if names.fullmatch(series[0])}


def sample(program: Program, database: str, now: str) -> dict[str, bytes]:
    """The exposition's window gauges at one moment, as sorted lines."""
    text = program.run("metrics", "--now", now, "--db", database).stdout
    lines = (line for line in text.split(b"\n") if b"window=" in line)
    return {f"windows of metrics --now {now}": b"\n".join(sorted(lines))}


def partition_sizes(stores: PostgresDatabases, database: str) -> dict[str, int]:
    name = stores.name(database)
    return {
        partition: int(stores.server.value(name, f"SELECT pg_total_relation_size('{partition}')"))
        for partition in stores.server.partitions(name)
    }


def in_day(day: str) -> str:
    """The tallies of a day, as a condition."""
    bucket = traffic.instant(day) // (15 * 60 * MICROSECONDS)
    return f"tally % 4294967296 BETWEEN {bucket} AND {bucket + BUCKETS_OF_A_DAY - 1}"


def a_tally_of(day: str, position: int = 3) -> str:
    return f"(SELECT tally FROM tallies WHERE {in_day(day)} ORDER BY tally LIMIT 1 OFFSET {position})"


def check_refused(checks: Checks, program: Program, database: str) -> None:
    checks.group("reports that need what was dropped")
    for refused in refused_commands():
        name = " ".join(refused)
        result = program.run(*refused, "--db", database)
        checks.equal((result.code, result.stdout), (1, b""), f"{name}: exit code and stdout")
        text = result.stderr.decode()
        checks.check(FLOOR_DAY in text, f"{name}: says since when verdicts are kept", text)
        # Assumption: "naming what is kept" names the grain and the pair of dimensions that is kept.
        checks.check("15" in text and "language" in text and "region" in text, f"{name}: names what is kept", text)
        checks.check(len(text.splitlines()) <= 3, f"{name}: briefly", text)


def check_expired(checks: Checks, program: Program, database: str, folder: str, path: str, before: int, rows: int) -> None:
    """Nothing can tell whether a record from before the floor came already, so none is let in."""
    checks.group("records before the floor")
    again = program.ingest(database, path)
    checks.equal(again.code, 65, "exit code of the same file again")
    checks.equal(again.json_ledger, Ledger(rows, 0, rows - before, 0, before, 0), "its ledger")
    late, rejects = os.path.join(folder, "late.ndjson"), os.path.join(folder, "late.csv")
    with open(late, "w", encoding="utf-8") as file:
        for number, instant in enumerate(("2026-03-08T23:59:59.999999Z", FLOOR, "2026-03-09T05:29:59+05:30", "2010-01-01T00:00:00Z")):
            file.write(f'{{"id":"late-{number}","time":"{instant}","verdict":"unsafe","source":"late"}}\n')
    result = program.ingest(database, "--rejects", rejects, late)
    checks.equal((result.code, result.json_ledger), (65, Ledger(4, 1, 0, 0, 3, 0)), "one at the floor and three before")
    with open(rejects, encoding="utf-8", newline="") as file:
        refused = [(row["line"], row["code"]) for row in csv.DictReader(file)]
    checks.equal(refused, [("1", "expired"), ("3", "expired"), ("4", "expired")], "the rejects file")
    checks.check(b"2026-03-08" not in result.stderr, "messages quote no record's time", result.stderr)
    checks.equal(program.verify(database).code, 0, "verify")


def check_sealed_damage(checks: Checks, program: Program, stores: Databases, database: str) -> None:
    """Tallies of dropped days cannot be recounted any more; their days' checksums stand for the recount."""
    checks.group("damage below the floor is found")
    other = a_tally_of("2026-03-03", 40)
    tallied = [command(report, SPAN, every, by) for report in REPORTS for every in ("", "1d") for by in KEPT]
    before = outputs(program, database, tallied)
    for number, (name, sql) in enumerate(
        (
            ("a tally with another's counts", f"UPDATE tallies SET cells = (SELECT cells FROM tallies WHERE tally = {other})"
             f" WHERE tally = {a_tally_of('2026-03-03')}"),
            ("a tally deleted", f"DELETE FROM tallies WHERE tally = {a_tally_of('2026-03-08', 100)}"),
            ("a day's tallies deleted", f"DELETE FROM tallies WHERE {in_day('2026-03-02')}"),
            ("a tally added in a day that had none", "INSERT INTO tallies SELECT"
             f" tally - 30 * {BUCKETS_OF_A_DAY}, cells FROM tallies WHERE tally = {a_tally_of('2026-03-02')}"),
            ("seals deleted", "DELETE FROM sealed_days"),
            ("the floor a day later", f"UPDATE store_state SET value = value + {traffic.DAY} WHERE name = 'floor'"),
            ("the floor a day earlier", f"UPDATE store_state SET value = value - {traffic.DAY} WHERE name = 'floor'"),
            ("the floor removed", "DELETE FROM store_state WHERE name = 'floor'"),
            ("the count of dropped verdicts", "UPDATE store_state SET value = value - 1 WHERE name = 'verdicts_retired'"),
        )
    ):  # fmt: skip
        damaged = stores.copy(database, f"damaged-{number}")
        checks.equal(program.verify(damaged).code, 0, f"{name}: verify of the copy")
        stores.execute(damaged, sql)
        result = program.verify(damaged)
        checks.check(result.code == 1 and result.stdout + result.stderr != b"", name, result.brief())
        if "store_state" in sql:
            for words, output in outputs(program, damaged, tallied).items():
                checks.check(output == before[words] or b"verify" in output, f"{name}: {words}: the same, or an error", output[:300])
        stores.drop(damaged)


def check_day_that_does_not_verify(
    checks: Checks, program: Program, stores: Databases, database: str, all_before: int
) -> None:
    """A day is dropped only when its tallies are known to stand for it. `database` still has all its days."""
    checks.group("a day that does not verify is not dropped")
    stores.execute(database, f"DELETE FROM tallies WHERE tally = {a_tally_of(DAMAGED_DAY, 100)}")
    checks.equal(program.verify(database).code, 1, "verify")
    span = ("--from", f"{DAMAGED_DAY}T00:00:00Z", "--to", f"{END}T00:00:00Z")
    commands = [command("safe-ratio", span, "5m", "language,model"), command("errors", span, "1m"), command("latency", span, "", "source")]
    before = outputs(program, database, commands)
    result = program.aggregate(database, *KEEP)
    checks.equal(result.code, 1, f"exit code of aggregate ({result.brief()})")
    checks.check(DAMAGED_DAY.encode() in result.stderr, "says which day", result.stderr)
    checks.same_outputs(before, outputs(program, database, commands), "nothing of it or of later days is gone")
    checks.equal(program.verify(database).code, 1, "verify still finds it")
    again = program.aggregate(database, *KEEP)
    checks.equal(again.code, 1, "exit code of aggregate again")
    rebuilt = program.run("rebuild", "--from", DAMAGED_DAY, "--to", "2026-03-06", "--db", database)
    checks.equal(rebuilt.code, 0, f"rebuild of the day ({rebuilt.brief()})")
    result = program.aggregate(database, *KEEP)
    done = result.aggregation
    checks.equal(result.code, 0, f"exit code of aggregate after rebuild ({result.brief()})")
    # Assumption: the sound days before the damaged one may be dropped at the first run or wait for it.
    if checks.check(done is not None, "its line", result.stdout):
        checks.check(done.floor == FLOOR and 4 <= done.days_dropped <= 7, "its floor and days", done)
        waiting = total(program, database, "--from", DAMAGED_DAY, "--to", FLOOR_DAY)
        checks.check(done.verdicts_dropped in (all_before, waiting), "its verdicts", (done, all_before, waiting))
    checks.equal(program.verify(database).code, 0, "verify at last")
    refused = program.run("rebuild", "--from", "2026-03-08", "--to", "2026-03-10", "--db", database)
    checks.equal(refused.code, 1, "rebuild of a span that begins before the floor")
    checks.check(FLOOR_DAY.encode() in refused.stderr, "which says where the floor is", refused.stderr)


def check_short_keeping(
    checks: Checks, program: Program, stores: Databases, database: str, sums: dict[object, float]
) -> None:
    """A time to keep that is shorter than the longest window must not cost the whole exposition.

    Assumption: it is refused as wrong usage, or such a window has no series; a counter is there either way.
    """
    checks.group("kept for a shorter time than the longest window")
    short = stores.copy(database, "short")
    result = program.aggregate(short, "--keep-verdicts", "1d", "--now", NOW)
    checks.check(result.code in (0, 64), "aggregate --keep-verdicts 1d", result.brief())
    metrics = program.run("metrics", "--now", NOW, "--db", short)
    checks.equal(metrics.code, 0, f"exit code of metrics ({metrics.brief()})")
    checks.check(b"guardtally_store_up 1\n" in metrics.stdout, "the store is up")
    found = counters(program, short)
    checks.check(found == sums, "counters", [pair for pair in sums.items() if found.get(pair[0]) != pair[1]][:3])
    checks.check(b'{window="24h",result="safe"}' in metrics.stdout, "the windows that can be told are there")
    stores.drop(short)


def check_space(checks: Checks, stores: Databases, database: str, before: int, parts: dict[str, int], payload: int) -> None:
    after = stores.size(database)
    print(f"     {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after", flush=True)
    if isinstance(stores, PostgresDatabases):
        left = partition_sizes(stores, database)
        gone = sum(size for name, size in parts.items() if name not in left)
        checks.check(0 < len(left) < len(parts), "partitions are gone", (sorted(parts), sorted(left)))
        checks.check(before - after > gone * 0.6, "the database shrank by most of what they held", (before, after, gone))
        orphans = stores.value(
            database,
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'guardtally'::regnamespace"
            " AND NOT relispartition AND pg_total_relation_size(oid) > 0 AND relname LIKE 'verdicts%'",
        )
        checks.equal(orphans, "0", "no detached partition is left behind")
    else:
        checks.check(before - after > payload * 0.3, "the file shrank by most of what was dropped", (before, after, payload))
        free, pages = (int(stores.value(database, f"PRAGMA {name}")) for name in ("freelist_count", "page_count"))
        checks.check(free <= pages // 20, "hardly a page is left unused", (free, pages))


def check_dropping(checks: Checks, program: Program, stores: Databases, folder: str, path: str, rows: int) -> None:
    checks.group("before anything is dropped")
    database = stores.fresh("kept")
    ledger = program.ingest(database, path).json_ledger
    checks.check(ledger is not None and ledger.read == ledger.stored == rows, "all stored", ledger)
    first = program.aggregate(database, "--now", NOW)
    checks.equal(first.code, 0, f"aggregate without --keep-verdicts ({first.brief()})")
    checks.check(first.aggregation is not None and first.aggregation[1:] == (0, 0, "-", 0), "its line", first.stdout)
    second = program.aggregate(database, "--now", NOW)
    checks.equal(second.aggregation, Aggregation(0, 0, 0, "-", 0), f"nothing is left to fold ({second.brief()})")
    untouched = stores.copy(database, "untouched")
    before = total(program, database, "--from", FIRST, "--to", FLOOR_DAY)
    checks.check(0 < before < rows, "verdicts before the floor", before)
    kept = outputs(program, database, kept_commands())
    late = outputs(program, database, late_commands())
    sums = counters(program, database)
    windows = sample(program, database, NOW) | sample(program, database, "2026-03-16T00:00:00Z")
    checks.check(len(sums) > 50, "there are counters", len(sums))
    size = stores.size(database)
    parts = partition_sizes(stores, database) if isinstance(stores, PostgresDatabases) else {}
    payload = 0 if parts else int(stores.value(database, "SELECT sum(length(payload)) FROM verdict_blocks"))

    checks.group("seven of fourteen days dropped")
    result = program.aggregate(database, *KEEP)
    checks.equal((result.code, result.aggregation), (0, Aggregation(0, 7, before, FLOOR, 0)), f"aggregate ({result.brief()})")
    checks.same_outputs(kept, outputs(program, database, kept_commands()), "kept")
    checks.same_outputs(late, outputs(program, database, late_commands()), "after the floor")
    checks.same_outputs(windows, sample(program, database, NOW) | sample(program, database, "2026-03-16T00:00:00Z"), "kept")
    found = counters(program, database)
    checks.check(found == sums, "counters", [pair for pair in sums.items() if found.get(pair[0]) != pair[1]][:3])
    verified = program.verify(database)
    checks.equal(verified.code, 0, f"verify ({verified.brief()})")
    check_space(checks, stores, database, size, parts, payload)

    checks.group("aggregate again, and late")
    for name, arguments, expected in (
        ("again", KEEP, Aggregation(0, 0, 0, FLOOR, 0)),
        ("with an earlier clock", (*KEEP[:3], "2026-03-10T00:00:00Z"), Aggregation(0, 0, 0, FLOOR, 0)),
        ("with a longer time to keep", ("--keep-verdicts", "13d", "--now", NOW), Aggregation(0, 0, 0, FLOOR, 0)),
        ("without --keep-verdicts", ("--now", NOW), Aggregation(0, 0, 0, FLOOR, 0)),
    ):  # fmt: skip
        result = program.aggregate(database, *arguments)
        checks.equal((result.code, result.aggregation), (0, expected), f"{name} ({result.brief()})")
    checks.same_outputs(kept, outputs(program, database, kept_commands()), "kept after that")
    check_refused(checks, program, database)
    check_expired(checks, program, database, folder, path, before, rows)
    check_sealed_damage(checks, program, stores, database)

    checks.group("three days late, then everything")
    counted = total(program, untouched, "--from", FLOOR_DAY, "--to", "2026-03-12")
    late_store = stores.copy(untouched, "late")
    program.aggregate(late_store, *KEEP)
    result = program.aggregate(late_store, *KEEP[:3], "2026-03-19T23:59:59Z")
    expected = Aggregation(0, 3, counted, "2026-03-12T00:00:00Z", 0)
    checks.equal((result.code, result.aggregation), (0, expected), f"three days late ({result.brief()})")
    result = program.aggregate(late_store, *KEEP[:3], "2026-06-01T00:00:00Z")
    expected = Aggregation(0, 4, rows - before - counted, "2026-05-25T00:00:00Z", 0)
    checks.equal((result.code, result.aggregation), (0, expected), f"months late ({result.brief()})")
    checks.same_outputs(kept, outputs(program, late_store, kept_commands()), "kept with no verdict left")
    checks.equal(counters(program, late_store, "2026-06-01T00:00:00Z"), sums, "counters with no verdict left")
    checks.equal(program.verify(late_store).code, 0, "verify with no verdict left")
    again = program.ingest(late_store, path)
    checks.equal(again.json_ledger, Ledger(rows, 0, 0, 0, rows, 0), "the whole file again is expired")
    check_short_keeping(checks, program, stores, untouched, sums)
    check_day_that_does_not_verify(checks, program, stores, untouched, before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data and databases; default: a temporary one")
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks(f"retention, {options.store}")
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, databases(options.store, folder) as stores:
        path = os.path.join(folder, "verdicts.ndjson")
        traffic.write_file(path, traffic.records(options.rows, options.seed, traffic.instant(FIRST), 14, "ordered", "uuid"))
        check_dropping(checks, program, stores, folder, path, options.rows)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
