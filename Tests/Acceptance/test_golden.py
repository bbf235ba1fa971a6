"""Whole outputs, byte for byte: help of every command, every format of every report, empty stores, narrow and wide terminals.

    python test_golden.py --binary PATH [--store postgres] [--update]

The expected bytes are the files of Tests/Golden, the same for both stores. --update writes them anew: look at the difference before it is
committed.
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import json
import os
import sys
import tempfile

from harness import Checks, Program
from postgres import Databases, add_store_option, databases
from test_terminal import COMMANDS, Screen

GOLDEN = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Golden"))
REPORTS = ("safe-ratio", "categories", "latency", "errors")
FORMATS = {"table": "txt", "csv": "csv", "excel": "excel.csv", "json": "json", "jsonl": "jsonl", "markdown": "md", "chart": "chart.txt", "svg": "svg"}
SPAN = ("--from", "2026-03-02", "--to", "2026-03-05", "--tz", "Asia/Kolkata")
UNICODE = {"LANG": "C.UTF-8", "LC_ALL": "", "LC_CTYPE": ""}
COLUMNS = (30, 60, 100, 240)


def records() -> bytes:
    """Three days of five models: names in Chinese and Arabic, one that a spreadsheet would run, and one that only ever fails."""
    models = ("Qwen3Guard-Gen-4B", "Qwen3Guard-Gen-8B", "守卫模型-审核九号", "حارس النموذج", "=SUM(A1:A9)")
    languages, regions = ("en", "zh-Hans", "ar", "und"), ("IN", "CN-GD", "EG", "ZZ")
    verdicts = ("safe", "safe", "unsafe", "safe", "controversial", "safe", "error")
    causes = ("timeout", "unreadable", "http")
    lines = []
    for number in range(420):
        verdict = verdicts[number * 3 % 7]
        record: dict[str, object] = {
            "id": f"r{number}", "time": f"2026-03-{2 + number % 3:02}T{number * 7 % 24:02}:{number * 11 % 60:02}:00+05:30", "verdict": verdict,
            "model": models[number % 5], "language": languages[number // 3 % 4], "region": regions[number // 5 % 4],
        }  # fmt: skip
        if verdict == "error":
            record["error_cause"] = causes[number % 3]
        elif verdict != "safe":
            record["risk_types"] = (["hate"], ["weapons", "violence"], ["pii"], [])[number // 2 % 4]
        if number % 4:
            record["latency_ms"] = 20 + number * 37 % 900 + number % 8 / 8
        lines.append(json.dumps(record, ensure_ascii=False))
    lines += [json.dumps({"id": f"f{hour}", "time": f"2026-03-03T{hour:02}:30:00+05:30", "verdict": "error", "model": "always-down"}) for hour in range(6)]
    return "\n".join(lines).encode()


class Golden:
    """The files that are expected; each must be compared with once, and none may be left over."""

    def __init__(self, checks: Checks, update: bool) -> None:
        self._checks, self._update, self._seen = checks, update, set[str]()

    def compare(self, name: str, data: bytes) -> None:
        path = os.path.join(GOLDEN, name)
        self._seen.add(name)
        if self._update:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        try:
            with open(path, "rb") as file:
                expected = file.read()
        except FileNotFoundError:
            expected = b""
        shown = lambda text: text.decode("utf-8", "backslashreplace").splitlines(keepends=True)  # noqa: E731
        difference = "" if data == expected else "".join(itertools.islice(difflib.unified_diff(shown(expected), shown(data), "expected", "printed"), 30))
        self._checks.check(data == expected, name, difference)

    def finish(self) -> None:
        there = {os.path.relpath(os.path.join(folder, name), GOLDEN) for folder, _, names in os.walk(GOLDEN) for name in names}
        self._checks.equal(sorted(there - self._seen), [], "files that nothing is compared with")


def helps(checks: Checks, golden: Golden, program: Program) -> None:
    for name, words in [("alone", []), ("guardtally", ["--help"]), *((command.replace(" ", "-"), [*command.split(), "--help"]) for command in COMMANDS)]:
        result = program.run(*words)
        checks.equal((result.code, result.stderr), (0, b""), f"{name}: exit")
        golden.compare(f"help/{name}.txt", result.stdout)
    golden.compare("help/reports.txt", program.run("report").stdout)


def formats(checks: Checks, golden: Golden, program: Program, full: str, empty: str) -> None:
    for report, (kind, ending) in itertools.product(REPORTS, FORMATS.items()):
        asked = ("report", report, *SPAN, "--every", "1d", "--by", "model", "--format", kind)
        result = program.run(*asked, "--db", full, environment=UNICODE)
        checks.equal((result.code, result.stderr), (0, b""), f"{report} as {kind}: exit")
        golden.compare(f"reports/{report}.{ending}", result.stdout)
        nothing = program.run(*asked, "--db", empty, environment=UNICODE)
        checks.equal((nothing.code, nothing.stderr), (0, b""), f"{report} as {kind}, of nothing: exit")
        golden.compare(f"empty/{report}.{ending}", nothing.stdout)
        none = program.run(*asked, "--db", full, "--where", "source=nobody", environment=UNICODE)
        if kind in ("table", "chart", "svg"):
            checks.check(none.code == 0 and b" where source=nobody from " in none.stdout, f"{report} as {kind}: a filter that nothing passes is named", none.stdout)
        else:
            checks.equal((none.code, none.stdout), (0, nothing.stdout), f"{report} as {kind}: a filter that nothing passes is as an empty store")
    for kind, ending in (("text", "txt"), ("openmetrics", "openmetrics.txt")):
        for database, name in ((full, "metrics"), (empty, "metrics-empty")):
            golden.compare(f"metrics/{name}.{ending}", program.run("metrics", "--db", database, "--now", "2026-03-05T00:00:00Z", "--format", kind).stdout)


def screens(checks: Checks, golden: Golden, program: Program, full: str, empty: str) -> None:
    for report, kind, columns in itertools.product(REPORTS, ("table", "chart"), COLUMNS):
        screen = Screen(program.path, ["report", report, "--db", full, *SPAN, "--by", "model", "--format", kind], columns=columns, environment=UNICODE)
        checks.equal(screen.code, 0, f"{report} as {kind} in {columns} columns: exit")
        golden.compare(f"screens/{report}.{kind}.{columns}.txt", screen.shown.replace(b"\r\n", b"\n"))
    for kind in ("table", "chart"):
        asked = ["report", "safe-ratio", *SPAN, "--by", "language", "--format", kind]
        golden.compare(f"screens/no-color.{kind}.txt", Screen(program.path, [*asked, "--db", full], environment=UNICODE | {"NO_COLOR": "1"}).shown.replace(b"\r\n", b"\n"))
        golden.compare(f"screens/ascii.{kind}.txt", Screen(program.path, [*asked, "--db", full], columns=40, environment={"LANG": "C", "LC_ALL": "", "LC_CTYPE": ""}).shown.replace(b"\r\n", b"\n"))
        golden.compare(f"screens/empty.{kind}.txt", Screen(program.path, [*asked, "--db", empty], environment=UNICODE).shown.replace(b"\r\n", b"\n"))


def run(checks: Checks, program: Program, stores: Databases, update: bool) -> None:
    full, empty = stores.fresh("golden"), stores.fresh("golden_empty")
    for database, lines in ((full, records()), (empty, b"")):
        checks.equal(program.ingest(database, "-", stdin=lines).code, 0, "a store")
    golden = Golden(checks, update)
    helps(checks, golden, program)
    formats(checks, golden, program, full, empty)
    screens(checks, golden, program, full, empty)
    golden.finish()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--update", action="store_true")
    add_store_option(parser)
    options = parser.parse_args()
    checks = Checks("golden")
    with tempfile.TemporaryDirectory() as folder:
        stores = databases(options.store, folder)
        try:
            run(checks, Program(options.binary), stores, options.update)
        finally:
            stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
