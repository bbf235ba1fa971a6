"""`serve` as its clients meet it: every status, stock senders, tokens, reports, the schedule, faults and the end.

`python3 test_serve.py --binary PATH [--store postgres] [--rounds 3] [--seed 5]`. On Postgres it starts a server of its own.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

from harness import Checks, Program
from postgres import SCHEMA, Cluster, PostgresDatabases, SQLiteDatabases
from serving import ForgetfulProxy, Poster, Service, record

ONE = '{"id":"a","time":"2026-01-10T12:00:00Z","verdict":"safe"}'
EMPTY = {"read": 0, "stored": 0, "duplicates": 0, "conflicts": 0, "rejected": 0, "unrecognised": 0, "errors": []}
SPAN = "from=2026-03-01&to=2026-03-10"


class Scene:
    def __init__(self, checks: Checks, program: Program, stores: Any, folder: str, options: argparse.Namespace) -> None:
        self.checks, self.program, self.stores, self.folder, self.options = checks, program, stores, folder, options
        self.random = random.Random(options.seed)
        self.cluster: Cluster | None = None

    def service(self, name: str, *arguments: str) -> Service:
        return Service(self.program, self.stores.fresh(name), "--aggregate-every", "1s", "--refresh-every", "1s", *arguments)

    def nothing_is_lost(self, service: Service, posters: list[Poster], name: str) -> None:
        """Everything that was acknowledged is there, and nothing twice: sent again all of it is a duplicate."""
        lines = [poster.sent[identifier] for poster in posters for identifier in poster.acknowledged]
        self.checks.check(len(lines) > 0, f"{name}: something was acknowledged")
        self.checks.equal([fault for poster in posters for fault in poster.faults], [], f"{name}: answers")
        path = os.path.join(self.folder, "again.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        ledger = self.program.ingest(service.database, path).json_ledger
        self.checks.check(ledger is not None and ledger.duplicates == len(lines), f"{name}: nothing acknowledged is missing", (len(lines), ledger))
        # Whatever else was sent may be there or not; sent again it is there once.
        everything = [line for poster in posters for line in poster.sent.values()]
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in everything)
        self.program.ingest(service.database, path)
        report = self.program.run("report", "safe-ratio", "--from", "2026-03-01", "--to", "2026-03-10", "--format", "jsonl", "--db", service.database)
        total = json.loads(report.stdout)["total"] if report.code == 0 and report.stdout else report.brief()
        self.checks.equal(total, len(everything), f"{name}: nothing is twice")
        verified = self.program.verify(service.database)
        self.checks.equal(verified.code, 0, f"{name}: verify ({verified.stdout[-300:]!r})")


def statuses(scene: Scene) -> None:
    """Every status, with its body."""
    checks = scene.checks
    with scene.service("statuses", "--body-bytes-max", "100000", "--body-deadline", "1s", "--line-bytes-max", "1000") as service:
        checks.equal(service.post(ONE).json, EMPTY | {"read": 1, "stored": 1}, "one object")
        checks.equal(service.post(f"[{ONE}]", content_type="application/json").json, EMPTY | {"read": 1, "duplicates": 1}, "an array")
        checks.equal(service.post("[]", content_type="application/json").json, EMPTY, "an empty array")
        pretty = json.dumps(json.loads(ONE), indent=2)
        checks.equal(service.post(pretty, content_type="application/json").json, EMPTY | {"read": 1, "duplicates": 1}, "an object over lines")
        mixed = service.post('{"id":"b","time":"2026-01-10T12:00:00Z","verdict":"safe"}\n\nnonsense\n' + ONE.replace("safe", "unsafe") + '\n{"id":"c"}')
        checks.equal((mixed.status, mixed.json["stored"], mixed.json["conflicts"], mixed.json["rejected"]), (200, 1, 1, 2), "a mixed batch is stored as far as it goes")
        checks.equal([(error["line"], error["code"]) for error in mixed.json["errors"]], [(3, "bad_json"), (4, "conflict"), (5, "missing_time")], "a mixed batch: errors")
        many = service.post("\n".join(["{}"] * 150))
        checks.equal((many.json["rejected"], len(many.json["errors"])), (150, 100), "the first hundred errors")
        cases: list[tuple[str, Callable[[], Any], int, str]] = [
            ("an array without end", lambda: service.post(f"[{ONE},"), 400, "bad_array"),
            ("text behind an array", lambda: service.post(f"[{ONE}] x"), 400, "bad_array"),
            ("no line of JSON", lambda: service.post("nonsense\nmore"), 400, "not_json"),
            ("an empty body", lambda: service.post(""), 400, "not_json"),
            ("gzip cut short", lambda: service.post(gzip.compress(ONE.encode())[:-5], content_encoding="gzip"), 400, "bad_gzip"),
            ("gzip that is none", lambda: service.post(ONE, content_encoding="gzip"), 400, "bad_gzip"),
            ("bare replies without identity", lambda: service.post('"safe"', "/v1/verdicts?format=llama-guard-3"), 400, "needs_identity"),
            ("bare replies without time", lambda: service.post('"safe"', "/v1/verdicts?format=llama-guard-3", Idempotency_Key="k"), 400, "needs_identity"),
            ("an unknown format", lambda: service.post('"safe"', "/v1/verdicts?format=lama-guard-3"), 400, "unknown_format"),
            ("an unknown parameter", lambda: service.post(ONE, "/v1/verdicts?fromat=x"), 400, "unknown_parameter"),
            ("a parameter twice", lambda: service.post('"safe"', "/v1/verdicts?format=llama-guard-3&format=wildguard"), 400, "bad_parameter"),
            ("a parameter of a report twice", lambda: service.get("/v1/reports/errors?every=1h&every=1d"), 400, "bad_parameter"),
            ("an unknown path", lambda: service.post(ONE, "/v1/verdict"), 404, "not_found"),
            ("an unknown report", lambda: service.get("/v1/reports/ratio"), 404, "unknown_report"),
            ("an unknown path of metrics", lambda: service.get("/metric", metrics=True), 404, "not_found"),
            ("another method", lambda: service.get("/v1/verdicts"), 405, "method_not_allowed"),
            ("another method of a report", lambda: service.post(ONE, "/v1/reports/errors"), 405, "method_not_allowed"),
            ("a body over the bound", lambda: service.post("x" * 100_001), 413, "too_large"),
            ("a body over the bound after decompression", lambda: service.post(gzip.compress(b" " * 1_000_000), content_encoding="gzip"), 413, "too_large"),
            ("another encoding", lambda: service.post(ONE, content_encoding="br"), 415, "unsupported_encoding"),
            ("another type", lambda: service.post(ONE, content_type="text/xml"), 415, "unsupported_type"),
            ("a wrong parameter of a report", lambda: service.get("/v1/reports/errors?every=2h"), 400, "bad_parameter"),
            ("a wrong format of a report", lambda: service.get("/v1/reports/errors?format=excel"), 400, "bad_parameter"),
        ]  # fmt: skip
        for name, ask, status, code in cases:
            answer = ask()
            checks.check(answer.status == status and answer.code == code, f"{name}: {status} {code}", answer.brief())
            checks.equal(answer.headers.get("content-type"), "application/json", f"{name}: type")
            checks.equal(list(answer.json), ["error"], f"{name}: body")
            checks.equal(sorted(answer.json["error"]), ["code", "message"], f"{name}: members")
        checks.equal(service.get("/v1/verdicts").headers.get("allow"), "POST", "405 names what is allowed")
        bare = service.post('"unsafe\\nS1"\n"not safe"', "/v1/verdicts?format=llama-guard-3&time=2026-01-10T12:00:00Z", Idempotency_Key="k1")
        checks.equal((bare.status, bare.json["stored"]), (200, 2), "bare replies with identity")
        bare = service.post('"unsafe\\nS1"\n"not safe"', "/v1/verdicts?format=llama-guard-3&time=2026-01-10T12:00:00Z", Idempotency_Key="k1")
        checks.equal(bare.json["duplicates"], 2, "bare replies again")
        # A body that drips is cut, whatever the pauses between its bytes.
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as slow:
            slow.sendall(b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            begun, received = time.monotonic(), b""
            slow.settimeout(0.2)
            while time.monotonic() - begun < 8 and b"\r\n\r\n" not in received:
                try:
                    slow.sendall(b"x")
                    received += slow.recv(4_096)
                except TimeoutError:
                    continue
                except OSError:
                    break
            checks.check(received.startswith(b"HTTP/1.1 408") and time.monotonic() - begun < 5, "a slow body is cut", received[:200])
        checks.equal(scene.program.verify(service.database).code, 0, "verify")
    with scene.service("overload", "--queue-bytes-max", "1048576") as service:
        # Two bodies whose ends do not come hold what may be held.
        waiting = []
        for _ in range(3):
            connection = socket.create_connection(("127.0.0.1", service.port))
            connection.sendall(b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + b" " * 600_000)
            waiting.append(connection)
        time.sleep(0.5)
        answer = service.post(" " * 700_000 + ONE)
        checks.check(answer.status in (429, 503) and answer.code == "overloaded" and "retry-after" in answer.headers, "overload", answer.brief())
        for connection in waiting:
            connection.close()
        time.sleep(0.5)
        checks.equal(service.post(ONE).status, 200, "after the overload")


def stock_senders(scene: Scene) -> None:
    """Requests as stock programs send them."""
    checks = scene.checks
    with scene.service("stock") as service:
        lines = [record(f"v-{index}", index) for index in range(40_000)]
        body = "\n".join(lines).encode() + b"\n"
        vector = service.request("POST", "/v1/verdicts", gzip.compress(body), {
            "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "User-Agent": "Vector/0.40.0 (x86_64-unknown-linux-gnu)",
            "Accept-Encoding": "gzip,zstd,deflate,br"})  # fmt: skip
        checks.equal((vector.status, vector.json["stored"]), (200, 40_000), "Vector: NDJSON, gzip")
        large = b"\n".join(record(f"large-{index}", index).encode() for index in range(90_000))
        checks.check(len(large) > 10_000_000, "a batch of 10 MB", len(large))
        checks.equal(service.request("POST", "/v1/verdicts", large, {"Content-Type": "application/x-ndjson"}).json["stored"], 90_000, "Vector's default batch, plain")
        array = "[" + ",".join(line[:-1] + ',"date":1768046400.123456}' for line in (record(f"f-{index}", index) for index in range(500))) + "]"
        fluent = service.request("POST", "/v1/verdicts", array.encode(), {"Content-Type": "application/json", "User-Agent": "Fluent-Bit"})
        checks.equal(fluent.json["stored"], 500, "Fluent Bit: json")
        json_lines = "".join(record(f"l-{index}", index)[:-1] + ',"date":1768046400.5}\n' for index in range(500))
        fluent = service.request("POST", "/v1/verdicts", json_lines.encode(), {"Content-Type": "application/x-ndjson", "User-Agent": "Fluent-Bit"})
        checks.equal(fluent.json["stored"], 500, "Fluent Bit: json_lines")
        fluent = service.request("POST", "/v1/verdicts", json_lines.encode(), {"Content-Type": "application/json"})
        checks.equal(fluent.json["duplicates"], 500, "lines that call themselves JSON")
        path = os.path.join(scene.folder, "curl.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(record(f"c-{index}", index) + "\n" for index in range(20_000))
        for name, options in (("curl -d", ("--data-binary", f"@{path}")), ("curl -T, chunked", ("-T", path, "-H", "Transfer-Encoding: chunked", "-X", "POST"))):
            result = subprocess.run(["curl", "-sS", *options, f"http://127.0.0.1:{service.port}/v1/verdicts"], capture_output=True, check=False)
            counts = json.loads(result.stdout or b"{}")
            checks.equal(counts.get("stored", 0) + counts.get("duplicates", 0), 20_000, f"{name} ({result.stderr.decode()})")
        checks.equal(scene.program.verify(service.database).code, 0, "verify")


def tokens(scene: Scene) -> None:
    checks = scene.checks
    path = os.path.join(scene.folder, "tokens")
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
    with open(path, "w", encoding="ascii") as file:
        file.write(f"# comment\nwrite shipper {digest('w-secret')}\nwrite eu {digest('eu-secret')} eu-west\nread analyst {digest('r-secret')}\nmetrics prometheus {digest('m-secret')}\n")
    for address in ("0.0.0.0:0", "[::]:0"):
        result = scene.program.run("serve", "--db", scene.stores.fresh("refused"), "--listen", address)
        checks.check(result.code == 64 and b"--tokens" in result.stderr, f"{address} needs tokens", result.brief())
    with scene.service("tokens", "--tokens", path, "--log-level", "debug") as service:
        bearer = lambda token: {"Authorization": f"Bearer {token}"}
        post = lambda token, body=ONE: service.request("POST", "/v1/verdicts", body.encode(), bearer(token))
        checks.check(service.post(ONE).status == 401 and service.post(ONE).code == "no_token", "no token")
        checks.equal(service.post(ONE).headers.get("www-authenticate"), "Bearer", "401 says what is asked for")
        checks.check(post("wrong").status == 401 and post("wrong").code == "unknown_token", "an unknown token")
        checks.check(post("r-secret").status == 403 and post("r-secret").code == "wrong_token", "a token for reading")
        checks.equal(post("w-secret").json["stored"], 1, "a token for writing")
        checks.equal([service.get("/v1/reports/errors", bearer(token)).status for token in ("w-secret", "r-secret", "x")], [403, 200, 401], "reports")
        checks.equal([service.get("/metrics", bearer(token), metrics=True).status for token in ("r-secret", "m-secret", "x")], [403, 200, 401], "metrics")
        for port, path_ in ((service.port, "/v1/reports/errors"), (service.port, "/v1/verdicts"), (service.metrics_port, "/metrics")):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                method = "POST" if path_ == "/v1/verdicts" else "GET"
                connection.sendall(f"{method} {path_} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode() * 2)
                text = b""
                while data := connection.recv(65_536):
                    text += data
            checks.check(text.count(b"HTTP/1.1 401") == 1 and text.lower().count(b"connection: close") == 1, f"{path_}: a refusal that says it is the last is the last", text)
        checks.equal([service.get(path, metrics=True).status for path in ("/livez", "/readyz")], [200, 200], "health needs none")
        bound = post("eu-secret", '{"id":"e","time":"2026-01-10T12:00:00Z","verdict":"safe"}\n{"id":"f","time":"2026-01-10T12:00:00Z","verdict":"safe","source":"us"}\n{"id":"g","time":"2026-01-10T12:00:00Z","verdict":"safe","source":"eu-west"}')
        checks.equal((bound.json["stored"], [(error["line"], error["code"]) for error in bound.json["errors"]]), (2, [(2, "foreign_source")]), "a token bound to a source")
        by_source = service.get("/v1/reports/safe-ratio?from=2026-01-10&to=2026-01-11&by=source", bearer("r-secret")).body.decode()
        checks.check(",eu-west,2," in by_source and ",us," not in by_source, "what it wrote is under its source", by_source)
        with open(path, "a", encoding="ascii") as file:
            file.write(f"write late {digest('late-secret')}\n")
        time.sleep(1.3)
        checks.equal(post("late-secret").status, 200, "a token that was added")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"write late {digest('late-secret')}\n")
        time.sleep(1.3)
        checks.equal((post("late-secret").status, post("w-secret").status), (200, 401), "tokens that were taken away")
        with open(f"/proc/{service.process.pid}/cmdline", "rb") as file:
            command_line = file.read()
        with open(path, "a", encoding="ascii") as file:
            file.write(f"wirte late {digest('late-secret')}\n")
        time.sleep(1.3)
        checks.equal(post("late-secret").status, 200, "a file that is damaged leaves the tokens that were known")
        checks.check(b"tokens could not be read again" in service.log and b"tokens:2:" in service.log, "and a line of the log says so", service.log[-300:])
        for secret in (b"w-secret", b"eu-secret", b"wrong"):
            checks.check(secret not in service.log and secret not in command_line, "no token in log or process listing", secret)
        checks.check(b"debug request" in service.log, "a line for a request at debug", service.log[-300:])


def negotiation(scene: Scene) -> None:
    checks = scene.checks
    with scene.service("metrics") as service:
        service.post(ONE)
        time.sleep(1.5)
        text, openmetrics = "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"
        for accept, expected in (
            (None, text), ("*/*", text), ("text/plain", text), ("application/openmetrics-text", openmetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openmetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.1,text/plain;version=0.0.4;q=0.9", text), ("application/openmetrics-text;version=2.0.0", text),
        ):  # fmt: skip
            answer = service.get("/metrics", {"Accept": accept} if accept else {}, metrics=True)
            checks.equal((answer.status, answer.headers.get("content-type")), (200, expected), f"Accept: {accept}")
            checks.equal(answer.body.endswith(b"# EOF\n"), expected == openmetrics, f"Accept: {accept}: end")
            squeezed = service.get("/metrics", {"Accept": accept or "*/*", "Accept-Encoding": "gzip"}, metrics=True)
            checks.equal(squeezed.headers.get("content-encoding"), "gzip", f"Accept: {accept}: gzip")
            plain = gzip.decompress(squeezed.body)
            checks.check(plain.splitlines()[:5] == answer.body.splitlines()[:5], f"Accept: {accept}: the same, compressed")
        checks.equal("content-encoding" in service.get("/metrics", {"Accept-Encoding": "gzip;q=0"}, metrics=True).headers, False, "gzip refused")
        checks.equal(service.metric("guardtally_store_up"), 1.0, "the store is up")
        checks.equal(service.metric('guardtally_ingest_records_total{outcome="stored"}'), 1.0, "what was stored is counted")
        checks.check(b'href="metrics"' in service.get("/", metrics=True).body, "a page that links to them")


def reports(scene: Scene) -> None:
    """The same bytes as the command's."""
    checks = scene.checks
    with scene.service("reports") as service:
        body = "\n".join(record(f"r-{index}", index) for index in range(3_000))
        checks.equal(service.post(body).json["stored"], 3_000, "stored")
        for name in ("safe-ratio", "categories", "latency", "errors"):
            for format_ in ("csv", "json", "jsonl", "markdown"):
                answer = service.get(f"/v1/reports/{name}?{SPAN}&every=1h&by=language,model&tz=Asia/Kolkata&where=language=en,zh&format={format_}")
                command = scene.program.run(
                    "report", name, "--from", "2026-03-01", "--to", "2026-03-10", "--every", "1h", "--by", "language,model", "--tz", "Asia/Kolkata",
                    "--where", "language=en,zh", "--format", format_, "--db", service.database,
                )  # fmt: skip
                checks.check(answer.status == 200 and answer.body == command.stdout and len(answer.body) > 100, f"{name} as {format_}", answer.brief())
        sorted_ = service.get(f"/v1/reports/safe-ratio?{SPAN}&by=model&sort=total:desc&limit=2")
        command = scene.program.run("report", "safe-ratio", "--from", "2026-03-01", "--to", "2026-03-10", "--by", "model", "--sort", "total:desc", "--limit", "2", "--db", service.database)
        checks.equal(sorted_.body, command.stdout, "sorted and limited")
        checks.equal(service.get(f"/v1/reports/errors?{SPAN}", {"Accept": "application/json"}).headers["content-type"], "application/json", "Accept picks JSON")
        checks.equal(service.get(f"/v1/reports/errors?{SPAN}").headers["content-type"], "text/csv; charset=utf-8", "csv by default")


