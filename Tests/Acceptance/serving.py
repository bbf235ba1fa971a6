"""A running `serve`, and clients that keep a journal of what they sent and what was answered."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

from harness import Program


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]

    def brief(self) -> str:
        return f"{self.status} {self.headers} {self.body[:300]!r}"


class Service:
    """`guardtally serve` on ports of its own, ended with the block."""

    def __init__(self, program: Program, database: str, *arguments: str, port: int | None = None, metrics_port: int | None = None) -> None:
        self.program, self.database, self.arguments = program, database, arguments
        self.port, self.metrics_port = port or free_port(), metrics_port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.log = b""

    def start(self) -> Service:
        self.process = self.program.start(
            "serve", "--db", self.database, "--listen", f"127.0.0.1:{self.port}", "--metrics-listen", f"127.0.0.1:{self.metrics_port}",
            *self.arguments, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        threading.Thread(target=self._read_log, args=(self.process,), daemon=True).start()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.get("/livez", metrics=True).status == 200 and self.get("/nothing").status == 404:
                    return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"serve did not start: {self.log.decode()}")

    def _read_log(self, process: subprocess.Popen[bytes]) -> None:
        for line in process.stderr or []:
            self.log += line

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self, with_signal: int = signal.SIGTERM, timeout: float = 30) -> int:
        assert self.process
        self.process.send_signal(with_signal)
        return self.process.wait(timeout)

    def request(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, metrics: bool = False, timeout: float = 60) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port if metrics else self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: dict[str, str] | None = None, metrics: bool = False) -> Answer:
        return self.request("GET", path, headers=headers, metrics=metrics)

    def post(self, body: bytes | str, path: str = "/v1/verdicts", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body.encode() if isinstance(body, str) else body, named)

    def metric(self, name: str) -> float | None:
        for line in self.get("/metrics", metrics=True).body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def memory_kilobytes(self) -> int:
        assert self.process
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def descriptors(self) -> int:
        assert self.process
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def record(identifier: str, index: int) -> str:
    verdict = ("safe", "safe", "unsafe", "controversial", "error")[index % 5]
    return json.dumps(
        {
            "id": identifier, "time": f"2026-03-0{1 + index % 5}T{index % 24:02}:{index % 60:02}:{index * 7 % 60:02}Z", "verdict": verdict,
            "language": ("en", "zh", "de")[index % 3], "model": f"guard-{index % 4}", "latency_ms": index % 900,
        },
        separators=(",", ":"),
    )  # fmt: skip


class ForgetfulProxy:
    """Stands before a Postgres. Once told to, it passes one COMMIT on, drops the answer, and lets nobody through for a while."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._armed_for = 0.0
        self._closed_until = 0.0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def forget_next_commit(self, closed_seconds: float) -> None:
        self._armed_for = closed_seconds

    @property
    def has_forgotten(self) -> bool:
        return self._closed_until > 0

    def cut(self) -> None:
        """Ends all connections as a network does: what the server has been sent, it goes on with."""
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            if time.monotonic() < self._closed_until:
                client.close()
                server.close()
                continue
            self._open.append(client)
            threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        try:
            while data := source.recv(65_536):
                # Told the server to commit by a prepared statement's name; the statement itself is only prepared.
                if is_client and self._armed_for and b"transactions.commit\0" in data and b"transactions.commit\0COMMIT" not in data:
                    seconds, self._armed_for = self._armed_for, 0.0
                    self._closed_until = time.monotonic() + seconds
                    target.sendall(data)
                    time.sleep(0.3)
                    for connection in self._open:
                        connection.close()
                    return
                if time.monotonic() < self._closed_until:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Poster(threading.Thread):
    """Sends records until told to stop, again where an answer did not come; keeps what was acknowledged."""

    def __init__(self, service: Service, name: str, batch: int, retries: bool = True) -> None:
        super().__init__(daemon=True)
        self.service, self.batch, self.retries = service, batch, retries
        self.label = name
        self.sent: dict[str, str] = {}
        self.acknowledged: list[str] = []
        self.seconds: list[float] = []
        self.refusals: dict[int, int] = {}
        self.stored = 0
        self.faults: list[str] = []
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def _bodies(self) -> Iterator[list[str]]:
        number = 0
        while not self._stopping.is_set():
            identifiers = [f"{self.label}-{number + offset}" for offset in range(self.batch)]
            for offset, identifier in enumerate(identifiers):
                self.sent[identifier] = record(identifier, number + offset)
            number += self.batch
            yield identifiers

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        for identifiers in self._bodies():
            body = "\n".join(self.sent[identifier] for identifier in identifiers).encode()
            while True:
                begun = time.monotonic()
                try:
                    connection = connection or http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
                    connection.request("POST", "/v1/verdicts", body, {"Content-Type": "application/x-ndjson"})
                    response = connection.getresponse()
                    answer = response.read()
                except (OSError, http.client.HTTPException):
                    if connection:
                        connection.close()
                    connection = None
                    if self._stopping.is_set() or not self.retries:
                        return
                    time.sleep(0.05)
                    continue
                self.seconds.append(time.monotonic() - begun)
                if response.status == 200:
                    counts = json.loads(answer)
                    if counts["read"] != len(identifiers) or counts["stored"] + counts["duplicates"] != len(identifiers):
                        self.faults.append(f"{counts}")
                    self.stored += counts["stored"]
                    self.acknowledged += identifiers
                    break
                self.refusals[response.status] = self.refusals.get(response.status, 0) + 1
                if response.status not in (429, 503) or response.getheader("Retry-After") is None:
                    self.faults.append(f"{response.status} {answer[:200]!r}")
                if response.getheader("Connection") == "close":
                    connection.close()
                    connection = None
                if self._stopping.is_set():
                    return
                time.sleep(0.05)
