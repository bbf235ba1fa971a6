"""Faults on Postgres at random moments: whatever is killed, stopped, cut off or crashed, every total is exact afterwards.

`python3 test_faults.py --binary PATH [--rounds 20] [--stopped-seconds 65] [--rows 60000] [--seed 7]`; starts a cluster of its
own; standard library only. After each round the input is sent again where it had failed, and then the reports must be those
of an undisturbed store (a SQLite one), `verify` must find nothing, and neither must pg_amcheck. Rounds whose fault came too
late are repeated with an earlier one, so that each counts.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import traffic
from harness import Checks, Program, Result, outputs
from postgres import Cluster, PostgresDatabases, SQLiteDatabases

FIRST, END = "2026-03-02", "2026-03-16"
SPAN = ("--from", FIRST, "--to", END, "--format", "csv")
# At the kept grain, so that they can be asked after retention too.
REPORTS = tuple(
    ("report", *report, *SPAN)
    for report in (
        ("safe-ratio",), ("safe-ratio", "--every", "1h", "--by", "language"), ("categories", "--every", "1d", "--by", "region"),
        ("latency", "--every", "1d", "--by", "model"), ("errors", "--by", "source,model,stage,method"),
    )  # fmt: skip
)
KEEP = ("--keep-verdicts", "7d", "--now", "2026-03-16T00:30:00Z")
BATCH = ("--batch-verdicts-max", "5000")
INTERNAL = re.compile(rb"deadlock|40P01|40001|could not serialize|23505|duplicate key", re.IGNORECASE)
ATTEMPTS = 12
PATIENCE_SECONDS = 120


@dataclass
class Scene:
    """What every round needs: the input, what it must come to, and how long things take undisturbed."""

    checks: Checks
    program: Program
    cluster: Cluster
    stores: PostgresDatabases
    random_: random.Random
    rows: int
    path: str
    halves: tuple[str, str]
    expected: dict[str, bytes]
    loaded: str = ""
    half_loaded: str = ""
    ingest_seconds: float = 1.0
    aggregate_seconds: float = 1.0
    retention_seconds: float = 1.0
    stopped_seconds: float = 65.0
    hits: int = 0

    def name(self, database: str) -> str:
        return self.stores.name(database)

    def start_ingest(self, database: str, *paths: str) -> subprocess.Popen[bytes]:
        return self.program.start("ingest", "--json", *BATCH, "--db", database, *(paths or (self.path,)))

    def moment(self, seconds: float, attempt: int) -> float:
        """A random moment of something that takes so long; an earlier one at each attempt."""
        return self.random_.uniform(0.03, 0.95) * seconds * 0.8**attempt

    def total(self, database: str) -> int:
        result = self.program.run(*REPORTS[0], "--db", database)
        lines = result.stdout.decode().splitlines()
        return int(lines[1].split(",")[2]) if len(lines) > 1 else 0


def finish(process: subprocess.Popen[bytes]) -> Result:
    """Waits for a process; one that hangs is killed, which no check takes for a good end."""
    try:
        stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
    return Result(process.returncode, stdout, stderr)


def check_said(scene: Scene, result: Result, allowed: tuple[int, ...], name: str) -> None:
    """A fault ends a command with a known code and a clear line or two, never with the server's inner words."""
    scene.checks.check(result.code in allowed, f"{name}: exit code", result.brief())
    scene.checks.check(not INTERNAL.search(result.stderr), f"{name}: nothing internal surfaces", result.stderr[-300:])
    if result.code not in (0, 65):
        scene.checks.check(0 < len(result.stderr.splitlines()) <= 4, f"{name}: says why, briefly", result.stderr[-500:])


def check_acknowledged(scene: Scene, database: str, result: Result, name: str) -> None:
    """What a failed run says it has stored is there; what was under way when the line broke may be there as well."""
    if result.ledger is not None:
        total = scene.total(database) if scene.cluster.has_tables(scene.name(database)) else 0
        scene.checks.check(total >= result.ledger.stored, f"{name}: what was acknowledged is there", (total, result.ledger))


