"""Undoing a wrong load: what is left is what there would be had it never been loaded.

    python test_discard.py --binary PATH [--store sqlite|postgres] [--rows N] [--rounds N] [--seed N]

The oracle is a store of its own into which only the other records were ever ingested: every report must be the same to the byte.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

from harness import Checks, Program, outputs
from postgres import databases

REPORTS = [
    ("report", name, "--from", "2026-01-01", "--to", "2026-01-06", *extra)
    for name in ("safe-ratio", "categories", "latency", "errors")
    for extra in ((), ("--every", "1h", "--by", "model"), ("--every", "15m"), ("--by", "source,stage,language"), ("--by", "region,method"))
]


def lines(program: Program, rows: int, seed: int, source: str, start: str = "2026-01-01", days: int = 4) -> list[str]:
    text = program.run("generate", "--rows", str(rows), "--days", str(days), "--seed", str(seed), "--start", start).stdout.decode()
    return [line.replace('"source":"synthetic"', f'"source":"{source}"') for line in text.splitlines()]


def ingest(program: Program, database: str, records: list[str]) -> int:
    result = program.ingest(database, "-", stdin="\n".join(records).encode())
    assert result.json_ledger, result.brief()
    return result.json_ledger.stored


def counters(program: Program, database: str) -> list[str]:
    text = program.run("metrics", "--db", database, "--now", "2026-01-05T00:00:00Z").stdout.decode()
    return sorted(line for line in text.splitlines() if line.split("{")[0].endswith("_total") and line.startswith(("qwen_guard_", "guardtally_ingest")))


def selections(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """Sources, dimensions, spans that cut buckets and blocks."""
    good, bad = lines(program, options.rows, options.seed, "gateway"), lines(program, options.rows // 3, options.seed + 1, "bad-load", "2026-01-02", 2)
    everything = good + bad
    cases = [
        (("--where", "source=bad-load"), lambda r: r["source"] == "bad-load"),
        (("--where", "source=bad*", "--from", "2026-01-02T03:07:11Z", "--to", "2026-01-03T09:00:01.5Z"), lambda r: r["source"] == "bad-load" and "2026-01-02T03:07:11" <= r["time"] < "2026-01-03T09:00:01.5"),
        (("--where", "language=en,zh", "--where", "stage=response"), lambda r: r["language"] in ("en", "zh") and r["stage"] == "response"),
        (("--from", "2026-01-03"), lambda r: r["time"] >= "2026-01-03"),
    ]
    for number, (arguments, is_selected) in enumerate(cases):
        name = " ".join(arguments)
        database, expected = stores.fresh(f"discard{number}"), stores.fresh(f"expected{number}")
        checks.equal(ingest(program, database, everything), len(everything), f"{name}: loaded")
        if number % 2:
            program.aggregate(database)
        left = [line for line in everything if not is_selected(json.loads(line))]
        gone = len(everything) - len(left)
        before = counters(program, database)
        dry = program.run("discard", "--db", database, *arguments, "--dry-run")
        checks.check(dry.code == 0 and dry.stdout == b"discarded=0 days=0\n" and f"{gone} verdict".encode() in dry.stderr, f"{name}: shown", dry.brief())
        done = program.run("discard", "--db", database, *arguments, "--yes")
        checks.check(done.code == 0 and done.stdout.startswith(f"discarded={gone} days=".encode()), f"{name}: {gone} discarded", (done.stdout, done.brief()))
        checks.equal(program.verify(database).code, 0, f"{name}: verify")
        ingest(program, expected, left)
        found, wanted = outputs(program, database, REPORTS), outputs(program, expected, REPORTS)
        for report in wanted:
            checks.check(found[report] == wanted[report], f"{name}: {report}", (found[report][:200], wanted[report][:200]))
        checks.equal(counters(program, database), before, f"{name}: counters stay")
        again = program.run("discard", "--db", database, *arguments, "--yes")
        checks.check(again.code == 0 and again.stdout == b"discarded=0 days=0\n", f"{name}: nothing is left to discard", again.brief())
        checks.equal(ingest(program, database, everything), gone, f"{name}: what was discarded can be loaded again")
        checks.equal(program.verify(database).code, 0, f"{name}: verify after that")


def usage(checks: Checks, program: Program, stores: object) -> None:
    database = stores.fresh("usage")
    ingest(program, database, lines(program, 2_000, 3, "gateway"))
    cases = (((), 64, b"--where"), (("--where", "colour=red"), 64, b"there is no dimension"), (("--from", "2026-01-03", "--to", "2026-01-02"), 64, b"--from must be before --to"), (("--where", "source=gateway"), 64, b"--yes"))
    for arguments, code, words in cases:
        result = program.run("discard", "--db", database, *arguments)
        checks.check(result.code == code and words in result.stderr and result.stdout == b"", f"discard {' '.join(arguments)}: {code}", result.brief())
    none = program.run("discard", "--db", database, "--where", "source=nobody", "--yes")
    checks.check(none.code == 0 and none.stdout == b"discarded=0 days=0\n" and b"nothing to discard" in none.stderr, "nothing is selected", none.brief())
    program.aggregate(database, "--now", "2026-01-06T00:05:00Z", "--keep-verdicts", "8d")
    master, slave = pty.openpty()
    unasked = subprocess.run([program.path, "discard", "--db", database, "--where", "source=gateway", "--no-input"], stdin=slave, capture_output=True, check=False)
    os.close(slave)
    os.close(master)
    checks.check(unasked.returncode == 64 and b"--yes" in unasked.stderr and b"Type" not in unasked.stderr, "--no-input never asks", unasked.stderr)
    for typed, code, words in (("2001", 1, b"nothing was discarded"), ("yes", 1, b"nothing was discarded"), ("", 1, b"nothing was discarded"), ("2000", 0, b"discarded=2000")):
        master, slave = pty.openpty()
        process = subprocess.Popen([program.path, "discard", "--db", database, "--where", "source=gateway"], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(slave)
        time.sleep(0.3)
        os.write(master, f"{typed}\n".encode())
        stdout, stderr = process.communicate(timeout=20)
        os.close(master)
        checks.check(process.returncode == code and words in stdout + stderr and b"Type 2000 to discard them" in stderr, f"{typed!r} is typed: {code}", (process.returncode, stdout, stderr))
    checks.equal(program.verify(database).code, 0, "verify")
    types = [line for line in program.run("metrics", "--db", database).stdout.decode().splitlines() if line.startswith("qwen_guard_risk_type_distribution_total{")]
    checks.equal(len(types), 17, "counters stay in the exposition of a store that is empty now")
    more = stores.fresh("more")
    ingest(program, more, lines(program, 2_000, 3, "gateway"))
    master, slave = pty.openpty()
    process = subprocess.Popen([program.path, "discard", "--db", more, "--where", "source=gateway"], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(slave)
    assert process.stderr
    asked = b""
    while b"Type" not in asked and (data := os.read(process.stderr.fileno(), 4_096)):
        asked += data
    ingest(program, more, lines(program, 10, 4, "gateway"))
    os.write(master, b"2000\n")
    stdout, stderr = process.communicate(timeout=20)
    os.close(master)
    checks.check(process.returncode == 1 and stdout == b"discarded=0 days=0\n" and b"2010" in stderr, "no more is removed than was agreed to", (process.returncode, stdout, stderr))
    large = stores.fresh("large")
    ingest(program, large, lines(program, 60_000, 5, "gateway", days=20))
    process = program.start("discard", "--db", large, "--where", "source=gateway", "--yes")
    time.sleep(0.35)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    # Before it began to remove anything it just ends.
    checks.check(
        stdout.startswith(b"discarded=") and (process.returncode == 0 or process.returncode == 130 and b"interrupted" in stderr) or stdout == b"" and process.returncode == 130,
        "an interrupted one says what is gone", (process.returncode, stdout, stderr),
    )  # fmt: skip
    gone = int(stdout.split(b"=")[1].split()[0]) if stdout else 0
    checks.equal(ingest(program, large, lines(program, 60_000, 5, "gateway", days=20)), gone, "and that is what is gone")
    floored = stores.fresh("floored")
    ingest(program, floored, lines(program, 2_000, 3, "gateway"))
    program.aggregate(floored, "--now", "2026-01-10T00:05:00Z", "--keep-verdicts", "8d")
    early = program.run("discard", "--db", floored, "--from", "2026-01-01", "--yes")
    checks.check(early.code != 0 and b"dropped" in early.stderr, "before the floor: refused", early.brief())
    rest = program.run("discard", "--db", floored, "--where", "source=gateway", "--yes")
    checks.check(rest.code == 0 and program.verify(floored).code == 0, "from the floor on: discarded", rest.brief())
    damaged = stores.fresh("damaged")
    ingest(program, damaged, lines(program, 2_000, 3, "gateway"))
    program.aggregate(damaged)
    stores.execute(damaged, "DELETE FROM tallies WHERE tally = (SELECT max(tally) FROM tallies)")
    refused = program.run("discard", "--db", damaged, "--where", "source=gateway", "--yes")
    checks.check(refused.code == 1 and b"does not verify" in refused.stderr, "a day that does not verify is not touched", refused.brief())
    checks.equal(program.verify(damaged).code, 1, "and verify still says so")


def meanwhile(checks: Checks, program: Program, stores: object, options: argparse.Namespace, generator: random.Random) -> None:
    """kill -9 at any moment, and others that store meanwhile."""
    for number in range(options.rounds):
        database = stores.fresh(f"killed{number}")
        good, bad = lines(program, options.rows, number + 1, "gateway"), lines(program, options.rows, number + 101, "bad-load")
        more = lines(program, options.rows // 2, number + 201, "late")
        ingest(program, database, good + bad)
        stored: list[int] = []
        writer = threading.Thread(target=lambda: stored.append(sum(ingest(program, database, more[start : start + 500]) for start in range(0, len(more), 500))))
        writer.start()
        process = program.start("discard", "--db", database, "--where", "source=bad-load", "--yes")
        time.sleep(generator.uniform(0.02, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        writer.join()
        checks.equal(program.verify(database).code, 0, f"killed {number + 1}: verify")
        done = program.run("discard", "--db", database, "--where", "source=bad-load", "--yes")
        checks.equal(done.code, 0, f"killed {number + 1}: the rest goes ({done.stderr[-200:]!r})")
        checks.equal(stored, [len(more)], f"killed {number + 1}: others stored meanwhile")
        checks.equal(program.verify(database).code, 0, f"killed {number + 1}: verify after that")
        expected = stores.fresh(f"left{number}")
        ingest(program, expected, good + more)
        found, wanted = outputs(program, database, REPORTS[:6]), outputs(program, expected, REPORTS[:6])
        checks.check(found == wanted, f"killed {number + 1}: what is left is what was not discarded")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    checks = Checks(f"discard, {options.store}")
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        stores = databases(options.store, folder)
        for name, group in (
            ("selections", lambda: selections(checks, program, stores, options)), ("usage", lambda: usage(checks, program, stores)),
            ("meanwhile", lambda: meanwhile(checks, program, stores, options, random.Random(options.seed))),
        ):  # fmt: skip
            checks.group(name)
            group()
        checks.end_group()
        stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