def stalled_readers(scene: Scene) -> None:
    """Those who ask for reports and do not read them keep others waiting only for so long."""
    checks = scene.checks
    with scene.service("stalled", "--report-deadline", "1s", "--reports-at-once-max", "2") as service:
        generated = scene.program.run("generate", "--rows", "100000", "--days", "30", "--seed", "3").stdout
        checks.equal(scene.program.ingest(service.database, "--allow-synthetic", "-", stdin=generated).code, 0, "a store with long reports")
        path = "/v1/reports/safe-ratio?from=2020-01-01&every=15m&by=language,region,model&format=json"
        stalled = []
        for _ in range(2):
            reader = socket.socket()
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            reader.connect(("127.0.0.1", service.port))
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            checks.check(reader.recv(12).startswith(b"HTTP/1.1 200"), "a report begins")
            stalled.append(reader)
        refused = service.get(f"/v1/reports/errors?{SPAN}")
        checks.equal((refused.status, refused.code, refused.headers.get("retry-after")), (429, "busy", "2"), "a third report is refused while two are made")
        checks.check(wait(lambda: service.get(f"/v1/reports/errors?{SPAN}").status == 200, 10), "and given when the others were not read in time")
        for reader in stalled:
            reader.close()
        checks.equal(service.end(), 0, "it ends with 0")


