"""Postgres for the acceptance tests, and where a test's databases come from, whichever store it looks at.

Everything goes through the programs that come with Postgres, so no driver is needed. The shared server is the one that
`script/with-postgres` starts and names in the environment; a test that stops its server makes a `Cluster` of its own.
"""

from __future__ import annotations

import argparse
import glob
import itertools
import os
import pwd
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from urllib.parse import urlsplit

from harness import remove_database

STORES = ("sqlite", "postgres")
SCHEMA = "guardtally"

# As unlike a bytewise, UTC, durable-by-default server as one can be; the same as script/with-postgres sets.
HOSTILE_SETTINGS = {
    "timezone": "Asia/Kolkata",
    "datestyle": "SQL, DMY",
    "synchronous_commit": "off",
    "default_transaction_isolation": "read committed",
}
_FIELD, _RECORD = "\x1f", "\x1e"


class PostgresError(Exception):
    """A program of Postgres failed; the argument is what it said."""


def clean_environment() -> dict[str, str]:
    """The environment without what would redirect a client."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def programs_folder() -> str:
    """Where initdb, pg_ctl and psql are: as script/with-postgres says, else the newest that is installed."""
    named = os.environ.get("GUARDTALLY_TEST_POSTGRES_BIN")
    if named:
        return named
    folders = glob.glob("/usr/lib/postgresql/*/bin")
    if not folders:
        raise PostgresError("no Postgres is installed; run this through script/with-postgres")
    return max(folders, key=lambda folder: float(folder.split("/")[-2]))


class Server:
    """A running Postgres, as its superuser sees it."""

    def __init__(self, url: str, programs: str) -> None:
        parts = urlsplit(url)
        self.user, self.host, self.port = parts.username or "postgres", parts.hostname or "127.0.0.1", parts.port or 5432
        self.programs = programs
        self._checkable: set[str] = set()

    @classmethod
    def shared(cls) -> Server:
        url = os.environ.get("GUARDTALLY_TEST_POSTGRES")
        if not url:
            raise PostgresError("GUARDTALLY_TEST_POSTGRES is not set; run this through script/with-postgres")
        return cls(url, programs_folder())

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        secret = f":{password}" if password else ""
        return f"postgres://{user or self.user}{secret}@{self.host}:{self.port}/{database}"

    def _program(self, name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [os.path.join(self.programs, name), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
            env=clean_environment(),
        )  # fmt: skip

    def _psql(self, database: str, sql: str, *options: str) -> str:
        result = self._program(
            "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", *options,
            f"--dbname={self.url(database)}", f"--command={sql}",
        )  # fmt: skip
        if result.returncode:
            raise PostgresError(result.stderr.decode("utf-8", "replace").strip())
        return result.stdout.decode("utf-8")

    def rows(self, database: str, sql: str) -> list[list[str]]:
        """The rows of a query's answer, each value as text, NULL as an empty one."""
        separators = (f"--field-separator={_FIELD}", f"--record-separator={_RECORD}")
        text = self._psql(database, sql, "--quiet", *separators).removesuffix("\n").removesuffix(_RECORD)
        return [record.split(_FIELD) for record in text.split(_RECORD)] if text else []

    def value(self, database: str, sql: str) -> str:
        """The one value of a query's answer, "" where it is NULL."""
        rows = self.rows(database, sql)
        return rows[0][0] if rows else ""

    def execute(self, database: str, sql: str) -> list[str]:
        """Carries out commands in one transaction, and returns what the server calls each: `UPDATE 3`."""
        return self._psql(database, sql).splitlines()

    def create_database(self, name: str, options: str = "") -> str:
        """Makes an empty database and returns its URL; `options` is what follows in CREATE DATABASE."""
        self.execute("postgres", f'CREATE DATABASE "{name}" {options}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._checkable.discard(name)

    def copy_database(self, original: str, name: str) -> str:
        """A database with the same content, to be damaged in its stead."""
        return self.create_database(name, f'TEMPLATE "{original}"')

    def exists(self, name: str) -> bool:
        return self.value("postgres", f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "1"

    def size(self, name: str) -> int:
        return int(self.value("postgres", f"SELECT pg_database_size('{name}')"))

    def clients(self, name: str, what: str = "TRUE") -> int:
        """How many other sessions a database has, of those for which a condition holds."""
        return int(
            self.value(
                "postgres",
                f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend'"
                f" AND ({what})",
            )
        )

    def wait_until_left(self, name: str, seconds: float = 60) -> bool:
        """Waits until no session is left: a killed client's backend may still finish its last statement."""
        deadline = time.monotonic() + seconds
        while self.clients(name):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def has_tables(self, name: str) -> bool:
        return self.value(name, f"SELECT to_regclass('{SCHEMA}.verdicts') IS NOT NULL") == "t"

    def partitions(self, name: str) -> list[str]:
        """The names of the tables that hold the verdicts."""
        return [
            row[0]
            for row in self.rows(
                name,
                "SELECT inhrelid::regclass FROM pg_inherits"
                f" WHERE inhparent = '{SCHEMA}.verdicts'::regclass ORDER BY inhrelid::regclass::text COLLATE \"C\"",
            )
        ]

    def amcheck(self, name: str) -> str:
        """What pg_amcheck finds in a database's heaps and indexes; "" where all is well."""
        if name not in self._checkable:
            self.execute(name, "CREATE EXTENSION IF NOT EXISTS amcheck")
            self._checkable.add(name)
        result = self._program(
            "pg_amcheck", "--heapallindexed", f"--host={self.host}", f"--port={self.port}", f"--username={self.user}",
            "--no-password", name,
        )  # fmt: skip
        said = (result.stdout + result.stderr).decode("utf-8", "replace").strip()
        return said or ("" if result.returncode == 0 else f"exit {result.returncode}")


def server_account() -> dict[str, object]:
    """How to start a process that Postgres accepts as its owner: it refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise PostgresError("root cannot run Postgres, and there is neither a user postgres nor nobody")


class Cluster(Server):
    """A server of a test's own, which may be stopped, crashed and started again; deleted at the end of the block."""

    def __init__(self, settings: dict[str, str] | None = None, initdb: Sequence[str] | None = None) -> None:
        # Not in a test's work folder: the server's user could not reach it there.
        self._folder = tempfile.mkdtemp(prefix="guardtally-cluster-")
        self.data = os.path.join(self._folder, "data")
        self._account = server_account()
        if self._account:
            os.chown(self._folder, self._account["user"], self._account["group"])
        super().__init__(f"postgres://postgres@127.0.0.1:{random.SystemRandom().randrange(15_000, 32_000)}", programs_folder())
        self._settings = HOSTILE_SETTINGS | (settings or {})
        try:
            self._make_data(initdb)
        except PostgresError:
            self._delete()
            raise

    def _make_data(self, initdb: Sequence[str] | None) -> None:
        fixed = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "-D", self.data)
        if initdb is not None:
            self._run("initdb", *fixed, *initdb)
        else:
            try:
                self._run("initdb", *fixed, "--locale-provider=icu", "--icu-locale=en-US")
            except PostgresError:  # a Postgres that was built without ICU
                shutil.rmtree(self.data, ignore_errors=True)
                self._run("initdb", *fixed)
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self._folder} | self._settings
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def _run(self, program: str, *arguments: str) -> None:
        # The log, not a pipe: a server that is started inherits it and would keep the pipe open.
        log = os.path.join(self._folder, "programs.log")
        with open(log, "w+b") as output:
            result = subprocess.run(
                [os.path.join(self.programs, program), *arguments], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, cwd=self._folder, env=clean_environment(), **self._account,
            )  # fmt: skip
            output.seek(0)
            if result.returncode:
                raise PostgresError(f"{program}: {output.read().decode('utf-8', 'replace').strip()}")

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if os.path.exists(os.path.join(self.data, "postmaster.pid")):
                self.stop("immediate")
        finally:
            self._delete()

    def _delete(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def make_tablespace(self, name: str, folder: str) -> None:
        """A place for databases in an empty folder, which becomes the server's user's own."""
        if self._account:
            os.chown(folder, self._account["user"], self._account["group"])
            os.chmod(os.path.dirname(folder), 0o711)
        self.execute("postgres", f"CREATE TABLESPACE \"{name}\" LOCATION '{folder}'")

    def start(self) -> None:
        """Starts the server; a port that was taken meanwhile is changed for another, while nobody knows it yet."""
        for attempt in range(10):
            try:
                self._run(
                    "pg_ctl", "start", "-D", self.data, "-w", "-t", "120", "-s", "-l", os.path.join(self._folder, "server.log"),
                    "-o", f"-p {self.port}",
                )  # fmt: skip
                return
            except PostgresError:
                if attempt == 9 or "TCP/IP" not in self.log():
                    raise
                self.port = random.SystemRandom().randrange(15_000, 32_000)

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "stop", "-D", self.data, "-w", "-t", "120", "-s", "-m", mode)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def log(self) -> str:
        """What the server has said so far."""
        try:
            with open(os.path.join(self._folder, "server.log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""


class Databases:
    """A test's own fresh databases, gone when the test ends. What `--db` takes is how each is named throughout."""

    kind: str

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.drop_all()

    def fresh(self, name: str) -> str:
        """A database that holds nothing yet."""
        raise NotImplementedError

    def absent(self, name: str) -> str:
        """A database that does not exist."""
        raise NotImplementedError

    def exists(self, database: str) -> bool:
        raise NotImplementedError

    def drop(self, database: str) -> None:
        raise NotImplementedError

    def drop_all(self) -> None:
        raise NotImplementedError

    def copy(self, database: str, name: str) -> str:
        """Another database with the same content, to be damaged in its stead."""
        raise NotImplementedError

    def execute(self, database: str, sql: str) -> object:
        """Changes a database behind the program's back. Tables are named without their schema."""
        raise NotImplementedError

    def value(self, database: str, sql: str) -> str:
        """The one value of a query's answer, as text."""
        raise NotImplementedError

    def size(self, database: str) -> int:
        """How many bytes the database takes on disk."""
        raise NotImplementedError

    def locked(self, database: str) -> AbstractContextManager[None]:
        """Within the block nobody else can write to the database."""
        raise NotImplementedError


class SQLiteDatabases(Databases):
    kind = "sqlite"

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def fresh(self, name: str) -> str:
        path = os.path.join(self._folder, f"{name}.db")
        remove_database(path)
        return path

    absent = fresh

    def exists(self, database: str) -> bool:
        return os.path.exists(database)

    def drop(self, database: str) -> None:
        remove_database(database)

    def drop_all(self) -> None:
        pass  # they go with their folder

    def copy(self, database: str, name: str) -> str:
        path = self.fresh(name)
        connection, copy = sqlite3.connect(database), sqlite3.connect(path)
        try:
            connection.backup(copy)
        finally:
            connection.close()
            copy.close()
        return path

    def execute(self, database: str, sql: str) -> None:
        connection = sqlite3.connect(database)
        try:
            connection.executescript(sql)
            connection.commit()
        finally:
            connection.close()

    def value(self, database: str, sql: str) -> str:
        connection = sqlite3.connect(database)
        try:
            row = connection.execute(sql).fetchone()
            return "" if row is None or row[0] is None else str(row[0])
        finally:
            connection.close()

    def size(self, database: str) -> int:
        return sum(os.path.getsize(database + suffix) for suffix in ("", "-wal") if os.path.exists(database + suffix))

    @contextmanager
    def locked(self, database: str) -> Iterator[None]:
        connection = sqlite3.connect(database, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            connection.close()


class PostgresDatabases(Databases):
    kind = "postgres"

    def __init__(self, server: Server | None = None) -> None:
        self.server = server or Server.shared()
        self._made: list[str] = []
        self._numbers = itertools.count()

    @staticmethod
    def name(database: str) -> str:
        return urlsplit(database).path.removeprefix("/")

    def _unique(self, name: str) -> str:
        return f"gt_{os.getpid()}_{next(self._numbers)}_{name}"[:60].replace("-", "_")

    def fresh(self, name: str, options: str = "") -> str:
        unique = self._unique(name)
        self._made.append(unique)
        return self.server.create_database(unique, options)

    def absent(self, name: str) -> str:
        return self.server.url(self._unique(f"absent_{name}"))

    def exists(self, database: str) -> bool:
        return self.server.exists(self.name(database))

    def drop(self, database: str) -> None:
        self.server.drop_database(self.name(database))

    def drop_all(self) -> None:
        for name in self._made:
            self.server.drop_database(name)

    def copy(self, database: str, name: str) -> str:
        self.server.wait_until_left(self.name(database))
        return self.fresh(name, f'TEMPLATE "{self.name(database)}"')

    @contextmanager
    def locked(self, database: str) -> Iterator[None]:
        process = subprocess.Popen(
            [os.path.join(self.server.programs, "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", f"--dbname={database}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(),
        )  # fmt: skip
        assert process.stdin and process.stdout
        try:
            process.stdin.write(f"BEGIN; LOCK TABLE {SCHEMA}.ledger IN SHARE MODE; SELECT 'locked';\n")
            process.stdin.flush()
            if process.stdout.readline().strip() != "locked":
                raise PostgresError("the lock was not had")
            yield
        finally:
            process.communicate()

    def execute(self, database: str, sql: str) -> list[str]:
        return self.server.execute(self.name(database), f"SET search_path = {SCHEMA}; {sql}")[1:]

    def value(self, database: str, sql: str) -> str:
        return self.server.value(self.name(database), f"SET search_path = {SCHEMA}; {sql}")

    def size(self, database: str) -> int:
        return self.server.size(self.name(database))


def databases(kind: str, folder: str) -> SQLiteDatabases | PostgresDatabases:
    """Where a test that runs on both stores gets its databases from."""
    return SQLiteDatabases(folder) if kind == "sqlite" else PostgresDatabases()


def add_store_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", choices=STORES, default="sqlite",
        help="where the verdicts go; postgres is the server of script/with-postgres (default: sqlite)",
    )  # fmt: skip
