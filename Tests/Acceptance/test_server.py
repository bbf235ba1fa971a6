"""Servers as they are found: collations, settings, encodings, rights, versions, passwords, and first uses at once.

`python3 test_server.py --binary PATH [--rows 4000]`, within script/with-postgres; standard library only. A cluster of its own
asks for passwords.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile

import traffic
from harness import Checks, Program, Result, outputs
from oracle import DIMENSIONS
from postgres import SCHEMA, Cluster, PostgresDatabases, Server, SQLiteDatabases

FIRST, END = "2026-03-02", "2026-03-06"
SPAN = ("--from", FIRST, "--to", END)
NOW = "2026-03-05T18:30:00Z"
REPORTS = ("safe-ratio", "categories", "latency", "errors")
READING = (("report", "safe-ratio", *SPAN), ("metrics", "--now", NOW), ("verify",))

# Pairs that some collation, folding, normalisation or quoting would take for one another, or for something else.
TRAPS = (
    "a", "A", "b", "B", "\u00e9", "e\u0301", "\u00c9", "i", "I", "\u0131", "\u0130", "\u00df", "ss", "\u017f", "s", "a b", "a  b", "ab ",
    " ab", "ab", "a-b", "a_b", "a%b", "%", "_", "\\", "\\\\", "\\N", "\\.", "\\t", "'", "''", '"', '""', "$1", "$$", "{}", "{a,b}", "NULL",
    "null", ";", "--", "/*", "\u200b", "\u00ad", "\U0001f6e1\ufe0f", "\U0001f6e1", "\u6f22", "\uff21", "\ufeff", "\U0010ffff", "9", "10", "1", "01",
    "1.0", "+1", "true", "other", "2026-03-02", "02/03/2026",
)  # fmt: skip

# What an owner may have set for a database or a role; no answer may depend on any of it.
SETTINGS = {
    "bytea_output": "escape", "standard_conforming_strings": "off", "backslash_quote": "on", "escape_string_warning": "on",
    "extra_float_digits": "-15", "datestyle": "Postgres, MDY", "timezone": "Australia/Lord_Howe", "intervalstyle": "iso_8601",
    "client_encoding": "LATIN1", "search_path": "nonsense", "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on", "synchronous_commit": "off", "lc_numeric": "C", "array_nulls": "off",
    "transform_null_equals": "on", "enable_seqscan": "off", "enable_partition_pruning": "off", "constraint_exclusion": "off",
    "client_min_messages": "debug1", "plan_cache_mode": "force_generic_plan", "jit": "on", "jit_above_cost": "0", "work_mem": "64kB",
    "idle_session_timeout": "5min", "row_security": "off", "default_table_access_method": "heap", "xmlbinary": "hex",
}  # fmt: skip
CLIENT = {
    "PGTZ": "Asia/Kathmandu", "PGDATESTYLE": "German", "PGCLIENTENCODING": "SJIS", "PGOPTIONS": "-c extra_float_digits=-10 -c search_path=x",
    "TZ": "America/New_York", "LANG": "tr_TR.UTF-8", "LC_ALL": "C",
}  # fmt: skip
REFUSAL_LENGTH = 400


def write_traps(path: str, rows: int) -> None:
    """Ordinary traffic, and every trap as an id and as each free dimension, at one and the same time."""
    lines = list(traffic.records(rows, 3, traffic.instant(FIRST), 4, "random", "sequential"))
    for number, value in enumerate(TRAPS):
        for verdict in ("safe", "unsafe"):
            record = {
                "id": value, "time": f"{FIRST}T12:00:00.00000{number % 2}Z", "verdict": verdict, "model": value,
                "method": value, "source": f"{verdict}-{value}", "latency_ms": number,
            }  # fmt: skip
            lines.append(json.dumps(record, ensure_ascii=number % 3 == 0))
    traffic.write_file(path, iter(lines))


def commands() -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = [
        ("report", report, *SPAN, "--every", every, "--by", by, "--tz", "Asia/Kolkata", "--format", "csv")
        for report, every in zip(REPORTS, ("1d", "1h", "15m", "5m"))
        for by in (*DIMENSIONS, "language,region", "model,method", "source,model,stage,method")
    ]
    asked += [
        ("report", "safe-ratio", *SPAN, "--by", "model", "--format", "csv", "--where", f"model={pattern}")
        for pattern in ("a,B", "A*", "i*", "\u0130*", "\u00e9", "e*", "%*", "_*", "'*", "a-*", "ss", "S*")
    ]
    return [*asked, ("metrics", "--now", NOW), ("metrics", "--now", NOW, "--format", "openmetrics")]


def without_clock(found: dict[str, bytes]) -> dict[str, bytes]:
    return {
        command: b"\n".join(line for line in text.split(b"\n") if b"_aggregation_" not in line)
        for command, text in found.items()
    }


def check_refused(checks: Checks, result: Result, codes: tuple[int, ...], words: tuple[str, ...], name: str) -> None:
    """One clear line that says what is wrong; after a `metrics` there may be an exposition, but no number."""
    lines = result.stderr.decode("utf-8", "replace").splitlines(keepends=True)
    if result.ledger is not None:
        lines.pop()  # an ingest's last line, whatever came of it
    text = "".join(lines)
    checks.check(result.code in codes, f"{name}: exit code", result.brief())
    one_line = len(text.splitlines()) == 1 and text.endswith("\n") and len(text) <= REFUSAL_LENGTH
    checks.check(one_line, f"{name}: one line", text)
    for word in words:
        checks.check(word.lower() in text.lower(), f"{name}: it says {word}", text)


def check_collations(checks: Checks, program: Program, stores: PostgresDatabases, folder: str, path: str) -> None:
    reference = SQLiteDatabases(folder).fresh("reference")
    for _ in range(2):  # duplicates are counted too
        program.ingest(reference, path)
    expected = without_clock(outputs(program, reference, commands()))
    provider = "ENCODING 'UTF8' TEMPLATE template0 LOCALE_PROVIDER"
    for name, options, settings, client in (
        ("ICU en-US", f"{provider} icu ICU_LOCALE 'en-US' LOCALE 'C'", {}, {}),
        ("ICU tr-TR", f"{provider} icu ICU_LOCALE 'tr-TR' LOCALE 'C'", {}, {}),
        ("libc C", f"{provider} libc LOCALE 'C'", {}, {}),
        ("settings of the database", "", SETTINGS, {}),
        ("settings of the client", "", {}, CLIENT),
    ):
        checks.group(f"answers with {name}")
        database = stores.fresh("found", options)
        for setting, value in settings.items():
            stores.server.execute("postgres", f'ALTER DATABASE "{stores.name(database)}" SET {setting} = \'{value}\'')
        asked = Asker(program, client)
        for verb in ("stored", "duplicates"):
            result = asked.run("ingest", "--json", "--db", database, path)
            checks.equal(result.code, 0, f"exit code of ingest ({result.brief()})")
            ledger = result.json_ledger
            checks.check(ledger is not None and getattr(ledger, verb) == ledger.read, f"all are {verb}", ledger)
        checks.same_outputs(expected, without_clock(outputs(asked, database, commands())), name)
        verified = asked.run("verify", "--db", database)
        checks.equal(verified.code, 0, f"verify ({verified.brief()})")
        done = asked.run("aggregate", "--db", database, "--keep-verdicts", "2d", "--now", NOW)
        checks.equal(done.code, 0, f"aggregate ({done.brief()})")
        verified = asked.run("verify", "--db", database)
        checks.equal(verified.code, 0, f"verify after it ({verified.brief()})")
        checks.check(b"DEBUG" not in verified.stderr + done.stderr, "the server's chatter is not passed on")
        stores.drop(database)


class Asker(Program):
    """The program with settings in its environment."""

    def __init__(self, program: Program, environment: dict[str, str]) -> None:
        super().__init__(program.path)
        self._environment |= environment


def check_encodings(checks: Checks, program: Program, stores: PostgresDatabases, path: str) -> None:
    checks.group("databases in other encodings are refused")
    for encoding in ("LATIN1", "SQL_ASCII"):
        database = stores.fresh("encoded", f"ENCODING '{encoding}' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")
        for command in (("ingest", path), ("migrate",), ("report", "safe-ratio"), ("aggregate",), ("verify",)):
            result = program.run(*command, "--db", database)
            # Assumption: such a database is one that failed, or one that cannot be reached.
            check_refused(checks, result, (1, 69), ("UTF8", encoding), f"{command[0]} of {encoding}")
        made = stores.server.value(stores.name(database), f"SELECT count(*) FROM pg_namespace WHERE nspname = '{SCHEMA}'")
        checks.equal(made, "0", f"nothing was made in {encoding}")


def check_rights(checks: Checks, program: Program, stores: PostgresDatabases, path: str) -> None:
    """Once the schema is current, workers need no right to change it, not even on a day that has no partition yet."""
    server = stores.server
    database = stores.fresh("roles")
    name = stores.name(database)
    worker, reader, nobody = (f"gt_{os.getpid()}_{role}" for role in ("worker", "reader", "nobody"))
    try:
        server.execute("postgres", "; ".join(f"CREATE ROLE {role} LOGIN" for role in (worker, reader, nobody)))
        server.execute("postgres", f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC; GRANT CONNECT ON DATABASE "{name}" TO {worker}, {reader}, {nobody}')
        server.execute(name, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
        urls = {role: server.url(name, user=role) for role in (worker, reader, nobody)}
        checks.group("a role that may not make tables")
        refused = program.ingest(urls[worker], path)
        check_refused(checks, refused, (1,), ("right",), "first use without the right to make a schema")
        checks.equal(program.run("migrate", "--db", database).code, 0, "migrate by the owner")
        check_refused(checks, program.ingest(urls[nobody], path), (1,), ("right",), "ingest without any right")
        server.execute(
            name,
            f"GRANT USAGE ON SCHEMA {SCHEMA} TO {worker}, {reader};"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO {worker};"
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {worker};"
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {worker};"
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {reader}",
        )
        result = program.ingest(urls[worker], path)
        checks.equal(result.code, 0, f"ingest ({result.brief()})")
        again = program.ingest(urls[worker], path)
        checks.check(again.code == 0 and again.json_ledger is not None and again.json_ledger.stored == 0, "ingest again", again.brief())
        times = ("2001-02-03T04:05:06Z", "2019-12-31T23:59:59Z", "2026-05-05T00:00:00Z")
        days = (f'{{"id":"far","time":"{time}","verdict":"safe"}}\n' for time in times)
        far = program.ingest(urls[worker], "--input-name", "far", stdin="".join(days).encode())
        checks.check(far.json_ledger is not None and far.json_ledger.stored == 3, "days that had no partition", far.brief())
        for role, label in ((worker, "worker"), (reader, "reader")):
            for command in READING:
                result = program.run(*command, "--db", urls[role])
                checks.equal(result.code, 0, f"{label}: {command[0]} ({result.brief()})")
        check_refused(checks, program.ingest(urls[reader], path), (1,), ("right",), "ingest by one who may only read")
        checks.equal(program.verify(database).code, 0, "verify by the owner")
        tables = server.value(name, f"SELECT count(*) FROM pg_class WHERE relowner IN ('{worker}'::regrole, '{reader}'::regrole)")
        checks.equal(tables, "0", "neither owns anything")
        checks.equal(program.aggregate(database).code, 0, "aggregate by the owner")
        limited = server.execute("postgres", f"ALTER ROLE {worker} CONNECTION LIMIT 0")
        checks.equal(limited, ["ALTER ROLE"], "no connections for the worker")
        check_refused(checks, program.ingest(urls[worker], path), (69,), (), "no connection left")
    finally:
        stores.drop(database)
        for role in (worker, reader, nobody):
            server.execute("postgres", f"DROP ROLE IF EXISTS {role}")


def check_first_uses(checks: Checks, program: Program, stores: PostgresDatabases, folder: str) -> None:
    checks.group("first uses at once")
    lines = list(traffic.records(400, 5, traffic.instant(FIRST), 4, "random", "uuid"))
    paths = []
    for number in range(4):
        paths.append(os.path.join(folder, f"first-{number}.ndjson"))
        traffic.write_file(paths[-1], iter(lines[number * 100 : number * 100 + 100]))
    for round_ in range(5):
        database = stores.fresh("first")
        processes = [program.start("ingest", "--json", "--db", database, path) for path in paths]
        processes.append(program.start("migrate", "--db", database))
        ended = [Result(process.wait(), *process.communicate()) for process in processes]
        checks.check(all(result.code == 0 for result in ended), f"round {round_ + 1}", [result.brief() for result in ended if result.code])
        versions = stores.value(database, "SELECT string_agg(version::text, ',' ORDER BY version) FROM schema_migrations")
        count = stores.value(database, "SELECT count(*) FROM verdicts")
        checks.equal((count, len(versions) > 0), ("400", True), f"round {round_ + 1}: all stored, migrated once ({versions})")
        checks.equal(program.verify(database).code, 0, f"round {round_ + 1}: verify")
        stores.drop(database)


def check_versions(checks: Checks, program: Program, stores: PostgresDatabases, path: str) -> None:
    """Programs of different ages meet one schema: neither may guess."""
    checks.group("older and newer schemas")
    database = stores.fresh("versions")
    checks.equal(program.ingest(database, path).code, 0, "ingest")
    newer, older = stores.copy(database, "newer"), stores.copy(database, "older")
    stores.execute(newer, "INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, 'later', 0)")
    stores.execute(older, "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)")
    for command in (("ingest", path), *READING, ("aggregate",), ("rebuild", *SPAN)):
        result = program.run(*command, "--db", newer)
        check_refused(checks, result, (1,), ("newer",), f"{command[0]} on a newer schema")
        result = program.run(*command, "--db", older)
        check_refused(checks, result, (1,), ("guardtally migrate",), f"{command[0]} on an older schema")
    check_refused(checks, program.run("migrate", "--db", newer), (1,), ("newer",), "migrate on a newer schema")
    status = program.run("migrate", "--status", "--db", older)
    checks.equal(status.code, 0, f"migrate --status ({status.brief()})")
    checks.check(len(status.stdout.splitlines()) >= 2 and b"applied" in status.stdout, "its lines", status.stdout)
    before = stores.value(older, "SELECT count(*) FROM schema_migrations")
    plan = program.run("migrate", "--show-sql", "--db", older)
    checks.check(plan.code == 0 and b";" in plan.stdout, "migrate --show-sql shows what it would do", plan.brief())
    checks.equal(stores.value(older, "SELECT count(*) FROM schema_migrations"), before, "and does not do it")
    checks.equal(program.verify(database).code, 0, "the store of the right age")
    empty = stores.fresh("empty")
    checks.equal(program.run("migrate", "--status", "--db", empty).code in (0, 69), True, "migrate --status of an empty database")
    checks.check(not stores.server.has_tables(stores.name(empty)), "which makes nothing")
    for command in READING:
        checks.equal(program.run(*command, "--db", empty).code, 69, f"{command[0]} of an empty database")
    checks.check(not stores.server.has_tables(stores.name(empty)), "reading makes nothing")


def check_schemas(checks: Checks, program: Program, stores: PostgresDatabases, path: str) -> None:
    """Two stores in one database know nothing of each other, whatever they are called."""
    checks.group("schemas")
    database = stores.fresh("schemas")
    one = '{"id":"one","time":"2026-03-02T00:00:00Z","verdict":"unsafe"}\n'.encode()
    names = ("guardtally", "team_b", "Team B", 'we"ird', "sch\u00e9ma; DROP TABLE x")
    for number, schema in enumerate(names):
        result = program.ingest(database, "--schema", schema, "--input-name", "one", stdin=one * (number + 1))
        checks.check(result.json_ledger is not None and result.json_ledger.stored == 1, f"{schema}: ingest", result.brief())
    program.ingest(database, "--schema", names[1], path)
    for schema in (names[0], *names[2:]):
        report = program.run("report", "safe-ratio", *SPAN, "--schema", schema, "--db", database)
        checks.check(b",1,0,0,1,0," in report.stdout, f"{schema}: one verdict", report.brief())
        checks.equal(program.run("aggregate", "--schema", schema, "--db", database).code, 0, f"{schema}: aggregate")
        checks.equal(program.run("verify", "--schema", schema, "--db", database).code, 0, f"{schema}: verify")
    found = stores.server.rows(stores.name(database), "SELECT nspname FROM pg_namespace")
    checks.check(set(names) <= {row[0] for row in found}, "the schemas are there by their names", found)
    public = stores.server.value(stores.name(database), "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    checks.equal(public, "0", "nothing in public")
    checks.equal(program.run("report", "safe-ratio", "--schema", "absent", "--db", database).code, 69, "an absent schema")


def check_connections(checks: Checks, program: Program, path: str) -> None:
    """A password is never repeated, neither right nor wrong, nor in an address that is not understood."""
    with Cluster() as cluster:
        hba = os.path.join(cluster.data, "pg_hba.conf")
        with open(hba, encoding="utf-8") as file:
            trusting = file.read()
        with open(hba, "w", encoding="utf-8") as file:
            file.write("host all keeper 127.0.0.1/32 scram-sha-256\nlocal all keeper scram-sha-256\n" + trusting)
        cluster.execute("postgres", "SELECT pg_reload_conf()")
        right, wrong, encoded = "Corr3ct-h0rse", "Wr0ng-battery", "Corr3ct%2Dh0rse"
        cluster.execute("postgres", f"CREATE ROLE keeper LOGIN PASSWORD '{right}'; GRANT CREATE ON DATABASE postgres TO keeper")
        cluster.execute("postgres", "ALTER DATABASE postgres OWNER TO keeper")
        checks.group("connections")
        base = f"127.0.0.1:{cluster.port}"
        passfile = os.path.join(os.path.dirname(path), "passwords")
        with open(passfile, "w", encoding="utf-8") as file:
            file.write(f"127.0.0.1:{cluster.port}:*:keeper:{right}\n")
        os.chmod(passfile, 0o600)
        socket = os.path.dirname(cluster.data)
        for name, url, environment in (
            ("a password in the URL", f"postgres://keeper:{right}@{base}/postgres", {}),
            ("an encoded password, postgresql://", f"postgresql://keeper:{encoded}@{base}/postgres", {}),
            ("a password as a parameter", f"postgres://keeper@{base}/postgres?password={right}&application_name=x", {}),
            ("PGPASSWORD", f"postgres://keeper@{base}/postgres", {"PGPASSWORD": right}),
            ("a password file", f"postgres://keeper@{base}/postgres", {"PGPASSFILE": passfile}),
            ("PG variables alone", "postgres://", {"PGHOST": "127.0.0.1", "PGPORT": str(cluster.port), "PGUSER": "keeper",
                                                   "PGPASSWORD": right, "PGDATABASE": "postgres"}),
            ("several hosts", f"postgres://keeper:{right}@127.0.0.1:1,{base}/postgres", {}),
            ("a socket", f"postgres://postgres@/postgres?host={socket}&port={cluster.port}", {}),
        ):  # fmt: skip
            result = program.run("ingest", "--db", url, path, environment=environment)
            checks.equal(result.code, 0, f"{name} ({result.brief()})")
            checks.check(right.encode() not in result.stdout + result.stderr, f"{name}: is not repeated", result.stderr)
        result = program.run("verify", environment={"GUARDTALLY_DB": f"postgres://keeper:{right}@{base}/postgres"})
        checks.equal(result.code, 0, f"GUARDTALLY_DB ({result.brief()})")
        for name, code, url in (
            ("a wrong password", 69, f"postgres://keeper:{wrong}@{base}/postgres"),
            ("a wrong password as a parameter", 69, f"postgres://keeper@{base}/postgres?password={wrong}"),
            ("no password", 69, f"postgres://keeper@{base}/postgres"),
            ("a role that does not exist", 69, f"postgres://stranger:{wrong}@{base}/postgres"),
            ("a database that does not exist", 69, f"postgres://postgres:{wrong}@{base}/absent"),
            ("a host that does not exist", 69, f"postgres://keeper:{wrong}@host.invalid/postgres"),
            ("a port where nobody listens", 69, f"postgres://keeper:{wrong}@127.0.0.1:1/postgres"),
            ("a socket that does not exist", 69, f"postgres://keeper:{wrong}@/postgres?host=/nonexistent"),
            ("a parameter that does not exist", 64, f"postgres://keeper:{wrong}@{base}/postgres?bogus=1"),
            ("a port that is none", 64, f"postgres://keeper:{wrong}@127.0.0.1:port/postgres"),
            ("a bracket that is not closed", 64, f"postgres://keeper:{wrong}@[::1/postgres"),
            ("a password with a bad escape", 64, f"postgres://keeper:{wrong}%zz@{base}/postgres"),
        ):
            for command in (("ingest", path), ("report", "safe-ratio"), ("aggregate",)):
                result = program.run(*command, "--db", url)
                # Assumption: an address that cannot be read may be wrong usage or a database out of reach.
                check_refused(checks, result, (64, 69) if code == 64 else (69,), (), f"{command[0]}, {name}")
                said = result.stdout + result.stderr
                checks.check(wrong.encode() not in said and b"battery" not in said, f"{command[0]}, {name}: no password", said)
        metrics = program.run("metrics", "--db", f"postgres://keeper:{wrong}@{base}/postgres")
        samples = [line for line in metrics.stdout.splitlines() if not line.startswith(b"#")]
        checks.equal((metrics.code, samples), (69, [b"guardtally_store_up 0"]), "metrics without the right password")
        check_read_only(checks, program, cluster, path)


def check_read_only(checks: Checks, program: Program, server: Server, path: str) -> None:
    """A standby, or a database that is set so: reading goes on, and writing says why not."""
    url = server.url("postgres")
    server.execute("postgres", "ALTER DATABASE postgres SET default_transaction_read_only = on")
    for command in READING:
        result = program.run(*command, "--db", url)
        checks.equal(result.code, 0, f"{command[0]} of a database set to be read only ({result.brief()})")
    result = program.ingest(url, path)
    # Assumption: a writer may overrule what is only a default.
    if result.code != 0:
        check_refused(checks, result, (1, 69), ("read",), "ingest into a database set to be read only")
    server.execute("template1", "ALTER DATABASE postgres RESET default_transaction_read_only")
    checks.equal(program.verify(url).code, 0, "verify afterwards")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rows", type=int, default=4_000)
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks("server")
    with tempfile.TemporaryDirectory() as folder, PostgresDatabases() as stores:
        path = os.path.join(folder, "verdicts.ndjson")
        write_traps(path, options.rows)
        check_collations(checks, program, stores, folder, path)
        check_encodings(checks, program, stores, path)
        check_rights(checks, program, stores, path)
        check_first_uses(checks, program, stores, folder)
        check_versions(checks, program, stores, path)
        check_schemas(checks, program, stores, path)
        check_connections(checks, program, path)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