def schedule(scene: Scene) -> None:
    """Runs are recorded, missed ones are made up for once, and two replicas do not do the same twice."""
    checks = scene.checks
    folder = os.path.join(scene.folder, "published")
    arguments = ("--reports", folder, "--keep-verdicts", "3650d")
    runs = lambda work: int(scene.stores.value(service.database, f"SELECT count(*) FROM job_runs WHERE work = '{work}' AND outcome = 'succeeded'"))
    with scene.service("schedule", *arguments) as service:
        service.post(ONE)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and not (os.path.exists(os.path.join(folder, "manifest.json")) and runs("fold") >= 3):
            time.sleep(0.1)
        checks.equal((runs("reports"), runs("retention")), (1, 1), "what was missed is made up for once")
        checks.check(runs("fold") >= 3, "the job runs on its beat", runs("fold"))
        with Service(scene.program, service.database, "--aggregate-every", "1s", *arguments) as replica:
            time.sleep(3)
            checks.equal((runs("reports"), runs("retention")), (1, 1), "a second replica does not do it again")
            checks.equal(replica.end(), 0, "the replica ends with 0")
        checks.check((service.metric('guardtally_aggregation_runs_total{outcome="succeeded"}') or 0) >= 3, "runs are counted")
        checks.equal(service.end(), 0, "it ends with 0")


