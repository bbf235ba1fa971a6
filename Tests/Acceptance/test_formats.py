"""Every format of every report says the same, and what a spreadsheet would run as a formula is defused for it alone.

`python3 test_formats.py --binary PATH [--store sqlite]`; standard library only.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import os
import re
import sys
import tempfile

from harness import Checks, Program
from oracle import CATEGORIES_COLUMNS, ERRORS_COLUMNS, LATENCY_COLUMNS, SAFE_RATIO_COLUMNS
from postgres import Databases, add_store_option, databases

COLUMNS = {
    "safe-ratio": SAFE_RATIO_COLUMNS, "categories": CATEGORIES_COLUMNS, "latency": LATENCY_COLUMNS, "errors": ERRORS_COLUMNS
}  # fmt: skip
TEXT_COLUMNS = {"start", "end", "source", "model", "stage", "method", "language", "region", "risk_type", "error_cause"}
SPAN = ("--from", "2026-03-02", "--to", "2026-03-09")
EMPTY_SPAN = ("--from", "2020-03-02", "--to", "2020-03-09")

# What a spreadsheet takes for the start of a formula. TAB, CR and LF belong to the list too, but no stored value can
# have one.
STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"
SPACES = ("", " ", "  ", "\u00a0", " \u00a0", "\u00a0 ")
FORMULAS = [space + start + rest for start in STARTS for space in SPACES for rest in ("1+1", "cmd|' /C calc'!A0", "")]
HARMLESS = [
    "plain", "a=1", "1-2", "x@example.org", "'=1", '"=1"', "(-1)", " padded ", "\u00a0x", "\u2212 1", "7", "007", "1e5",
    "2026-03-02", "TRUE", "a,b", 'say "hi"', "back\\slash", "pipe|d", "|", "\\|", "\\", "*bold*", "_low_", "`code`",
    "[link](x)", "<b>x</b>", "&amp;", "#1", "~~x~~", "\u6f22\u5b57", "\u202etxet", "line\u2028separator", "\U0001f6e1\ufe0f",
]  # fmt: skip


def write_records(path: str) -> None:
    """Each value as a model, a source and a method, with every result, and now and then without a latency."""
    with open(path, "w", encoding="utf-8") as file:
        for number, value in enumerate([*FORMULAS, *HARMLESS]):
            for verdict in ("safe", "controversial", "unsafe", "error"):
                record = {
                    "id": f"{number}-{verdict}", "time": f"2026-03-0{2 + number % 7}T{number % 24:02d}:00:00Z",
                    "verdict": verdict, "model": value, "source": value, "method": value, "error_cause": "timeout",
                    "risk_types": ["hate", "violence"][: 1 + number % 2], "language": "en", "region": "US",
                }  # fmt: skip
                if number % 5:
                    record["latency_ms"] = number / 8
                file.write(json.dumps(record) + "\n")
        # A group that has errors alone: neither a safe ratio nor a latency exists there.
        file.write('{"id":"e","time":"2026-03-02T00:00:00Z","verdict":"error","model":"broken"}\n')


def rows_of_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))


def cells_of_markdown(line: str) -> list[str]:
    """The cells of a row of a table as GitHub's dialect reads them: trimmed, and escapes undone."""
    assert line.startswith("|") and line.endswith("|"), line
    cells = re.findall(r"((?:[^|\\]|\\.)*)\|", line[1:])
    entities = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
    # In one pass: an ampersand that is escaped begins no entity.
    marked = re.compile(r"\\([!-/:-@\[-`{-~])|&(?:amp|lt|gt);")
    return [marked.sub(lambda match: match[1] or entities[match[0]], cell.strip(" ")) for cell in cells]


