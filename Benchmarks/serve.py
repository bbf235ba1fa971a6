"""Durable HTTP ingestion under load, beside Postgres' own single-row inserts, in one run.

    script/with-postgres .build/venv/bin/python Benchmarks/serve.py [--binary .build/release/guardtally] [--seconds 30]

64 connections that post one verdict each time, 16 that post 100, 8 that post 1,000, on both stores; each answer of 200 is kept in a
journal by the client (load.c), and afterwards everything in the journal is sent again: all of it must be a duplicate, and the store must
hold no more than was sent. The rival is pgbench: 64 clients, one INSERT a transaction into a table with the same columns and key, commits
waiting for the disk; as pgbench comes (simple protocol), and with a prepared statement. The machine's speed changes within minutes, so
both rivals run beside each 64 × 1. While 16 × 100 is posted, /metrics of 10,000 series is scraped. Prints rates, ratios to the rivals,
and the 50th and 99th percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Tests", "Acceptance"))

from harness import Program  # noqa: E402
from postgres import PostgresDatabases, SQLiteDatabases, programs_folder  # noqa: E402
from serving import Service  # noqa: E402

VERDICTS = ("safe", "safe", "safe", "unsafe", "error")


def record(prefix: str, batch: int, index: int, size: int) -> str:
    number = batch * size + index
    return (
        f'{{"id":"{prefix}-{batch}-{index}","time":"2026-03-0{1 + number // 86_400_000 % 5}T{number // 3_600_000 % 24:02}:{number // 60_000 % 60:02}:{number // 1_000 % 60:02}.{number % 1_000:03}Z",'
        f'"verdict":"{VERDICTS[number % 5]}","language":"{"en" if number % 2 else "zh"}","model":"guard","latency_ms":{number % 900}}}\n'
    )


def check(program: Program, service: Service, folder: str, prefix: str, journal: str, size: int) -> None:
    """Everything acknowledged is in the store."""
    path = os.path.join(folder, "again.ndjson")
    with open(journal, encoding="ascii") as file:
        batches = [int(line) for line in file]
    with open(path, "w", encoding="ascii") as file:
        for batch in batches:
            file.writelines(record(prefix, batch, index, size) for index in range(size))
    ledger = program.ingest(service.database, path).json_ledger
    if ledger is None or ledger.duplicates != len(batches) * size or ledger.stored:
        sys.exit(f"acknowledged {len(batches) * size}, but sent again: {ledger}")


def load(program: Program, loader: str, stores: object, folder: str, connections: int, size: int, seconds: float, scrape: bool) -> float:
    """Prints what was measured, and returns the verdicts a second."""
    database = stores.fresh(f"load{connections}")
    with Service(program, database) as service:
        if scrape:
            lines = [json.dumps({"id": f"s-{index}", "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "verdict": "safe", "model": f"m-{index % 900}", "region": "US", "language": f"x-l{index % 500}"}) for index in range(5_000)]
            service.post("\n".join(lines))
            time.sleep(6)
        journal = os.path.join(folder, "journal")
        scrapes: list[float] = []
        running = True

        def scraper() -> None:
            while running:
                begun = time.monotonic()
                answer = service.get("/metrics", metrics=True)
                scrapes.append(time.monotonic() - begun)
                if answer.status != 200:
                    sys.exit(f"/metrics: {answer.brief()}")
                time.sleep(0.01)

        thread = threading.Thread(target=scraper)
        if scrape:
            thread.start()
        result = subprocess.run([loader, str(service.port), str(connections), str(size), str(seconds), "load", journal], capture_output=True, text=True, check=True)
        running = False
        if scrape:
            thread.join()
        done, refused, taken, p50, p99 = (float(word) for word in result.stdout.split())
        text = f"{stores.kind:9} {connections:3} × {size:5}: {done / taken:9.0f} requests/s {done * size / taken:9.0f} verdicts/s, p50 {p50 / 1e3:.1f} ms, p99 {p99 / 1e3:.1f} ms, refused {refused:.0f}"
        if scrape:
            scrapes.sort()
            series = sum(1 for line in service.get("/metrics", metrics=True).body.splitlines() if not line.startswith(b"#"))
            text += f"; /metrics of {series} series: {len(scrapes)} scrapes, p99 {scrapes[len(scrapes) * 99 // 100] * 1e3:.1f} ms"
        print(text, flush=True)
        check(program, service, folder, "load", journal, size)
        service.end()
    if program.verify(database).code != 0:
        sys.exit("verify found differences")
    return done * size / taken


def pgbench(stores: PostgresDatabases, folder: str, seconds: float, protocol: str) -> float:
    """Prints what was measured, and returns the transactions a second."""
    database = stores.fresh("rival")
    stores.server.execute(stores.name(database), "CREATE TABLE rival (time timestamptz, source text, id text, verdict text, language text, model text, latency float8, PRIMARY KEY (source, id, time))")
    script = os.path.join(folder, "insert.sql")
    with open(script, "w", encoding="ascii") as file:
        file.write("\\set n random(1, 9000000000000000000)\nINSERT INTO rival VALUES ('2026-03-01T00:00:00Z'::timestamptz + :n::bigint % 400000 * interval '1 second', 'default', 'id-' || :n::bigint, 'safe', 'en', 'guard', 12.5);\n")
    os.chmod(folder, 0o755)
    result = subprocess.run(
        [os.path.join(programs_folder(), "pgbench"), "-n", "-M", protocol, "-c", "64", "-j", "2", "-T", str(int(seconds)), "-f", script, database],
        capture_output=True, text=True, check=True, env=os.environ | {"PGOPTIONS": "-c synchronous_commit=on"},
    )  # fmt: skip
    rate = float(re.search(r"tps = ([\d.]+)", result.stdout)[1])
    print(f"pgbench, 64 × 1, {protocol}: {rate:.0f}/s, {re.search('latency average = .*', result.stdout)[0]}", flush=True)
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/guardtally")
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        loader = os.path.join(folder, "load")
        subprocess.run(["cc", "-O2", "-o", loader, os.path.join(HERE, "load.c")], check=True)
        postgres = PostgresDatabases()
        for stores in (SQLiteDatabases(folder), postgres):
            prepared = pgbench(postgres, folder, options.seconds, "prepared")
            rate = load(program, loader, stores, folder, 64, 1, options.seconds, scrape=False)
            simple = pgbench(postgres, folder, options.seconds, "simple")
            print(f"{stores.kind:9}  64 ×     1: {rate / simple:.2f} of pgbench, {rate / prepared:.2f} of pgbench with a prepared statement", flush=True)
            load(program, loader, stores, folder, 16, 100, options.seconds, scrape=True)
            load(program, loader, stores, folder, 8, 1_000, options.seconds, scrape=False)
        postgres.drop_all()


if __name__ == "__main__":
    main()
