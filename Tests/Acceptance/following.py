"""Logs as services write them, and a program that follows them."""

from __future__ import annotations

import json
import os
import signal
import time

from harness import Program, Result


class Log:
    """A log as a service writes it."""

    def __init__(self, path: str, name: str) -> None:
        self.path, self.name, self.count = path, name, 0
        self.file = open(path, "ab", buffering=0)

    def line(self) -> bytes:
        self.count += 1
        number = self.count
        return json.dumps({"id": f"{self.name}-{number}", "time": f"2026-01-0{1 + number % 5}T{number % 24:02}:{number % 60:02}:00Z", "verdict": ("safe", "unsafe")[number % 2]}).encode() + b"\n"

    def write(self, count: int) -> None:
        self.file.write(b"".join(self.line() for _ in range(count)))

    def rotate(self, number: int) -> None:
        """The name is given to a new file; the old one is still written to until the service is told."""
        os.rename(self.path, f"{self.path}.{number}")
        self.write(20)
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)

    def truncate(self, number: int) -> None:
        """As logrotate's copytruncate: what nobody has read by then is in the copy alone."""
        with open(self.path, "rb") as source, open(f"{self.path}.{number}", "wb") as copy:
            copy.write(source.read())
        os.truncate(self.path, 0)


class Follower:
    def __init__(self, program: Program, database: str, *paths: str, arguments: tuple[str, ...] = ()) -> None:
        self.process = program.start("ingest", "--follow", "--db", database, *arguments, *paths)

    def end(self, number: int = signal.SIGTERM) -> Result:
        self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout=20)
        return Result(self.process.returncode, stdout, stderr)


def stored(program: Program, database: str) -> int:
    result = program.run("report", "safe-ratio", "--db", database, "--from", "2026-01-01", "--to", "2026-02-01")
    rows = result.stdout.decode().split("\r\n")[1:-1]
    return int(rows[0].split(",")[2]) if result.code == 0 and rows else 0


def wait(program: Program, database: str, count: int, seconds: float = 10) -> int:
    deadline = time.monotonic() + seconds
    while (found := stored(program, database)) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def lines(*names: str, **fields: str) -> bytes:
    return b"".join(json.dumps({"id": name, "time": "2026-01-10T12:00:00Z", "verdict": "safe"} | fields).encode() + b"\n" for name in names)


def put(path: str, data: bytes) -> None:
    with open(path, "ab", buffering=0) as file:
        file.write(data)
