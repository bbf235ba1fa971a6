"""The same verdicts in SQLite and in Postgres: every report, exposition and published file is the same to the byte.

`python3 test_stores_agree.py --binary PATH [--rows 200000] [--seed 7]`, within script/with-postgres; standard library only.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import sys
import tempfile
from collections.abc import Iterator

import traffic
from harness import Checks, Program, first_differing_lines, outputs
from oracle import DIMENSIONS
from postgres import PostgresDatabases, SQLiteDatabases

FIRST, END = "2026-03-02", "2026-03-16"
REPORTS = ("safe-ratio", "categories", "latency", "errors")
ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
ALL = (f"{FIRST}T00:00:00Z", f"{END}T00:00:00Z")
# Width, and a span that makes a readable number of rows of it; none of them begins on an edge in every zone.
WIDTHS = (
    ("", ALL), ("1m", ("2026-03-08T05:59:30Z", "2026-03-08T09:00:00.000001Z")),
    ("5m", ("2026-03-07T22:02:00Z", "2026-03-08T10:00:00Z")), ("15m", ("2026-03-07", "2026-03-09")),
    ("1h", ("2026-03-06T00:30:00+05:30", "2026-03-10")), ("1d", ALL), ("1w", ALL), ("1mo", ("2026-02-01", "2026-04-01")),
)  # fmt: skip
BY = (
    "", *DIMENSIONS, "language,region", "source,model,stage,method", "model,language", "region,stage,source",
    "method,region",
)  # fmt: skip
WHERE = (
    (), ("language=en,zh*",), ("region=US,CN,CN-*", "stage=prompt"), ("model=q*,Q*",), ("source=eu-west", "method=chat,judge"),
    (r"model=shield\*gemma", "language=*"),
)  # fmt: skip
MOMENTS = ("2026-03-08T07:00:00Z", "2026-03-10T18:31:59.999999Z", "2026-03-16T00:30:00Z", "2026-04-20T00:00:00Z")


def commands(random_: random.Random) -> Iterator[tuple[str, ...]]:
    """Every report by every width and dimension; zones, filters and formats take turns."""
    for report, (every, (begin, end)), by in itertools.product(REPORTS, WIDTHS, BY):
        command = ["report", report, "--from", begin, "--to", end, "--tz", random_.choice(ZONES)]
        command += (["--every", every] if every else []) + (["--by", by] if by else [])
        command += ["--format", random_.choice(("csv", "csv", "csv", "excel", "json", "jsonl", "markdown"))]
        for option in random_.choice(WHERE):
            command += ["--where", option]
        yield tuple(command)
    for naming, by in itertools.product((("--native",), ("--taxonomy", "mlcommons")), BY):
        yield ("report", "categories", *naming, "--from", ALL[0], "--to", ALL[1], "--format", "csv", *(("--by", by) if by else ()))
    for report, last in itertools.product(REPORTS, ("1h", "24h", "7d")):
        yield ("report", report, "--last", last, "--now", MOMENTS[1], "--by", "region", "--sort", "start:desc", "--limit", "50")


def expositions(program: Program, database: str) -> dict[str, bytes]:
    """What `metrics` prints in both formats, without when an aggregation last ended by the clock."""
    found = outputs(
        program, database,
        (("metrics", "--now", now, "--format", format_) for now in MOMENTS for format_ in ("text", "openmetrics")),
    )  # fmt: skip
    clock = re.compile(rb"guardtally_last_aggregation_timestamp_seconds .*")
    return {command: clock.sub(b"", text) for command, text in found.items()}


def write_input(path: str, rows: int, seed: int) -> None:
    """Records of which some are repeated and some contradict an earlier one, mixed over the whole file."""
    random_ = random.Random(seed)
    lines = list(traffic.records(rows, seed, traffic.instant(FIRST), 14, "random", "uuid"))
    changed = (re.sub(r'"verdict":"\w+"', '"verdict":"error"', line) for line in random_.sample(lines, rows // 50))
    lines += [*random_.sample(lines, rows // 20), *changed]
    random_.shuffle(lines)
    traffic.write_file(path, iter(lines))


def check_ingest(checks: Checks, program: Program, stores: dict[str, str], folder: str, paths: list[str]) -> None:
    checks.group("ingest")
    for path in paths:
        name = os.path.basename(path)
        said, rejects = [], []
        for kind, database in stores.items():
            file = os.path.join(folder, f"rejects-{kind}.csv")
            result = program.ingest(database, "--rejects", file, "--allow-synthetic", path)
            said.append((result.code, result.stdout, result.stderr))
            with open(file, "rb") as rejected:
                rejects.append(rejected.read())
        checks.check(said[0][0] in (0, 65), f"{name}: exit code", said[0])
        checks.check(said[0] == said[1], f"{name}: ledger and messages", [(code, text[-200:]) for code, text, _ in said])
        checks.check(rejects[0] == rejects[1], f"{name}: rejects file", first_differing_lines(*rejects))


def check_published(checks: Checks, program: Program, stores: dict[str, str], folder: str) -> None:
    checks.group("what aggregate publishes")
    found = []
    for kind, database in stores.items():
        target, textfile = os.path.join(folder, f"reports-{kind}"), os.path.join(folder, f"{kind}.prom")
        result = program.aggregate(
            database, "--now", MOMENTS[2], "--tz", "Asia/Kolkata", "--reports", target, "--textfile", textfile
        )
        checks.equal(result.code, 0, f"{kind}: aggregate ({result.brief()})")
        files = {}
        for name in sorted(os.listdir(target)):
            with open(os.path.join(target, name), "rb") as file:
                files[name] = file.read()
        with open(textfile, "rb") as file:
            files["textfile"] = b"\n".join(line for line in file.read().split(b"\n") if b"_aggregation_" not in line)
        found.append(files)
    checks.equal(sorted(found[0]), sorted(found[1]), "names of the files")
    for name, data in found[0].items():
        checks.check(data == found[1].get(name), name, first_differing_lines(data, found[1].get(name, b"")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data and databases; default: a temporary one")
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks("stores agree")
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, PostgresDatabases() as servers:
        stores = {"sqlite": SQLiteDatabases(folder).fresh("agree"), "postgres": servers.fresh("agree")}
        messy, made = os.path.join(folder, "messy.ndjson"), os.path.join(folder, "made.ndjson")
        write_input(messy, options.rows // 2, options.seed)
        with open(made, "wb") as file:
            arguments = ("--rows", str(options.rows - options.rows // 2), "--days", "14", "--seed", str(options.seed))
            process = program.start("generate", *arguments, "--start", f"{FIRST}T00:00:00Z", stdout=file.fileno())
            process.communicate()
        check_ingest(checks, program, stores, folder, [messy, made, messy])
        answers: dict[tuple[str, ...], dict[str, bytes]] = {}
        for moment in ("before", "after"):
            asked = list(commands(random.Random(options.seed)))
            checks.group(f"{len(asked)} reports {moment} aggregate")
            for command in asked:  # one at a time: some answers are large
                first, second = (outputs(program, database, [command]) for database in stores.values())
                checks.same_outputs(first, second, moment)
                checks.check(answers.setdefault(command, first) == first, f"aggregate changes no answer: {' '.join(command)}")
            checks.group(f"metrics {moment} aggregate")
            first, second = (expositions(program, database) for database in stores.values())
            checks.same_outputs(first, second, moment)
            checks.group(f"verify {moment} aggregate")
            for kind, database in stores.items():
                result = program.verify(database)
                checks.equal(result.code, 0, f"{kind} ({result.brief()})")
            if moment == "before":
                check_published(checks, program, stores, folder)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