def check_whole(scene: Scene, database: str, name: str) -> None:
    """Sends everything again, then every total must be that of the undisturbed store."""
    result = scene.program.ingest(database, scene.path)
    ledger = result.json_ledger
    scene.checks.equal(result.code, 0, f"{name}: exit code of the same input again ({result.brief()})")
    if scene.checks.check(ledger is not None and ledger.balances, f"{name}: its ledger", ledger):
        scene.checks.equal(ledger.stored + ledger.duplicates, scene.rows, f"{name}: stored or known")
    check_exact(scene, database, name)


def check_exact(scene: Scene, database: str, name: str) -> None:
    scene.checks.same_outputs(scene.expected, outputs(scene.program, database, REPORTS), name)
    verified = scene.program.verify(database)
    scene.checks.equal(verified.code, 0, f"{name}: verify ({verified.brief()})")
    scene.cluster.wait_until_left(scene.name(database))
    scene.checks.equal(scene.cluster.amcheck(scene.name(database)), "", f"{name}: pg_amcheck")


def disturbed_ingest(scene: Scene, disturb: Callable[[str, subprocess.Popen[bytes]], bool]) -> tuple[str, Result]:
    """A new database whose ingest was disturbed before it ended, and how it ended."""
    for attempt in range(ATTEMPTS):
        database = scene.stores.fresh("fault")
        process = scene.start_ingest(database)
        time.sleep(scene.moment(scene.ingest_seconds, attempt))
        hit = process.poll() is None and disturb(database, process)
        result = finish(process)
        if hit:
            scene.hits += 1
            return database, result
        scene.stores.drop(database)
    scene.checks.check(False, "the fault never came in time")
    return database, result


def worker_killed(scene: Scene, name: str) -> None:
    def kill(_: str, process: subprocess.Popen[bytes]) -> bool:
        process.kill()
        return process.wait() == -signal.SIGKILL

    database, _ = disturbed_ingest(scene, kill)
    scene.checks.check(scene.cluster.wait_until_left(scene.name(database)), f"{name}: its backend ends")
    if scene.cluster.has_tables(scene.name(database)):
        verified = scene.program.verify(database)
        scene.checks.equal(verified.code, 0, f"{name}: verify at once ({verified.brief()})")
    check_whole(scene, database, name)
    scene.stores.drop(database)


def backend_terminated(scene: Scene, name: str) -> None:
    def terminate(database: str, _: subprocess.Popen[bytes]) -> bool:
        return int(
            scene.cluster.value(
                "postgres",
                "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity"
                f" WHERE datname = '{scene.name(database)}' AND backend_type = 'client backend') AS t WHERE done",
            )
        ) > 0  # fmt: skip

    database, result = disturbed_ingest(scene, terminate)
    check_said(scene, result, (0, 1, 69), name)
    check_acknowledged(scene, database, result, name)
    check_whole(scene, database, name)
    scene.stores.drop(database)


def server_crashed(scene: Scene, name: str) -> None:
    def crash(database: str, process: subprocess.Popen[bytes]) -> bool:
        busy = scene.cluster.clients(scene.name(database), "state <> 'idle' OR xact_start IS NOT NULL") > 0
        alive = process.poll() is None
        scene.cluster.restart("immediate")
        return alive and busy

    database, result = disturbed_ingest(scene, crash)
    check_said(scene, result, (0, 1, 69), name)
    check_acknowledged(scene, database, result, name)
    check_whole(scene, database, name)
    scene.stores.drop(database)


def acknowledged_then_crashed(scene: Scene, name: str) -> None:
    """The server's default is not to wait for the disk; an ingest that ended with 0 has waited all the same."""
    database = scene.stores.fresh("acknowledged")
    result = scene.program.ingest(database, scene.halves[0])
    scene.cluster.restart("immediate")
    scene.hits += 1
    scene.checks.equal(result.code, 0, f"{name}: exit code ({result.brief()})")
    stored = result.json_ledger.stored if result.json_ledger else -1
    scene.checks.equal(scene.total(database), stored, f"{name}: everything is there")
    check_whole(scene, database, name)
    scene.stores.drop(database)


