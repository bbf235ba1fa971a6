"""Eight workers with overlapping inputs on one Postgres, the scheduled job and a proof beside them: every total is exact.

`python3 test_workers.py --binary PATH [--rows 300000] [--seed 7]`, within script/with-postgres; needs `duckdb` from PyPI.
Each record is delivered by two workers, in another order by each; of some the second delivery contradicts the first. Then
the same records are loaded by 1, 2, 4 and 8 workers with a share each, which must never wait for one another's tallies.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import traffic
from harness import Checks, Ledger, Program, Result
from oracle import Recount, canonicalise, latency_difference, read_ndjson
from postgres import PostgresDatabases
from test_recount import read_csv

FIRST, END = "2026-03-02", "2026-03-16"
WORKERS = 8
CONFLICTING = 0.03
# Never shown to whoever runs the program: they are retried, within bounds.
INTERNAL = re.compile(rb"deadlock|40P01|40001|could not serialize|23505|duplicate key", re.IGNORECASE)
REPORTS = (
    ("safe-ratio", None, ()), ("safe-ratio", "1h", ("language", "region")), ("safe-ratio", "5m", ()), ("categories", "1d", ("region",)),
    ("latency", "1d", ("model",)), ("errors", "1h", ("source", "model", "stage", "method")), ("safe-ratio", "1d", ("model", "language")),
)  # fmt: skip


def with_action(line: str, action: str) -> str:
    """A record with an action of its own: no report counts actions, so whichever delivery is first, the totals stand."""
    bare = re.sub(r'\s*"action"\s*:\s*(?:"[^"]*"|null)\s*,?', "", line.strip())
    bare = re.sub(r",\s*}$", "}", bare)
    return bare.replace("{", f'{{"action":"{action}",', 1)


def write_inputs(folder: str, rows: int, seed: int) -> tuple[str, list[str], int]:
    """The records once in one file, twice over eight files, and how many of them contradict themselves."""
    random_ = random.Random(seed)
    shares: list[list[str]] = [[] for _ in range(WORKERS)]
    whole, conflicts = os.path.join(folder, "whole.ndjson"), 0
    with open(whole, "w", encoding="utf-8", newline="") as file:
        for line in traffic.records(rows, seed, traffic.instant(FIRST), 14, "ordered", "uuid"):
            first, second = random_.sample(range(WORKERS), 2)
            again = line
            if random_.random() < CONFLICTING:
                line, again = with_action(line, "allowed"), with_action(line, "blocked")
                conflicts += 1
            file.write(line + "\n")
            shares[first].append(line)
            shares[second].append(again)
    paths = []
    for number, share in enumerate(shares):
        if number % 3 == 0:
            random_.shuffle(share)
        elif number % 3 == 1:
            share.reverse()
        paths.append(os.path.join(folder, f"worker-{number}.ndjson"))
        traffic.write_file(paths[-1], iter(share))
    return whole, paths, conflicts


def finish(process: subprocess.Popen[bytes]) -> Result:
    stdout, stderr = process.communicate(timeout=600)
    return Result(process.returncode, stdout, stderr)


def finish_all(processes: list[subprocess.Popen[bytes]]) -> list[Result]:
    """All at once: a full pipe of one must not hold up the others."""
    results: list[Result | None] = [None] * len(processes)

    def collect(number: int, process: subprocess.Popen[bytes]) -> None:
        results[number] = finish(process)

    threads = [threading.Thread(target=collect, args=pair) for pair in enumerate(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [result for result in results if result is not None]


def check_totals(checks: Checks, program: Program, database: str, whole: str) -> None:
    checks.group("totals against a recount")
    now_us = time.time_ns() // 1000
    recount = Recount(canonicalise(line, now_us)[0] for _, _, line in read_ndjson(whole))
    begin_us, end_us = traffic.instant(FIRST), traffic.instant(END)
    for report, every, by in REPORTS:
        arguments = ["report", report, "--from", FIRST, "--to", END, "--format", "csv", "--db", database]
        arguments += (["--every", every] if every else []) + (["--by", ",".join(by)] if by else [])
        result = program.run(*arguments)
        name = f"{report} --every {every} --by {','.join(by)}"
        if not checks.equal(result.code, 0, f"{name}: exit code ({result.brief()})"):
            continue
        expected, found = recount.report(report, begin_us, end_us, every, by), read_csv(result.stdout)
        if report == "latency":
            wrong = [text for pair in zip(expected[1:], found[1:]) if (text := latency_difference(expected[0], *pair))]
        else:
            wrong = [pair for pair in zip(expected, found) if pair[0] != pair[1]]
        checks.check(len(expected) == len(found) and not wrong, name, (len(expected), len(found), wrong[:2]))


def check_overlapping(checks: Checks, program: Program, stores: PostgresDatabases, folder: str, rows: int, seed: int) -> None:
    checks.group(f"{WORKERS} workers, every record twice, aggregation and verify beside them")
    whole, paths, conflicts = write_inputs(folder, rows, seed)
    database = stores.fresh("overlapping")
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    started = time.monotonic()
    workers = [
        program.start("ingest", "--json", "--allow-rejects", "--batch-verdicts-max", "4000", "--db", database, path)
        for path in paths
    ]
    deadline = time.monotonic() + 30
    while not stores.server.has_tables(stores.name(database)) and time.monotonic() < deadline:
        time.sleep(0.02)  # a job that reads is not the one that makes the tables
    aggregation = program.start("aggregate", "--every", "1s", "--db", database)
    time.sleep(0.7)
    in_time = any(worker.poll() is None for worker in workers)
    verified = program.verify(database)
    results = finish_all(workers)
    print(f"     {2 * rows / (time.monotonic() - started) / 1e3:.0f}k deliveries/s", flush=True)
    checks.check(in_time, "verify began while workers were at it")
    checks.equal(verified.code, 0, f"verify in the middle ({verified.brief()})")
    time.sleep(1.5)
    aggregation.send_signal(signal.SIGTERM)
    aggregated = finish(aggregation)
    checks.equal(aggregated.code, 0, f"aggregate --every ({aggregated.brief()})")
    runs = [Result(0, line, b"").aggregation for line in aggregated.stdout.splitlines(keepends=True)]
    checks.check(len(runs) >= 2 and all(runs), "aggregate ran several times", aggregated.stdout)
    checks.check(sum(run.folded for run in runs if run) > 0, "and folded", runs)
    checks.equal(aggregated.stderr, b"", "aggregate has nothing to complain of")

    for number, result in enumerate(results):
        checks.equal(result.code, 0, f"worker {number}: exit code ({result.brief()})")
        checks.check(not INTERNAL.search(result.stderr), f"worker {number}: nothing internal surfaces", result.stderr[-300:])
    checks.check(not INTERNAL.search(verified.stderr), "verify: nothing internal surfaces", verified.stderr[-300:])
    ledgers = [result.json_ledger for result in results]
    if checks.check(all(ledgers), "every worker has a ledger", ledgers):
        checks.check(all(ledger.balances for ledger in ledgers), "ledgers balance", ledgers)
        total = Ledger(*map(sum, zip(*ledgers)))
        checks.equal(total[:5], (2 * rows, rows, rows - conflicts, conflicts, 0), "sum of the ledgers")
    counted = program.run("metrics", "--now", f"{END}T00:00:00Z", "--db", database).stdout
    for outcome, count in (("stored", rows), ("duplicate", rows - conflicts), ("conflict", conflicts), ("rejected", 0)):
        line = f'guardtally_ingest_records_total{{outcome="{outcome}"}} {count}\n'.encode()
        checks.check(line in counted, f"counter of {outcome}", line)
    checks.equal(program.verify(database).code, 0, "verify at the end")
    last = program.aggregate(database)
    checks.check(last.code == 0 and last.aggregation is not None, f"aggregate at the end ({last.brief()})")
    for table in ("tally_deltas", "counter_deltas"):
        checks.equal(stores.value(database, f"SELECT count(*) FROM {table}"), "0", f"{table} is empty after it")
    checks.equal(program.verify(database).code, 0, "verify after it")
    print(f"     deadlocks met and retried: {stores.value(database, deadlocks)}", flush=True)
    check_totals(checks, program, database, whole)


class LockWatcher:
    """Looks again and again which clients of a database wait for a lock that another holds."""

    def __init__(self, stores: PostgresDatabases, database: str) -> None:
        self._stores, self._name = stores, stores.name(database)
        self.looks = 0
        self.waits: list[list[str]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        # Waiting for a file to grow is no waiting for a row.
        query = (
            "SELECT wait_event, left(query, 80) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            f" AND wait_event <> 'extend' AND datname = '{self._name}'"
        )
        while not self._ended.wait(0.02):
            self.waits += self._stores.server.rows("postgres", query)
            self.looks += 1

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


def check_rates(checks: Checks, program: Program, stores: PostgresDatabases, folder: str, rows: int, seed: int) -> None:
    checks.group("1, 2, 4 and 8 workers with a share each")
    pieces = [os.path.join(folder, f"piece-{number}.ndjson") for number in range(WORKERS)]
    # Nearby records belong to different workers, so that all of them touch the same buckets at the same time.
    files = [open(path, "w", encoding="utf-8", newline="") for path in pieces]
    for number, line in enumerate(traffic.records(rows, seed + 1, traffic.instant(FIRST), 14, "ordered", "uuid")):
        files[number % WORKERS].write(line + "\n")
    for file in files:
        file.close()
    rates = {}
    for count in (1, 2, 4, 8):
        database = stores.fresh(f"rate-{count}")
        # The days and the values of the dimensions are there already, as on any day but the first.
        with open(pieces[0], "rb") as file:
            some = b"".join(line.replace(b'"id":"', b'"id":"w', 1) for line in itertools.islice(file, 0, None, 7))
        checks.equal(program.ingest(database, "--input-name", "warm", stdin=some).code, 0, f"{count}: the first records")
        watcher = LockWatcher(stores, database)
        started = time.monotonic()
        results = finish_all(
            [
                program.start("ingest", "--json", "--batch-verdicts-max", "10000", "--db", database, *pieces[number::count])
                for number in range(count)
            ]
        )
        rates[count] = rows / (time.monotonic() - started)
        watcher.end()
        checks.check(all(result.code == 0 for result in results), f"{count}: exit codes", [result.brief() for result in results])
        stored = sum(result.json_ledger.stored for result in results if result.json_ledger)
        checks.equal(stored, rows, f"{count}: all stored")
        # Values that the first records did not have are few; whoever adds one is waited for.
        waits = [wait for wait in watcher.waits if "coded_values" not in wait[1]]
        checks.check(not waits, f"{count}: nobody waits for a row ({watcher.looks} looks)", (len(waits), waits[:3]))
        checks.equal(program.verify(database).code, 0, f"{count}: verify")
        stores.drop(database)
    print("     " + ", ".join(f"{count} workers {rate / 1e3:.0f}k rows/s" for count, rate in rates.items()), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data; default: a temporary one")
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks("workers")
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, PostgresDatabases() as stores:
        check_overlapping(checks, program, stores, folder, options.rows, options.seed)
        check_rates(checks, program, stores, folder, options.rows, options.seed)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
