"""Real labels end to end: the figures of the published data sets, and a recount of the files in Python."""

from __future__ import annotations

import argparse
import collections
import csv
import gzip
import io
import json
import os
import sys
import tempfile

from harness import Checks, Ledger, Program
from postgres import Databases, add_store_option, databases

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Data")
DAY = ("--from", "2026-01-10", "--to", "2026-01-11")


def records(name: str) -> list[dict]:
    with gzip.open(os.path.join(DATA, name), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def report(program: Program, database: str, *arguments: str) -> list[dict[str, str]]:
    result = program.run("report", *arguments, "--db", database, *DAY, "--format", "csv")
    return list(csv.DictReader(io.StringIO(result.stdout.decode("utf-8"), newline="")))


def check_hatecheck(program: Program, stores: Databases, checks: Checks) -> None:
    database, name = stores.fresh("hatecheck"), "hatecheck-verdicts.jsonl.gz"
    path = os.path.join(DATA, name)
    for expected in (Ledger(40_310, 40_310, 0, 0, 0, 0), Ledger(40_310, 0, 40_310, 0, 0, 0)):
        result = program.ingest(database, path, "--assume-time", "2026-01-10T00:00:00Z")
        checks.equal(result.code, 0, "exit code")
        checks.equal(result.ledger, expected, "ledger")
        checks.equal(result.json_ledger, expected, "ledger as JSON")
    (total,) = report(program, database, "safe-ratio")
    checks.equal([total[key] for key in ("safe", "controversial", "unsafe", "error")], ["7889", "8045", "24376", "0"], "totals")
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    types: collections.Counter[str] = collections.Counter()
    for record in records(name):
        counts[record["language"]][record["verdict"]] += 1
        types.update(record["risk_types"])
    rows = report(program, database, "safe-ratio", "--by", "language")
    checks.equal([row["language"] for row in rows], sorted(counts), "languages")
    for row in rows:
        expected_counts = counts[row["language"]]
        checks.equal({key: int(row[key]) for key in ("safe", "controversial", "unsafe")}, dict(expected_counts), row["language"])
        ratio = expected_counts["safe"] / sum(expected_counts.values())
        checks.equal(row["safe_ratio"], f"{ratio:.6f}", f"safe ratio of {row['language']}")
    found = {row["risk_type"]: int(row["verdicts"]) for row in report(program, database, "categories")}
    checks.equal(found, dict(types), "categories")
    checks.equal(program.verify(database).code, 0, "verify")


def check_dates(program: Program, stores: Databases, checks: Checks) -> None:
    """Half of these records have a date without a time of day, which is rejected even where a time is assumed."""
    name = "jailbreakbench-guard-verdicts.jsonl.gz"
    database = stores.fresh("jailbreakbench")
    result = program.ingest(database, os.path.join(DATA, name), "--assume-time", "2026-01-10T00:00:00Z")
    dated = sum("time" in record for record in records(name))
    checks.equal(result.code, 65, "exit code")
    checks.equal(result.ledger, Ledger(3_074, 3_074 - dated, 0, 0, dated, 0), "ledger")
    checks.check(b"--assume-time" in result.stderr and b"time of day" in result.stderr, "the reason says what to do")
    models = {row["model"]: int(row["total"]) for row in report(program, database, "safe-ratio", "--by", "model")}
    expected = collections.Counter(record["model"] for record in records(name) if "time" not in record)
    checks.equal(models, dict(expected), "by model")


def check_others(program: Program, stores: Databases, checks: Checks) -> None:
    for name in ("ailuminate-hazards.jsonl.gz", "openai-moderation-labels.jsonl.gz"):
        database = stores.fresh(name.split(".")[0])
        count = len(records(name))
        result = program.ingest(database, os.path.join(DATA, name), "--assume-time", "2026-01-10T00:00:00Z")
        checks.equal(result.ledger, Ledger(count, count, 0, 0, 0, 0), name)
        types = collections.Counter(kind for record in records(name) if record["verdict"] != "safe" for kind in record["risk_types"])
        found = {row["risk_type"]: int(row["verdicts"]) for row in report(program, database, "categories")}
        checks.equal(found, dict(types), f"categories of {name}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks(f"labels, {options.store}")
    with tempfile.TemporaryDirectory() as folder, databases(options.store, folder) as stores:
        checks.group("HateCheck")
        check_hatecheck(program, stores, checks)
        checks.group("dates without a time of day")
        check_dates(program, stores, checks)
        checks.group("other data sets")
        check_others(program, stores, checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
