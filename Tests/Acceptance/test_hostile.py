"""Hostile input: the ledger must be right, every rejected line be pointed at exactly, and nothing crash.

`python3 test_hostile.py --binary PATH [--store sqlite] [--megabytes 50] [--seed 7]`; standard library only.

What must happen to each line is worked out from the file's bytes by the oracle. Lines that the contract does not
decide (`Unclear`) may end either way, and the rest of the ledger is checked around them.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import traffic
from harness import Checks, Ledger, Program
from oracle import LINE_LIMIT, Rejected, Unclear, Verdict, canonicalise, format_time, read_ndjson
from postgres import add_store_option, databases

# Stands in rejected values: neither a message nor the rejects file may quote one.
MARKER = "quoted-marker-7f3a"

# A complete valid record but for one member, and the reason code the contract names for it, if it does.
FAULTS: tuple[tuple[str, str | None], ...] = (
    (f'"model":"{MARKER}{"m" * 60}"', "bad_value"),
    ('"model":"tab\\there"', "bad_value"),
    ('"source":"c1 control \\u0085"', "bad_value"),
    ('"method":"delete \\u007f"', "bad_value"),
    (f'"stage":"{MARKER}"', "bad_value"),
    (f'"action":"{MARKER}"', "bad_value"),
    (f'"error_cause":"{MARKER}"', "bad_value"),
    ('"latency_ms":-1', None),
    ('"latency_ms":86400000.0001', None),
    ('"latency_ms":1e999', None),
    ('"latency_ms":1e-', None),
    ('"latency_ms":01', None),
    ('"latency_ms":"12"', None),
    ('"latency_ms":true', None),
    ('"latency_ms":NaN', None),
    ('"latency_ms":-Infinity', None),
    ('"latency_ms":1.', None),
    ('"latency_ms":+1', None),
    ('"latency_ms":0x10', None),
    (f'"risk_types":"{MARKER}"', None),
    ('"risk_types":[1]', None),
    ('"risk_types":{"hate":true}', None),
    ('"risk_types":["hate",]', None),
    ('"language":["en"]', None),
    ('"region":49', None),
    ('"refusal":"yes"', None),
    ('"refusal":1', None),
    ('"model":"\\ud800"', None),
    ('"model":"\\udc00\\ud800"', None),
    ('"model":"\\x41"', None),
    ('"model":"\\u00e"', None),
    ('"model":"\\u{41}"', None),
    ("\"model\":'x'", None),
    ('"model":"a","model":"b"', None),
    ('"mod\\u0065l":"a","model":"a"', None),
    ('"model":null,"model":"a"', None),
    ('"verdict":"safe"', None),
    ('"output":"Safety: Safe"', None),
    ('"unknown":tru', None),
    ('"unknown":{"a":1', None),
    ('"unknown":[1 2]', None),
    ('"unknown":"raw \t tab"', None),
    ('"unknown":"nul \0"', None),
    ('"unknown":"\\u12"', None),
    ('"unknown" 1', None),
    ("unknown:1", None),
    ('"unknown":1,', None),
    ('"unknown":/* comment */1', None),
)

# Members that are harmless: unknown fields are skipped whatever they hold.
HARMLESS = (
    '"a":1e400', '"a":-0.0', '"a":123456789012345678901234567890123456789012345678901234567890', '"a":1,"a":2',
    '"a":' + "[" * 12 + "]" * 12, '"":""', '"\\u0000":"\\u0000"', '"a":"\\ud83d\\ude00\\/\\b\\f"',
    '"a":"\u202e\ufeff\U0010ffff"', '"verdict ":"unsafe"', '"Verdict":"unsafe"', '"model":""', '"model":null',
    '"risk_types":[]', '"risk_types":[null,""]', '"language":""', '"region":null', '"latency_ms":0.00000000000001',
    '"latency_ms":8.64E+7', '"refusal":null', '"action":""',
)  # fmt: skip
BAD_TIMES = (
    ("null", None), ('""', None), ("true", None), ("[]", None), ('"2026-03-08"', None), ('"2026-03-08T00:00:00"', None),
    ('"2026-03-08T24:00:00Z"', None), ('"2026-03-08T23:59:60Z"', None), ('"2026-02-29T00:00:00Z"', None),
    ('"2026-03-08T00:00:00+24:00"', None), ('"2026-03-08T00:00:00.Z"', None), ('"2026-3-8T00:00:00Z"', None),
    ('"2026-03-08T00:00Z"', None), ('" 2026-03-08T00:00:00Z"', None), ('"1772409600"', None),
    ('"\uff12026-03-08T00:00:00Z"', None), ('"+2026-03-08T00:00:00Z"', None), ('"2026-03-08T00:00:00 Z"', None),
    ('"1999-12-31T23:59:59.999999Z"', "time_out_of_range"), ('"2999-01-01T00:00:00Z"', "time_out_of_range"),
    ("0", "time_out_of_range"), ("946684799.9999999", "time_out_of_range"), ("99999999999", "time_out_of_range"),
    ("1e19", "time_out_of_range"),
    # Assumption: these may be told from `time_out_of_range`, as they fit no integer.
    ("-1", None), ("1e400", None), ("1e-400", None), ("9" * 400, None),
)  # fmt: skip
BAD_IDS = (
    "1772409600", "null", '""', "[]", "true", '"a\\u0000b"', '"\\u009f"', f'"{"i" * 257}"', '"' + "\u00e9" * 129 + '"',
)  # fmt: skip
BLANKS = (b"", b"", b" ", b"\t", b"\r", b" \t \r")
NOT_BLANK = (b"\x0b", b"\x0c", b"\xc2\xa0", b"\xef\xbb\xbf", b"\0", b"\xe2\x80\xa8", b"\x1e", b"  \x00")
INTERESTING = b'{}[]",:\\/ \t\r\0\x7f\x80\xbf\xc0\xc1\xed\xa0\xf4\xf5\xff0123456789eE+-.untrfal'


class HostileLines:
    """A supply of lines, each without a newline, most of them bad in one way."""

    def __init__(self, seed: int, size: int) -> None:
        self._random = random.Random(seed)
        self._number = 0
        # Half of the lines begin as one of these, and a line has 200 bytes and more.
        self._valid = traffic.records(size // 200 + 10_000, seed, traffic.instant("2026-03-02"), 14)
        self._sent: list[bytes] = []
        self.expected_codes: dict[str, str] = {}
        # (weight, maker); lines over the bound are heavy in bytes, hence rare.
        self._makers: list[tuple[int, Callable[[], bytes]]] = [
            (2600, self.valid), (1600, self.mutated), (900, self.fault), (500, self.bad_time), (250, self.bad_id),
            (450, self.harmless), (500, self.random_bytes), (250, self.bad_utf8), (350, self.cut), (250, self.repeated),
            (250, self.conflicting), (200, self.glued), (200, self.blank), (120, self.not_blank), (80, self.carriage),
            (20, self.long_but_allowed), (4, self.deep), (1, self.oversized),
        ]  # fmt: skip

    def __iter__(self) -> Iterator[bytes]:
        weights, makers = zip(*self._makers)
        while True:
            for maker in self._random.choices(makers, weights, k=1000):
                yield maker().replace(b"\n", b"\r")

    def _record(self, *members: str, identifier: str | None = None, time_text: str | None = None) -> str:
        """A valid record of its own identity, with more members."""
        self._number += 1
        own_time = 1_772_409_600 * 10**6 + self._number * 1_000_003
        fixed = [
            f'"id":{identifier or self._next_id()}', f'"time":{time_text or own_time}', '"verdict":"unsafe"', *members
        ]  # fmt: skip
        if self._random.random() < 0.3:
            self._random.shuffle(fixed)
        return "{" + ",".join(fixed) + "}"

    def _next_id(self) -> str:
        return f'"h-{self._number}"'

    def valid(self) -> bytes:
        line = next(self._valid).encode()
        if len(self._sent) < 5000:
            self._sent.append(line)
        return line

    def mutated(self) -> bytes:
        """A valid record with a few bytes changed, removed, doubled or added."""
        line = bytearray(next(self._valid), "utf-8")
        for _ in range(self._random.choice((1, 1, 1, 2, 5))):
            at = self._random.randrange(len(line))
            match self._random.randrange(5):
                case 0:
                    line[at] = self._random.randrange(256)
                case 1:
                    line[at] ^= 1 << self._random.randrange(8)
                case 2:
                    line[at] = self._random.choice(INTERESTING)
                case 3:
                    del line[at : at + self._random.choice((1, 1, 2, 9))]
                case 4:
                    line[at:at] = line[at : at + self._random.choice((1, 4, 30))]
            line = line or bytearray(b"{")
        return bytes(line)

    def fault(self) -> bytes:
        member, code = self._random.choice(FAULTS)
        line = self._record(member)
        if code:
            self.expected_codes[f'"h-{self._number}"'] = code
        return line.encode("utf-8", "surrogatepass")

    def harmless(self) -> bytes:
        return self._record(self._random.choice(HARMLESS)).encode()

    def bad_time(self) -> bytes:
        text, code = self._random.choice(BAD_TIMES)
        line = self._record(time_text=text)
        if code:
            self.expected_codes[f'"h-{self._number}"'] = code
        return line.encode()

    def bad_id(self) -> bytes:
        return self._record(identifier=self._random.choice(BAD_IDS)).encode()

    def random_bytes(self) -> bytes:
        data = self._random.randbytes(self._random.choice((1, 3, 20, 200, 2000)))
        return data if self._random.random() < 0.5 else b'{"id":"' + data + b'"}'

    def bad_utf8(self) -> bytes:
        """Overlong forms, encoded surrogates, code points too large, and sequences cut short."""
        bad = self._random.choice(
            (b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80",
             b"\xe2\x82", b"\xf0\x9f\x98", b"\x80", b"\xff", b"\xfe\xff", b"\xc3", b"\xf8\x88\x80\x80\x80")
        )  # fmt: skip
        place = self._random.choice(('"model":"@"', '"unknown":"@"', '"@":1', '"unknown":"@', "@"))
        return self._record(place).encode().replace(b"@", bad)

    def cut(self) -> bytes:
        line = next(self._valid).encode()
        return line[: self._random.randrange(1, len(line))]

    def repeated(self) -> bytes:
        """A duplicate of an earlier line, perhaps with an unknown field more."""
        if not self._sent:
            return self.valid()
        line = self._random.choice(self._sent)
        return line.replace(b"{", b'{"again":1,', 1) if self._random.random() < 0.5 else line

    def conflicting(self) -> bytes:
        """The identity of an earlier line with other content."""
        if not self._sent:
            return self.valid()
        line = self._random.choice(self._sent)
        changed = re.sub(rb'"verdict":"\w+"', b'"verdict":"error"', line)
        return changed

    def glued(self) -> bytes:
        """Text after the object, two objects, an array, a bare value."""
        first, second = self._record(), self._record()
        return self._random.choice(
            (first + second, first + "," + second, f"[{first}]", first + "x", first + "]", "\ufeff" + first,
             first + "\ufeff", "null", "0", '"safe"', "[]", "{}", '{"":{}}', f'"{MARKER}"', first + "\0")
        ).encode()  # fmt: skip

    def blank(self) -> bytes:
        return self._random.choice(BLANKS)

    def not_blank(self) -> bytes:
        return self._random.choice(NOT_BLANK)

    def carriage(self) -> bytes:
        return self._random.choice((b"%s\r", b"\r%s", b"%s \r\r", b"\t%s")) % self._record().encode()

    def long_but_allowed(self) -> bytes:
        length = self._random.choice((5_000, 40_000, 100_000))
        return self._record('"unknown":"' + "x" * length + '"').encode()

    def deep(self) -> bytes:
        depth = self._random.choice((20_000, 60_000, 150_000))
        opening, closing = self._random.choice((("[", "]"), ('{"a":', "}"), ("[", "")))
        return self._record(f'"unknown":{opening * depth}1{closing * depth}').encode()

    def oversized(self) -> bytes:
        length = LINE_LIMIT + self._random.choice((10, 1000, 700_000))
        kind = self._random.randrange(3)
        if kind == 0:
            return self._record('"unknown":"' + "x" * length + '"').encode()
        return b"[" * length if kind == 1 else b"\xff" * length


@dataclass
class Expectation:
    """What must become of the lines of one file, told by line number."""

    lines: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    accepted: list[tuple[int, Verdict, int]] = field(default_factory=list)
    rejected: set[int] = field(default_factory=set)
    unclear: dict[int, str] = field(default_factory=dict)


def expectation(path: str, now_us: int) -> Expectation:
    expected = Expectation()
    for number, offset, line in read_ndjson(path):
        expected.lines[number] = (offset, line)
        try:
            expected.accepted.append((number, *canonicalise(line, now_us)))
        except Rejected:
            expected.rejected.add(number)
        except Unclear as unclear:
            expected.unclear[number] = str(unclear)
    return expected


def outcomes(expected: Expectation) -> tuple[Counter[str], set[int]]:
    """Stored, duplicate, conflict and unrecognised counts of the accepted lines, and the lines in conflict."""
    first: dict[tuple[str, str, int], Verdict] = {}
    counts: Counter[str] = Counter()
    conflicts: set[int] = set()
    for number, verdict, unrecognised in expected.accepted:
        known = first.setdefault(verdict.identity, verdict)
        if known is verdict:
            counts["stored"] += 1
            counts["unrecognised"] += unrecognised
        elif known == verdict:
            counts["duplicates"] += 1
        else:
            counts["conflicts"] += 1
            conflicts.add(number)
    return counts, conflicts


def write_hostile(path: str, seed: int, size: int) -> HostileLines:
    """A file that begins with a BOM and a valid record and ends in a cut line."""
    supply = HostileLines(seed, size)
    with open(path, "wb") as file:
        file.write(b"\xef\xbb\xbf" + supply.valid() + b"\n")
        while file.tell() < size:
            for _, line in zip(range(500), supply):
                file.write(line + b"\n")
        # One of each heavy kind is there however small the file is.
        for line in (supply.oversized(), supply.deep(), supply.valid(), supply.cut()[:40]):
            file.write(line + (b"\n" if len(line) > 40 else b""))
    return supply


def check_rejects(
    checks: Checks, rejects: str, path: str, expected: Expectation, conflicts: set[int], codes: dict[str, str]
) -> set[int]:
    """Checks the rejects file and returns the line numbers it names."""
    checks.group("rejects file")
    with open(rejects, "rb") as file:
        raw = file.read()
    checks.check(MARKER.encode() not in raw, "rejects file quotes no value")
    rows = list(csv.reader(raw.decode("utf-8").splitlines()))
    if not checks.check(bool(rows) and rows[0] == ["input", "line", "offset", "length", "code"], "header", rows[:1]):
        return set()
    named: set[int] = set()
    wrong: Counter[str] = Counter()
    examples: dict[str, object] = {}

    def note(kind: str, row: object) -> None:
        wrong[kind] += 1
        examples.setdefault(kind, row)

    id_pattern = re.compile(rb'"h-\d+"')
    for row in rows[1:]:
        number, offset, length = int(row[1]), int(row[2]), int(row[3])
        if row[0] != os.path.basename(path):
            note("input is not the file's base name", row)
        if number in named:
            note("a line twice", row)
        named.add(number)
        if number not in expected.lines:
            note("a line that is blank or does not exist", row)
            continue
        at, line = expected.lines[number]
        # Assumption: a carriage return before the newline may or may not count as one of the line's bytes.
        if offset != at or length not in (len(line), len(line.removesuffix(b"\r"))):
            note("offset and length are not the line's", (row, at, len(line)))
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", row[4]):
            note("a code that is no short word", row)
        identifier = id_pattern.search(line) if len(line) < 1000 else None
        code = codes.get(identifier[0].decode()) if identifier else None
        if code is not None and number in expected.rejected and row[4] != code:
            note(f"another code than {code}", (row, line[:200]))
    checks.check(not wrong, "every row", (dict(wrong), examples))
    checks.check(len({row[4] for row in rows[1:]}) <= 64, "reason codes are a bounded set")
    must = expected.rejected | conflicts
    missing, surplus = must - named, named - must - expected.unclear.keys()
    for label, numbers in (
        ("lines that had to be refused and were not", missing),
        ("lines refused without a reason", surplus),
    ):
        shown = [(number, expected.lines.get(number, (0, b""))[1][:160]) for number in sorted(numbers)[:5]]
        their_rows = [row for row in rows[1:] if int(row[1]) in sorted(numbers)[:5]]
        checks.check(not numbers, label, (len(numbers), shown, their_rows))
    reasons = Counter(expected.unclear[number] for number in named & expected.unclear.keys())
    others = Counter(expected.unclear[number] for number in expected.unclear.keys() - named)
    print(f"     the contract leaves open: rejected {dict(reasons)}, accepted {dict(others)}")
    return named


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data and databases; default: a temporary one")
    options = parser.parse_args()
    program = Program(options.binary)
    checks = Checks(f"hostile, {options.store}")
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, databases(options.store, folder) as stores:
        path = os.path.join(folder, "hostile.ndjson")
        database = stores.fresh("hostile")
        rejects = os.path.join(folder, "rejects.csv")
        supply = write_hostile(path, options.seed, options.megabytes * 10**6)
        expected = expectation(path, time.time_ns() // 1000)
        counts, conflicts = outcomes(expected)
        print(
            f"     {os.path.getsize(path) / 1e6:.1f} MB: {len(expected.lines)} lines not blank, {dict(counts)},"
            f" {len(expected.rejected)} rejected, {len(expected.unclear)} that the contract leaves open"
        )
        checks.group("ingest")
        result = program.ingest(database, "--rejects", rejects, path)
        checks.equal(result.code, 65, f"exit code ({result.brief()})")
        checks.check(MARKER.encode() not in result.stderr + result.stdout, "messages quote no value")
        ledger = result.json_ledger
        if not checks.check(ledger is not None, "--json is a ledger", result.stdout[:300]):
            return checks.finish()
        checks.equal(result.ledger, ledger, "the last line on stderr and --json say the same")
        checks.check(ledger.balances, "balances", ledger)

        named = check_rejects(checks, rejects, path, expected, conflicts, supply.expected_codes)
        checks.group("ledger")
        # The identities of mutated lines are their own, so an unclear line that was accepted was stored.
        let_in = len(expected.unclear.keys() - named)
        checks.equal(ledger.read, len(expected.lines), "read: every line that is not blank")
        checks.equal(ledger.stored, counts["stored"] + let_in, "stored")
        checks.equal(ledger.duplicates, counts["duplicates"], "duplicates")
        checks.equal(ledger.conflicts, counts["conflicts"], "conflicts")
        checks.equal(ledger.rejected, len(expected.rejected) + len(expected.unclear) - let_in, "rejected")
        checks.equal(len(named), ledger.rejected + ledger.conflicts, "rows of the rejects file")
        least = counts["unrecognised"]
        checks.check(least <= ledger.unrecognised <= least + 9 * let_in, "unrecognised", (least, ledger.unrecognised))

        checks.group("afterwards")
        verified = program.verify(database)
        checks.equal(verified.code, 0, f"verify ({verified.brief()})")
        again = program.ingest(database, "--allow-rejects", path)
        checks.equal(again.code, 0, "exit code of the second ingest, with --allow-rejects")
        checks.equal(
            again.json_ledger,
            Ledger(ledger.read, 0, ledger.stored + ledger.duplicates, ledger.conflicts, ledger.rejected, 0),
            "ledger of the second ingest",
        )
        checks.equal(program.verify(database).code, 0, "verify after the second ingest")
        begin, end = "2000-01-01", format_time(time.time_ns() // 1000 + 2 * traffic.DAY, "UTC")[:10]
        report = program.run(
            "report", "safe-ratio", "--from", begin, "--to", end, "--format", "csv", "--db", database
        ).stdout.decode()
        lines = report.splitlines()
        checks.equal(lines[1].split(",")[2] if len(lines) == 2 else report, str(ledger.stored), "total of the report")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