def posting(scene: Scene, service: Service, count: int, batch: int) -> list[Poster]:
    posters = [Poster(service, f"p{scene.random.randrange(1 << 30)}-{index}", batch) for index in range(count)]
    for poster in posters:
        poster.start()
    return posters


def stop(posters: list[Poster]) -> None:
    for poster in posters:
        poster.stop()
    for poster in posters:
        poster.join(60)


def group_commit(scene: Scene) -> None:
    with scene.service("group") as service:
        posters = posting(scene, service, 32, 1) + posting(scene, service, 4, 200)
        time.sleep(scene.options.seconds)
        stop(posters)
        requests = sum(len(poster.seconds) for poster in posters)
        seconds = sorted(second for poster in posters for second in poster.seconds)
        print(f"  {requests / scene.options.seconds:.0f} requests/s, {sum(len(poster.acknowledged) for poster in posters) / scene.options.seconds:.0f} verdicts/s, "
              f"p50 {seconds[len(seconds) // 2] * 1e3:.1f} ms, p99 {seconds[len(seconds) * 99 // 100] * 1e3:.1f} ms")  # fmt: skip
        scene.checks.equal(service.end(), 0, "it ends with 0")
        stored = sum(poster.stored for poster in posters)
        total = scene.program.run("report", "safe-ratio", "--from", "2026-03-01", "--to", "2026-03-10", "--format", "jsonl", "--db", service.database)
        scene.checks.equal(json.loads(total.stdout)["total"], stored, "what was stored is what was acknowledged as stored")
        scene.nothing_is_lost(service, posters, "group commit")


