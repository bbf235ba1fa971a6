"""Kills an ingest at random moments and looks for lost or doubled verdicts.

`python3 test_kill.py --binary PATH [--store sqlite] --rounds 20 --seed S --rows 200000`; standard library only.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

import traffic
from harness import Checks, Program, outputs
from postgres import Databases, PostgresDatabases, add_store_option, databases

SPAN = ("--from", "2026-03-02", "--to", "2026-03-16")
REPORTS = (
    ("safe-ratio",),
    ("safe-ratio", "--every", "1d", "--by", "language"),
    ("categories", "--by", "source,model"),
    ("latency", "--every", "1d", "--by", "region"),
    ("errors", "--by", "model"),
)
ATTEMPTS = 12


def answers(program: Program, database: str) -> list[bytes]:
    """The reports that must agree between the killed and the uninterrupted store."""
    return list(outputs(program, database, (("report", *report, *SPAN, "--format", "csv") for report in REPORTS)).values())


def stored_total(report: bytes) -> int:
    """`total` of a safe-ratio report without `--by`; no row means no verdict."""
    lines = report.decode().splitlines()
    return int(lines[1].split(",")[2]) if len(lines) > 1 else 0


def asked_of_copy(database: str, query: str) -> str:
    """The first column of a query's answer from a copy of the files as they lie there, so that the program's own
    recovery of the write-ahead log is what the next command has to do."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(database)) as folder:
        copy = os.path.join(folder, "copy.db")
        for suffix in ("", "-wal"):
            if os.path.exists(database + suffix):
                shutil.copyfile(database + suffix, copy + suffix)
        connection = sqlite3.connect(copy)
        try:
            return "; ".join(str(row[0]) for row in connection.execute(query))
        except sqlite3.DatabaseError as error:
            return str(error)
        finally:
            connection.close()


def integrity(stores: Databases, database: str) -> str:
    """What the store's own checker says; "ok" where it finds nothing."""
    if isinstance(stores, PostgresDatabases):
        return stores.server.amcheck(stores.name(database)) or "ok"
    return asked_of_copy(database, "PRAGMA integrity_check")


def has_tables(stores: Databases, database: str) -> bool:
    if isinstance(stores, PostgresDatabases):
        return stores.server.has_tables(stores.name(database))
    return asked_of_copy(database, "SELECT count(*) FROM sqlite_master") != "0"


def settle(checks: Checks, stores: Databases, database: str) -> None:
    """Waits for what a killed client's backend is still doing: a commit that it had sent is carried out."""
    if isinstance(stores, PostgresDatabases):
        checks.check(stores.server.wait_until_left(stores.name(database)), "the killed client's backend ends")


def kill_during_ingest(program: Program, database: str, path: str, seconds: float) -> int:
    """Starts an ingest, kills it after `seconds`, and returns its status (-9 where the kill came in time)."""
    started = time.monotonic()
    process = program.start("ingest", "--db", database, path)
    time.sleep(max(0.0, started + seconds - time.monotonic()))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--workdir", help="folder for data and databases; default: a temporary one")
    options = parser.parse_args()
    program = Program(options.binary)
    checks = Checks(f"kill, {options.store}")
    random_ = random.Random(options.seed)
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, databases(options.store, folder) as stores:
        path = os.path.join(folder, "verdicts.ndjson")
        start_us = traffic.instant("2026-03-02")
        traffic.write_file(path, traffic.records(options.rows, options.seed, start_us, 14, "random", "uuid"))

        checks.group("uninterrupted")
        whole = stores.fresh("whole")
        started = time.monotonic()
        result = program.ingest(whole, path)
        duration = time.monotonic() - started
        ledger = result.json_ledger
        checks.equal(result.code, 0, f"exit code ({result.brief()})")
        checks.check(ledger is not None and ledger.stored == ledger.read == options.rows, "all stored", ledger)
        expected = answers(program, whole)
        checks.equal(stored_total(expected[0]), options.rows, "total of the report")
        checks.check(not any(text.startswith(b"exit ") for text in expected), "every report is answered", expected)

        for number in range(1, options.rounds + 1):
            fraction = random_.uniform(0.02, 0.98)
            status = 0
            for attempt in range(ATTEMPTS):
                database = stores.fresh(f"round-{number}-{attempt}")
                status = kill_during_ingest(program, database, path, fraction * duration)
                if status == -signal.SIGKILL:
                    break
                stores.drop(database)
                fraction *= 0.8  # it ended first: an earlier moment
            checks.group(f"round {number}, killed at {fraction:.0%} of {duration:.2f} s")
            if not checks.equal(status, -signal.SIGKILL, "status of the killed ingest"):
                continue
            survived = 0
            settle(checks, stores, database)
            if stores.exists(database):
                checks.equal(integrity(stores, database), "ok", "integrity after the kill")
                verified = program.verify(database)
                # Assumption: before its first tables exist the database counts as absent.
                allowed = (0,) if has_tables(stores, database) else (0, 69)
                checks.check(verified.code in allowed, "verify after the kill", verified.brief())
                if verified.code == 0:
                    survived = stored_total(answers(program, database)[0])
            print(f"     {survived} of {options.rows} verdicts had survived", flush=True)
            result = program.ingest(database, path)
            ledger = result.json_ledger
            checks.equal(result.code, 0, f"exit code of the same input again ({result.brief()})")
            if checks.check(ledger is not None and ledger.balances, "its ledger balances", ledger):
                checks.equal(ledger.read, options.rows, "read")
                checks.equal(ledger.stored + ledger.duplicates, options.rows, "stored + duplicates")
                checks.equal(ledger.duplicates, survived, "duplicates are what had survived the kill")
            checks.check(answers(program, database) == expected, "reports equal the uninterrupted store's")
            checks.equal(program.verify(database).code, 0, "verify at the end")
            checks.equal(integrity(stores, database), "ok", "integrity at the end")
            stores.drop(database)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