def killed_aggregation(scene: Scene, name: str, seconds: float, *arguments: str) -> str:
    """A database whose aggregation was killed before it ended."""
    for attempt in range(ATTEMPTS):
        database = scene.stores.copy(scene.loaded, "aggregated")
        process = scene.program.start("aggregate", "--db", database, *arguments)
        time.sleep(scene.moment(seconds, attempt))
        process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            scene.hits += 1
            break
        scene.stores.drop(database)
    else:
        scene.checks.check(False, f"{name}: the kill never came in time")
    scene.checks.check(scene.cluster.wait_until_left(scene.name(database)), f"{name}: its backend ends")
    verified = scene.program.verify(database)
    scene.checks.equal(verified.code, 0, f"{name}: verify at once ({verified.brief()})")
    again = scene.program.aggregate(database, *arguments)
    scene.checks.check(again.code == 0 and again.aggregation is not None, f"{name}: the next one works", again.brief())
    return database


def aggregation_killed(scene: Scene, name: str) -> None:
    database = killed_aggregation(scene, name, scene.aggregate_seconds)
    deltas = scene.stores.value(database, "SELECT count(*) FROM tally_deltas")
    scene.checks.equal(deltas, "0", f"{name}: everything is folded")
    check_whole(scene, database, name)
    scene.stores.drop(database)


def retention_killed(scene: Scene, name: str) -> None:
    database = killed_aggregation(scene, name, scene.retention_seconds, *KEEP)
    check_exact(scene, database, name)
    whole = len(scene.cluster.partitions(scene.name(scene.loaded)))
    scene.checks.check(len(scene.cluster.partitions(scene.name(database))) < whole, f"{name}: partitions are gone")
    # One that was detached but not yet dropped when the kill came must not stay for ever.
    left = scene.stores.value(
        database,
        "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'guardtally'::regnamespace"
        " AND relname LIKE 'verdicts%' AND NOT relispartition",
    )
    scene.checks.equal(left, "0", f"{name}: no partition is left behind")
    scene.stores.drop(database)


def two_aggregations(scene: Scene, name: str) -> None:
    """Two at once, and a worker that goes on appending meanwhile."""
    database = scene.stores.copy(scene.half_loaded, "two")
    worker = scene.start_ingest(database, scene.halves[1])
    first = scene.program.start("aggregate", "--db", database)
    time.sleep(scene.random_.uniform(0, 0.5) * scene.aggregate_seconds)
    second = scene.program.start("aggregate", "--db", database)
    results = [finish(process) for process in (first, second)]
    for result in results:
        scene.checks.check(
            result.code == 0 and (result.aggregation is not None or (result.stdout == b"" and result.stderr != b"")),
            f"{name}: one works, the other works later or says so", result.brief(),
        )  # fmt: skip
    scene.checks.check(any(result.aggregation for result in results), f"{name}: one of them worked")
    scene.hits += any(result.stdout == b"" for result in results)
    check_said(scene, finish(worker), (0,), f"{name}: worker")
    last = scene.program.aggregate(database)
    scene.checks.check(last.code == 0 and last.aggregation is not None, f"{name}: the last one", last.brief())
    check_whole(scene, database, name)
    scene.stores.drop(database)


def stop_in_its_work(scene: Scene, start: Callable[[], subprocess.Popen[bytes]], seconds: float) -> subprocess.Popen[bytes] | None:
    """A process that stands still somewhere before its end."""
    process = start()
    time.sleep(scene.random_.uniform(0.1, 0.9) * seconds)
    process.send_signal(signal.SIGSTOP)
    if process.poll() is None:
        return process
    process.communicate()
    return None


