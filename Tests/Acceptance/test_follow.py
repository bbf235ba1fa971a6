"""`ingest --follow`: growing files, rotation, truncation, restarts and kills.

    python test_follow.py --binary PATH [--store sqlite|postgres] [--seed N]

A writer keeps what it wrote; in the end the store holds each record once, and `verify` is clean.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from harness import Checks, Program, Result
from postgres import databases


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


def growing(checks: Checks, program: Program, stores: object, folder: str) -> None:
    path = os.path.join(folder, "app.log")
    log, database = Log(path, "a"), stores.fresh("growing")
    log.write(100)
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 100), 100, "what is there")
    log.write(50)
    begun = time.monotonic()
    checks.equal(wait(program, database, 150, 5), 150, "what comes")
    checks.check(time.monotonic() - begun < 4, "within about a second", time.monotonic() - begun)
    whole = log.line()
    log.file.write(whole[:30])
    time.sleep(1.5)
    checks.equal(stored(program, database), 150, "a line without its end is waited for")
    log.file.write(whole[30:])
    checks.equal(wait(program, database, 151, 5), 151, "and stored when it has one")
    ended = follower.end()
    checks.check(ended.code == 0 and ended.stderr.strip().endswith(b"read=151 stored=151 duplicates=0 conflicts=0 rejected=0 unrecognised=0"), "SIGTERM: a clean end", ended.brief())
    log.write(30)
    follower = Follower(program, database, path, arguments=("--json",))
    checks.equal(wait(program, database, 181), 181, "started again")
    again = follower.end(signal.SIGINT)
    checks.equal((again.code, again.json_ledger.read if again.json_ledger else None), (0, 30), "what was read is not read again")
    checks.equal(program.verify(database).code, 0, "verify")


def rotation(checks: Checks, program: Program, stores: object, folder: str) -> None:
    path = os.path.join(folder, "rotated.log")
    log, database = Log(path, "r"), stores.fresh("rotation")
    log.write(10)
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 10), 10, "what is there")
    for number in range(1, 4):
        log.write(500)
        log.rotate(number)
        log.write(40)
        checks.equal(wait(program, database, log.count), log.count, f"rotation {number}: the old file to its end, then the new one")
    # A line that its service never ended, at the old file's end.
    log.file.write(b'{"id":"torn","time":"2026-01-01T00:')
    log.rotate(4)
    log.write(5)
    checks.equal(wait(program, database, log.count - 1), log.count - 1, "a torn line is not joined to what comes after it")
    ended = follower.end()
    checks.equal(ended.code, 0, "refused lines are no failure of one that follows")
    # Rotated while nobody follows: the rest of the old file is still read.
    log.write(60)
    log.rotate(5)
    log.write(7)
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, log.count - 1), log.count - 1, "rotated in between: the old file's rest is found")
    time.sleep(1.2)
    again = follower.end()
    checks.check(b"read=87 " in again.stderr or b"read=88 " in again.stderr, "and nothing else is read again", again.brief())
    checks.equal(program.verify(database).code, 0, "verify")


def truncation(checks: Checks, program: Program, stores: object, folder: str) -> None:
    path = os.path.join(folder, "truncated.log")
    log, database = Log(path, "t"), stores.fresh("truncation")
    follower = Follower(program, database, path)
    for number in range(1, 4):
        log.write(300)
        checks.equal(wait(program, database, log.count), log.count, f"before truncation {number}")
        log.truncate(number)
        # Longer than what was there: its size alone does not tell.
        log.write(100 if number < 3 else 900)
        checks.equal(wait(program, database, log.count), log.count, f"truncation {number}")
    checks.equal(follower.end().code, 0, "a clean end")
    log.truncate(9)
    log.write(11)
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, log.count), log.count, "truncated in between")
    checks.equal(follower.end().code, 0, "a clean end again")
    checks.equal(program.verify(database).code, 0, "verify")


def killed(checks: Checks, program: Program, stores: object, folder: str, generator: random.Random) -> None:
    """Several files, kill -9 at any moment, rotation at any moment."""
    paths = [os.path.join(folder, f"k{number}.log") for number in range(3)]
    logs, database = [Log(path, f"k{number}") for number, path in enumerate(paths)], stores.fresh("killed")
    logs[0].write(10)
    program.ingest(database, paths[0])
    follower = Follower(program, database, *paths)
    time.sleep(1)
    for turn in range(1, 7):
        for log in logs:
            log.write(generator.randrange(1, 2_000))
        time.sleep(generator.uniform(0.05, 1.2))
        if turn % 2:
            follower.process.kill()
            follower.process.communicate()
        if turn in (2, 5):
            logs[turn % 3].rotate(turn)
        if turn % 2:
            follower = Follower(program, database, *paths)
            time.sleep(0.5)
    total = sum(log.count for log in logs)
    checks.equal(wait(program, database, total, 20), total, "each record once, whatever happened")
    checks.equal(follower.end().code, 0, "a clean end")
    checks.equal(program.verify(database).code, 0, "verify")


def usage(checks: Checks, program: Program, stores: object, folder: str) -> None:
    path = os.path.join(folder, "late.log")
    for arguments, words in ((("-",), b"--follow takes files"), ((), b"--follow takes files"), (("--assign-ids", path), b"--assign-ids"), ((path, path), b"only once")):
        result = program.run("ingest", "--follow", "--db", stores.fresh("usage"), *arguments)
        checks.check(result.code == 64 and words in result.stderr, f"--follow {arguments}", result.brief())
    database = stores.fresh("late")
    follower = Follower(program, database, path)
    time.sleep(0.3)
    log = Log(path, "l")
    log.write(12)
    checks.equal(wait(program, database, 12), 12, "a file that comes later is waited for")
    checks.equal(follower.end().code, 0, "a clean end")
    os.chmod(path, 0)
    if os.geteuid() != 0:
        denied = subprocess.run([program.path, "ingest", "--follow", "--db", database, path], capture_output=True, check=False)
        checks.equal(denied.returncode, 1, "one that may not be read")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    checks = Checks(f"follow, {options.store}")
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        stores = databases(options.store, folder)
        for group in (growing, rotation, truncation, usage):
            checks.group(group.__name__)
            group(checks, program, stores, folder)
        checks.group("killed")
        killed(checks, program, stores, folder, random.Random(options.seed))
        checks.end_group()
        stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
