"""CSV is read alike by what people read it with: Python's csv, sqlite3's .import, DuckDB, and Postgres' COPY.

    python test_csv_readers.py --binary PATH [--tables N] [--seed N]     (within script/with-postgres)

Each table is a report over records whose dimension values are made of what readers stumble over. The JSON format of the same report is
the oracle; what does not exist is null there and an empty field here.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile
from typing import Any

import duckdb

from harness import Checks, Program
from postgres import PostgresDatabases

PIECES = [
    '"', '""', "'", ",", ";", "|", "\\", "\\N", "\\n", "NULL", "null", "NaN", " ", "  ", "\u00a0", "\u3000", "=", "+", "-", "@", "0", "007", "1e5", "1,5", "0x1F", "true", "\\.", "#", "--",
    "/*", "a", "Z", "é", "e\u0301", "守卫", "حارس", "שמירה", "🛡️", "\u202e", "\u2028", "\u200b", "\ufeff", "%", "$1", "{}", "<b>", "&amp;", "2026-01-01", "$$", "\u00df", "İ",
]  # fmt: skip
REPORTS = (("safe-ratio",), ("latency",), ("errors",), ("categories",))


def value(generator: random.Random) -> str:
    while True:
        text = "".join(generator.choice(PIECES) for _ in range(generator.randrange(1, 7)))
        if 1 <= len(text.encode()) <= 64:
            return text


def rows_of(text: str) -> list[list[str | None]]:
    """The rows of the oracle, numbers as they are written."""
    return [list(row.values()) for row in json.loads(text, parse_float=str, parse_int=str)]


def emptied(rows: list[list[str | None]]) -> list[list[str]]:
    return [["" if field is None else field for field in row] for row in rows]


def make(program: Program, folder: str, number: int, generator: random.Random) -> tuple[str, list[str], list[list[str | None]]]:
    """One table: its file, its columns, its rows."""
    database = os.path.join(folder, "x.db")
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(database + suffix):
            os.unlink(database + suffix)
    records = [
        {
            "id": f"{number}-{index}", "time": f"2026-01-0{generator.randrange(1, 4)}T12:00:00Z", "verdict": generator.choice(("safe", "unsafe", "controversial", "error")),
            "model": value(generator), "source": value(generator), "latency_ms": generator.randrange(5_000), "risk_types": generator.choice(([], ["hate"], ["violence", "weapons"])),
        }
        for index in range(generator.randrange(1, 8))
    ]  # fmt: skip
    for record in records:
        if record["verdict"] in ("safe", "error"):
            record["risk_types"] = []
    result = program.ingest(database, "-", "--allow-rejects", stdin="\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode())
    assert result.code == 0, result.brief()
    report = ("report", *generator.choice(REPORTS), "--db", database, "--from", "2026-01-01", "--to", "2026-01-05", "--by", generator.choice(("model,source", "source,model", "model")), *generator.choice(((), ("--every", "1d"))))
    path = os.path.join(folder, f"t{number}.csv")
    written = program.run(*report, "--output", path)
    assert written.code == 0, written.brief()
    oracle = program.run(*report, "--format", "json")
    with open(path, encoding="utf-8", newline="") as file:
        header = file.readline().rstrip("\r\n").split(",")
    return path, header, rows_of(oracle.stdout.decode())


def by_python(path: str) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def by_duckdb(path: str) -> list[list[str]]:
    found = duckdb.sql(f"SELECT * FROM read_csv('{path}', header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', auto_detect = true)").fetchall()
    return emptied([list(row) for row in found])


def by_sqlite(tables: list[tuple[str, list[str], Any]]) -> list[list[list[str]]]:
    script = "".join(f".import --csv {path} t{number}\n.mode json\nSELECT json_group_array(json_array({', '.join(chr(34) + name + chr(34) for name in header)})) AS rows FROM t{number};\n" for number, (path, header, _) in enumerate(tables))
    output = subprocess.run(["sqlite3", ":memory:"], input=script.encode(), capture_output=True, check=True).stdout.decode()
    return [json.loads(json.loads(line)[0]["rows"]) for line in output.split("\n") if line]


def by_postgres(stores: PostgresDatabases, database: str, tables: list[tuple[str, list[str], Any]]) -> list[list[list[str]]]:
    script = io.StringIO()
    for number, (path, header, _) in enumerate(tables):
        columns = ", ".join(f'"{name}" text' for name in header)
        script.write(f"CREATE TEMP TABLE t{number} (line serial, {columns});\n")
        script.write(f"\\copy t{number} ({', '.join(chr(34) + name + chr(34) for name in header)}) FROM '{path}' WITH (FORMAT csv, HEADER)\n")
        fields = ", ".join(f"coalesce(\"{name}\", '')" for name in header)
        script.write(f"SELECT coalesce(json_agg(json_build_array({fields}) ORDER BY line), '[]') FROM t{number};\n")
    result = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database], input=script.getvalue().encode(), capture_output=True, check=False, env=os.environ | {"PGCLIENTENCODING": "UTF8"})
    assert result.returncode == 0, result.stderr[-500:]
    found, depth, start = [], json.JSONDecoder(), 0
    text = result.stdout.decode()
    while start < len(text.rstrip()):
        rows, start = depth.raw_decode(text, start)
        found.append(rows)
        while start < len(text) and text[start] in "\r\n ":
            start += 1
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--tables", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()
    checks = Checks("CSV readers")
    program = Program(options.binary)
    generator = random.Random(options.seed)
    stores = PostgresDatabases()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        tables = [make(program, folder, number, generator) for number in range(options.tables)]
        checks.group("value for value")
        checks.check(sum(len(rows) for _, _, rows in tables) > options.tables, "there is something to read")
        readers = {
            "Python's csv": [by_python(path) for path, _, _ in tables], "sqlite3's .import": by_sqlite(tables), "DuckDB": [by_duckdb(path) for path, _, _ in tables],
            "Postgres' COPY": by_postgres(stores, stores.fresh("csv"), tables),
        }  # fmt: skip
        for reader, found in readers.items():
            checks.equal(len(found), len(tables), f"{reader}: tables")
            for number, ((path, _, rows), read) in enumerate(zip(tables, found)):
                if read != emptied(rows):
                    with open(path, "rb") as file:
                        checks.check(False, f"{reader}: table {number}", (read[:3], emptied(rows)[:3], file.read(300)))
                else:
                    checks.check(True, f"{reader}: table {number}")
        checks.end_group()
        stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
