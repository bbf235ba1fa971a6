"""What `aggregate` publishes: the folder of reports with its manifest, and the textfile; and who may publish.

`python3 test_reports_dir.py --binary PATH [--store sqlite] [--rows 30000] [--seed 7]`; needs `frictionless` from PyPI and
`promtool`. The folder is read as people would: by another reader of data packages, which is told nothing but its name.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from frictionless import Package

import traffic
from harness import Aggregation, Checks, Program, Result
from oracle import canonicalise, format_time, local_time, parse_exposition, parse_rfc3339, read_ndjson
from postgres import Databases, add_store_option, databases

FIRST = "2026-03-02"
NAMES = ("safe-ratio", "categories", "latency")
BY = ("", "language", "region")
# File part, width, and how many complete days it reaches back.
GRAINS = (("hour", "1h", 7), ("day", "1d", 90))
FILES = {
    f"{name}.{grain}{'.' if by else ''}{by}.csv": (name, width, days, by)
    for name, (grain, width, days), by in itertools.product(NAMES, GRAINS, BY)
}
# now, zone, the local date on which `now` lies. The second week has a clock change; in the third `now` is a midnight.
MOMENTS = (
    ("2026-03-16T09:20:00Z", "UTC", "2026-03-16"),
    ("2026-03-15T02:00:00Z", "America/New_York", "2026-03-14"),
    ("2026-03-14T18:30:00Z", "Asia/Kolkata", "2026-03-15"),
    ("2026-03-10T23:59:59.999999Z", "UTC", "2026-03-10"),
)


def contents(folder: str) -> dict[str, bytes]:
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def days_before(day: str, count: int) -> str:
    return format_time(local_time(day, "UTC") - count * traffic.DAY, "UTC")[:10]


def newest_before(path: str, end_us: int) -> int:
    """The time of the newest verdict of a file that is before an instant."""
    now_us = time.time_ns() // 1000
    times = (canonicalise(line, now_us)[0].time_us for _, _, line in read_ndjson(path))
    return max(time_us for time_us in times if time_us < end_us)


def check_files(checks: Checks, program: Program, database: str, folder: str, zone: str, today: str) -> None:
    """Each file is what `report` prints for the last complete days, and nothing beside them is there."""
    found = contents(folder)
    checks.equal(sorted(found), sorted([*FILES, "manifest.json"]), "files of the folder")
    for name, (report, width, days, by) in FILES.items():
        arguments = ["--from", days_before(today, days), "--to", today, "--every", width, "--tz", zone, "--format", "csv"]
        result = program.run("report", report, *arguments, *(("--by", by) if by else ()), "--db", database)
        checks.check(result.code == 0 and found.get(name) == result.stdout, f"{name} is the report", result.brief())
    mode = os.stat(os.path.join(folder, "manifest.json")).st_mode & 0o777
    checks.check(mode & 0o044 == 0o044, "others may read what is published", oct(mode))


def check_manifest(checks: Checks, folder: str, path: str, zone: str, today: str) -> None:
    found = contents(folder)
    manifest = json.loads(found["manifest.json"])
    resources = {resource["path"]: resource for resource in manifest["resources"]}
    checks.equal(sorted(resources), sorted(FILES), "paths of the manifest")
    checks.equal(len(manifest["resources"]), len(FILES), "each once")
    names = [resource["name"] for resource in manifest["resources"]]
    checks.equal(len(set(names)), len(FILES), "names of the manifest")
    checks.check(isinstance(manifest["name"], str) and "guardtally" in manifest["program"], "name and program", manifest["program"])
    checks.check(isinstance(manifest["schema_version"], int), "schema version", manifest["schema_version"])
    end_us = local_time(today, zone)
    # Assumption: "covered" means that it is in the reports, so a verdict of the day that is not over does not count.
    checks.equal(parse_rfc3339(manifest["newest_event_time"]), newest_before(path, end_us), "newest event time covered")
    for name, (report, width, days, by) in FILES.items():
        resource, data = resources[name], found[name]
        digest = hashlib.sha256(data).hexdigest()
        checks.equal((resource["sha256"], resource["hash"]), (digest, f"sha256:{digest}"), f"{name}: digests")
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
        checks.equal((resource["bytes"], resource["rows"]), (len(data), len(rows) - 1), f"{name}: bytes and rows")
        checks.equal(resource["columns"], rows[0], f"{name}: columns")
        checks.equal([field["name"] for field in resource["schema"]["fields"]], rows[0], f"{name}: fields")
        query = resource["query"]
        checks.equal((query["report"], query["every"], query["tz"]), (report, width, zone), f"{name}: query")
        span = [parse_rfc3339(query[end]) if "T" in query[end] else local_time(query[end], zone) for end in ("from", "to")]
        checks.equal(span, [local_time(days_before(today, days), zone), end_us], f"{name}: span of the query")
        checks.equal(query.get("by") or [], [by] if by else [], f"{name}: dimensions of the query")


def check_package(checks: Checks, folder: str) -> None:
    """A reader of data packages finds every file as the manifest says, and a changed file otherwise."""
    manifest = os.path.join(folder, "manifest.json")
    report = Package(manifest).validate()
    checks.check(report.valid, "a data package's reader finds it valid", report.flatten(["type", "message"])[:4])
    checks.equal(len(report.tasks), len(FILES), "it read every file")
    path = os.path.join(folder, "safe-ratio.day.csv")
    with open(path, "rb") as file:
        original = file.read()
    try:
        with open(path, "wb") as file:
            file.write(original.replace(b",", b";", 1))
        checks.check(not Package(manifest).validate().valid, "it finds a changed file invalid")
    finally:
        with open(path, "wb") as file:
            file.write(original)


def check_reports(checks: Checks, program: Program, stores: Databases, folder: str, path: str) -> None:
    database = stores.fresh("published")
    checks.equal(program.ingest(database, path).code, 0, "ingest")
    for now, zone, today in MOMENTS:
        checks.group(f"reports at {now} in {zone}")
        target = os.path.join(folder, f"reports-{today}-{zone.replace('/', '-')}")
        arguments = ("--now", now, "--tz", zone, "--reports")
        result = program.aggregate(database, *arguments, target)
        done = result.aggregation
        checks.equal(result.code, 0, f"exit code ({result.brief()})")
        # Assumption: the manifest may or may not be counted as one of the files.
        checks.check(done is not None and done.files in (len(FILES), len(FILES) + 1), "counts the files", result.stdout)
        if not os.path.isdir(target):
            continue
        check_files(checks, program, database, target, zone, today)
        check_manifest(checks, target, path, zone, today)
        check_package(checks, target)
    checks.group("the same data and the same clock: the same bytes")
    first = contents(target)
    time.sleep(1.1)  # a run time in a file would show
    program.ingest(database, path)
    checks.equal(program.aggregate(database, *arguments, target).code, 0, "exit code of the second run")
    checks.check(contents(target) == first, "into the same folder")
    elsewhere = os.path.join(folder, "made", "on", "the", "way")
    os.makedirs(os.path.dirname(elsewhere))
    checks.equal(program.aggregate(database, *arguments, elsewhere).code, 0, "exit code of the third run")
    checks.check(contents(elsewhere) == first, "into another folder")
    foreign = os.path.join(target, "notes.txt")
    with open(foreign, "w", encoding="utf-8") as file:
        file.write("theirs")
    program.aggregate(database, *arguments, target)
    checks.check(contents(target) == {**first, "notes.txt": b"theirs"}, "a foreign file stays")


def check_empty(checks: Checks, program: Program, stores: Databases, folder: str) -> None:
    checks.group("a store without verdicts")
    database, target = stores.fresh("empty"), os.path.join(folder, "reports-empty")
    checks.equal(program.run("migrate", "--db", database).code, 0, "migrate")
    result = program.aggregate(database, "--now", MOMENTS[0][0], "--reports", target, "--keep-verdicts", "30d")
    checks.equal(result.code, 0, f"exit code ({result.brief()})")
    found = contents(target)
    for name in FILES:
        checks.check(found[name].count(b"\r\n") == 1 and found[name].startswith(b"start,end,"), f"{name} is its header alone")
    manifest = json.loads(found["manifest.json"])
    checks.equal([resource["rows"] for resource in manifest["resources"]], [0] * len(FILES), "rows of the manifest")
    checks.check(not manifest.get("newest_event_time"), "no newest event")
    check_package(checks, target)
    checks.equal(program.verify(database).code, 0, "verify")


class Watcher:
    """Reads files over and over while they are replaced, and notes whatever was never meant to be seen."""

    def __init__(self, folder: str, target: str, least_lines: int) -> None:
        self._folder, self._target, self._least_lines = folder, target, least_lines
        self.readings, self.versions = 0, set()
        self.wrong: list[object] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.001):
            # What the collector would read: any file of that name's ending.
            others = [name for name in os.listdir(self._folder) if name.endswith(".prom") and name != self._target]
            if others:
                self.wrong.append(others)
            try:
                with open(os.path.join(self._folder, self._target), "rb") as file:
                    data = file.read()
                    self.versions.add(os.fstat(file.fileno()).st_mtime_ns)
            except FileNotFoundError:
                if self.readings:
                    self.wrong.append("the file was gone for a moment")
                continue
            self.readings += 1
            if not data.endswith(b"\n") or b"\nguardtally_store_up 1\n" not in data or data.count(b"\n") < self._least_lines:
                self.wrong.append((len(data), data[-100:]))

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


def own_lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.startswith(b"qwen_guard_")]


def promtool(exposition: bytes) -> tuple[int, bytes]:
    result = subprocess.run(["promtool", "check", "metrics"], input=exposition, capture_output=True)
    return result.returncode, result.stdout + result.stderr


def check_textfile(checks: Checks, program: Program, stores: Databases, folder: str, path: str) -> None:
    checks.group("the textfile")
    database = stores.fresh("textfile")
    checks.equal(program.ingest(database, path).code, 0, "ingest")
    collector = os.path.join(folder, "collector")
    os.mkdir(collector)
    target = os.path.join(collector, "guardtally.prom")
    now = MOMENTS[0][0]
    result = program.aggregate(database, "--now", now, "--textfile", target)
    checks.equal((result.code, result.aggregation is not None and result.aggregation.files), (0, 1), f"aggregate ({result.brief()})")
    with open(target, "rb") as file:
        text = file.read()
    checks.equal(promtool(text), (0, b""), "promtool")
    printed = program.run("metrics", "--now", now, "--db", database).stdout
    checks.equal(own_lines(text), own_lines(printed), "says what metrics prints")
    samples = parse_exposition(text.decode())
    checks.check(len(samples) <= 10_000, "within the series budget", len(samples))
    after = parse_exposition(printed.decode())
    checks.equal(after.get(("guardtally_aggregation_runs_total", (("outcome", "succeeded"),))), 1.0, "one run has succeeded")
    # Assumption: with --now, the time of the last success is that time or the clock's.
    last = after.get(("guardtally_last_aggregation_timestamp_seconds", ()), 0)
    checks.check(last == parse_rfc3339(now) / 1e6 or abs(last - time.time()) < 600, "time of the last success", last)
    checks.check(os.stat(target).st_mode & 0o044 == 0o044, "the collector, another user, may read it")
    checks.equal(os.listdir(collector), ["guardtally.prom"], "nothing is left beside it")
    renamed = program.aggregate(database, "--now", now, "--textfile", target, "--prefix", "our_guard", "--windows", "30m,2h", "--series-max", "2000")
    with open(target, "rb") as file:
        options = file.read()
    checks.check(renamed.code == 0 and b"our_guard_request_total{" in options and not own_lines(options), "--prefix")
    checks.check(b'window="2h"' in options or b'window="30m"' not in options, "--windows")
    checks.check(sum(not line.startswith(b"#") for line in options.splitlines()) <= 2000, "--series-max")

    checks.group("the textfile is replaced at once, over and over")
    # The other's windows end now and are empty, so the counters are what must be there.
    watcher = Watcher(collector, "guardtally.prom", 50)
    running = program.start("aggregate", "--db", database, "--textfile", target, "--every", "1s")
    for _ in range(12):
        checks.equal(program.aggregate(database, "--now", now, "--textfile", target).code, 0, "another run beside it")
    time.sleep(2.5)
    running.send_signal(signal.SIGTERM)
    stdout, stderr = running.communicate(timeout=60)
    watcher.end()
    checks.equal(running.returncode, 0, f"--every ends with 0 on SIGTERM ({stderr[-200:]!r})")
    lines = stdout.decode().splitlines(keepends=True)
    checks.check(len(lines) >= 2, "--every has run several times", lines)
    checks.check(all(Result(0, line.encode(), b"").aggregation for line in lines), "a line each", lines)
    checks.check(not watcher.wrong, "no reader saw a part of it", (len(watcher.wrong), watcher.wrong[:2]))
    checks.check(watcher.readings > 100 and len(watcher.versions) > 3, "readers looked", (watcher.readings, len(watcher.versions)))
    checks.equal(os.listdir(collector), ["guardtally.prom"], "nothing is left beside it")
    running = program.start("aggregate", "--db", database, "--every", "1h")
    first_line = running.stdout.readline()
    started = time.monotonic()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    checks.check(Result(0, first_line, b"").aggregation is not None, "--every prints a run's line when it ends", first_line)
    checks.equal(running.returncode, 0, "--every ends with 0 on SIGINT")
    checks.check(time.monotonic() - started < 5, "and does not sleep out its hour")


def check_out_of_reach(checks: Checks, program: Program, stores: Databases, folder: str) -> None:
    """A store that is gone is published as such: numbers that go on being shown would be lies."""
    checks.group("store out of reach")
    target, reports = os.path.join(folder, "collector", "guardtally.prom"), os.path.join(folder, "reports-absent")
    absent = stores.absent("nowhere")
    result = program.aggregate(absent, "--textfile", target, "--reports", reports)
    checks.equal((result.code, result.stdout), (69, b""), f"exit code and stdout ({result.brief()})")
    checks.check(bool(result.stderr), "says so on stderr")
    with open(target, "rb") as file:
        text = file.read()
    samples = [line for line in text.splitlines() if not line.startswith(b"#")]
    checks.equal(samples, [b"guardtally_store_up 0"], "the textfile says nothing else")
    checks.equal(promtool(text), (0, b""), "promtool")
    checks.check(not os.path.exists(os.path.join(reports, "manifest.json")), "no reports are written")
    checks.check(not stores.exists(absent), "no database is made")
    running = program.start("aggregate", "--db", absent, "--textfile", target, "--every", "1s")
    time.sleep(2.5)
    checks.check(running.poll() is None, "--every goes on while the store is away")
    running.send_signal(signal.SIGTERM)
    _, stderr = running.communicate(timeout=60)
    checks.equal(running.returncode, 0, "--every ends with 0 on SIGTERM all the same")
    checks.check(bool(stderr), "having said so on stderr")


def check_unwritable(checks: Checks, program: Program, stores: Databases, folder: str, path: str) -> None:
    checks.group("what cannot be written, or makes no sense")
    database = stores.fresh("unwritable")
    checks.equal(program.ingest(database, path).code, 0, "ingest")
    plain = os.path.join(folder, "plain")
    with open(plain, "w", encoding="utf-8") as file:
        file.write("theirs")
    for name, code, arguments in (
        ("a textfile in a folder that is none", 1, ("--textfile", os.path.join(plain, "x.prom"))),
        ("reports into a file", 1, ("--reports", plain)),
        ("unknown zone", 64, ("--reports", os.path.join(folder, "r"), "--tz", "Mars/Olympus")),
        ("a time to keep that is none", 64, ("--keep-verdicts", "soon")),
        ("no time to keep", 64, ("--keep-verdicts", "0d")),
        ("a negative time to keep", 64, ("--keep-verdicts=-1d",)),
        ("no time between runs", 64, ("--every", "0s")),
        ("an unknown option", 64, ("--no-such-option",)),
    ):
        result = program.aggregate(database, "--now", MOMENTS[0][0], *arguments)
        checks.equal(result.code, code, f"{name} ({result.brief()})")
        checks.check(bool(result.stderr), f"{name}: says so on stderr")
    with open(plain, encoding="utf-8") as file:
        checks.equal(file.read(), "theirs", "the file in the way is as it was")
    checks.equal(program.aggregate(database).code, 0, "the next run works")


def check_one_at_a_time(checks: Checks, program: Program, stores: Databases, folder: str, path: str) -> None:
    """One that was stopped in its work still holds the lock; the other says so and leaves, and no time-out lets it in."""
    checks.group("one aggregation at a time")
    database, target = stores.fresh("locked"), os.path.join(folder, "reports-locked")
    checks.equal(program.ingest(database, path).code, 0, "ingest")
    arguments = ("aggregate", "--db", database, "--now", MOMENTS[0][0], "--reports", target)
    # The first run also adds up what is over, which the others find done.
    checks.equal(program.run(*arguments).code, 0, "the first")
    started = time.monotonic()
    checks.equal(program.run(*arguments).code, 0, "alone")
    duration = time.monotonic() - started
    met = 0
    for attempt in range(12):
        first = program.start(*arguments)
        time.sleep(duration * (0.2 + attempt % 6 / 10))
        first.send_signal(signal.SIGSTOP)
        second = program.run(*arguments)
        if second.stdout == b"":
            met += 1
            checks.check(second.code == 0 and bool(second.stderr), "the other says so and ends with 0", second.brief())
        else:
            checks.equal(second.code, 0, "the other works where the first has not begun or has ended")
        first.send_signal(signal.SIGCONT)
        stdout, stderr = first.communicate(timeout=120)
        checks.equal(first.returncode, 0, f"the first goes on and ends ({stderr[-200:]!r})")
        checks.check(stdout == b"" or Result(0, stdout, b"").aggregation is not None, "its line", stdout)
    checks.check(met >= 4, "they met", met)
    running = program.start(*arguments)
    time.sleep(duration * 0.5)
    running.kill()
    running.communicate()
    again = program.run(*arguments)
    deadline = time.monotonic() + 30
    while again.stdout == b"" and time.monotonic() < deadline:
        again = program.run(*arguments)  # a server needs a moment to see that a client is gone
    checks.check(isinstance(again.aggregation, Aggregation), "the lock of one that was killed is gone", again.brief())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data and databases; default: a temporary one")
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks(f"published, {options.store}")
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, databases(options.store, folder) as stores:
        path = os.path.join(folder, "verdicts.ndjson")
        traffic.write_file(path, traffic.records(options.rows, options.seed, traffic.instant(FIRST), 14, "ordered", "uuid"))
        check_reports(checks, program, stores, folder, path)
        check_empty(checks, program, stores, folder)
        check_textfile(checks, program, stores, folder, path)
        check_out_of_reach(checks, program, stores, folder)
        check_unwritable(checks, program, stores, folder, path)
        check_one_at_a_time(checks, program, stores, folder, path)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