def ending(scene: Scene) -> None:
    """SIGTERM in the middle: what was accepted is stored and answered, and it ends by itself."""
    for number in range(scene.options.rounds):
        with scene.service(f"ending{number}") as service:
            posters = posting(scene, service, 8, 20)
            time.sleep(scene.random.uniform(0.2, 1.0))
            begun = time.monotonic()
            scene.checks.equal(service.end(), 0, "SIGTERM: exit code")
            scene.checks.check(time.monotonic() - begun < 10, "SIGTERM: in bounded time", time.monotonic() - begun)
            stop(posters)
            scene.nothing_is_lost(service, posters, f"SIGTERM {number + 1}")
    with scene.service("ending in a body", "--shutdown-deadline", "10s") as service:
        body = numbered("half")
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
            connection.sendall(f"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body[:-6]}".encode())
            time.sleep(0.3)
            begun = time.monotonic()
            assert service.process
            service.process.terminate()
            text = b""
            while data := connection.recv(65_536):
                text += data
        scene.checks.check(text.startswith(b"HTTP/1.1 503") and b'"code":"shutting_down"' in text and b"etry-" in text, "a body that was on its way is put off, not refused", text)
        scene.checks.equal(service.process.wait(10), 0, "it ends with 0")
        scene.checks.check(time.monotonic() - begun < 5, "without waiting for the body", time.monotonic() - begun)


def killed(scene: Scene) -> None:
    """kill -9 and started again on the same ports; senders send again what was not answered."""
    for number in range(scene.options.rounds):
        with scene.service(f"killed{number}") as service:
            posters = posting(scene, service, 8, 10)
            for _ in range(2):
                time.sleep(scene.random.uniform(0.1, 0.8))
                service.end(signal.SIGKILL)
                service.start()
            time.sleep(0.3)
            stop(posters)
            scene.checks.equal(service.end(), 0, "it ends with 0")
            scene.nothing_is_lost(service, posters, f"killed {number + 1}")


def restarted_server(scene: Scene) -> None:
    """Postgres restarts at once while senders post: 503 or a wait, then all goes on by itself."""
    assert scene.cluster
    for number in range(scene.options.rounds):
        with scene.service(f"restarted{number}") as service:
            posters = posting(scene, service, 8, 10)
            time.sleep(scene.random.uniform(0.3, 0.8))
            scene.cluster.stop("immediate")
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and service.metric("guardtally_store_up") != 0:
                time.sleep(0.1)
            exposition = service.get("/metrics", metrics=True)
            scene.checks.equal((exposition.status, service.metric("guardtally_store_up")), (200, 0.0), "metrics go on, and say that the store is away")
            scene.checks.check(b"qwen_guard" not in exposition.body, "the store's series are withdrawn", exposition.body[:200])
            scene.checks.equal((service.get("/readyz", metrics=True).status, service.get("/livez", metrics=True).status), (503, 200), "not ready, and alive")
            before = sum(len(poster.acknowledged) for poster in posters)
            scene.cluster.start()
            begun = time.monotonic()
            while time.monotonic() - begun < 10 and (service.metric("guardtally_store_up") != 1 or sum(len(poster.acknowledged) for poster in posters) == before):
                time.sleep(0.1)
            scene.checks.check(time.monotonic() - begun < 5, "all goes on within 5 s", time.monotonic() - begun)
            stop(posters)
            scene.checks.equal(service.end(), 0, "it ends with 0")
            scene.nothing_is_lost(service, posters, f"restarted server {number + 1}")


