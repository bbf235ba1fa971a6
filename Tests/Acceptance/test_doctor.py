"""`doctor` on stores and machines that are well, and on some that are not.

    python test_doctor.py --binary PATH [--store sqlite|postgres]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

from harness import Checks, Program
from postgres import SCHEMA, Cluster, PostgresDatabases

LINE = re.compile(r"(ok|warning|failure) +(\w+) +(.+)")


def findings(output: bytes) -> dict[str, str]:
    """The grade of each subject."""
    return {match[2]: match[1] for line in output.decode().splitlines() if (match := LINE.fullmatch(line))}


def well(checks: Checks, program: Program, database: str, subjects: set[str]) -> None:
    before = program.run("doctor", "--db", database)
    checks.equal((before.code, findings(before.stdout).get("schema")), (0, "warning"), "no store yet: a warning")
    generated = program.run("generate", "--rows", "100").stdout
    checks.equal(program.ingest(database, "-", stdin=generated).code, 0, "a store")
    result = program.run("doctor", "--db", database)
    found = findings(result.stdout)
    checks.check(result.code == 0 and set(found) == subjects and set(found.values()) <= {"ok", "warning"}, "a store that is well", result.stdout)
    checks.equal(program.verify(database).code, 0, "nothing was stored")
    late = program.ingest(database, "--time-ahead-max", "9000d", "--allow-synthetic", "-", stdin=b'{"id":"late","time":"2035-01-01T00:00:00Z","verdict":"safe"}')
    checks.equal(late.code, 0, "a verdict that is yet to come")
    checks.equal(findings(program.run("doctor", "--db", database).stdout).get("time"), "warning", "is told")
    version = program.run("--version").stdout.decode()
    checks.check(re.fullmatch(r"guardtally \d+\.\d+\.\d+, schema \d+, SQLite 3\.\d+\.\d+, libpq \d+\.\d+\n", version), "--version", version)


def sqlite(checks: Checks, program: Program, folder: str) -> None:
    well(checks, program, os.path.join(folder, "well.db"), {"library", "writing", "space", "sync", "schema", "pages", "time"})
    damaged = os.path.join(folder, "damaged.db")
    program.ingest(damaged, "-", stdin=program.run("generate", "--rows", "1000").stdout)
    with open(damaged, "r+b") as file:
        file.seek(20_000)
        file.write(random.Random(4).randbytes(30_000))
    result = program.run("doctor", "--db", damaged)
    checks.check(result.code == 1 and "failure" in findings(result.stdout).values(), "a damaged file", result.stdout)
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(damaged + suffix):
            os.unlink(damaged + suffix)
    foreign = os.path.join(folder, "foreign.db")
    with open(foreign, "wb") as file:
        file.write(b"this is no database at all, but some text that is long enough" * 20)
    result = program.run("doctor", "--db", foreign)
    checks.check(result.code == 1 and findings(result.stdout).get("schema") == "failure", "another file", result.stdout)
    nowhere = program.run("doctor", "--db", os.path.join(folder, "no", "such.db"))
    checks.check(nowhere.code == 1 and findings(nowhere.stdout).get("writing") == "failure", "a folder that is not there", nowhere.stdout)
    checks.equal(sorted(os.listdir(folder)), ["foreign.db", "well.db"], "it leaves no file behind")
    small = os.path.join(folder, "small")
    os.makedirs(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", small], capture_output=True, check=False).returncode == 0:
        try:
            result = program.run("doctor", "--db", os.path.join(small, "x.db"))
            checks.check(result.code == 0 and findings(result.stdout).get("space") == "warning", "a small disk", result.stdout)
        finally:
            subprocess.run(["umount", small], check=True)
    else:
        print("  this user may not mount a small file system: the small disk was not tried")


def postgres(checks: Checks, program: Program) -> None:
    with Cluster() as cluster:
        stores = PostgresDatabases(cluster)
        database = stores.fresh("well")
        well(checks, program, database, {"library", "server", "writing", "locale", "clock", "sync", "schema", "time"})
        cluster.execute(stores.name(database), "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA guardtally TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA guardtally TO reader")
        reading = program.run("doctor", "--db", database.replace("postgres@", "reader@"))
        checks.check(reading.code == 0 and findings(reading.stdout).get("writing") == "warning" and b"store nothing" in reading.stdout, "a role that may only read", reading.stdout)
        own = cluster.create_database("own", "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C.UTF-8' ENCODING 'UTF8'")
        checks.check(b"collation de-DE;" in program.run("doctor", "--db", own).stdout, "the collation that counts", program.run("doctor", "--db", own).stdout)
        cluster.execute(stores.name(database), f"DELETE FROM {SCHEMA}.schema_migrations WHERE version = (SELECT max(version) FROM {SCHEMA}.schema_migrations)")
        behind = program.run("doctor", "--db", database)
        checks.check(behind.code == 1 and findings(behind.stdout).get("schema") == "failure" and b"guardtally migrate" in behind.stdout, "a schema that is behind", behind.stdout)
        latin = cluster.create_database("latin", "TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C' ENCODING 'LATIN1'")
        encoding = program.run("doctor", "--db", latin)
        checks.check(encoding.code == 1, "a database that is not in UTF-8", encoding.stdout)
        cluster.stop("fast")
        gone = program.run("doctor", "--db", database)
        checks.check(gone.code == 1 and findings(gone.stdout).get("server") == "failure" and b"Traceback" not in gone.stderr, "a server that is away", gone.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    checks = Checks(f"doctor, {options.store}")
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        checks.group("doctor")
        if options.store == "sqlite":
            sqlite(checks, program, folder)
        else:
            postgres(checks, program)
        checks.end_group()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