def worker_stopped(scene: Scene, name: str) -> None:
    """While one worker stands still, perhaps within its transaction, another delivers the same and aggregation goes on."""
    database, worker = "", None
    for _ in range(ATTEMPTS):
        database = scene.stores.fresh("stopped")
        worker = stop_in_its_work(scene, lambda: scene.start_ingest(database), scene.ingest_seconds)
        if worker:
            break
        scene.stores.drop(database)
    if not scene.checks.check(worker is not None, f"{name}: the stop never came in time"):
        return
    scene.hits += 1
    stopped = time.monotonic()
    other = scene.start_ingest(database)
    aggregation = scene.program.start("aggregate", "--db", database)
    time.sleep(max(0.0, stopped + scene.stopped_seconds - time.monotonic()))
    worker.send_signal(signal.SIGCONT)
    check_said(scene, finish(worker), (0, 1, 69), f"{name}: the stopped worker")
    check_said(scene, finish(other), (0, 1, 69), f"{name}: the other worker")
    check_said(scene, finish(aggregation), (0, 1, 69), f"{name}: aggregate")
    check_whole(scene, database, name)
    scene.checks.equal(scene.program.aggregate(database).code, 0, f"{name}: aggregate at the end")
    check_exact(scene, database, name)
    scene.stores.drop(database)


def aggregation_stopped(scene: Scene, name: str) -> None:
    """One that wakes up after its time-outs must not fold or drop what others did meanwhile."""
    arguments = KEEP if scene.random_.random() < 0.5 else ()
    seconds = scene.retention_seconds if arguments else scene.aggregate_seconds
    database, stopped_one = "", None
    for _ in range(ATTEMPTS):
        database = scene.stores.copy(scene.half_loaded, "stopped")
        stopped_one = stop_in_its_work(scene, lambda: scene.program.start("aggregate", "--db", database, *arguments), seconds)
        if stopped_one:
            break
        scene.stores.drop(database)
    if not scene.checks.check(stopped_one is not None, f"{name}: the stop never came in time"):
        return
    scene.hits += 1
    stopped = time.monotonic()
    worker = scene.start_ingest(database, scene.halves[1])
    others = 0
    while time.monotonic() < stopped + scene.stopped_seconds:
        other = finish(scene.program.start("aggregate", "--db", database))
        check_said(scene, other, (0, 1, 69), f"{name}: another aggregation")
        others += 1
        time.sleep(1)
    stopped_one.send_signal(signal.SIGCONT)
    check_said(scene, finish(stopped_one), (0, 1, 69), f"{name}: the stopped aggregation")
    delivered = finish(worker)
    # Retention may have come before these records; then there is no telling whether they are new.
    check_said(scene, delivered, (0, 1, 69, *((65,) if arguments else ())), f"{name}: worker")
    verified = scene.program.verify(database)
    scene.checks.equal(verified.code, 0, f"{name}: verify ({verified.brief()})")
    last = scene.program.aggregate(database, *arguments)
    scene.checks.check(last.code == 0 and last.aggregation is not None, f"{name}: the last one works", last.brief())
    verified = scene.program.verify(database)
    scene.checks.equal(verified.code, 0, f"{name}: verify after the last one ({verified.brief()})")
    if not arguments:
        check_whole(scene, database, name)
    scene.stores.drop(database)


# The stopped ones take their time, so several stand still together.
ONE_AFTER_ANOTHER = (
    worker_killed, backend_terminated, server_crashed, acknowledged_then_crashed, aggregation_killed, retention_killed,
    two_aggregations,
)  # fmt: skip
TOGETHER = (worker_stopped, aggregation_stopped)