def wait(until: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def numbered(identifier: str, **more: object) -> str:
    return json.dumps({"id": identifier, "time": "2026-01-10T12:00:00Z", "verdict": "safe"} | more)


def large_and_strange(scene: Scene) -> None:
    """What a body may hold beside good records, and how much of it."""
    checks = scene.checks
    with scene.service("strange", "--body-records-max", "1000", "--nesting-max", "8") as service:
        deep = numbered("deep", x=json.loads("[" * 20 + "]" * 20))
        answer = service.post(f"[{numbered('a')},{deep},{numbered('b')}]")
        checks.equal((answer.status, answer.json.get("stored"), [error["code"] for error in answer.json.get("errors", [])]), (200, 2, ["too_deep"]), "one element of an array is nested too deep")
        broken = numbered("broken", note="?").replace("?", "\\ud800")
        answer = service.post(f"[{numbered('a2')},{broken},{numbered('b2')}]")
        checks.equal((answer.status, answer.json.get("stored"), [error["code"] for error in answer.json.get("errors", [])]), (200, 2, ["bad_escape"]), "half a surrogate pair in one element of an array")
        answer = service.post(f"[{numbered('a3')},{numbered('x', note='?')},{numbered('b3')}]".encode().replace(b"?", b"\xff"))
        checks.equal((answer.status, answer.json.get("stored"), [error["code"] for error in answer.json.get("errors", [])]), (200, 2, ["bad_utf8"]), "text that is not UTF-8 in one element of an array")
        answer = service.post("\n".join([numbered("c"), numbered("d", source="synthetic"), numbered("e")]))
        checks.equal((answer.status, answer.json.get("stored"), [error["code"] for error in answer.json.get("errors", [])]), (200, 2, ["synthetic"]), "one record is made up")
        for name, body in (("array", "[" + ",".join(["0"] * 1_001) + "]"), ("lines", "{}\n" * 1_001)):
            answer = service.post(body)
            checks.equal((answer.status, answer.code), (413, "too_many_records"), f"too many records: {name}")
        checks.equal(service.post("[" + ",".join(["0"] * 1_000) + "]").json.get("rejected"), 1_000, "as many as may be")
        second = Service(scene.program, scene.stores.fresh("second"), port=service.port)
        said = scene.program.run("serve", "--db", second.database, "--listen", f"127.0.0.1:{service.port}", "--metrics-listen", f"127.0.0.1:{second.metrics_port}")
        text = said.stderr.decode()
        checks.check(said.code == 1 and f"cannot listen on --listen 127.0.0.1:{service.port}" in text and "bind(" not in text, "a port that is taken", text)
        checks.equal(service.end(), 0, "it ends with 0")
    with scene.service("bounded") as service:
        before = service.memory_kilobytes()
        zeros = gzip.compress(b"[" + b"0," * 20_000_000 + b"0]", 9)
        checks.equal(service.post(zeros, content_encoding="gzip").status, 413, "a small body of very many records")
        checks.check(service.memory_kilobytes() < before + 300_000, "its memory is bounded", service.memory_kilobytes())


def wire(scene: Scene) -> None:
    """What happens on a connection: order, waiting, ends, and what is no HTTP."""
    checks = scene.checks

    def talk(service: Service, *pieces: bytes, pause: float = 0.0, seconds: float = 10, port: int = 0) -> tuple[bytes, float]:
        """What comes back, and how long the connection stayed open."""
        with socket.create_connection(("127.0.0.1", port or service.port), timeout=seconds) as connection:
            begun = time.monotonic()
            received = b""
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
                while data := connection.recv(65_536):
                    received += data
            except OSError:
                pass
            return received, time.monotonic() - begun

    def post(body: str, *headers: str, path: str = "/v1/verdicts") -> bytes:
        return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", body]).encode()

    last = "Connection: close"
    with scene.service("wire", "--body-deadline", "1s") as service:
        report = b"GET /v1/reports/safe-ratio?from=2026-01-10&to=2026-01-11&format=jsonl HTTP/1.1\r\nHost: x\r\n\r\n"
        text, _ = talk(service, post(numbered("a")) + report + post(numbered("b")) + report + post("nonsense") + post(numbered("c"), last))
        order = [word for word in text.replace(b"\r\n", b"\n").split(b"\n") if word.startswith((b"HTTP/1.1 ", b'{"read"', b'{"start"', b'{"error"'))]
        totals = [json.loads(line).get("total") for line in order if line.startswith(b'{"start"')]
        kinds = [line.split(b'"')[1].decode() if line.startswith(b"{") else line.split(b" ")[1].decode() for line in order]
        checks.equal(kinds, ["200", "read", "200", "start", "200", "read", "200", "start", "400", "error", "200", "read"], "pipelined requests are answered in order")
        checks.equal(totals, [1, 2], "each after the one before it")
        text, seconds = talk(service, post(numbered("d"), last))
        checks.check(text.startswith(b"HTTP/1.1 200") and b"onnection: close" in text and seconds < 3, "Connection: close", (text, seconds))
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            connection.sendall(post(numbered("d2")) + post(numbered("d3")))
            connection.shutdown(socket.SHUT_WR)
            text = b""
            while data := connection.recv(65_536):
                text += data
            checks.equal(text.count(b'"stored":1'), 2, "a sender that closes its side gets its answers")
        checks.check(b"\r\nDate: " in text or b"\r\ndate: " in text, "an answer has a date", text)
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            head, _, body = post(numbered("e"), "Expect: 100-continue", last).partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n")
            checks.check(connection.recv(65_536).startswith(b"HTTP/1.1 100 "), "Expect: 100-continue is answered")
            connection.sendall(body)
            checks.check(connection.recv(65_536).startswith(b"HTTP/1.1 200 "), "and then the request")
        text, seconds = talk(service, post(numbered("f"), "Expect: 100-continue", "Content-Encoding: br").partition(b"{")[0])
        checks.check(text.startswith(b"HTTP/1.1 415 ") and seconds < 8, "a request that is refused is not asked for its body", (text, seconds))
        for name, request in (
            ("no HTTP", b"nonsense\r\n\r\n"), ("two lengths", b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
            ("a bad chunk", b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"),
        ):  # fmt: skip
            text, _ = talk(service, request)
            checks.check(text.startswith(b"HTTP/1.1 400 ") and b'{"error":{"code":"bad_request"' in text, f"{name}: 400 with a body", text)
        chunked = b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        body = numbered("g").encode()
        text, _ = talk(service, chunked, *[b"1\r\n" + bytes([byte]) + b"\r\n" for byte in body], b"0\r\nX-Trailer: y\r\n\r\n", pause=0.001)
        checks.check(text.startswith(b"HTTP/1.1 200") and b'"stored":1' in text, "a byte at a time, with a trailer", text)
        for name, request, status in (("a body", post("x" * 1_000), b"408"), ("one that is refused", post("x" * 1_000).replace(b"POST", b"PUT"), b"405")):
            text, seconds = talk(service, request[:200])
            checks.check(text.startswith(b"HTTP/1.1 " + status) and seconds < 8, f"{name} that does not end is cut", (text, seconds))
        before = service.memory_kilobytes()
        with socket.create_connection(("127.0.0.1", service.port), timeout=2) as connection:
            many, sent = post("nonsense") * 10_000, 0
            try:
                while sent < 200_000_000:
                    sent += connection.send(many)
            except TimeoutError:
                pass
            checks.check(service.memory_kilobytes() < before + 20_000, "a sender that reads no answer is made to wait", (sent, before, service.memory_kilobytes()))
        # Another protocol is asked for: the request is answered, and the connection says that it ends.
        upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
        for name, request, port in (
            ("a post", post(numbered("u1"), *upgrade), service.port), ("a report", report[:-2] + "\r\n".join([*upgrade, "", ""]).encode(), service.port),
            ("health", "\r\n".join(["GET /livez HTTP/1.1", "Host: x", *upgrade, "", ""]).encode(), service.metrics_port),
        ):  # fmt: skip
            text, seconds = talk(service, request, port=port)
            checks.check(text.startswith(b"HTTP/1.1 200") and b"onnection: close" in text and seconds < 8, f"{name} that asks for another protocol", (text[:200], seconds))
        checks.equal(service.post(numbered("u1")).json.get("duplicates"), 1, "and is stored")
        # HEAD has no body, and the next answer begins where it should.
        for path, port in (("/v1/reports/safe-ratio?from=2026-01-10&to=2026-01-11", service.port), ("/v1/verdicts", service.port), ("/nowhere", service.port), ("/livez", service.metrics_port), ("/metrics", service.metrics_port)):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            statuses_ = []
            for method in ("HEAD", "GET", "HEAD", "GET"):
                connection.request(method, path)
                answer = connection.getresponse()
                statuses_.append((answer.status, bool(answer.read())))
            connection.close()
            checks.check(statuses_[0][0] == statuses_[1][0] and [has for _, has in statuses_] == [False, True, False, True], f"HEAD {path}", statuses_)
        # A half-closed sender gets all answers, in any order, and the connection ends.
        for name, requests, marks in (("post, report", post(numbered("v1")) + report, 2), ("report, post", report + post(numbered("v2")), 2), ("post, report, post", post(numbered("v3")) + report + post(numbered("v4")), 3)):
            with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
                begun = time.monotonic()
                connection.sendall(requests)
                connection.shutdown(socket.SHUT_WR)
                text = b""
                while data := connection.recv(65_536):
                    text += data
                checks.check(text.count(b"HTTP/1.1 200") == marks and time.monotonic() - begun < 3, f"half closed after {name}", text)
        # What cannot be read behind what can is answered, once, in its place.
        for name, first in (("a post", post(numbered("w1"))), ("a report", report)):
            text, seconds = talk(service, first + b"GARBAGE\x00\r\n\r\n")
            checks.check(text.startswith(b"HTTP/1.1 200") and text.count(b"HTTP/1.1 400") == 1 and b'"code":"bad_request"' in text and seconds < 8, f"garbage behind {name}", (text, seconds))
        text, seconds = talk(service, report[:-2] + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
        checks.check(text.count(b"HTTP/1.1 ") == 1 and seconds < 8, "a report with a bad body has one answer", (text, seconds))
        text, _ = talk(service, b"GARBAGE\r\n\r\n", port=service.metrics_port)
        checks.check(text.startswith(b"HTTP/1.1 400") and b'"code":"bad_request"' in text, "garbage to the metrics", text)
        text, _ = talk(service, post(numbered("x1"), "X-Long: " + "x" * 100_000, last))
        checks.check(text.startswith(b"HTTP/1.1 431") and b'"code":"head_too_large"' in text, "a head over its bound", text[:300])
        text, _ = talk(service, post(numbered("x2"), last, path="http://x/v1/verdicts") )
        checks.check(text.startswith(b"HTTP/1.1 200") and b'"stored":1' in text, "a target that names the server", text)
        text, _ = talk(service, post(numbered("x3"), "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"))
        checks.check(text.startswith(b"HTTP/1.1 200"), "HTTP/1.0 knows no Expect", text)
        text, seconds = talk(service, post(numbered("x4")).replace(b"HTTP/1.1", b"HTTP/1.0"))
        checks.check(b"onnection: close" in text and seconds < 3, "HTTP/1.0 ends its connection", (text, seconds))
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            connection.sendall(post(numbered("h"))[:-5])
        time.sleep(0.2)
        checks.equal(service.post(numbered("h")).json.get("stored"), 1, "a sender that goes away in mid-body stored nothing")
        checks.equal(service.end(), 0, "it ends with 0")
    checks.equal(scene.program.verify(service.database).code, 0, "verify")


def unwritable(scene: Scene) -> None:
    """A store that cannot be written, or is gone, is told everywhere, and nothing is acknowledged meanwhile."""
    checks = scene.checks
    with scene.service("unwritable", "--busy-timeout", "500ms") as service:
        checks.equal(service.post(numbered("a")).json.get("stored"), 1, "before")
        with scene.stores.locked(service.database):
            answer = service.post(numbered("b"))
            checks.equal((answer.status, answer.headers.get("retry-after")), (503, "1"), "503 while another holds the lock")
            checks.check(wait(lambda: service.metric("guardtally_store_up") == 0), "guardtally_store_up is 0", service.log)
            checks.check(service.get("/readyz", metrics=True).status == 503, "not ready")
            checks.check(b"the store cannot be written" in service.log, "a line of the log says so", service.log)
        checks.check(wait(lambda: service.metric("guardtally_store_up") == 1, 5), "it recovers by itself within 5 s", service.log)
        checks.equal(service.post(numbered("b")).json.get("stored"), 1, "after")
        if scene.cluster is None:
            for suffix in ("", "-wal", "-shm"):
                os.unlink(service.database + suffix)
            answers = [service.post(numbered(f"gone-{index}")) for index in range(3)]
            checks.equal(answers[0].status, 503, "a database that was deleted acknowledges nothing")
            stored = sum(1 for answer in answers if answer.status == 200)
            total = scene.program.run("report", "safe-ratio", "--from", "2026-01-10", "--to", "2026-01-11", "--format", "jsonl", "--db", service.database)
            checks.equal(json.loads(total.stdout)["total"] if total.stdout else 0, stored, "what is acknowledged then is in the file that is there")
        checks.equal(service.end(), 0, "it ends with 0")
        checks.equal(scene.program.verify(service.database).code, 0, "verify")


def forgotten_commit(scene: Scene) -> None:
    """The answer to a COMMIT is lost, and the server stays away for longer than is waited for."""
    assert scene.cluster
    for number in range(scene.options.rounds):
        database = scene.stores.fresh(f"forgotten{number}")
        proxy = ForgetfulProxy(scene.cluster.port)
        with Service(scene.program, database.replace(f":{scene.cluster.port}/", f":{proxy.port}/"), "--busy-timeout", "1s") as service:
            posters = posting(scene, service, 4, 10)
            time.sleep(0.3)
            proxy.forget_next_commit(3)
            scene.checks.check(wait(lambda: proxy.has_forgotten), "a commit's answer was dropped")
            time.sleep(3)
            before = sum(len(poster.acknowledged) for poster in posters)
            scene.checks.check(wait(lambda: sum(len(poster.acknowledged) for poster in posters) > before, 5), "all goes on within 5 s", service.log[-500:])
            time.sleep(0.3)
            stop(posters)
            scene.checks.equal(service.end(), 0, "it ends with 0")
            service.database = database
            scene.nothing_is_lost(service, posters, f"forgotten commit {number + 1}")
        proxy.close()


def unfinished_commit(scene: Scene) -> None:
    """The connection breaks while the server is still at a transaction, which then comes through after all."""
    assert scene.cluster
    for number in range(scene.options.rounds):
        database = scene.stores.fresh(f"unfinished{number}")
        proxy = ForgetfulProxy(scene.cluster.port)
        with Service(scene.program, database.replace(f":{scene.cluster.port}/", f":{proxy.port}/"), "--aggregate-every", "600s") as service:
            posters = posting(scene, service, 4, 10)
            time.sleep(0.3)
            name = scene.stores.name(database)
            waiting = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{SCHEMA}.source_activity_deltas'::regclass"
            holder = threading.Thread(target=scene.cluster.execute, args=(name, f"LOCK TABLE {SCHEMA}.source_activity_deltas IN SHARE MODE; SELECT pg_sleep(2)"))
            holder.start()
            scene.checks.check(wait(lambda: scene.cluster.value(name, waiting) != "0"), "a transaction waits")
            proxy.cut()
            holder.join()
            before = sum(len(poster.acknowledged) for poster in posters)
            scene.checks.check(wait(lambda: sum(len(poster.acknowledged) for poster in posters) > before, 5), "all goes on", service.log[-500:])
            time.sleep(0.2)
            stop(posters)
            scene.checks.equal([poster.refusals for poster in posters], [{}] * 4, "nobody was refused")
            scene.checks.equal(service.end(), 0, "it ends with 0")
            service.database = database
            scene.nothing_is_lost(service, posters, f"unfinished commit {number + 1}")
        proxy.close()


def full_disk(scene: Scene) -> None:
    """A small file system (but larger than the write-ahead log grows) is filled while senders post, and freed again.

    With Postgres it is a tablespace: a full disk under its write-ahead log is a crash, which is the restarted server's case.
    """
    folder = os.path.join(scene.folder, "small")
    os.makedirs(folder, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", folder], capture_output=True, check=False).returncode != 0:
        print("  this user may not mount a small file system: the full disk was not tried")
        return
    try:
        if scene.cluster:
            scene.cluster.make_tablespace("small", folder)
        for number in range(scene.options.rounds):
            database = os.path.join(folder, f"full{number}.db")
            if scene.cluster:
                database = scene.cluster.create_database(f"full{number}", "TABLESPACE small")
            with Service(scene.program, database, "--aggregate-every", "1s", "--refresh-every", "1s") as service:
                posters = posting(scene, service, 4, 200)
                time.sleep(0.3)
                filler = os.open(os.path.join(folder, "filler"), os.O_WRONLY | os.O_CREAT)
                try:
                    while True:
                        os.write(filler, b"x" * 65_536)
                except OSError:
                    os.close(filler)
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline and not any(503 in poster.refusals for poster in posters):
                    time.sleep(0.05)
                scene.checks.check(any(503 in poster.refusals for poster in posters), "a full disk is answered with 503", [poster.refusals for poster in posters])
                scene.checks.equal(service.get("/metrics", metrics=True).status, 200, "metrics go on")
                before = sum(len(poster.acknowledged) for poster in posters)
                os.unlink(os.path.join(folder, "filler"))
                begun = time.monotonic()
                while time.monotonic() - begun < 10 and sum(len(poster.acknowledged) for poster in posters) == before:
                    time.sleep(0.05)
                scene.checks.check(time.monotonic() - begun < 5, "all goes on within 5 s", time.monotonic() - begun)
                stop(posters)
                scene.checks.equal(service.end(), 0, "it ends with 0")
                scene.nothing_is_lost(service, posters, f"full disk {number + 1}")
            if scene.cluster:
                scene.cluster.drop_database(f"full{number}")
            else:
                for name in os.listdir(folder):
                    os.unlink(os.path.join(folder, name))
    finally:
        if scene.cluster:
            scene.cluster.execute("postgres", "DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", folder], check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", help="names of groups, joined by commas")
    options = parser.parse_args()
    checks = Checks("serve")
    groups: list[Callable[[Scene], None]] = [statuses, stock_senders, tokens, negotiation, reports, stalled_readers, schedule, group_commit, ending, killed, large_and_strange, wire, unwritable, full_disk]
    if options.store == "postgres":
        groups += [restarted_server, forgotten_commit, unfinished_commit]
    with tempfile.TemporaryDirectory() as folder:
        def run(scene: Scene) -> None:
            for group in groups:
                if options.only and group.__name__ not in options.only.split(","):
                    continue
                checks.group(group.__name__.replace("_", " "))
                group(scene)
            checks.end_group()

        if options.store == "postgres":
            with Cluster() as cluster:
                scene = Scene(checks, Program(options.binary), PostgresDatabases(cluster), folder, options)
                scene.cluster = cluster
                run(scene)
        else:
            run(Scene(checks, Program(options.binary), SQLiteDatabases(folder), folder, options))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
