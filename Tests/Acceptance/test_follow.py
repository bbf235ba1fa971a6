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

from following import Follower, Log, lines, put, stored, wait
from harness import Checks, Program
from postgres import databases


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


def late_writers(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Who writes a renamed file may be told late, or never."""
    path, database = os.path.join(folder, "late-writer.log"), stores.fresh("late_writers")
    put(path, lines("1"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    with open(path, "ab", buffering=0) as old:
        os.rename(path, path + ".1")
        put(path, lines("n1"))
        begun = time.monotonic()
        for number in range(20):
            old.write(lines(f"o{number}"))
            time.sleep(0.15)
            if number == 13:
                checks.check(stored(program, database) >= 2 + 6, "the new file does not wait for the old one", stored(program, database))
        checks.equal(wait(program, database, 22), 22, f"both to their ends, {time.monotonic() - begun:.1f} s")
        os.rename(path, path + ".2")
        put(path, lines("n2"))
        time.sleep(2.5)
        old.write(lines("very late")[:20])
        time.sleep(1.5)
        old.write(lines("very late")[20:])
        put(path + ".2", lines("n1 again"))
        checks.equal(wait(program, database, 25), 25, "files that were quiet are still watched, half lines too")
    checks.equal(follower.end().code, 0, "a clean end")
    with open(path + ".1", "ab", buffering=0) as old:
        old.write(lines("while nobody followed"))
    put(path, lines("n3"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 27), 27, "so they are by the next run")
    again = follower.end()
    checks.check(b"read=2 stored=2 " in again.stderr, "which reads nothing else again", again.brief())
    checks.equal(program.verify(database).code, 0, "verify")


def quick_rotations(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Files that have the name for a moment."""
    path, database = os.path.join(folder, "quick.log"), stores.fresh("quick")
    put(path, lines("0"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    for number in range(1, 31):
        # As logrotate does: each older file moves on by one.
        for older in range(number, 0, -1):
            if os.path.exists(f"{path}.{older}"):
                os.rename(f"{path}.{older}", f"{path}.{older + 1}")
        os.rename(path, path + ".1")
        put(path, lines(f"a{number}", f"b{number}"))
        time.sleep((0, 0.01, 0.04, 0.1, 0.3)[number % 5])
    checks.equal(wait(program, database, 61), 61, "30 rotations, none lost")
    ended = follower.end()
    checks.check(ended.code == 0 and b"rejected=0" in ended.stderr and b"duplicates=0" in ended.stderr, "and none read twice", ended.brief())
    for number in range(2):
        os.rename(path, f"{path}-2026011{number}")
        put(path, lines(f"stopped {number}"))
    put(path + ".gz", b"\x1f\x8b no log")
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 63), 63, "two rotations while nobody followed: the middle file is found")
    checks.equal(follower.end().code, 0, "a clean end")
    checks.equal(program.verify(database).code, 0, "verify")


def links(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """As Kubernetes names logs: a link to a file that is rotated where it lies."""
    os.mkdir(os.path.join(folder, "pod"))
    path, link, database = os.path.join(folder, "pod", "0.log"), os.path.join(folder, "container.log"), stores.fresh("links")
    put(path, lines("1"))
    os.symlink(path, link)
    follower = Follower(program, database, link)
    checks.equal(wait(program, database, 1), 1, "what is there")
    follower.end()
    put(path, lines("2"))
    os.rename(path, path + ".20260110-120000")
    put(path, lines("3"))
    follower = Follower(program, database, link)
    checks.equal(wait(program, database, 3), 3, "rotated behind the link while nobody followed")
    os.rename(path, path + ".20260110-130000")
    put(path, lines("4"))
    checks.equal(wait(program, database, 4), 4, "and while somebody did")
    checks.equal(follower.end().code, 0, "a clean end")


def corrections(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """What was refused, or discarded, is read again by a run that reads it otherwise."""
    path, database = os.path.join(folder, "untimed.log"), stores.fresh("untimed")
    put(path, b"".join(json.dumps({"id": str(number), "verdict": "safe"}).encode() + b"\n" for number in range(30)))
    follower = Follower(program, database, path)
    time.sleep(2)
    ended = follower.end()
    checks.check(b"stored=0 " in ended.stderr and b"rejected=30 " in ended.stderr, "without a time all are refused", ended.brief())
    follower = Follower(program, database, path, arguments=("--assume-time", "2026-01-10"))
    checks.equal(wait(program, database, 30), 30, "with one they are stored")
    follower.end()
    path, database = os.path.join(folder, "wrong.log"), stores.fresh("wrong")
    put(path, lines(*map(str, range(40))))
    follower = Follower(program, database, path, arguments=("--set", "source=wrong"))
    checks.equal(wait(program, database, 40), 40, "under a wrong source")
    follower.end()
    checks.equal(program.run("discard", "--db", database, "--where", "source=wrong", "--from", "2026-01-01", "--to", "2026-02-01", "--yes").code, 0, "discarded")
    follower = Follower(program, database, path, arguments=("--set", "source=right"))
    checks.equal(wait(program, database, 40), 40, "under the right one")
    follower.end()
    checks.equal(program.run("discard", "--db", database, "--where", "source=right", "--from", "2026-01-01", "--to", "2026-02-01", "--yes").code, 0, "discarded")
    put(path, lines("new"))
    follower = Follower(program, database, path, arguments=("--set", "source=right"))
    checks.equal(wait(program, database, 1), 1, "what comes after a discard is stored")
    time.sleep(1)
    checks.equal(stored(program, database), 1, "and with the same options nothing that was discarded comes back")
    follower.end()
    checks.equal(program.verify(database).code, 0, "verify")


def places(checks: Checks, program: Program, stores: object, folder: str) -> None:
    """Refused lines are named as they stand in their files; lists of them grow."""
    path, rejects, database = os.path.join(folder, "bad.log"), os.path.join(folder, "rejects.csv"), stores.fresh("places")
    bad = b"{bad}\n"
    put(path, lines("1", "2") + bad)
    follower = Follower(program, database, path, arguments=("--rejects", rejects))
    wait(program, database, 2)
    time.sleep(0.3)
    first = len(lines("1", "2"))
    header = b"input,line,offset,length,code\r\n"
    expected = [f"bad.log,3,{first},5,bad_json\r\n".encode()]

    def listed() -> bytes:
        deadline = time.monotonic() + 5
        while True:
            with open(rejects, "rb") as file:
                found = file.read()
            if found == header + b"".join(expected) or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    checks.equal(listed(), header + b"".join(expected), "listed while it is followed")
    os.rename(path, path + ".1")
    put(path, b"\xef\xbb\xbf" + lines("3") + b"\n" + bad)
    expected.append(f"bad.log,3,{3 + len(lines('3')) + 1},5,bad_json\r\n".encode())
    checks.equal(listed(), header + b"".join(expected), "after a rotation, behind a mark of the encoding")
    os.truncate(path, 0)
    put(path, bad)
    expected.append(b"bad.log,1,0,5,bad_json\r\n")
    checks.equal(listed(), header + b"".join(expected), "after a truncation")
    put(path + ".1", bad)
    expected.append(f"bad.log,4,{first + 6},5,bad_json\r\n".encode())
    checks.equal(listed(), header + b"".join(expected), "at the end of the old file")
    follower.process.kill()
    follower.process.communicate()
    put(path, lines("4") + bad)
    expected.append(f"bad.log,3,{6 + len(lines('4'))},5,bad_json\r\n".encode())
    follower = Follower(program, database, path, arguments=("--rejects", rejects))
    found = listed()
    checks.check(found.startswith(header + b"".join(expected[:4])) and found.endswith(expected[4]) and found.count(header) == 1, "after a restart, behind what was listed before", found)
    checks.equal(wait(program, database, 4), 4, "good lines are stored")
    follower.end()


def small_files(checks: Checks, program: Program, stores: object, folder: str) -> None:
    path, database = os.path.join(folder, "small.log"), stores.fresh("small")
    put(path, lines("1"))
    follower = Follower(program, database, path)
    checks.equal(wait(program, database, 1), 1, "what is there")
    with open(path, "r+b", buffering=0) as file:
        file.truncate(0)
        file.write(lines("2", "3", "4"))
    checks.equal(wait(program, database, 4), 4, "emptied, and longer at once")
    # What nobody had read when a file was emptied is in the copy alone.
    follower.process.send_signal(signal.SIGSTOP)
    put(path, lines("5", "6"))
    with open(path, "rb") as source:
        put(path + ".1", source.read())
    os.truncate(path, 0)
    put(path, lines("7"))
    follower.process.send_signal(signal.SIGCONT)
    checks.equal(wait(program, database, 7), 7, "copied and emptied before it was read")
    follower.process.send_signal(signal.SIGSTOP)
    for number in (8, 9):
        put(path, lines(f"{number}"))
        os.rename(path + ".1", f"{path}.{number}")
        with open(path, "rb") as source:
            put(path + ".1", source.read())
        os.truncate(path, 0)
    put(path, lines("10"))
    follower.process.send_signal(signal.SIGCONT)
    checks.equal(wait(program, database, 10), 10, "copied and emptied twice before it was read")
    ended = follower.end()
    checks.check(ended.code == 0 and b"read=10 stored=10 " in ended.stderr, "each once", ended.brief())


def others(checks: Checks, program: Program, stores: object, folder: str) -> None:
    paths = [os.path.join(folder, f"many{number}.log") for number in range(65)]
    for number, path in enumerate(paths):
        put(path, lines(str(number)))
    refused = program.run("ingest", "--follow", "--db", stores.fresh("too_many"), *paths)
    checks.check(refused.code == 64 and b"65 files" in refused.stderr and b"--followed-files-max" in refused.stderr, "65 files are too many", refused.brief())
    database = stores.fresh("many")
    follower = Follower(program, database, *paths[:64])
    checks.equal(wait(program, database, 64, 20), 64, "64 are not")
    checks.equal(follower.end().code, 0, "a clean end")
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    refused = program.run("ingest", "--follow", "--db", database, pipe)
    checks.check(refused.code == 64 and b"no regular file" in refused.stderr, "a pipe", refused.brief())
    absent = os.path.join(folder, "absent.log")
    follower = Follower(program, database, absent)
    time.sleep(1)
    ended = follower.end()
    checks.check(ended.code == 0 and b"absent.log: no such file yet; waiting for it" in ended.stderr, "an absent file is told", ended.brief())
    put(absent, lines("100"))
    follower = Follower(program, database, absent)
    checks.equal(wait(program, database, 65), 65, "and read when it comes")
    os.rename(absent, absent + ".1")
    os.mkfifo(absent)
    time.sleep(0.3)
    os.unlink(absent)
    put(absent, lines("101") + lines("102", source="synthetic") + lines("103"))
    checks.equal(wait(program, database, 67), 67, "a pipe that has the name for a moment, and a made-up record among others")
    ended = follower.end()
    checks.check(ended.code == 0 and b"synthetic" in ended.stderr and b"rejected=1 " in ended.stderr, "which alone is refused", ended.brief())
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
        for group in (growing, rotation, truncation, usage, late_writers, quick_rotations, links, corrections, places, small_files, others):
            checks.group(group.__name__)
            group(checks, program, stores, folder)
        checks.group("killed")
        killed(checks, program, stores, folder, random.Random(options.seed))
        checks.end_group()
        stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