def run_rounds(scene: Scene, fault: Callable[[Scene, str], None], rounds: int) -> None:
    label = fault.__name__.replace("_", " ")
    scene.checks.group(f"{label}, {rounds} rounds")
    scene.hits = 0
    for number in range(rounds):
        fault(scene, f"{label} {number + 1}")
    # Two aggregations need not meet each time.
    check_hits(scene, label, max(1, rounds // 4) if fault is two_aggregations else rounds, rounds)


def run_rounds_together(scene: Scene, rounds: int) -> None:
    """Those whose processes stand still for longer than any time-out, several at a time."""
    scene.checks.group(f"stopped for {scene.stopped_seconds:.0f} s, {rounds} rounds of each kind")
    scene.hits = 0
    for begin in range(0, rounds, 5):
        threads = [
            threading.Thread(target=fault, args=(scene, f"{fault.__name__.replace('_', ' ')} {number + 1}"))
            for number in range(begin, min(begin + 5, rounds))
            for fault in TOGETHER
        ]
        for thread in threads:
            thread.start()
            time.sleep(1.5)  # each has the machine for itself until it stands still
        for thread in threads:
            thread.join()
    check_hits(scene, "stopped", len(TOGETHER) * rounds, len(TOGETHER) * rounds)


def check_hits(scene: Scene, label: str, wanted: int, rounds: int) -> None:
    print(f"     hit {scene.hits} times in {rounds} rounds", flush=True)
    scene.checks.check(scene.hits >= wanted, f"{label}: the fault hit", scene.hits)


def timed(action: Callable[[], Result]) -> tuple[float, Result]:
    started = time.monotonic()
    result = action()
    return time.monotonic() - started, result


def prepare(scene: Scene, folder: str) -> None:
    """The undisturbed stores, and databases to be copied: one full, one half full, both with everything to fold."""
    checks, program, stores = scene.checks, scene.program, scene.stores
    checks.group("undisturbed")
    reference = SQLiteDatabases(folder).fresh("reference")
    checks.equal(program.ingest(reference, scene.path).code, 0, "ingest into the undisturbed store")
    scene.expected = outputs(program, reference, REPORTS)
    scene.loaded, scene.half_loaded = stores.fresh("loaded"), stores.fresh("half")
    scene.ingest_seconds, result = timed(lambda: finish(scene.start_ingest(scene.loaded)))
    ledger = result.json_ledger
    checks.check(ledger is not None and ledger.stored == scene.rows, f"ingest ({result.brief()})", ledger)
    checks.equal(finish(scene.start_ingest(scene.half_loaded, scene.halves[0])).code, 0, "ingest of one half")
    for name, arguments in (("aggregate_seconds", ()), ("retention_seconds", KEEP)):
        copy = stores.copy(scene.loaded, "timed")
        seconds, result = timed(lambda: program.aggregate(copy, *arguments))
        setattr(scene, name, seconds)
        folded = result.aggregation.folded if result.aggregation else 0
        checks.check(folded > 0, f"aggregate {' '.join(arguments)} ({result.brief()})", folded)
        check_exact(scene, copy, f"aggregate {' '.join(arguments)}")
        stores.drop(copy)
    print(
        f"     ingest {scene.ingest_seconds:.2f} s, aggregate {scene.aggregate_seconds:.2f} s,"
        f" with retention {scene.retention_seconds:.2f} s", flush=True,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stopped-seconds", type=float, default=65, help="how long a stopped process stands still (default: 65)")
    parser.add_argument("--only", help="one kind of fault, by its name with spaces; `stopped` for those")
    parser.add_argument("--workdir", help="folder for data; default: a temporary one")
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks("faults")
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, Cluster() as cluster:
        path = os.path.join(folder, "verdicts.ndjson")
        halves = os.path.join(folder, "first.ndjson"), os.path.join(folder, "second.ndjson")
        lines = list(traffic.records(options.rows, options.seed, traffic.instant(FIRST), 14, "random", "uuid"))
        for name, part in ((path, lines), (halves[0], lines[::2]), (halves[1], lines[1::2])):
            traffic.write_file(name, iter(part))
        scene = Scene(
            checks, program, cluster, PostgresDatabases(cluster), random.Random(options.seed), options.rows, path, halves, {},
            stopped_seconds=options.stopped_seconds,
        )  # fmt: skip
        prepare(scene, folder)
        for fault in ONE_AFTER_ANOTHER:
            if options.only in (None, fault.__name__.replace("_", " ")):
                run_rounds(scene, fault, options.rounds)
        if options.only in (None, "stopped"):
            run_rounds_together(scene, options.rounds)
        checks.end_group()
        said = [line for line in cluster.log().splitlines() if re.search("PANIC|TRAP|invalid page|could not read block", line)]
        checks.check(not said, "the server's log names no damage", said[:3])
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
