"""`ingest --follow`: which files are read, whatever rotation, links and people do to their names.

    python test_follow_files.py --binary PATH [--store sqlite|postgres]
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import signal
import sys
import tempfile
import time

from following import Follower, lines, put, stored, wait
from harness import Checks, Program
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
    said = f"a file that had the name is not in {place}/ any more; it was read up to byte {len(lines('after 日誌'))}: if more was written to it, ingest it from where it is"
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
    time.sleep(3)
    put(f"{path}.5", lines("too late"))
    put(path, lines("last"))
    checks.equal(wait(program, database, written + 1), written + 1, "what was given up stays so")
    time.sleep(0.5)
    checks.equal(stored(program, database), written + 1, "after --renamed-quiet-max as well")
    checks.equal(follower.end().code, 0, "a clean end")


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    checks = Checks(f"followed files, {options.store}")
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        stores = databases(options.store, folder)
        for group in (neighbours, absence, switched_links, unusual_names, bounds, holes, long_lines, emptied_alone, other_options):
            checks.group(group.__name__)
            group(checks, program, stores, folder)
        checks.end_group()
        stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