def as_text(column: str, value: object) -> str:
    """A JSON value as the machine dialect writes it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if column.endswith("_ms"):
        return f"{value:.3f}"
    return f"{value:.6f}" if isinstance(value, float) or "ratio" in column or "share" in column else str(value)


def same_objects(header: list[str], rows: list[list[str]], objects: list[dict[str, object]]) -> str:
    """"" where JSON objects have a table's columns, in order, and its cells; numbers as numbers, text as text."""
    if len(rows) != len(objects):
        return f"{len(objects)} objects for {len(rows)} rows"
    for row, object_ in zip(rows, objects):
        if list(object_) != header:
            return f"columns {list(object_)}"
        for column, cell in zip(header, row):
            value = object_[column]
            if value is not None and isinstance(value, str) != (column in TEXT_COLUMNS):
                return f"{column} is {value!r}"
            if as_text(column, value) != cell:
                return f"{column}: {value!r} for {cell!r}"
    return ""


def check_json(checks: Checks, name: str, table: list[list[str]], json_text: bytes, lines_text: bytes) -> None:
    header, rows = table[0], table[1:]
    difference = same_objects(header, rows, json.loads(json_text))
    checks.check(not difference, f"{name}: json says what csv says", difference)
    lines = lines_text.decode("utf-8").split("\n")
    checks.equal(lines.pop(), "", f"{name}: every line of jsonl has an end")
    difference = same_objects(header, rows, [json.loads(line) for line in lines])
    checks.check(not difference, f"{name}: jsonl says what csv says", difference)


def check_markdown(checks: Checks, name: str, table: list[list[str]], text: bytes) -> None:
    lines = text.decode("utf-8").split("\n")
    checks.equal(lines.pop(), "", f"{name}: markdown ends its last line")
    checks.check("\r" not in text.decode("utf-8"), f"{name}: markdown has plain line ends")
    if not checks.check(len(lines) == len(table) + 1, f"{name}: rows of markdown", (len(lines), len(table))):
        return
    ruler = cells_of_markdown(lines.pop(1))
    checks.check(all(re.fullmatch(":?-+:?", cell) for cell in ruler) and len(ruler) == len(table[0]), f"{name}: the ruler", ruler)
    for line, row in zip(lines, table):
        # What does not exist is nothing or a dash, as in the table for people.
        found = ["" if cell == "-" and wanted == "" else cell for cell, wanted in zip(cells_of_markdown(line), row)]
        if found != [cell.strip(" ") for cell in row]:
            checks.check(False, f"{name}: a row of markdown", (row, line))
            return
        if re.search(r"(?<!\\)<", line):
            checks.check(False, f"{name}: a tag in markdown", line)
            return
    checks.check(True, f"{name}: rows of markdown say what csv says")


def is_formula(text: str) -> bool:
    return text.lstrip(" \u00a0")[:1] in set(STARTS + "\t\r\n")


def check_excel(checks: Checks, name: str, table: list[list[str]], text: bytes) -> None:
    checks.check(text.startswith(b"\xef\xbb\xbf"), f"{name}: excel begins with a BOM")
    checks.check(text.count(b"\n") == text.count(b"\r\n"), f"{name}: excel has CRLF")
    found = rows_of_csv(text.removeprefix(b"\xef\xbb\xbf"))
    checks.equal(len(found), len(table), f"{name}: rows of excel")
    header = table[0]
    defused = 0
    for row, wanted in zip(found, table):
        for column, cell, value in zip(header, row, wanted):
            if column in TEXT_COLUMNS and is_formula(value):
                defused += 1
                fits = not is_formula(cell) and cell.endswith(value) and cell != value
            else:
                fits = cell == value
            if not fits:
                checks.check(False, f"{name}: a cell of excel", (column, value, cell))
                return
    checks.check(True, f"{name}: cells of excel, of which {defused} had to be defused")


def check_report(checks: Checks, program: Program, database: str, name: str, report: tuple[str, ...]) -> None:
    texts = {}
    for format_ in ("csv", "excel", "json", "jsonl", "markdown", "table"):
        result = program.run(*report, "--format", format_, "--db", database)
        checks.equal(result.code, 0, f"{name}: exit code of {format_} ({result.brief()})")
        texts[format_] = result.stdout
    checks.check(not texts["csv"].startswith(b"\xef\xbb\xbf"), f"{name}: csv has no BOM")
    table = rows_of_csv(texts["csv"])
    check_json(checks, name, table, texts["json"], texts["jsonl"])
    check_markdown(checks, name, table, texts["markdown"])
    check_excel(checks, name, table, texts["excel"])
    plain = program.run(*report, "--db", database)
    checks.equal(plain.stdout, texts["csv"], f"{name}: csv where nobody looks on")


