"""Any order, repetition and split into files of the same records gives the same reports and metrics.

`python3 test_property.py --binary PATH [--store sqlite] --rounds R --seed S`; standard library only.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import sys
import tempfile

import traffic
from harness import Checks, Program, Result
from oracle import EVERY, MICROSECONDS, format_time
from postgres import add_store_option, databases

BY = (
    "", "language", "region", "source,model", "stage,method", "language,region", "method,model,stage",
    "region,language,source",
)  # fmt: skip
ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe")
REPORTS = ("safe-ratio", "categories", "latency", "errors")
VARIANTS = 5


def respelled(random_: random.Random, line: str) -> str:
    """The same content delivered again: unknown fields and white space do not matter."""
    if random_.random() < 0.3:
        line = line.replace("{", '{"retry":{"id":[1,null]},', 1)
    if random_.random() < 0.2:
        line = " " + line + "\t"
    return line + ("\r\n" if random_.random() < 0.2 else "\n")


def observations(program: Program, database: str, commands: list[list[str]], now: str) -> list[str]:
    """Every report's text, then the sorted `qwen_guard_*` lines of the metrics."""
    texts = []
    for command in commands:
        result = program.run(*command, "--db", database)
        texts.append(result.stdout.decode() if result.code == 0 else result.brief())
    result = program.run("metrics", "--now", now, "--db", database)
    # Assumption: the order of lines within the exposition may differ, their text may not.
    lines = sorted(line for line in result.stdout.decode().splitlines() if line.startswith("qwen_guard_"))
    return [*texts, "\n".join(lines) or result.brief()]


def deliver(
    random_: random.Random, program: Program, folder: str, database: str, deliveries: list[str]
) -> list[Result]:
    """Splits the lines into files, some gzip, some on standard input, and ingests them in one or several runs."""
    cuts = sorted(random_.randrange(len(deliveries) + 1) for _ in range(random_.randrange(0, 5)))
    pieces = [deliveries[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(deliveries)])]
    results: list[Result] = []
    waiting: list[str] = []
    for number, piece in enumerate(pieces):
        data = "".join(piece).encode()
        if data and random_.random() < 0.3:
            data = data.rstrip(b"\r\n")
        if random_.random() < 0.2:
            data = b"\xef\xbb\xbf" + data
        if random_.random() < 0.4:
            data = gzip.compress(data, mtime=0)
        if random_.random() < 0.35:
            results.append(program.ingest(database, "--input-name", f"stdin-{number}", stdin=data))
            continue
        path = os.path.join(folder, f"piece-{number}.dat")  # the name says nothing of gzip: the content does
        with open(path, "wb") as file:
            file.write(data)
        waiting.append(path)
        if random_.random() < 0.5:
            results.append(program.ingest(database, *waiting))
            waiting = []
    if waiting:
        results.append(program.ingest(database, *waiting))
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data and databases; default: a temporary one")
    options = parser.parse_args()
    program = Program(options.binary)
    checks = Checks(f"property, {options.store}")
    random_ = random.Random(options.seed)
    for round_ in range(1, options.rounds + 1):
        rows = random_.randrange(1, 600)
        checks.group(f"round {round_}, {rows} records")
        start_us = traffic.instant(random_.choice(("2026-03-06", "2026-04-03", "2026-10-30", "2025-12-29")))
        days = random_.choice((0.05, 1, 4, 12))
        end_us = start_us + int(days * traffic.DAY)
        ids = random_.choice(("uuid", "sequential"))
        lines = list(traffic.records(rows, random_.randrange(1 << 30), start_us, days, ids=ids))
        span = ["--from", format_time(start_us, "UTC"), "--to", format_time(end_us, "UTC")]
        now = format_time(start_us + random_.randrange(end_us - start_us) // MICROSECONDS * MICROSECONDS, "UTC")
        commands = []
        for number in range(8):
            command = ["report", REPORTS[number % 4], *span, "--format", "csv"]
            command += ["--tz", random_.choice(ZONES)]
            every, by = random_.choice((None, *EVERY)), random_.choice(BY)
            commands.append(command + (["--every", every] if every else []) + (["--by", by] if by else []))

        with tempfile.TemporaryDirectory(dir=options.workdir) as folder, databases(options.store, folder) as stores:
            plain = stores.fresh("plain")
            source = "".join(line + "\n" for line in lines).encode()
            result = program.ingest(plain, "--input-name", "plain", stdin=source)
            ledger = result.json_ledger
            all_stored = ledger is not None and ledger.stored == ledger.read == rows
            checks.check(all_stored, "plain: all stored", result.brief())
            expected = observations(program, plain, commands, now)
            unrecognised = ledger.unrecognised if ledger else -1
            for variant in range(1, VARIANTS + 1):
                repeated = random_.choices(lines, k=random_.randrange(0, 2 * rows))
                deliveries = lines + repeated
                random_.shuffle(deliveries)
                deliveries = [respelled(random_, line) for line in deliveries]
                database = stores.fresh(f"variant-{variant}")
                results = deliver(random_, program, folder, database, deliveries)
                name = f"variant {variant}"
                ledgers = [result.json_ledger for result in results]
                if checks.check(
                    all(ledgers) and all(result.code == 0 for result in results), f"{name}: ingest",
                    [result.brief() for result in results],
                ):  # fmt: skip
                    checks.check(all(ledger.balances for ledger in ledgers), f"{name}: ledgers balance", ledgers)
                    totals = [sum(column) for column in zip(*ledgers)]
                    checks.equal(
                        totals, [len(deliveries), rows, len(repeated), 0, 0, unrecognised], f"{name}: sum of ledgers"
                    )
                found = observations(program, database, commands, now)
                for label, left, right in zip([*map(" ".join, commands), f"metrics --now {now}"], expected, found):
                    differing = [pair for pair in zip(left.split("\n"), right.split("\n")) if pair[0] != pair[1]][:2]
                    checks.check(left == right, f"{name}: {label}", differing)
                checks.equal(program.verify(database).code, 0, f"{name}: verify")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
