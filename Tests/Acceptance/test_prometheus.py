"""A real Prometheus scrapes a running `serve`: what it holds is what the store has, across kills and replicas.

`python3 test_prometheus.py --binary PATH --prometheus PATH [--store postgres] [--seconds 120]`
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from typing import Any

from harness import Checks, Program
from postgres import Cluster, PostgresDatabases, SQLiteDatabases
from serving import Service, free_port


class Prometheus:
    """A server of the test's own that scrapes these ports every second."""

    def __init__(self, program: str, folder: str, targets: list[int]) -> None:
        self.port = free_port()
        path = os.path.join(folder, "prometheus.yml")
        names = ", ".join(f"'127.0.0.1:{port}'" for port in targets)
        with open(path, "w", encoding="ascii") as file:
            file.write(
                "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
                f"scrape_configs:\n  - job_name: guardtally\n    static_configs: [{{targets: [{names}]}}]\n"
            )
        self._log = open(os.path.join(folder, "prometheus.log"), "wb")
        self._process = subprocess.Popen(
            [program, f"--config.file={path}", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip

    def __enter__(self) -> Prometheus:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).read()
                return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError("Prometheus did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def query(self, expression: str, path: str = "query", **parameters: str) -> list[Any]:
        query = urllib.parse.urlencode({"query": expression, **parameters})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    def value(self, expression: str) -> float | None:
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else None


class Traffic(threading.Thread):
    """Some verdicts a second with times of now, to these services in turns, until told to stop."""

    def __init__(self, services: list[Service]) -> None:
        super().__init__(daemon=True)
        self.services = services
        self.lines: list[tuple[float, str]] = []
        self.running = True

    def run(self) -> None:
        number = 0
        while self.running:
            moment = time.time()
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
            batch = []
            for _ in range(10):
                verdict = ("safe", "safe", "safe", "unsafe", "error")[number % 5]
                batch.append(json.dumps({"id": f"t-{number}", "time": stamp, "verdict": verdict, "language": ("en", "zh")[number % 2], "latency_ms": number % 700}))
                number += 1
            while self.running:
                try:
                    if self.services[number // 10 % len(self.services)].post("\n".join(batch)).status == 200:
                        self.lines += [(moment, line) for line in batch]
                        break
                except OSError:
                    pass
                time.sleep(0.05)
            time.sleep(0.1)


def run(checks: Checks, program: Program, prometheus: str, stores: Any, folder: str, seconds: float, replicas: int) -> None:
    database = stores.fresh("scraped")
    services = [Service(program, database, "--aggregate-every", "2s", "--refresh-every", "1s").start() for _ in range(replicas)]
    traffic = Traffic(services)
    try:
        with Prometheus(prometheus, folder, [service.metrics_port for service in services]) as server:
            begun = time.monotonic()
            traffic.start()
            kills = 0
            while time.monotonic() - begun < seconds:
                time.sleep(seconds / 6)
                # Killed and started again on the same ports, one after the other.
                service = services[kills % replicas]
                service.end(signal.SIGKILL)
                service.start()
                kills += 1
            traffic.running = False
            traffic.join(30)
            time.sleep(6)
            checks.check(kills >= 4, "it was killed", kills)
            span = f"{int(seconds) + 30}s"
            checks.equal([result["value"][1] for result in server.query("up")], ["1"] * replicas, "up")
            names = [result["metric"]["__name__"] for result in server.query("count by (__name__) ({job='guardtally'})")]
            counters = [name for name in names if name.endswith(("_total", "_bucket", "_count", "_sum"))]
            checks.check(len(counters) >= 7, "counters are there", counters)
            for name in counters:
                checks.equal(server.value(f"max(resets({name}[{span}]))"), 0.0, f"{name} was never reset")
            sent = [json.loads(line) for _, line in traffic.lines]
            for result in ("safe", "unsafe", "error"):
                expected = sum(1 for record in sent if record["verdict"] == result)
                checks.equal(server.value(f"max without (instance) (qwen_guard_request_total{{result='{result}'}})"), float(expected), f"requests: {result}")
            checks.equal(server.value("max without (instance) (qwen_guard_request_duration_seconds_count)"), float(len(sent)), "histogram: count")
            total = sum(record["latency_ms"] for record in sent) / 1_000
            checks.check(abs((server.value("max without (instance) (qwen_guard_request_duration_seconds_sum)") or 0) - total) < 1e-6, "histogram: sum")
            # Every window that was scraped, against a recount of what had been sent by its edge.
            end = int(time.time())
            samples = server.query("qwen_guard_window_verdicts{window='5m'}", "query_range", start=str(end - int(seconds) - 5), end=str(end), step="1")
            computed = {}
            for series in server.query("guardtally_snapshot_timestamp_seconds", "query_range", start=str(end - int(seconds) - 5), end=str(end), step="1"):
                computed[series["metric"]["instance"]] = {float(at): float(value) for at, value in series["values"]}
            compared = 0
            for series in samples:
                if series["metric"]["result"] != "safe":
                    continue
                for at, value in series["values"]:
                    moment = computed[series["metric"]["instance"]].get(float(at))
                    if moment is None:
                        continue
                    edge = moment // 60 * 60 + 60
                    # What was on its way in the second before may be in or not.
                    low = sum(1 for sent_at, line in traffic.lines if edge - 300 <= int(sent_at) < edge and sent_at < moment - 1 and '"safe"' in line and '"unsafe"' not in line)
                    high = sum(1 for sent_at, line in traffic.lines if edge - 300 <= int(sent_at) < edge and sent_at < moment + 1 and '"safe"' in line and '"unsafe"' not in line)
                    compared += 1
                    if not low <= float(value) <= high:
                        checks.check(False, "a window", (moment, value, low, high))
            checks.check(compared > seconds / 3, "windows that were compared", compared)
            newest = server.value("max(time() - guardtally_snapshot_timestamp_seconds)")
            checks.check(newest is not None and newest < 5, "what is shown is new", newest)
            checks.equal(server.query("scrape_samples_scraped == 0"), [], "no scrape was empty")
    finally:
        traffic.running = False
        for service in services:
            service.__exit__()
    checks.equal(program.verify(database).code, 0, "verify")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--prometheus", default="prometheus")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    checks, program = Checks("prometheus"), Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        checks.group(f"a real Prometheus, {options.store}")
        if options.store == "postgres":
            with Cluster() as cluster:
                run(checks, program, options.prometheus, PostgresDatabases(cluster), folder, options.seconds, 2)
        else:
            run(checks, program, options.prometheus, SQLiteDatabases(folder), folder, options.seconds, 1)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
