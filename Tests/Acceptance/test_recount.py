"""Reports, metrics and ledgers of the program against a recount by DuckDB, cell by cell.

`python3 test_recount.py --binary PATH [--store sqlite] [--rows 1000000] [--seed 7] [--workdir DIR]`; needs `duckdb` from
PyPI. Counts and ratios must be equal to the last digit; the mean and the quantiles of latencies have the error they state.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import traffic
from harness import Checks, Ledger, Program, Result
from oracle import (
    DIMENSIONS, EVERY, MICROSECONDS, WINDOWS, Recount, Verdict, canonicalise, edge_of, format_time, latency_difference,
    latency_matches, local_time, metric_differences, read_ndjson,
)  # fmt: skip
from postgres import Databases, add_store_option, databases

ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe")
REPORTS = ("safe-ratio", "categories", "latency", "errors")
HOUR = 3600 * MICROSECONDS

# How far around the clock change a query looks, so that fine buckets make readable numbers of rows.
REACH_HOURS = {"1m": 2, "5m": 9, "15m": 20, "1h": 40}


@dataclass(frozen=True)
class Query:
    """One `report` command and what it must answer."""

    report: str
    begin: str | None = None
    end: str | None = None
    last: str | None = None
    now: str | None = None
    every: str | None = None
    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    zone: str | None = None

    def arguments(self) -> list[str]:
        arguments = ["report", self.report, "--format", "csv"]
        options = (
            ("--from", self.begin), ("--to", self.end), ("--last", self.last), ("--now", self.now),
            ("--every", self.every), ("--by", ",".join(self.by) or None), ("--tz", self.zone),
        )  # fmt: skip
        for name, value in options:
            if value is not None:
                arguments += [name, value]
        for option in self.where:
            arguments += ["--where", option]
        return arguments

    def span(self) -> tuple[int, int]:
        zone = self.zone or "UTC"
        edge = edge_of(local_time(self.now, "UTC")) if self.now else 0
        if self.begin is None:
            return edge - WINDOWS[self.last or "24h"] * MICROSECONDS, edge
        return local_time(self.begin, zone), edge if self.end is None else local_time(self.end, zone)

    def expected(self, recount: Recount) -> list[list[str]]:
        return recount.report(self.report, *self.span(), self.every, self.by, self.where, self.zone or "UTC")


@dataclass(frozen=True)
class Store:
    """A file of verdicts, the database it was ingested into, and its recount."""

    name: str
    path: str
    database: str
    begin_us: int
    end_us: int
    change_us: int
    recount: Recount
    program: Program


def read_csv(stdout: bytes) -> list[list[str]]:
    """RFC 4180 strictly: UTF-8 without a BOM, every line ended by CRLF."""
    text = stdout.decode("utf-8")
    if text.startswith("\ufeff") or not text.endswith("\r\n") or text.count("\n") != text.count("\r\n"):
        raise ValueError("BOM, or a line without CRLF")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def first_differences(expected: list[list[str]], found: list[list[str]], limit: int = 4) -> str:
    lines = [f"{len(expected)} lines expected, {len(found)} found"]
    header = expected[0]
    for number, (left, right) in enumerate(zip(expected, found)):
        if "mean_ms" in header and number:
            cells = [difference] if (difference := latency_difference(header, left, right)) else []
        else:
            cells = [
                f"{column} {wanted!r} -> {got!r}" for column, wanted, got in zip(header, left, right) if wanted != got
            ] or [f"{len(left)} cells -> {len(right)} cells"] * (len(left) != len(right))
        if cells:
            lines.append(f"line {number + 1} ({','.join(left[:4])}): " + "; ".join(cells))
            if len(lines) > limit:
                break
    return "\n    ".join(lines)


def compare(checks: Checks, store: Store, query: Query) -> None:
    """Runs the program and the recount side by side, then looks at every cell."""
    arguments = [*query.arguments(), "--db", store.database]
    name = f"{store.name}: {' '.join(arguments[:-2])}"
    with tempfile.TemporaryFile() as output:
        process = store.program.start(*arguments, stdout=output.fileno())
        expected = query.expected(store.recount)
        _, stderr = process.communicate()
        output.seek(0)
        result = Result(process.returncode, output.read(), stderr)
    if result.code != 0:
        checks.check(False, name, result.brief())
        return
    try:
        found = read_csv(result.stdout)
    except (ValueError, csv.Error) as error:
        checks.check(False, name, error)
        return
    if latency_matches(expected, found) if query.report == "latency" else found == expected:
        checks.check(True, name)
    else:
        checks.check(False, name, first_differences(expected, found))


def written_time(random_: random.Random, time_us: int, zone: str) -> str:
    return format_time(time_us, random_.choice(("UTC", zone)))


def span_around(random_: random.Random, store: Store, every: str | None, zone: str) -> tuple[str, str]:
    """`--from` and `--to` about the clock change, on no particular edge; whole days where buckets are coarse."""
    if every in REACH_HOURS:
        reach = REACH_HOURS[every] * HOUR
        begin = store.change_us - random_.randrange(reach // 2, reach)
        end = store.change_us + random_.randrange(reach // 2, reach)
        # Whole seconds, or a microsecond whose last digit is not 0: both have one spelling only.
        begin, end = (at - at % MICROSECONDS + random_.choice((0, 0, 123_457)) for at in (begin, end))
        return written_time(random_, begin, zone), written_time(random_, end, zone)
    if random_.random() < 0.5:
        return written_time(random_, store.begin_us, zone), written_time(random_, store.end_us, zone)
    first = format_time(store.begin_us - 40 * 24 * HOUR * random_.randrange(2), zone)[:10]
    return first, format_time(store.change_us + random_.randrange(1, 100) * HOUR, zone)[:10]


def escaped(value: str) -> str:
    return value.replace(",", "\\,").replace("*", "\\*")


def random_where(random_: random.Random, store: Store, dimension: str) -> str:
    """A value, alternatives, a prefix or both. The escape of a backslash is not in the contract: no value has one."""
    values = [value for value in store.recount.values(dimension) if "\\" not in value]
    frequent = values[:12]
    patterns = []
    for _ in range(random_.choice((1, 1, 2, 3))):
        value = random_.choice(frequent if random_.random() < 0.7 else values)
        if random_.random() < 0.35:
            # Prefixes of places end where a subtag ends, so that canonical form cannot change them.
            prefix = value.split("-")[0] if dimension in ("language", "region") else value[: random_.randrange(1, 5)]
            patterns.append(escaped(prefix) + ("-*" if "-" in value and random_.random() < 0.5 else "*"))
        else:
            patterns.append(escaped(value))
    return f"{dimension}={','.join(patterns)}"


def systematic(random_: random.Random, store: Store, zones: tuple[str, ...]) -> Iterator[Query]:
    """Every report with every width and none in each zone, each with a `--by` that rotates."""
    rotation = [(), *((dimension,) for dimension in DIMENSIONS), ("language", "region"), ("source", "model", "stage")]
    turn = random_.randrange(len(rotation))
    for zone in zones:
        for every in (None, *EVERY):
            for report in REPORTS:
                begin, end = span_around(random_, store, every, zone)
                by = rotation[turn % len(rotation)]
                turn += 1
                yield Query(report, begin, end, every=every, by=by, zone=zone)


def sampled(random_: random.Random, store: Store, count: int) -> Iterator[Query]:
    """Random combinations of every option; at most three dimensions, in any order."""
    for number in range(count):
        zone = random_.choice(ZONES)
        every = random_.choice((None, *EVERY))
        by = tuple(random_.sample(DIMENSIONS, random_.choice((0, 1, 1, 2, 2, 3))))
        restricted = random_.sample(DIMENSIONS, random_.choice((0, 1, 1, 2)))
        where = tuple(random_where(random_, store, dimension) for dimension in restricted)
        begin, end = span_around(random_, store, every, zone)
        query = Query(REPORTS[number % 4], begin, end, every=every, by=by, where=where, zone=zone)
        yield query if zone != "UTC" or number % 3 else replace(query, zone=None)


def chosen(store: Store) -> Iterator[Query]:
    """What the samples may miss: `--last`, the default span, the edge, dates, nothing found, one option twice."""
    now = format_time(store.change_us + 5 * HOUR + 17 * MICROSECONDS, "UTC")
    minute = format_time(store.change_us - store.change_us % (60 * MICROSECONDS), "UTC")
    day = format_time(store.change_us, "America/New_York")[:10]
    next_day = format_time(store.change_us + 24 * HOUR, "America/New_York")[:10]
    for report in REPORTS:
        for last in WINDOWS:
            yield Query(report, last=last, now=now, by=("language",))
        yield Query(report, now=minute, by=("region",))
        yield Query(report, begin=format_time(store.change_us, "UTC"), now=now, every="15m", by=("stage", "method"))
        yield Query(report, day, next_day, every="1h", zone="America/New_York")
        yield Query(report, day, next_day, every="1d", by=("model", "source"), zone="America/New_York")
        yield Query(report, day, next_day, where=("model=no such model",))
        yield Query(report, day, next_day, by=("model",), where=("model=q*,Q*,l*", r"model=shield\*gemma,qwen*"))
        yield Query(report, day, next_day, where=("language=zh,zh-*", "region=CN,CN-*,IN", "stage=prompt,response"))


def ingest(
    checks: Checks, program: Program, stores: Databases, folder: str, name: str, path: str, span: tuple[int, int],
    change: str,
) -> Store:  # fmt: skip
    """Ingests a file twice, checks both ledgers, and recounts it."""
    checks.group(f"{name}: ingest, ledger, verify")
    now_us = time.time_ns() // 1000
    counts = {"read": 0, "unrecognised": 0}

    def verdicts() -> Iterator[Verdict]:
        for _, _, line in read_ndjson(path):
            verdict, unrecognised = canonicalise(line, now_us)
            counts["read"] += 1
            counts["unrecognised"] += unrecognised
            yield verdict

    recount = Recount(verdicts(), folder)
    checks.equal(recount.repeated_identities(), 0, "identities that appear twice")
    database = stores.fresh(name)
    plain = program.run("ingest", "--db", database, path)
    rows = counts["read"]
    checks.equal(plain.code, 0, "exit code of ingest")
    checks.equal(plain.ledger, Ledger(rows, rows, 0, 0, 0, counts["unrecognised"]), "ledger line at the end of stderr")
    checks.equal(plain.stdout, b"", "stdout without --json")
    again = program.ingest(database, path)
    checks.equal(again.code, 0, "exit code of the second ingest")
    # `unrecognised` counts values of stored verdicts only, hence 0 here.
    checks.equal(again.json_ledger, Ledger(rows, 0, rows, 0, 0, 0), "--json of the second ingest")
    checks.equal(again.ledger, again.json_ledger, "the last line on stderr and --json say the same")
    verified = program.verify(database)
    checks.equal(verified.code, 0, f"verify ({verified.brief()})")
    return Store(name, path, database, *span, local_time(change, "UTC"), recount, program)


def check_metrics(checks: Checks, store: Store) -> None:
    checks.group(f"{store.name}: metrics")
    middle = store.change_us - store.change_us % (60 * MICROSECONDS)
    moments = (middle, middle + 59 * MICROSECONDS + 999_999, store.end_us - 1, store.end_us + 90 * 60 * MICROSECONDS,
               store.end_us + 30 * 24 * HOUR)  # fmt: skip
    for now_us in moments:
        now = format_time(now_us, "UTC")
        result = store.program.run("metrics", "--db", store.database, "--now", now)
        if not checks.equal(result.code, 0, f"exit code of metrics --now {now}"):
            continue
        try:
            differences = metric_differences(store.recount.metrics(now_us), result.stdout.decode())
        except ValueError as error:
            differences = [str(error)]
        checks.check(not differences, f"metrics --now {now}", f"{len(differences)} differ: {differences[:4]}")


def check_exit_codes(checks: Checks, program: Program, stores: Databases, folder: str, database: str) -> None:
    checks.group("exit codes")
    absent = stores.absent("nowhere")
    report = ("report", "safe-ratio", "--db", database)
    span = ("--from", "2026-03-08", "--to", "2026-03-09")
    for name, code, arguments in (
        ("unknown zone", 64, (*report, *span, "--tz", "Mars/Olympus")),
        ("from after to", 64, (*report, "--from", "2026-03-09", "--to", "2026-03-08")),
        ("from equal to to", 64, (*report, "--from", "2026-03-08", "--to", "2026-03-08")),
        ("to alone", 64, (*report, "--to", "2026-03-08")),
        ("last with from", 64, (*report, "--last", "24h", "--from", "2026-03-08")),
        ("unknown dimension", 64, (*report, *span, "--by", "planet")),
        ("unknown dimension in where", 64, (*report, *span, "--where", "planet=mars")),
        ("unknown width", 64, (*report, *span, "--every", "7m")),
        ("unknown report", 64, ("report", "no-such-report", "--db", database)),
        ("unknown option", 64, (*report, "--no-such-option")),
        ("report of an absent database", 69, ("report", "safe-ratio", "--db", absent)),
        ("verify of an absent database", 69, ("verify", "--db", absent)),
        ("metrics of an absent database", 69, ("metrics", "--db", absent)),
        ("ingest of a missing file", 1, ("ingest", "--db", stores.fresh("one"), "no-such-file.jsonl")),
        ("list of reports", 0, ("report",)),
    ):
        result = program.run(*arguments)
        checks.equal(result.code, code, name)
        if code:
            checks.check(bool(result.stderr), f"{name}: says so on stderr")
    checks.check(not stores.exists(absent), "a command that reads creates no database")
    silent = program.run("metrics", "--db", absent).stdout.decode()
    samples = [line for line in silent.splitlines() if line and not line.startswith("#")]
    checks.equal(samples, ["guardtally_store_up 0"], "metrics of an absent database")
    listed = program.run("report").stdout.decode()
    checks.check(all(name in listed for name in REPORTS), "list of reports names all")

    mixed = os.path.join(folder, "mixed.ndjson")
    with open(mixed, "w", encoding="utf-8", newline="") as file:
        file.write('{"id":"a","time":"2026-03-08T00:00:00Z","verdict":"safe"}\n{"id":"b","verdict":"safe"}\n')
        file.write('{"id":"a","time":"2026-03-08T01:00:00+01:00","verdict":"unsafe"}\n')
    expected = Ledger(3, 1, 0, 1, 1, 0)
    for code, arguments in ((65, ()), (0, ("--allow-rejects",))):
        result = program.ingest(stores.fresh(f"mixed-{code}"), *arguments, mixed)
        checks.equal(result.code, code, f"ingest {' '.join(arguments)} of rejected and conflicting records")
        checks.equal(result.json_ledger, expected, f"its ledger with {arguments}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data and databases; default: a temporary one")
    options = parser.parse_args()
    program = Program(options.binary)
    checks = Checks(f"acceptance, {options.store}")
    random_ = random.Random(options.seed)
    if options.workdir:
        os.makedirs(options.workdir, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, databases(options.store, folder) as stores:
        filled = []
        few = max(options.rows // 5, 1)
        # name, rows (None: the program's own generator), first day, days, clock change, zones, order, ids.
        # Few values and many verdicts in a quarter of an hour: tallies are read there even where verdicts can be counted in as little time.
        for name, rows, first, days, change, zones, order, ids in (
            ("march", options.rows, "2026-03-02", 14, "2026-03-08T07:00:00Z", ZONES, "random", "uuid"),
            ("april", few, "2026-03-29", 14, "2026-04-04T15:00:00Z", ("Australia/Lord_Howe",), "ordered", "sequential"),
            ("november", few, "2026-10-26", 14, "2026-11-01T06:00:00Z", ("America/New_York",), "random", "sequential"),
            ("narrow", few, "2026-03-07", 2, "2026-03-08T07:00:00Z", ("America/New_York",), "random", "uuid"),
            ("generated", None, "2026-10-25", 14, "2026-11-01T06:00:00Z", ZONES, "", ""),
        ):
            path = os.path.join(folder, f"{name}.ndjson")
            start_us = traffic.instant(first)
            if rows is None:
                with open(path, "wb") as file:
                    process = program.start(
                        "generate", "--rows", str(options.rows), "--days", "14", "--seed", str(options.seed),
                        "--start", f"{first}T00:00:00Z", stdout=file.fileno(),
                    )  # fmt: skip
                    process.communicate()
                checks.group("generated: generate")
                checks.equal(process.returncode, 0, "exit code of generate")
                with open(path, "rb") as file:
                    checks.equal(sum(1 for _ in file), options.rows, "lines that generate writes")
            else:
                traffic.write_file(path, traffic.records(rows, options.seed, start_us, days, order, ids, name == "narrow"))
            span = (start_us, start_us + days * 24 * HOUR)
            store = ingest(checks, program, stores, folder, name, path, span, change)
            filled.append(store)
            checks.group(f"{name}: all reports, every width, {len(zones)} zones")
            for query in systematic(random_, store, zones):
                compare(checks, store, query)
            checks.group(f"{name}: chosen queries")
            for query in chosen(store):
                compare(checks, store, query)
            for state in ("before", "after"):
                checks.group(f"{name}: random combinations {state} days are added up")
                for query in sampled(random_, store, 25 if name in ("march", "generated") else 12):
                    compare(checks, store, query)
                if state == "before":
                    done = program.aggregate(store.database, "--now", format_time(store.end_us - 24 * HOUR, "UTC"))
                    checks.equal(done.code, 0, f"aggregate ({done.brief()})")
            check_metrics(checks, store)
        check_exit_codes(checks, program, stores, folder, filled[0].database)
        checks.group("all stores: verify after reading")
        for store in filled:
            checks.equal(program.verify(store.database).code, 0, f"verify of {store.name}")
        checks.end_group()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
