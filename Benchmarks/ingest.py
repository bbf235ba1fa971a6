"""Loads the same rows with GuardTally and with what people would use instead, in turns in one run.

    python3 Benchmarks/ingest.py [--binary .build/release/guardtally] [--rows 1000000] [--rounds 5]

The rival is `sqlite3`'s `.import` of the rows as CSV into a text table with a primary key. Each round loads (A) records with
ordered ids and (B) the same records with UUIDv4 ids with GuardTally, and (C) the CSV with sqlite3, each into a new file on
the same disk. Every load of A and B is checked: exit code, ledger, and `verify` (outside the time). Prints each median and
the median of the ratios round by round; times are wall-clock of the whole process, memory its peak.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

COLUMNS = ["id", "time", "verdict", "risk_types", "language", "region", "model", "source", "stage", "method", "error_cause", "latency_ms"]


def write_inputs(binary: str, folder: str, rows: int) -> tuple[str, str, str]:
    """The same records as NDJSON with ordered ids, with UUIDv4 ids, and as CSV."""
    ordered, shuffled, table = (os.path.join(folder, name) for name in ("ordered.ndjson", "uuid.ndjson", "rows.csv"))
    with open(ordered, "wb") as output:
        subprocess.run([binary, "generate", "--rows", str(rows), "--days", "14", "--seed", "5"], stdout=output, check=True)
    generator = random.Random(5)
    with open(ordered, encoding="utf-8") as lines, open(shuffled, "w", encoding="utf-8") as uuids, open(table, "w", newline="") as file:
        writer = csv.writer(file)
        for line in lines:
            record = json.loads(line)
            record["risk_types"] = " ".join(record["risk_types"])
            writer.writerow([record.get(column, "") for column in COLUMNS])
            identifier = uuid.UUID(int=generator.getrandbits(128), version=4)
            uuids.write('{"id":"' + str(identifier) + line[line.index('","time"'):])
    return ordered, shuffled, table


def timed(command: list[str]) -> tuple[float, float, bytes]:
    """Wall-clock seconds, peak memory in MB and standard error of a command that must end with 0."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}: {errors.decode()}")
    return seconds, usage.ru_maxrss / 1_000, errors


def load(binary: str, folder: str, source: str, rows: int) -> tuple[float, float]:
    database = os.path.join(folder, "guardtally.db")
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(database + suffix):
            os.unlink(database + suffix)
    seconds, megabytes, errors = timed([binary, "ingest", "--db", database, source])
    ledger = f"read={rows} stored={rows} duplicates=0 conflicts=0 rejected=0 unrecognised=0"
    if errors.decode().splitlines()[-1] != ledger:
        sys.exit(f"wrong ledger: {errors.decode()}")
    subprocess.run([binary, "verify", "--db", database], stdout=subprocess.DEVNULL, check=True)
    return seconds, megabytes


def load_rival(folder: str, table: str) -> tuple[float, float]:
    database = os.path.join(folder, "rival.db")
    if os.path.exists(database):
        os.unlink(database)
    columns = ", ".join(f"{column} TEXT{' PRIMARY KEY' if column == 'id' else ''}" for column in COLUMNS)
    seconds, megabytes, _ = timed(["sqlite3", database, f"CREATE TABLE verdicts ({columns})", ".mode csv", f".import {table} verdicts"])
    return seconds, megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/guardtally")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        ordered, shuffled, table = write_inputs(arguments.binary, folder, arguments.rows)
        results: dict[str, list[tuple[float, float]]] = {"guardtally, ordered ids": [], "guardtally, UUIDv4 ids": [], "sqlite3 .import": []}
        for number in range(arguments.rounds + 1):
            measured = (
                load(arguments.binary, folder, ordered, arguments.rows),
                load(arguments.binary, folder, shuffled, arguments.rows),
                load_rival(folder, table),
            )
            if number == 0:
                continue  # the first round warms the disk's cache
            for name, result in zip(results, measured):
                results[name].append(result)
    seconds = {name: [result[0] for result in values] for name, values in results.items()}
    for name, values in results.items():
        times = seconds[name]
        print(
            f"{name:26} median {statistics.median(times):.3f} s (min {min(times):.3f}, max {max(times):.3f}), "
            f"{arguments.rows / statistics.median(times) / 1e3:.0f}k rows/s, peak {max(result[1] for result in values):.0f} MB"
        )
    first, second, rival = seconds.values()
    print(f"ordered ids / .import: {statistics.median(a / c for a, c in zip(first, rival)):.3f}")
    print(f"UUIDv4 ids / ordered ids: {statistics.median(b / a for a, b in zip(first, second)):.3f}")


if __name__ == "__main__":
    main()