def check_machine_csv(checks: Checks, program: Program, database: str) -> None:
    """The machine dialect repeats what was stored: a defused value would be another model."""
    checks.group("the machine dialect leaves values alone")
    for dimension in ("model", "source", "method"):
        result = program.run("report", "safe-ratio", *SPAN, "--by", dimension, "--format", "csv", "--db", database)
        values = [row[2] for row in rows_of_csv(result.stdout)[1:]]
        extra = {"model": {"broken"}, "source": {"default"}, "method": {"judge"}}[dimension]
        checks.equal(values, sorted({*FORMULAS, *HARMLESS} | extra, key=str.encode), f"values of {dimension}")


def check_empty(checks: Checks, program: Program, database: str) -> None:
    checks.group("no rows")
    for report, by in itertools.product(COLUMNS, ("", "model,region")):
        command = ("report", report, *EMPTY_SPAN, *(("--by", by) if by else ()))
        header = ["start", "end", *(by.split(",") if by else ()), *COLUMNS[report]]
        line = ",".join(header).encode() + b"\r\n"
        name = f"{report} --by {by}"
        for format_, expected in (("csv", line), ("excel", b"\xef\xbb\xbf" + line), ("jsonl", b"")):
            result = program.run(*command, "--format", format_, "--db", database)
            checks.equal((result.code, result.stdout), (0, expected), f"{name}: {format_}")
        result = program.run(*command, "--format", "json", "--db", database)
        checks.equal((result.code, result.stdout.strip()), (0, b"[]"), f"{name}: json")
        result = program.run(*command, "--format", "markdown", "--db", database)
        lines = result.stdout.decode().splitlines()
        checks.check(result.code == 0 and len(lines) == 2 and cells_of_markdown(lines[0]) == header, f"{name}: markdown", lines)


def check_options(checks: Checks, program: Program, database: str, folder: str) -> None:
    checks.group("limit, file, and a format that does not exist")
    command = ("report", "safe-ratio", *SPAN, "--by", "model", "--db", database)
    for format_, lines in (("csv", 3), ("excel", 3), ("jsonl", 2), ("markdown", 4)):
        result = program.run(*command, "--limit", "2", "--format", format_)
        # A separator of lines in a value is not an end of line in any of these formats.
        checks.equal((result.code, result.stdout.count(b"\n")), (0, lines), f"{format_} --limit 2")
        checks.check(b"left out" in result.stderr or b"more row" in result.stderr, f"{format_}: says how many it left", result.stderr)
        path = os.path.join(folder, f"report.{format_}")
        written = program.run(*command, "--limit", "2", "--format", format_, "--output", path)
        with open(path, "rb") as file:
            checks.equal((written.stdout, file.read()), (b"", result.stdout), f"{format_} --output")
    checks.equal(program.run(*command, "--format", "yaml").code, 64, "an unknown format")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks(f"formats, {options.store}")
    with tempfile.TemporaryDirectory() as folder, databases(options.store, folder) as stores:
        check_all(checks, program, stores, folder)
    return checks.finish()


def check_all(checks: Checks, program: Program, stores: Databases, folder: str) -> None:
    database, path = stores.fresh("formats"), os.path.join(folder, "verdicts.ndjson")
    write_records(path)
    checks.group("ingest")
    checks.equal(program.ingest(database, path).code, 0, "exit code")
    for report in COLUMNS:
        checks.group(f"every format of {report}")
        for by in ("", "model", "source,method", "language,region"):
            command = ("report", report, *SPAN, "--every", "1d", *(("--by", by) if by else ()))
            check_report(checks, program, database, f"{report} --by {by}", command)
    check_machine_csv(checks, program, database)
    check_empty(checks, program, database)
    check_options(checks, program, database, folder)


if __name__ == "__main__":
    sys.exit(main())
