"""`ingest --follow`: which files are read, whatever rotation, links and people do to their names.

    python test_follow_files.py --binary PATH [--store sqlite|postgres]
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from following import Follower, lines, put, stored, wait
from harness import Checks, Program, Result
from postgres import databases


def neighbours(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Logs of others whose names look as if rotation had made them."""
    path, database = os.path.join(folder, "app"), stores.fresh("neighbours")
    instances = [f"{path}-2", f"{path}_3", f"{path}.4", f"{path}-2.1", f"{path}-8080"]
    for other in instances:
        put(other, lines(f"{other} 1", source="other"))
    put(path + ".1", lines("long ago"))
    put(path, lines("1"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    for number in range(2, 5):
        for other in instances:
            put(other, lines(f"{other} {number}", source="other"))
        os.utime(path + ".1")
        os.rename(path, f"{path}-2026010{number}")
        # An instance rotates its own, which is a new file.
        os.rename(instances[0], f"{instances[0]}.{number}")
        put(instances[0], lines("more of it", source="other"))
        put(path, lines(f"{number}"))
        checks.equal(wait(program, database, number), number, f"rotation {number - 1}")
    time.sleep(1)
    checks.equal(stored(program, database), 4, "nothing of the others")
    follower.end()
    for other in instances:
        put(other, lines(f"{other} later", source="other"))
    os.utime(path + ".1")
    put(path, lines("5"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 5), 5, "started again")
    time.sleep(1)
    checks.equal(stored(program, database), 5, "still nothing of the others")
    ended = follower.end()
    checks.check(ended.code == 0 and b"read=1 stored=1 " in ended.stderr, "one line read", ended.brief())


def absence(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Rotated files are found although nothing has the name."""
    path, database = os.path.join(folder, "absent.log"), stores.fresh("absence")
    put(path, lines("1"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    os.rename(path, path + ".1")
    time.sleep(0.3)
    follower.process.send_signal(signal.SIGSTOP)
    put(path, lines("2"))
    os.rename(path, path + ".2")
    follower.process.send_signal(signal.SIGCONT)
    checks.equal(wait(program, database, 2), 2, "one that had the name for a moment")
    put(path + ".1", lines("3"))
    checks.equal(wait(program, database, 3), 3, "and the one before it")
    follower.end()
    put(path + ".2", lines("4"))
    put(path, lines("5"))
    os.rename(path, path + ".3")
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 5), 5, "started again where nothing has the name")
    put(path, lines("6"))
    checks.equal(wait(program, database, 6), 6, "and read on when something has")
    ended = follower.end()
    checks.check(ended.code == 0 and b"read=3 stored=3 " in ended.stderr, "nothing twice", ended.brief())
    checks.equal(program.verify(database).code, 0, "verify")


def switched_links(checks: Checks, program: Program, stores: object, folder: str) -> None:
    for name in ("blue", "green"):
        os.mkdir(os.path.join(folder, name))
    blue, green, link = os.path.join(folder, "blue", "x.log"), os.path.join(folder, "green", "y.log"), os.path.join(folder, "current.log")
    database = stores.fresh("switched")
    put(blue, lines("1"))
    put(green, lines("2"))
    os.symlink(blue, link)
    follower = Follower(program, database, link)
    checks.equal(wait(program, database, 1), 1, "what it leads to")
    os.unlink(link)
    os.symlink(green, link)
    checks.equal(wait(program, database, 2), 2, "switched while it is followed")
    put(blue, lines("3"))
    checks.equal(wait(program, database, 3), 3, "what it led to is read on")
    follower.end()
    put(blue, lines("4"))
    put(green, lines("5"))
    os.unlink(link)
    other = os.path.join(folder, "blue", "z.log")
    put(other, lines("6"))
    os.symlink(other, link)
    follower = Follower(program, database, link)
    checks.equal(wait(program, database, 6), 6, "switched while nobody followed")
    ended = follower.end()
    checks.check(ended.code == 0 and b"read=3 stored=3 " in ended.stderr, "each once", ended.brief())


def unusual_names(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """A file is known by more than its name."""
    place = os.path.join(folder, "unusual: 100%;|")
    os.mkdir(place)
    path, database = os.path.join(place, "app.log"), stores.fresh("unusual")
    put(path, lines("1"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    count = 1
    for name in ("app-20260110.log", "app.1.log", "app.log.old", "app.log~", "日誌"):
        follower.end()
        put(path, lines(name))
        os.rename(path, os.path.join(place, name))
        put(path, lines(f"after {name}"))
        follower = Follower(program, database, path)
        count += 2
        checks.equal(wait(program, database, count), count, f"called {name} while nobody followed")
    ended = follower.end()
    checks.check(b"any more" not in ended.stderr, "nothing is missed", ended.brief())
    put(path, lines("away"))
    shutil.move(path, os.path.join(folder, "moved.log"))
    put(path, lines("new"))
    # A file that was its name's twice, last written to long before: dates do not hide it.
    os.rename(path, path + ".1")
    os.utime(path + ".1", (1_500_000_000, 1_500_000_000))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, count + 1), count + 1, "a file with an old date")
    time.sleep(0.5)
    ended = follower.end()
    said = f"a file that had the name is not in {place}/ any more, or was emptied, and no copy of it is there; it was read up to byte {len(lines('after 日誌'))}: "
    checks.check(said.encode() in ended.stderr, "one that was moved away is told", ended.brief())
    checks.equal(program.verify(database).code, 0, "verify")


def bounds(checks: Checks, program: Program, stores: object, folder: str) -> None:
    path, database = os.path.join(folder, "bounds.log"), stores.fresh("bounds")
    for arguments, words in (
        (("--renamed-files-max", "0"), b"--renamed-files-max takes 1 to 1000"),
        (("--renamed-quiet-max", "soon"), b"--renamed-quiet-max takes a whole number"),
    ):
        refused = program.run("ingest", "--follow", "--db", database, *arguments, path)
        checks.check(refused.code == 64 and words in refused.stderr, f"{arguments}", refused.brief())
    packed = os.path.join(folder, "packed.log")
    put(packed, gzip.compress(lines("packed")))
    refused = program.run("ingest", "--follow", "--db", database, packed)
    checks.check(refused.code == 64 and b"packed.log is compressed" in refused.stderr, "a compressed file", refused.brief())
    put(path, lines("0"))
    follower = Follower(program, database, path, arguments=("--renamed-files-max", "2"))
    checks.equal(wait(program, database, 1), 1, "what is there")
    written = 1
    for number in range(1, 6):
        os.rename(path, f"{path}.{number}")
        put(path, lines(f"{number}"))
        time.sleep(0.3)
        for kept in range(max(1, number - 1), number + 1):
            put(f"{path}.{kept}", lines(f"{number} {kept}"))
            written += 1
        written += 1
        checks.equal(wait(program, database, written), written, f"rotation {number}: two renamed files are read on")
    ended = follower.end()
    checks.equal(ended.stderr.count(b"more than 2 files that had the name before are open (--renamed-files-max)"), 1, "that others are not is told, once")
    for number in (1, 2):
        put(f"{path}.{number}", lines(f"{number} late"))
    follower = Follower(program, database, path, arguments=("--renamed-quiet-max", "1s"))
    checks.equal(wait(program, database, written + 2), written + 2, "what is written to others while nobody follows is read by the next run")
    half = lines("half")
    put(f"{path}.5", half[:30])
    time.sleep(3)
    os.rename(path + ".5", path + ".6")
    put(f"{path}.6", half[30:] + lines("after --renamed-quiet-max"))
    put(f"{path}.1", lines("1 very late"))
    os.rename(path, path + ".5")
    put(path, lines("new"))
    checks.equal(wait(program, database, written + 6), written + 6, "files that were given up are read on when they grow after all, from the beginning of a line")
    follower.end()
    put(f"{path}.6", lines("6 last"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, written + 7), written + 7, "and by the next run")
    ended = follower.end()
    checks.check(ended.code == 0 and b"read=1 stored=1 " in ended.stderr, "nothing twice", ended.brief())
    checks.equal(program.verify(database).code, 0, "verify")


def schemes(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Names that rotation gives; two while nobody follows, so that the first is known by its name alone."""
    place = os.path.join(folder, "schemes")
    os.mkdir(place)
    path, database = os.path.join(place, "app.log"), stores.fresh("schemes")
    found = [
        "app.log.1", "app.1.log", "app.log-20260110", "app-20260110.log", "app.2026-01-11.log", "app-2026-01-12-1.log", "app-2026-01-10T12-00-00.000.log",
        "app.log-26112026-1795664495", "app.log-260110", "app.log.2026-01-10_12-00-00", "app.log-202601", "app.log_1795664495", "app.log.20260110-120000",
    ]
    other = ["app-2.log", "app.log-2", "app_1.log", "app.log.old", "app.1.json", "app.log.1.gz", "application.log", "app.log-8080", "app.log-123456", "app.log.1.tmp", "app.err.log", "app..log", "app.log."]
    put(path, lines("1"))
    Follower(program, database, path).end()
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    follower.end()
    os.rename(path, path + ".999")
    for name in found + other:
        put(os.path.join(place, name), lines(name, model=name))
    put(path, lines("2"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 2 + len(found)), 2 + len(found), "all that had the name")
    time.sleep(1)
    names = program.run("report", "safe-ratio", "--db", database, "--from", "2026-01-01", "--to", "2026-02-01", "--by", "model").stdout.decode()
    checks.equal([name for name in found if f",{name}," not in names], [], "each is found")
    checks.equal([name for name in other if f",{name}," in names], [], "and nothing else")
    os.rename(path, path + ".old")
    put(path, lines("3"))
    checks.equal(wait(program, database, 3 + len(found)), 3 + len(found), "a name that says nothing")
    ended = follower.end()
    said = f"a file that had the name is {path}.old now, and is read on; one that has the name between two looks, or while nobody follows, is not found by such a name"
    checks.check(said.encode() in ended.stderr, "is told", ended.brief())


def half_lines(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """A file of which nothing but the beginning of a line was there begins like any other."""
    path, database = os.path.join(folder, "half.log"), stores.fresh("half_lines")
    put(path, lines("1")[:8])
    follower = Follower(program, database, path)
    time.sleep(1.5)
    follower.end()
    put(path, lines("1")[8:] + lines("2"))
    shutil.copyfile(path, path + ".1")
    os.truncate(path, 0)
    put(path, lines("3"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 3), 3, "copied and emptied while nobody followed")
    follower.end()


def holes(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """A service that does not append writes on where it was after copytruncate, behind a hole."""
    path, rejects, database = os.path.join(folder, "hole.log"), os.path.join(folder, "hole.csv"), stores.fresh("holes")
    with open(path, "wb", buffering=0) as file:
        file.write(lines(*map(str, range(200))))
        follower = Follower(program, database, path, arguments=("--rejects", rejects))
        checks.equal(wait(program, database, 200), 200, "what is there")
        count = 200
        for number in range(1, 4):
            follower.process.send_signal(signal.SIGSTOP)
            file.write(lines(f"unread {number}"))
            shutil.copyfile(path, f"{path}.{number}")
            os.truncate(path, 0)
            file.write(lines(f"behind {number}"))
            follower.process.send_signal(signal.SIGCONT)
            count += 2
            checks.equal(wait(program, database, count), count, f"emptied {number} times: the copy to its end, and what is behind the hole")
        follower.end()
        file.write(lines("stopped"))
        shutil.copyfile(path, f"{path}.4")
        os.truncate(path, 0)
        file.seek(1 << 30, os.SEEK_CUR)
        file.write(lines("far behind"))
    follower = Follower(program, database, path, arguments=("--rejects", rejects))
    checks.equal(wait(program, database, count + 2), count + 2, "while nobody followed")
    ended = follower.end()
    checks.check(ended.code == 0 and b"rejected=0" in ended.stderr, "nothing refused", ended.brief())
    with open(rejects, "rb") as file:
        checks.equal(file.read(), b"input,line,offset,length,code\r\n", "in neither run")
    checks.equal(program.verify(database).code, 0, "verify")


def long_lines(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """However long a line is, it is waited for, keeps no other file's back, and is one line."""
    path, rejects, database = os.path.join(folder, "long.log"), os.path.join(folder, "long.csv"), stores.fresh("long_lines")
    put(path, lines("1"))
    follower = Follower(program, database, path, arguments=("--rejects", rejects))
    checks.equal(wait(program, database, 1), 1, "what is there")
    whole = lines("long", comment="x" * 700_000)
    put(path, whole[:-1_000])
    os.rename(path, path + ".1")
    put(path, lines("beside it"))
    checks.equal(wait(program, database, 2), 2, "lines beside a long one that has no end")
    time.sleep(1.5)
    put(path + ".1", whole[-1_000:])
    checks.equal(wait(program, database, 3), 3, "which is stored when it has one")
    begin, whole = os.path.getsize(path), lines("longer", comment="x" * 5_000_000)
    put(path, whole[:-1_000])
    put(path + ".1", lines("beside that"))
    checks.equal(wait(program, database, 4), 4, "lines beside one that is longer than any may be")
    time.sleep(1.5)
    put(path, whole[-1_000:])
    put(path, lines("last"))
    checks.equal(wait(program, database, 5), 5, "a line after one that is too long")
    ended = follower.end()
    checks.check(ended.code == 0 and b"rejected=1 " in ended.stderr, "which alone is refused", ended.brief())
    with open(rejects, "rb") as file:
        expected = f"input,line,offset,length,code\r\nlong.log,2,{begin},{len(whole) - 1},line_too_long\r\n"
        checks.equal(file.read(), expected.encode(), "as one line")


def emptied_alone(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Nothing need come after a truncation for what came before it to be stored."""
    path, database = os.path.join(folder, "alone.log"), stores.fresh("alone")
    put(path, lines("0"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    for number in range(1, 4):
        put(path, lines(f"{number}"))
        time.sleep(0.2)
        os.truncate(path, 0)
        checks.equal(wait(program, database, number + 1, 4), number + 1, f"truncation {number}")
    checks.equal(follower.end().code, 0, "a clean end")


def other_options(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """A run that reads lines otherwise reads renamed files from their beginnings too."""
    path, database = os.path.join(folder, "options.log"), stores.fresh("options")
    put(path, lines("1"))
    follower = Follower(program, database, path, arguments=("--set", "region=DE"))
    checks.equal(wait(program, database, 1), 1, "what is there")
    os.rename(path, path + ".1")
    put(path, lines("2"))
    checks.equal(wait(program, database, 2), 2, "rotated")
    follower.end()
    put(path + ".1", lines("3"))
    put(path, lines("4"))
    follower = Follower(program, database, path, arguments=("--set", "model=g"))
    checks.equal(wait(program, database, 4), 4, "with other options")
    time.sleep(0.5)
    ended = follower.end()
    checks.check(b"read=4 stored=2 " in ended.stderr, "all lines of both files are read", ended.brief())


class WriteLock:
    """Keeps a program from storing for a while, as another one that writes does."""

    def __init__(self, database: str) -> None:
        self.server = database.startswith("postgres:")
        if self.server:
            self.session = subprocess.Popen([os.path.join(os.environ["GUARDTALLY_TEST_POSTGRES_BIN"], "psql"), "-q", database], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            self.session.stdin.write(b"BEGIN; LOCK TABLE ONLY guardtally.verdicts IN ACCESS EXCLUSIVE MODE;\n")
            self.session.stdin.flush()
            time.sleep(0.3)
        else:
            self.connection = sqlite3.connect(database, isolation_level=None)
            self.connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        if self.server:
            self.session.communicate(b"COMMIT;\n")
        else:
            self.connection.execute("COMMIT")
            self.connection.close()


def copies(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """What a truncation took is read from the copy, whatever was read, stored or noted by then."""
    path, database = os.path.join(folder, "copies.log"), stores.fresh("copies")
    put(path, lines("1"))
    follower = Follower(program, database, path, arguments=("--busy-timeout", "60s"))
    checks.equal(wait(program, database, 1), 1, "what is there")
    time.sleep(1.2)
    lock = WriteLock(database)
    put(path, lines("2"))
    time.sleep(1.5)
    put(path, lines(*(f"read {number}" for number in range(40_000))))
    time.sleep(1)
    shutil.copyfile(path, f"{path}.1")
    os.truncate(path, 0)
    time.sleep(1)
    lock.end()
    deadline = time.monotonic() + 10
    while stored(program, database) < 2 and time.monotonic() < deadline:
        pass
    follower.process.kill()
    follower.process.communicate()
    put(path, lines("3"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 40_003), 40_003, "killed between the commit and that of what was read of a file that is a copy by now")
    ended = follower.end()
    checks.check(b"no copy" not in ended.stderr, "which is not told as missing", ended.brief())
    # An empty file that lay beside it becomes the copy.
    os.truncate(f"{path}.1", 0)
    Follower(program, database, path).end()
    follower = Follower(program, database, path)
    time.sleep(1)
    follower.end()
    put(path, lines("4", "5"))
    shutil.copyfile(path, f"{path}.1")
    os.truncate(path, 0)
    put(path, lines("6"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 40_006), 40_006, "copied over an empty file while nobody followed")
    follower.end()


def first_copies(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """A copy that was there at the first start, before its file was emptied."""
    path, database = os.path.join(folder, "first-copy.log"), stores.fresh("first_copies")
    put(path, lines(*map(str, range(100_000))))
    shutil.copyfile(path, f"{path}.1")
    put(f"{path}.2", lines("long ago"))
    program.run("migrate", "--db", database)
    lock = None if database.startswith("postgres:") else WriteLock(database)
    follower = Follower(program, database, path, arguments=("--busy-timeout", "60s", "--batch-verdicts-max", "10"))
    time.sleep(1)
    follower.process.send_signal(signal.SIGSTOP)
    os.truncate(path, 0)
    if lock:
        lock.end()
    follower.process.send_signal(signal.SIGCONT)
    checks.equal(wait(program, database, 100_000, 30), 100_000, "what a truncation took is read from it")
    put(path, lines("new"))
    checks.equal(wait(program, database, 100_001), 100_001, "and what comes after")
    ended = follower.end()
    said = f"no earlier run is known, so what lies beside it ({path}.2 and 1 more) is not read".encode()
    checks.check(said in ended.stderr or said.replace(b".2 and", b".1 and") in ended.stderr, "that nothing else beside it is read is told", ended.brief())


def strangers(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Another program's file that was given the number of an empty log."""
    path, database = os.path.join(folder, "stranger.log"), stores.fresh("strangers")
    put(path, lines("1"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    os.rename(path, path + ".1")
    put(path, b"")
    time.sleep(1.5)
    follower.end()
    number = os.stat(path).st_ino
    os.rename(path, os.path.join(folder, "other-app.json"))
    checks.equal(os.stat(os.path.join(folder, "other-app.json")).st_ino, number, "the same number")
    put(os.path.join(folder, "other-app.json"), lines("of another"))
    put(path, lines("2"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 2), 2, "the new file is read")
    time.sleep(0.5)
    checks.equal(stored(program, database), 2, "the other is not")
    ended = follower.end()
    checks.check(b"is not in" in ended.stderr and b"read up to byte 0" in ended.stderr, "that a file is missing is told", ended.brief())


def unreadable_hint(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Where an earlier run stopped must be known: a store that does not say so is an error."""
    path, database = os.path.join(folder, "unread.log"), stores.fresh("unreadable_hint")
    put(path, lines("1"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    follower.end()
    put(path, lines("2"))
    os.rename(path, path + ".2")
    put(path, lines("3"))
    os.rename(path, path + ".1")
    put(path, lines("4"))
    lock = WriteLock(database)
    follower = Follower(program, database, path, arguments=("--busy-timeout", "1s"))
    time.sleep(2.5)
    lock.end()
    ended = follower.end() if follower.process.poll() is None else Result(follower.process.returncode, *follower.process.communicate())
    # Readers of SQLite wait for nobody.
    checks.check(ended.code in (1, 69) or not lock.server, "it ends with an error", ended.brief())
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 4), 4, "the next one finds what was rotated")
    follower.end()


def standstill(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """A file that grows is not quiet, though nobody could read it for a while."""
    path, database = os.path.join(folder, "standstill.log"), stores.fresh("standstill")
    put(path, lines("1"))
    follower = Follower(program, database, path, arguments=("--busy-timeout", "60s", "--renamed-quiet-max", "2s"))
    checks.equal(wait(program, database, 1), 1, "what is there")
    os.rename(path, path + ".1")
    put(path, lines("2"))
    checks.equal(wait(program, database, 2), 2, "rotated")
    lock, count = WriteLock(database), 2
    for turn in range(120):
        if turn == 80:
            lock.end()
        put(path, lines(f"new {turn}"))
        put(path + ".1", lines(f"old {turn}"))
        count += 2
        time.sleep(0.1)
    checks.equal(wait(program, database, count), count, "both to their ends")
    checks.equal(follower.end().code, 0, "a clean end")


def odd_edits(checks: Checks, program: Program, stores: object, folder: str) -> None:
    place = os.path.join(folder, "odd")
    os.mkdir(place)
    path, database = os.path.join(place, "odd.log"), stores.fresh("odd_edits")
    os.utime(place, (13_569_465_600, 13_569_465_600))
    follower = Follower(program, database, path)
    time.sleep(1)
    checks.check(follower.process.poll() is None, "a folder that was last changed in the year 2400")
    put(path, lines(*map(str, range(10))))
    checks.equal(wait(program, database, 10), 10, "a file in it")
    size = os.path.getsize(path)
    put(path, lines("torn", comment="x" * 200)[:-1])
    time.sleep(0.5)
    os.truncate(path, size)
    put(path, lines("whole"))
    checks.equal(wait(program, database, 11, 4), 11, "a writer that takes back what it began")
    checks.equal(follower.end().code, 0, "a clean end")


def banners(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Logs that all begin with the same line, longer than what files are told apart by."""
    path, database = os.path.join(folder, "banner.log"), stores.fresh("banners")
    banner = lines("banner", comment="=" * 400)
    put(path, banner + lines(*(f"a{number}" for number in range(10))))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 11), 11, "what is there")
    os.truncate(path, 0)
    put(path, banner + lines(*(f"b{number}" for number in range(20))))
    checks.equal(wait(program, database, 31), 31, "emptied, and longer at once")
    follower.end()
    # Packed while nobody follows, so that the next two are told from it by more than how they begin.
    os.unlink(path)
    put(path, banner + lines(*(f"c{number}" for number in range(30))))
    os.rename(path, path + ".1")
    put(path, banner + lines(*(f"d{number}" for number in range(30))))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 91), 91, "rotated twice while nobody followed")
    follower.end()
    os.truncate(path, 0)
    put(path, banner + lines(*(f"e{number}" for number in range(40))))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 131), 131, "emptied while nobody followed, and longer")
    follower.end()
    checks.equal(program.verify(database).code, 0, "verify")


def hard_links(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Rotated by a second name, whose first is then taken away."""
    path, database = os.path.join(folder, "linked.log"), stores.fresh("hard_links")
    put(path, lines("1"))
    follower = Follower(program, database, path, arguments=("--renamed-quiet-max", "1s"))
    checks.equal(wait(program, database, 1), 1, "what is there")
    for number in range(1, 4):
        os.link(path, f"{path}.{number}")
        os.unlink(path)
        put(path, lines(f"new {number}"))
        time.sleep(2)
        put(f"{path}.{number}", lines(f"late {number}"))
        checks.equal(wait(program, database, 1 + 2 * number), 1 + 2 * number, f"rotation {number}: read on after it was given up")
    ended = follower.end()
    checks.check(ended.code == 0 and b"(deleted)" not in ended.stderr and b"not found" not in ended.stderr, "nothing untrue is told", ended.brief())


def permissions(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """As another user, for root may read everything. Files alone matter, so the store is always SQLite's."""
    ordinary = ["setpriv", "--reuid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    place = os.path.join(folder, "permissions")
    os.mkdir(place)
    for name in (folder, place):
        os.chmod(name, 0o777)
    path, database = os.path.join(place, "app.log"), os.path.join(place, "permissions.db")
    put(path, lines("1"))
    binary = shutil.copy(program.path, folder)

    def follow() -> Result:
        process = subprocess.Popen(
            [*ordinary, binary, "ingest", "--follow", "--db", database, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1.5)
        process.terminate()
        return Result(process.returncode, *process.communicate(timeout=10))

    follow()
    os.chmod(path, 0o600)
    refused = follow()
    checks.check(b"cannot open" in refused.stderr and b"Permission denied; check its permissions" in refused.stderr and b"emptied" not in refused.stderr, "a file that may not be read", refused.brief())
    os.chmod(path, 0o644)
    put(path, lines("2"))
    os.rename(path, path + ".1")
    put(path, lines("3"))
    os.chmod(path, 0o644)
    os.chmod(place, 0o733)
    refused = follow()
    checks.check(f"cannot list {place}/: Permission denied; files that had the name of {path} are not found there".encode() in refused.stderr, "a folder that may not be listed", refused.brief())
    os.chmod(place, 0o755)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--group", action="append", help="only this one")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    checks = Checks(f"followed files, {options.store}")
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        stores = databases(options.store, folder)
        for group in (neighbours, absence, switched_links, unusual_names, bounds, holes, long_lines, emptied_alone, other_options, copies, first_copies, strangers, unreadable_hint, standstill, odd_edits, schemes, half_lines, banners, hard_links, permissions):
            if options.group and group.__name__ not in options.group:
                continue
            checks.group(group.__name__)
            group(checks, program, stores, folder)
        checks.end_group()
        stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
