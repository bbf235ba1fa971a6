"""Loads the same rows into Postgres with GuardTally and with `\\copy`, in turns in one run.

    script/with-postgres python3 Benchmarks/postgres.py [--binary .build/release/guardtally] [--rows 1000000] [--rounds 5]

The rival is `psql`'s `\\copy` of a prepared CSV without repetitions into a table with the same key (time, source, id), not
partitioned, in two forms: (a) every field of the records as text, time as timestamptz; (b) the narrow columns that GuardTally
itself stores, exported from it. Neither counts, tallies or tells repetitions. Each round loads GuardTally into a new database,
loads the same file again (every record is a repetition), and loads (a) and (b) into new tables. Commits wait for the disk in
all of them. Every load of GuardTally is checked: exit code, ledger, and `verify` (outside the time). Prints each median and
the median of the ratios of rates round by round; times are wall-clock of the whole client, memory its peak.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

COLUMNS = ["id", "time", "verdict", "risk_types", "language", "region", "model", "source", "stage", "method", "error_cause", "latency_ms"]
NARROW = "guardtally.verdicts"
DATABASE = "guardtally_benchmark"


def environment() -> dict[str, str]:
    """Without what would send a client elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "GUARDTALLY_"))}


def timed(command: list[str]) -> tuple[float, float, bytes]:
    """Wall-clock seconds, peak memory in MB and standard error of a command that must end with 0."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}: {errors.decode()}")
    return seconds, usage.ru_maxrss / 1_000, errors


class Server:
    """The private server of script/with-postgres."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def url(self, database: str) -> str:
        return self._url._replace(path=f"/{database}").geturl()

    def psql(self, database: str, command: str) -> list[str]:
        options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        return ["psql", *options, f"--dbname={self.url(database)}", f"--command={command}"]

    def execute(self, database: str, command: str) -> None:
        timed(self.psql(database, command))

    def make_database(self) -> None:
        self.execute("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        self.execute("postgres", f"CREATE DATABASE {DATABASE}")
        self.execute("postgres", f"ALTER DATABASE {DATABASE} SET synchronous_commit = on")

    def settle(self) -> None:
        """What an earlier load left to be written must not be paid for by the next one."""
        self.execute("postgres", "CHECKPOINT")


def write_inputs(binary: str, folder: str, rows: int) -> tuple[str, str]:
    """The same records as NDJSON and as CSV."""
    records, table = os.path.join(folder, "records.ndjson"), os.path.join(folder, "text.csv")
    with open(records, "wb") as output:
        subprocess.run([binary, "generate", "--rows", str(rows), "--days", "14", "--seed", "5"], stdout=output, check=True)
    with open(records, encoding="utf-8") as lines, open(table, "w", newline="") as file:
        writer = csv.writer(file)
        for line in lines:
            record = json.loads(line)
            record["risk_types"] = " ".join(record["risk_types"])
            writer.writerow([record.get(column, "") for column in COLUMNS])
    return records, table


def load(server: Server, binary: str, source: str, ledger: str) -> tuple[float, float]:
    seconds, megabytes, errors = timed([binary, "ingest", "--db", server.url(DATABASE), source])
    if errors.decode().splitlines()[-1] != ledger:
        sys.exit(f"wrong ledger: {errors.decode()}")
    timed([binary, "verify", "--db", server.url(DATABASE)])
    return seconds, megabytes


def load_twice(server: Server, binary: str, source: str, rows: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """A new database, then the same file again."""
    server.make_database()
    timed([binary, "migrate", "--db", server.url(DATABASE)])
    server.settle()
    first = load(server, binary, source, f"read={rows} stored={rows} duplicates=0 conflicts=0 rejected=0 unrecognised=0")
    server.settle()
    second = load(server, binary, source, f"read={rows} stored=0 duplicates={rows} conflicts=0 rejected=0 unrecognised=0")
    return first, second


def load_rival(server: Server, create: str, table: str) -> tuple[float, float]:
    server.execute(DATABASE, f"DROP TABLE IF EXISTS rival; {create}")
    server.settle()
    seconds, megabytes, _ = timed(server.psql(DATABASE, f"\\copy rival FROM '{table}' WITH (FORMAT csv)"))
    server.execute(DATABASE, "DROP TABLE rival")
    return seconds, megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/guardtally")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if "GUARDTALLY_TEST_POSTGRES" not in os.environ:
        sys.exit("run this through script/with-postgres")
    server = Server(os.environ["GUARDTALLY_TEST_POSTGRES"])
    text_columns = ", ".join(f"{column} {'timestamptz' if column == 'time' else 'text'}" for column in COLUMNS)
    with_text = f"CREATE TABLE rival ({text_columns}, PRIMARY KEY (time, source, id))"
    with_narrow = f"CREATE TABLE rival (LIKE {NARROW}); ALTER TABLE rival ADD PRIMARY KEY (time, source, id)"
    with tempfile.TemporaryDirectory(dir=".") as folder:
        records, text = write_inputs(arguments.binary, folder, arguments.rows)
        narrow = os.path.join(folder, "narrow.csv")
        names = ("guardtally, first pass", "guardtally, second pass", "\\copy of text columns", "\\copy of narrow columns")
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for number in range(arguments.rounds + 1):
            first, second = load_twice(server, arguments.binary, records, arguments.rows)
            if not os.path.exists(narrow):
                timed(server.psql(DATABASE, f"\\copy (SELECT * FROM {NARROW} ORDER BY time, source, id) TO '{narrow}' WITH (FORMAT csv)"))
            measured = (first, second, load_rival(server, with_text, text), load_rival(server, with_narrow, narrow))
            if number == 0:
                continue  # the first round warms the disk's cache
            for name, result in zip(names, measured):
                results[name].append(result)
    server.execute("postgres", f"DROP DATABASE {DATABASE} WITH (FORCE)")
    for name, values in results.items():
        times = [result[0] for result in values]
        print(
            f"{name:26} median {statistics.median(times):.3f} s (min {min(times):.3f}, max {max(times):.3f}), "
            f"{arguments.rows / statistics.median(times) / 1e3:.0f}k rows/s, peak {max(result[1] for result in values):.0f} MB"
        )
    first_pass, second_pass, *rivals = ([result[0] for result in values] for values in results.values())
    for name, rival in zip(names[2:], rivals):
        for label, passes in (("first", first_pass), ("second", second_pass)):
            ratio = statistics.median(theirs / ours for ours, theirs in zip(passes, rival))
            print(f"rate of the {label} pass / rate of {name}: {ratio:.3f}")


if __name__ == "__main__":
    main()
