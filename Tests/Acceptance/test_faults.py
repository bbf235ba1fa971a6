"""Faults while verdicts are stored and folded on Postgres: whatever ends, the totals stay exact.

`python3 test_faults.py --binary PATH [--rounds 20] [--rows 60000] [--seed 7]`; starts a server of its own, for it is killed.
A fault counts only where it is proved to have hit: a process or session that had ended by itself is tried again.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import traffic
from harness import Checks, Ledger, Program
from postgres import Cluster, PostgresDatabases
from test_kill import answers

ATTEMPTS = 15
# Longer than any wait of the program's own.
STANDSTILL_SECONDS = 12.5


class Scene:
    """A database with a worker at work, and what an undisturbed store answers."""

    def __init__(self, checks: Checks, program: Program, cluster: Cluster, folder: str, rows: int, seed: int) -> None:
        self.checks, self.program, self.cluster = checks, program, cluster
        self.random = random.Random(seed)
        self.stores = PostgresDatabases(cluster)
        self.path = os.path.join(folder, "verdicts.ndjson")
        self.rows = rows
        traffic.write_file(self.path, traffic.records(rows, seed, traffic.instant("2026-03-02"), 14, "ordered", "uuid"))
        whole = os.path.join(folder, "whole.db")
        started = time.monotonic()
        result = program.ingest(whole, self.path)
        checks.equal(result.json_ledger, Ledger(rows, rows, 0, 0, 0, result.json_ledger.unrecognised), "the undisturbed store")
        self.expected = answers(program, whole)
        self.seconds = max(0.3, 2 * (time.monotonic() - started))

    def fresh(self) -> str:
        return self.stores.fresh("faults")

    def ingest(self, database: str) -> subprocess.Popen[bytes]:
        """Small batches, so that there are many moments to hit."""
        return self.program.start("ingest", "--db", database, "--json", "--batch-verdicts-max", "2000", self.path)

    def sleep(self) -> None:
        time.sleep(self.random.uniform(0.05, self.seconds))

    def settle(self, database: str, name: str) -> None:
        """Sends the input again where the worker may have ended early, and compares everything."""
        self.stores_settle(database)
        result = self.program.ingest(database, self.path)
        ledger = result.json_ledger
        self.checks.equal(result.code, 0, f"{name}: the same input again ({result.brief()})")
        self.checks.check(ledger is not None and ledger.stored + ledger.duplicates == self.rows, f"{name}: nothing twice", ledger)
        self.checks.equal(self.program.run("aggregate", "--db", database).code, 0, f"{name}: aggregate")
        self.checks.check(answers(self.program, database) == self.expected, f"{name}: reports equal the undisturbed store's")
        verified = self.program.verify(database)
        self.checks.equal(verified.code, 0, f"{name}: verify ({verified.stdout[-300:]!r})")
        self.checks.equal(self.cluster.amcheck(self.stores.name(database)), "", f"{name}: pg_amcheck")

    def stores_settle(self, database: str) -> None:
        self.cluster.wait_until_left(self.stores.name(database))


def killed_worker(scene: Scene, database: str) -> bool:
    process = scene.ingest(database)
    scene.sleep()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def terminated_backend(scene: Scene, database: str) -> bool:
    """The worker goes on by itself on a new session."""
    process = scene.ingest(database)
    scene.sleep()
    ended = scene.cluster.value(
        scene.stores.name(database),
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'guardtally' AND datname = current_database()",
    )
    stdout, stderr = process.communicate()
    if int(ended) > 0:
        scene.checks.equal(process.returncode, 0, f"the worker went on ({stderr[-200:]!r})")
    return int(ended) > 0


def restarted_server(scene: Scene, database: str) -> bool:
    """A crash and recovery in the middle of loading; the worker waits for the server and goes on."""
    process = scene.ingest(database)
    scene.sleep()
    is_running = process.poll() is None
    scene.cluster.restart("immediate")
    _, stderr = process.communicate()
    if is_running:
        scene.checks.check(process.returncode in (0, 69), "the worker ended with 0, or says the server is gone", stderr[-200:])
    return is_running


def killed_aggregate(scene: Scene, database: str) -> bool:
    worker = scene.ingest(database)
    scene.sleep()
    job = scene.program.start("aggregate", "--db", database, "--every", "1s")
    time.sleep(scene.random.uniform(0.01, 0.5))
    job.send_signal(signal.SIGKILL)
    job.communicate()
    worker.communicate()
    return job.returncode == -signal.SIGKILL


def two_aggregations(scene: Scene, database: str) -> bool:
    worker = scene.ingest(database)
    time.sleep(0.2)
    jobs = [scene.program.start("aggregate", "--db", database) for _ in range(4)]
    ended = [(job.communicate(), job.returncode) for job in jobs]
    worker.communicate()
    for (stdout, stderr), code in ended:
        scene.checks.equal(code, 0, "an aggregation beside another")
        # Without a line of its own a job has said why.
        scene.checks.check(bool(stdout) or b"another aggregation" in stderr or b"no verdicts" in stderr, "works, or says who does", stderr)
    return True


def stopped(process: subprocess.Popen[bytes], beside: Callable[[], None]) -> bool:
    """Holds a process still for longer than any time-out."""
    if process.poll() is not None:
        return False
    process.send_signal(signal.SIGSTOP)
    beside()
    time.sleep(STANDSTILL_SECONDS)
    process.send_signal(signal.SIGCONT)
    return True


def stopped_aggregate(scene: Scene, database: str) -> bool:
    scene.ingest(database).communicate()
    job = scene.program.start("aggregate", "--db", database, "--every", "1s")
    time.sleep(scene.random.uniform(0.02, 0.4))
    is_hit = stopped(job, lambda: scene.checks.equal(scene.program.run("aggregate", "--db", database).code, 0, "beside a stopped one"))
    time.sleep(1.5)
    job.send_signal(signal.SIGTERM)
    job.communicate()
    scene.checks.equal(job.returncode, 0, "the stopped one goes on and ends with 0")
    return is_hit


def stopped_worker(scene: Scene, database: str) -> bool:
    worker = scene.ingest(database)
    scene.sleep()

    def aggregate_beside() -> None:
        result = scene.program.run("aggregate", "--db", database)
        # A worker that is stopped while it makes the tables leaves nothing to fold, or holds what everybody needs: that is said.
        is_busy = result.code == 1 and b"did not finish in time" in result.stderr
        scene.checks.check(result.code in (0, 69) or is_busy, "aggregate beside a stopped worker", result.brief())

    is_hit = stopped(worker, aggregate_beside)
    _, stderr = worker.communicate()
    scene.checks.equal(worker.returncode, 0, f"the stopped worker goes on ({stderr[-200:]!r})")
    return is_hit


# The slow ones stand still for longer than any time-out, so they have a share of the rounds.
FAULTS = (
    (killed_worker, 1), (terminated_backend, 1), (restarted_server, 1), (killed_aggregate, 1), (two_aggregations, 1),
    (stopped_aggregate, 4), (stopped_worker, 4),
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workdir", help="folder for data; default: a temporary one")
    options = parser.parse_args()
    checks = Checks("faults")
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder, Cluster() as cluster:
        scene = Scene(checks, Program(options.binary), cluster, folder, options.rows, options.seed)
        for fault, share in FAULTS:
            name = fault.__name__.replace("_", " ")
            checks.group(name)
            hits = 0
            for number in range(max(1, options.rounds // share)):
                for _ in range(ATTEMPTS):
                    database = scene.fresh()
                    is_hit = fault(scene, database)
                    if is_hit:
                        break
                    scene.stores_settle(database)
                    scene.stores.drop(database)
                hits += is_hit
                scene.settle(database, f"{name} {number + 1}")
                scene.stores.drop(database)
            checks.equal(hits, max(1, options.rounds // share), f"{name}: rounds that were hit")
        checks.end_group()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
