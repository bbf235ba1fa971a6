"""What the acceptance tests share: running the program, reading its ledger, and counting checks."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_LEDGER = re.compile(
    r"read=(\d+) stored=(\d+) duplicates=(\d+) conflicts=(\d+) rejected=(\d+) unrecognised=(\d+)", re.ASCII
)
_AGGREGATION = re.compile(
    r"folded=(\d+) days_dropped=(\d+) verdicts_dropped=(\d+) floor=(-|\d{4}-\d\d-\d\dT00:00:00Z) files=(\d+)\n", re.ASCII
)


class Ledger(NamedTuple):
    """The counts of one run of `ingest`."""

    read: int
    stored: int
    duplicates: int
    conflicts: int
    rejected: int
    unrecognised: int

    @property
    def balances(self) -> bool:
        return self.read == self.stored + self.duplicates + self.conflicts + self.rejected


class Aggregation(NamedTuple):
    """What one run of `aggregate` says it did; `floor` is a time, or "-" where nothing was ever dropped."""

    folded: int
    days_dropped: int
    verdicts_dropped: int
    floor: str
    files: int


@dataclass(frozen=True)
class Result:
    """An ended process: its exit code (negative: the signal that ended it) and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def ledger(self) -> Ledger | None:
        """The last line on stderr, or None where it is not a ledger."""
        lines = self.stderr.decode("utf-8", "replace").rstrip("\n").split("\n")
        match = _LEDGER.fullmatch(lines[-1])
        return Ledger(*map(int, match.groups())) if match else None

    @property
    def aggregation(self) -> Aggregation | None:
        """The one line that `aggregate` prints on stdout, or None where it is anything else."""
        match = _AGGREGATION.fullmatch(self.stdout.decode("utf-8", "replace"))
        if match is None:
            return None
        folded, days, verdicts, floor, files = match.groups()
        return Aggregation(int(folded), int(days), int(verdicts), floor, int(files))

    @property
    def json_ledger(self) -> Ledger | None:
        """The object that `--json` prints on stdout, or None where it is anything else."""
        try:
            value = json.loads(self.stdout)
            return Ledger(**value) if all(type(count) is int for count in value.values()) else None
        except (ValueError, TypeError, AttributeError):
            return None

    def brief(self) -> str:
        """Exit code and the end of stderr, for a failed check."""
        return f"exit {self.code}; stderr ends: {self.stderr[-300:].decode('utf-8', 'replace')!r}"


class Program:
    """The binary under test, with no setting taken from the environment."""

    def __init__(self, binary: str) -> None:
        self.path = os.path.abspath(binary)
        hidden = ("GUARDTALLY_", "PG")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}

    def start(
        self, *arguments: str, stdout: int = subprocess.PIPE, stdin: int = subprocess.DEVNULL,
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        return subprocess.Popen(
            [self.path, *arguments], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
            env=self._environment | (environment or {}),
        )  # fmt: skip

    def run(self, *arguments: str, stdin: bytes | None = None, environment: dict[str, str] | None = None) -> Result:
        process = self.start(
            *arguments, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, environment=environment
        )
        stdout, stderr = process.communicate(stdin)
        return Result(process.returncode, stdout, stderr)

    def ingest(self, database: str, *arguments: str, stdin: bytes | None = None) -> Result:
        return self.run("ingest", "--db", database, "--json", *arguments, stdin=stdin)

    def verify(self, database: str) -> Result:
        return self.run("verify", "--db", database)

    def aggregate(self, database: str, *arguments: str) -> Result:
        return self.run("aggregate", "--db", database, *arguments)


def outputs(program: Program, database: str, commands: Iterable[Sequence[str]]) -> dict[str, bytes]:
    """What each command prints on stdout, or how it failed, by the command's words."""
    found = {}
    for command in commands:
        result = program.run(*command, "--db", database)
        found[" ".join(command)] = result.stdout if result.code == 0 else result.brief().encode()
    return found


def first_differing_lines(expected: bytes, found: bytes, limit: int = 2) -> list[tuple[bytes, bytes]]:
    """The first lines in which two texts differ, for a failed check."""
    lines = itertools.zip_longest(expected.split(b"\n"), found.split(b"\n"), fillvalue=b"(no line)")
    return list(itertools.islice((pair for pair in lines if pair[0] != pair[1]), limit))


class Checks:
    """Counts checks and prints a line for each group of them; a failed one is printed at once."""

    def __init__(self, label: str) -> None:
        self._label = label
        self.passed = self.failed = 0
        self._group = ""
        self._at_group: tuple[int, int, float] = (0, 0, 0.0)

    def group(self, name: str) -> None:
        self.end_group()
        self._group, self._at_group = name, (self.passed, self.failed, time.monotonic())

    def end_group(self) -> None:
        if self._group:
            passed, failed = self.passed - self._at_group[0], self.failed - self._at_group[1]
            seconds = time.monotonic() - self._at_group[2]
            state = "FAIL" if failed or not passed else "ok"
            print(f"{state:4} {self._group}: {passed} passed, {failed} failed, {seconds:.1f} s", flush=True)
        self._group = ""

    def check(self, condition: bool, name: str, detail: object = "") -> bool:
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"  failed: {name}" + (f": {detail}" if detail != "" else ""), flush=True)
        return condition

    def equal(self, found: object, expected: object, name: str) -> bool:
        return self.check(found == expected, name, f"expected {expected!r}, found {found!r}")

    def same_outputs(self, expected: dict[str, bytes], found: dict[str, bytes], name: str) -> None:
        """One check for each command of `outputs`: the same bytes, and no failure that both share."""
        for command, text in expected.items():
            differing = first_differing_lines(text, found[command])
            self.check(not differing and not text.startswith(b"exit "), f"{name}: {command}", differing or text)

    def finish(self) -> int:
        """Prints the last line and returns the exit code; a run without any check has failed."""
        self.end_group()
        print(f"{self._label}: {self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def remove_database(path: str) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
