"""`promtool check metrics` finds nothing: on an empty store, a full one, and one far over the series budget."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile

from harness import Checks, Program
from postgres import add_store_option, databases

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
COUNTRIES = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG".split()


def promtool(exposition: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["promtool", "check", "metrics"], input=exposition, capture_output=True)


def check(program: Program, checks: Checks, database: str, now: str, name: str) -> list[str]:
    text = program.run("metrics", "--db", database, "--now", now)
    checks.equal(text.code, 0, f"{name}: exit code")
    result = promtool(text.stdout)
    checks.equal((result.returncode, result.stdout, result.stderr), (0, b"", b""), f"{name}: promtool")
    samples = [line for line in text.stdout.decode("utf-8").splitlines() if not line.startswith("#")]
    checks.check(len(samples) <= 10_000, f"{name}: within the series budget", len(samples))
    checks.equal(len(samples), len({line.rsplit(" ", 1)[0] for line in samples}), f"{name}: no series twice")
    metrics = program.run("metrics", "--db", database, "--now", now, "--format", "openmetrics").stdout.decode("utf-8")
    checks.check(metrics.endswith("# EOF\n"), f"{name}: OpenMetrics ends with # EOF")
    same = [line for line in metrics.splitlines() if not line.startswith("#")]
    checks.equal(same, samples, f"{name}: both formats have the same samples")
    return samples


def write_wide(path: str, count: int) -> None:
    """As many models and subdivisions as records, and hostile text in the labels."""
    hostile = ['quote"', "back\\slash", "new line?", "守卫", "a{b=\"c\"}", "#", "other"]
    parts = itertools.product(COUNTRIES, LETTERS, LETTERS, LETTERS)
    with open(path, "w", encoding="utf-8") as lines:
        for index, (country, *subdivision) in zip(range(count), parts):
            record = {
                "id": f"w-{index}", "time": 1_767_225_600 + index // 12, "verdict": ("safe", "unsafe", "error")[index % 3],
                "region": f"{country}-{''.join(subdivision)}", "method": f"method {index % 70}",
                "model": hostile[index] if index < len(hostile) else f"model {index}", "latency_ms": index % 40_000,
            }
            lines.write(json.dumps(record) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--distinct", type=int, default=1_000_000)
    arguments = parser.parse_args()
    program, checks = Program(arguments.binary), Checks(f"promtool, {arguments.store}")
    with tempfile.TemporaryDirectory() as folder, databases(arguments.store, folder) as stores:
        checks.group("empty store")
        empty = stores.fresh("empty")
        program.run("migrate", "--db", empty)
        check(program, checks, empty, "2026-01-02T00:00:00Z", "empty")
        checks.group("full store")
        full = stores.fresh("full")
        traffic = program.run("generate", "--rows", "100000", "--days", "8").stdout
        program.ingest(full, "--input-name", "traffic", stdin=traffic)
        check(program, checks, full, "2026-01-08T12:00:00Z", "full")
        checks.group(f"{arguments.distinct} distinct regions and models")
        wide, lines = stores.fresh("wide"), os.path.join(folder, "wide.ndjson")
        write_wide(lines, arguments.distinct)
        checks.equal(program.ingest(wide, lines).code, 0, "wide: exit code of ingest")
        samples = check(program, checks, wide, "2026-01-01T23:00:00Z", "wide")
        folded = {line.split('"')[1]: int(line.rsplit(" ", 1)[1]) for line in samples if line.startswith("guardtally_series_folded")}
        checks.equal(folded.get("method"), 20, "wide: methods beyond the first 50")
        if arguments.distinct >= 100_000:
            checks.check(min(folded["region"], folded["model"]) > arguments.distinct / 2, "wide: values were folded", folded)
        checks.group("store out of reach")
        absent = program.run("metrics", "--db", stores.absent("nowhere"))
        checks.equal(absent.code, 69, "absent: exit code")
        checks.equal([line for line in absent.stdout.splitlines() if not line.startswith(b"#")], [b"guardtally_store_up 0"], "absent: samples")
        checks.equal(promtool(absent.stdout).returncode, 0, "absent: promtool")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
