"""Periods added up: they change no answer, never outlive what they were added up from, and `verify` proves them.

    python test_periods.py --binary PATH [--store sqlite|postgres] [--rows N] [--rounds N] [--seed N]

The oracle is the same store without them: every report and exposition must be the same to the byte. test_recount.py holds both
against another engine.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator

import traffic
from harness import Checks, Program, outputs
from postgres import add_store_option, databases

FIRST, DAYS = "2026-03-02", 6
NOW, EDGE = "2026-03-09T00:10:00Z", "2026-03-08"
# The sixteen days that these are of are over: 2026-02-28 to 2026-03-15.
LATE = "2026-04-01T00:10:00Z"
REPLIES = {
    "qwen3guard-gen": ["Safety: Unsafe\nCategories: Violent, PII", "Safety: Safe\nCategories: None", "Safety: Controversial\nCategories: Politically Sensitive Topics"],
    "llama-guard-3": ["unsafe\nS1,S10", "unsafe\nS1", "safe", "unsafe\nS99", "no verdict"],
}
SPANS = (
    (f"{FIRST}T00:00:00Z", f"{EDGE}T00:00:00Z"), ("2026-03-02T05:00:00Z", "2026-03-07T17:07:00Z"), ("2026-03-03", "2026-03-04"),
    ("2026-02-01", "2026-04-01"), ("2026-03-02T23:59:59.999999Z", "2026-03-04T00:00:00.000001Z"), ("2026-03-04T12:00:00Z", "2026-03-05T12:00:00Z"),
)  # fmt: skip
DIMENSIONS = ("source", "model", "stage", "method", "language", "region")
QUESTIONS = (
    ("safe-ratio",), ("categories",), ("latency",), ("errors",), ("categories", "--native"), ("categories", "--taxonomy", "mlcommons"),
)  # fmt: skip
WHERE = ((), (), ("--where", "language=en,zh*"), ("--where", "region=US,CN", "--where", "stage=prompt"), ("--where", "model=*"), ("--where", "source=nobody"))
SUMMARIES = "SELECT count(*) FROM period_tallies"


def replies(rows: int, seed: int) -> list[str]:
    random_ = random.Random(seed)
    made = []
    for index in range(rows):
        format_ = random_.choice(list(REPLIES))
        at = traffic.instant(FIRST) + random_.randrange(DAYS * traffic.DAY)
        made.append(json.dumps({
            "id": f"reply-{seed}-{index}", "time": at / 1e6, "source": random_.choice(("gateway", "batch")), "model": "a", "format": format_,
            "language": random_.choice(("en", "zh", "zh-Hant")), "region": random_.choice(("US", "CN")), "output": random_.choice(REPLIES[format_]),
        }))  # fmt: skip
    return made


def plain(rows: int, seed: int) -> list[str]:
    """Verdicts of few values each, so that every kind of period tally is worth keeping."""
    random_ = random.Random(seed)
    made = []
    for index in range(rows):
        at = traffic.instant(FIRST) + random_.randrange(DAYS * traffic.DAY)
        verdict = random_.choice(("safe", "safe", "safe", "controversial", "unsafe", "error"))
        record = {"id": f"plain-{seed}-{index}", "time": at / 1e6, "source": "gateway", "verdict": verdict,
                  "model": random_.choice(("a", "b")), "stage": random_.choice(("prompt", "response")), "method": random_.choice(("judge", "chat")),
                  "language": random_.choice(("en", "zh")), "region": random_.choice(("US", "CN"))}  # fmt: skip
        if random_.random() < 0.8:
            record["latency_ms"] = random_.choice((1, 12.5, 80, 250.25, 3000))
        if verdict in ("controversial", "unsafe"):
            record["risk_types"] = random_.choice((["violence"], ["hate", "violence"], []))
        elif verdict == "error":
            record["error_cause"] = random_.choice(("timeout", "http"))
        made.append(json.dumps(record))
    return made


def questions(random_: random.Random, count: int) -> Iterator[tuple[str, ...]]:
    """Every report by every set of up to three dimensions, in spans that cut days and in zones whose days are others."""
    sets = [by for size in range(4) for by in itertools.combinations(DIMENSIONS, size)] + [DIMENSIONS]
    every = [(report, by) for report in QUESTIONS for by in sets]
    random_.shuffle(every)
    for report, by in every[:count]:
        begin, end = random_.choice(SPANS)
        command = ["report", *report, "--from", begin, "--to", end, "--format", "csv"]
        command += ["--by", ",".join(by)] if by else []
        command += random_.choice(WHERE)
        command += random_.choice(((), (), ("--every", "1d"), ("--every", "1w", "--tz", "Asia/Kolkata"), ("--every", "1mo"), ("--every", "1h")))
        yield tuple(command)
    for hours in (1, 30, 60):
        yield ("metrics", "--now", f"2026-03-0{7 - hours // 24}T12:07:30Z")


def added_up(stores: object, database: str) -> set[int]:
    """Days that are added up, counted from the first."""
    text = stores.value(database, "SELECT " + ("string_agg" if stores.kind == "postgres" else "group_concat") + "(CAST(day AS text), ' ') FROM (SELECT DISTINCT tally / 256 AS day FROM period_tallies WHERE tally % 256 < 128) AS days")
    return {int(day) - traffic.instant(FIRST) // traffic.DAY for day in text.split()}


def sixteens(stores: object, database: str) -> int:
    """How many times sixteen days are added up."""
    return int(stores.value(database, "SELECT count(DISTINCT tally / 256) FROM period_tallies WHERE tally % 256 >= 128"))


def ingest(program: Program, database: str, lines: list[str]) -> None:
    result = program.ingest(database, "-", stdin="\n".join(lines).encode())
    assert result.code == 0, result.brief()


def check_same(checks: Checks, program: Program, stores: object, database: str, name: str, random_: random.Random, count: int) -> None:
    """The answers of a store are those that it gives without its days."""
    plain = stores.copy(database, "plain")
    stores.execute(plain, "DELETE FROM period_tallies")
    asked = list(questions(random_, count))
    checks.same_outputs(outputs(program, plain, asked), outputs(program, database, asked), name)
    for kind, one in (("with", database), ("without", plain)):
        verified = program.verify(one)
        checks.equal(verified.code, 0, f"{name}: verify {kind} ({verified.brief()} {verified.stdout[-300:]!r})")
    stores.drop(plain)


def same_answers(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    random_ = random.Random(options.seed)
    varied = list(traffic.records(options.rows, options.seed, traffic.instant(FIRST), DAYS, "random", "uuid")) + replies(options.rows // 4, options.seed)
    for parts, lines in ((1, varied), (3, plain(options.rows, options.seed) + replies(options.rows // 4, options.seed))):
        random_.shuffle(lines)
        database = stores.fresh(f"same{parts}")
        ingest(program, database, lines[: len(lines) * 2 // 3])
        checks.equal(program.aggregate(database, "--now", LATE).code, 0, "aggregate")
        checks.equal((added_up(stores, database), sixteens(stores, database)), (set(range(DAYS)), 1), "all days are added up, and sixteen")
        if parts == 3:
            checks.equal(stores.value(database, "SELECT count(DISTINCT tally % 256) FROM period_tallies"), "56", "every kind is kept where it is worth it")
        check_same(checks, program, stores, database, f"added up, {parts}", random_, options.questions)
        rest = lines[len(lines) * 2 // 3 :]
        for part in range(parts):
            ingest(program, database, rest[part::parts])
        check_same(checks, program, stores, database, f"late verdicts of all days, {parts}", random_, options.questions // 2)
        checks.equal(program.aggregate(database, "--now", LATE).code, 0, "aggregate again")
        checks.equal((added_up(stores, database), sixteens(stores, database)), (set(range(DAYS)), 1), "and added up again")
        check_same(checks, program, stores, database, f"added up again, {parts}", random_, options.questions // 2)


def many_days(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """So many bytes of period tallies that two threads share them."""
    database = stores.fresh("many")
    made = program.run("generate", "--rows", str(options.rows * 8), "--days", "60", "--seed", str(options.seed), "--start", FIRST).stdout
    checks.equal(program.ingest(database, "-", stdin=made).code, 0, "ingest")
    checks.equal(program.aggregate(database, "--now", "2026-06-01T00:00:00Z").code, 0, "aggregate")
    kept = int(stores.value(database, "SELECT sum(length(cells)) FROM period_tallies WHERE tally % 256 = 69"))
    checks.check(kept > 1 << 17, "as many bytes as are shared", kept)
    without = stores.copy(database, "without")
    stores.execute(without, "DELETE FROM period_tallies")
    asked = [
        ("report", *report, "--from", begin, "--to", "2026-05-02", "--by", by, "--format", "csv", *more)
        for report in QUESTIONS for by in ("language", "region", "stage,language") for begin in (FIRST, "2026-03-02T07:30:00Z")
        for more in ((), ("--every", "1mo"), ("--where", "language=en,zh,de"))
    ]  # fmt: skip
    expected = outputs(program, without, asked)
    checks.same_outputs(expected, outputs(program, database, asked), "sixteen days where they fit")
    stores.execute(database, "DELETE FROM period_tallies WHERE tally % 256 >= 128")
    checks.same_outputs(expected, outputs(program, database, asked), "many days")
    broken = f"UPDATE period_tallies SET cells = (SELECT cells FROM tallies LIMIT 1) WHERE tally % 256 = 69 AND tally / 256 = {traffic.instant(FIRST) // traffic.DAY + 31}"
    stores.execute(database, broken)
    shown = program.run("report", "latency", "--from", FIRST, "--to", "2026-05-02", "--by", "language", "--db", database)
    checks.check(shown.code == 1 and shown.stdout.count(b"\n") <= 1 and b"is damaged" in shown.stderr, "damage in the second thread's half is told", shown.brief())


def which_days(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """Days that are over; again after whatever changed them, and only those."""
    database = stores.fresh("which")
    lines = list(traffic.records(3_000, 5, traffic.instant(FIRST), DAYS, "random", "uuid"))
    ingest(program, database, lines)
    cases = (
        ("2026-03-03T00:09:59.999999Z", set()), ("2026-03-03T00:10:00Z", {0}), ("2026-03-04T12:00:00Z", {0, 1}), (NOW, set(range(DAYS))),
    )  # fmt: skip
    for now, days in cases:
        checks.equal(program.aggregate(database, "--now", now).code, 0, f"aggregate --now {now}")
        checks.equal(added_up(stores, database), days, f"days that are over at {now}")
    checks.equal(sixteens(stores, database), 0, "sixteen days are not over")
    for now, count in (("2026-03-16T00:09:59Z", 0), ("2026-03-16T00:10:00Z", 1)):
        program.aggregate(database, "--now", now)
        checks.equal(sixteens(stores, database), count, f"sixteen days at {now}")
    before = stores.value(database, SUMMARIES)
    ingest(program, database, lines)
    program.aggregate(database, "--now", "2026-03-02T00:00:00Z")
    checks.equal(stores.value(database, SUMMARIES), before, "duplicates change nothing")
    one = json.dumps({"id": "late", "time": "2026-03-04T10:00:00Z", "verdict": "unsafe", "risk_types": ["violence"]})
    ingest(program, database, [one])
    program.aggregate(database, "--now", "2026-03-02T00:00:00Z")
    checks.equal((added_up(stores, database), sixteens(stores, database)), ({0, 1, 3, 4, 5}, 0), "a late verdict undoes its own day, and the sixteen")
    program.aggregate(database, "--now", LATE)
    checks.equal(sixteens(stores, database), 1, "which are added up again")
    checks.equal(program.run("rebuild", "--db", database, "--from", "2026-03-03T10:00:00Z", "--to", "2026-03-03T10:15:00Z").code, 0, "rebuild")
    checks.equal((added_up(stores, database), sixteens(stores, database)), ({0, 2, 3, 4, 5}, 0), "rebuild undoes the days it looks at")
    program.aggregate(database, "--now", LATE)
    done = program.run("discard", "--db", database, "--from", "2026-03-05T00:00:00Z", "--to", "2026-03-05T06:00:00Z", "--yes")
    checks.check(done.code == 0 and not done.stdout.startswith(b"discarded=0 "), "discard", done.brief())
    checks.equal((added_up(stores, database), sixteens(stores, database)), ({0, 1, 2, 4, 5}, 0), "discard undoes the days it takes from")
    program.aggregate(database, "--now", LATE)
    check_same(checks, program, stores, database, "after all that", random.Random(3), 60)
    kept = program.aggregate(database, "--now", NOW, "--keep-verdicts", "32d", "--textfile", os.devnull)
    checks.equal(kept.code, 0, f"aggregate --keep-verdicts ({kept.brief()})")


def sealed_days(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """Days whose verdicts were dropped are answered, or refused, as they were without being added up."""
    database = stores.fresh("sealed")
    ingest(program, database, plain(options.rows, 6) + replies(500, 6))
    checks.equal(program.aggregate(database, "--now", NOW).code, 0, "aggregate")
    whole = ("report", "safe-ratio", "--from", FIRST, "--to", EDGE, "--format", "csv", "--by", "region")
    mixed = ("report", "safe-ratio", "--from", FIRST, "--to", EDGE, "--format", "csv", "--by", "source,language")
    before = outputs(program, database, [whole, mixed])
    done = program.aggregate(database, "--now", NOW, "--keep-verdicts", "4d")
    checks.check(done.code == 0 and done.aggregation is not None and done.aggregation.days_dropped == 3, "three days dropped", done.brief())
    checks.equal(added_up(stores, database), {3, 4, 5}, "dropped days are not added up")
    program.aggregate(database, "--now", NOW)
    checks.equal(added_up(stores, database), {3, 4, 5}, "and not again")
    after = outputs(program, database, [whole, mixed])
    checks.equal(after[" ".join(whole)], before[" ".join(whole)], "what tallies tell is answered as before")
    checks.check(b"have been dropped" in after[" ".join(mixed)], "the rest is refused as ever", after[" ".join(mixed)][:200])
    checks.equal(program.verify(database).code, 0, "verify")
    # Rows below the floor are nobody's: found, not read, and removed by any rebuild.
    stores.execute(database, f"INSERT INTO period_tallies SELECT tally - 768, cells FROM period_tallies WHERE tally / 256 = {traffic.instant('2026-03-05') // traffic.DAY}")
    verified = program.verify(database)
    checks.check(verified.code == 1 and b"before the floor" in verified.stdout, "one below the floor is found", verified.stdout[-300:])
    checks.equal(outputs(program, database, [whole])[" ".join(whole)], before[" ".join(whole)], "and not read")
    checks.equal(program.run("rebuild", "--db", database, "--from", "2026-03-05", "--to", EDGE).code, 0, "rebuild")
    checks.equal(program.verify(database).code, 0, "mends it")
    # The floor passes over days without verdicts, into sixteen days that are added up.
    gap = stores.fresh("gap")
    verdicts = [("2025-12-20T12:00:00Z", 1)] + [(f"2025-12-31T{hour:02}:00:00Z", 9) for hour in range(24)] + [(f"2026-01-{day:02}T12:00:00Z", 20) for day in range(1, 20)]
    ingest(program, gap, [json.dumps({"id": f"{at}-{index}", "time": at, "verdict": "safe"}) for at, count in verdicts for index in range(count)])
    for keeping in ((), ("--keep-verdicts", "22d")):
        checks.equal(program.aggregate(gap, "--now", "2026-01-20T01:00:00Z", *keeping).code, 0, f"aggregate {keeping}")
        verified = program.verify(gap)
        checks.equal(verified.code, 0, f"verify {keeping} ({verified.stdout[-300:]!r})")


def tampered(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """Numbers that nobody can have counted, in bytes whose checksum fits, are damage and never a crash."""
    database = stores.fresh("tampered")
    ingest(program, database, plain(2_000, 4))
    program.aggregate(database, "--now", LATE)
    huge = bytes([2, 1, 0x01]) + bytes([0xFF] * 8 + [0x7F])
    cells = huge + crc32c(huge).to_bytes(4, "little")
    literal = f"decode('{cells.hex()}', 'hex')" if stores.kind == "postgres" else f"x'{cells.hex()}'"
    day = traffic.instant("2026-03-04") // traffic.DAY
    asked = ("report", "safe-ratio", "--from", FIRST, "--to", EDGE)
    whole = program.run(*asked, "--db", database).stdout
    for name, sql in (
        ("period tallies", f"UPDATE period_tallies SET cells = {literal} WHERE tally % 256 = 0"),
        ("overall tallies", f"UPDATE tallies SET cells = {literal} WHERE tally < 4294967296 AND tally / 96 = {day}"),
    ):
        changed = stores.copy(database, "changed")
        stores.execute(changed, sql)
        for command in (("verify",), asked, ("metrics", "--now", "2026-03-05T00:00:00Z"), ("aggregate", "--now", NOW)):
            result = program.run(*command, "--db", changed)
            expected = (0,) if command[0] == "aggregate" else (0, 1) if command[0] == "metrics" else (1,)
            if command == asked and result.code == 0:
                # Answered from what is intact.
                checks.equal(result.stdout, whole, f"{name}: {command[0]}")
            else:
                checks.check(result.code in expected, f"{name}: {command[0]}", result.brief())
        checks.equal(program.run("rebuild", "--db", changed, "--from", FIRST, "--to", EDGE).code, 0, f"{name}: rebuild")
        checks.equal(program.verify(changed).code, 0, f"{name}: verify after it")
        stores.drop(changed)
    changed = stores.copy(database, "changed")
    sums = bytes([2]) + bytes([0xD8, 0x04]) + 600 * (bytes([0x20]) + bytes([0xFF] * 8 + [0x3F]) + bytes([1, 5, 1]))
    sums += crc32c(sums).to_bytes(4, "little")
    literal_sums = f"decode('{sums.hex()}', 'hex')" if stores.kind == "postgres" else f"x'{sums.hex()}'"
    stores.execute(changed, f"UPDATE period_tallies SET cells = {literal_sums} WHERE tally % 256 = 64")
    result = program.run("report", "latency", "--from", FIRST, "--to", EDGE, "--db", changed)
    checks.check(result.code == 1 and b"is damaged" in result.stderr, "sums that cannot be added are damage", result.brief())
    stores.execute(changed, "UPDATE job_runs SET started_at = -9223372036854775807 - 1")
    process = program.start("aggregate", "--db", changed, "--every", "1s")
    time.sleep(0.7)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    checks.check(process.returncode in (0, 130, -signal.SIGTERM), "a run that began before time is no crash", process.returncode)
    stores.drop(changed)
    for number in (9223372036854775807, -9223372036854775808, 750821632):
        changed = stores.copy(database, "changed")
        stores.execute(changed, f"INSERT INTO period_tallies VALUES ({number}, {literal})")
        verified = program.verify(changed)
        checks.check(verified.code == 1 and f"period tally {number}:".encode() in verified.stdout, f"{number}: found", verified.stdout[-200:])
        checks.equal(program.run("rebuild", "--db", changed, "--from", FIRST, "--to", EDGE).code, 0, f"{number}: rebuild")
        checks.equal(program.verify(changed).code, 0, f"{number}: verify after it")
        stores.drop(changed)


def crc32c(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def older_writer(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """On SQLite a writer that was there before the migration knows no period tallies; the schema undoes all when it commits."""
    database = stores.fresh("older")
    ingest(program, database, plain(3_000, 4))
    program.aggregate(database, "--now", NOW)
    columns = "input, started_at, read, stored, duplicates, conflicts, rejected, unrecognised, checksum"
    for name, sql in (
        ("begins a run", f"INSERT INTO ledger (run, {columns}) SELECT run + 1000, {columns} FROM ledger"),
        ("goes on with one", "UPDATE ledger SET knows_periods = NULL"),
    ):
        changed = stores.copy(database, "changed")
        stores.execute(changed, sql)
        checks.equal(added_up(stores, changed), set(), f"an older writer {name}")
        stores.drop(changed)
    checks.equal(added_up(stores, database), set(range(DAYS)), "others leave what is added up")


def damage(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """Whatever is changed behind the program's back is found, and no wrong number is shown where the bytes tell."""
    database = stores.fresh("whole")
    ingest(program, database, plain(options.rows, 9))
    checks.equal(program.aggregate(database, "--now", LATE).code, 0, "aggregate")
    day, other = traffic.instant("2026-03-04") // traffic.DAY, traffic.instant("2026-03-05") // traffic.DAY
    sub = "substring(cells FROM 1 FOR length(cells) - 1)" if stores.kind == "postgres" else "substr(cells, 1, length(cells) - 1)"
    flip = "set_bit(cells, 70, 1 - get_bit(cells, 70))" if stores.kind == "postgres" else "CAST(substr(cells, 1, 8) || x'FF' || substr(cells, 10) AS BLOB)"
    cases = (
        ("another day's counts", f"UPDATE period_tallies SET cells = (SELECT cells FROM period_tallies WHERE tally = {other * 256 + 5}) WHERE tally = {day * 256 + 5}", False),
        ("another day's latencies", f"UPDATE period_tallies SET cells = (SELECT cells FROM period_tallies WHERE tally = {other * 256 + 69}) WHERE tally = {day * 256 + 69}", False),
        ("another day's names", f"UPDATE period_tallies SET cells = (SELECT cells FROM period_tallies WHERE tally = {other * 256 + 17}) WHERE tally = {day * 256 + 17}", False),
        ("a byte changed", f"UPDATE period_tallies SET cells = {flip} WHERE tally = {day * 256 + 5}", True),
        ("cut", f"UPDATE period_tallies SET cells = {sub} WHERE tally = {day * 256 + 5}", True),
        ("emptied", f"UPDATE period_tallies SET cells = {'decode(md5(chr(1)), chr(104) || chr(101) || chr(120))' if stores.kind == 'postgres' else chr(120) + chr(39) + chr(39)} WHERE tally = {day * 256 + 5}", True),
        ("one deleted", f"DELETE FROM period_tallies WHERE tally = {day * 256 + 5}", False),
        ("one of another day", f"UPDATE period_tallies SET tally = tally + 25600 WHERE tally = {day * 256 + 5}", False),
        ("one of no combination", f"UPDATE period_tallies SET tally = tally + 40 WHERE tally = {day * 256 + 5}", False),
        ("one below nothing", f"UPDATE period_tallies SET tally = -7 WHERE tally = {day * 256 + 5}", False),
    )  # fmt: skip
    sixteen = day // 16 * 16
    cases += tuple(
        (f"of sixteen days: {name}", sql.replace(str(day * 256 + 5), str(sixteen * 256 + 133)), is_told)
        for name, sql, is_told in cases if str(day * 256 + 5) in sql and "another" not in name
    ) + (
        ("sixteen days' counts as a day's", f"UPDATE period_tallies SET cells = (SELECT cells FROM period_tallies WHERE tally = {sixteen * 256 + 133}) WHERE tally = {day * 256 + 5}", False),
        ("sixteen days that begin within others", f"UPDATE period_tallies SET tally = tally + 256 WHERE tally = {sixteen * 256 + 133}", False),
    )  # fmt: skip
    for name, sql, is_told in cases:
        # The question is one that the changed row would answer: of a day by language, or of sixteen days.
        asked = ("report", "safe-ratio", "--from", *(("2026-02-01", "--to", "2026-04-01") if "sixteen" in name else (FIRST, "--to", EDGE)), "--by", "language", "--format", "csv")
        whole = outputs(program, database, [asked])[" ".join(asked)]
        name_of_damage = b"the tally of language of " + (b"16 days from 2026-02-28" if "sixteen" in name else b"2026-03-04") + b" is damaged"
        damaged = stores.copy(database, "damaged")
        stores.execute(damaged, sql)
        verified = program.verify(damaged)
        checks.check(verified.code == 1 and b"tally" in verified.stdout, f"{name}: found", (verified.brief(), verified.stdout[-300:]))
        shown = program.run(*asked, "--db", damaged)
        if is_told:
            checks.check(shown.code == 1 and name_of_damage in shown.stderr, f"{name}: told", shown.brief())
        rebuilt = program.run("rebuild", "--db", damaged, "--from", FIRST, "--to", EDGE)
        verified = program.verify(damaged)
        checks.check(rebuilt.code == 0 and verified.code == 0, f"{name}: rebuild mends it", (rebuilt.brief(), verified.stdout[-300:]))
        checks.equal(program.run(*asked, "--db", damaged).stdout, whole, f"{name}: the answer is what it was")
        program.aggregate(damaged, "--now", LATE)
        checks.equal(program.verify(damaged).code, 0, f"{name}: added up again")
        stores.drop(damaged)
    # A 15-minute tally that is damaged keeps its day from being added up, and the other days are none the worse.
    damaged = stores.copy(database, "damaged")
    stores.execute(damaged, f"DELETE FROM period_tallies; UPDATE tallies SET cells = {sub} WHERE tally = (SELECT max(tally) FROM tallies WHERE tally % 4294967296 BETWEEN {day * 96} AND {day * 96 + 95})")
    done = program.aggregate(damaged, "--now", LATE)
    checks.check(done.code == 0 and b"2026-03-04 could not be added up" in done.stderr and b"rebuild" in done.stderr, "a damaged tally is told", done.brief())
    checks.equal(added_up(stores, damaged), {0, 1, 3, 4, 5}, "and the other days are added up")
    checks.equal(program.run("rebuild", "--db", damaged, "--from", FIRST, "--to", EDGE).code, 0, "rebuild")
    checks.equal(program.aggregate(damaged, "--now", LATE).code, 0, "aggregate after it")
    checks.equal(program.verify(damaged).code, 0, "verify after it")


def at_once(checks: Checks, program: Program, stores: object, options: argparse.Namespace) -> None:
    """Workers store verdicts of the same days while days are added up, readers read, and processes are killed."""
    random_ = random.Random(options.seed)
    for round_ in range(options.rounds):
        database = stores.fresh(f"once{round_}")
        lines = list(traffic.records(options.rows, options.seed + round_, traffic.instant(FIRST), DAYS, "random", "uuid"))
        random_.shuffle(lines)
        ingest(program, database, lines[:1_000])
        folder = tempfile.mkdtemp(dir=options.folder)
        files = [os.path.join(folder, f"{part}.ndjson") for part in range(3)]
        for part, path in enumerate(files):
            traffic.write_file(path, iter(lines[1_000:][part::3]))
        workers = [program.start("ingest", "--db", database, "--batch-verdicts-max", str(random_.choice((50, 300, 2_000))), path) for path in files]
        jobs = []
        killed = 0
        while any(worker.poll() is None for worker in workers):
            jobs = [job for job in jobs if job.poll() is None]
            if len(jobs) < 2:
                jobs.append(program.start("aggregate", "--db", database, "--now", LATE))
            if random_.random() < 0.1:
                day = random_.randrange(2, 8)
                jobs.append(program.start("rebuild", "--db", database, "--from", f"2026-03-0{day}", "--to", f"2026-03-0{day + 1}"))
            if random_.random() < 0.2 and jobs:
                random_.choice(jobs).send_signal(signal.SIGKILL)
                killed += 1
            if random_.random() < 0.1:
                asked = ("report", "safe-ratio", "--from", FIRST, "--to", EDGE, "--by", "language", "--format", "csv", "--db", database)
                checks.equal(program.run(*asked).code, 0, "a report meanwhile")
            time.sleep(0.05)
        for process in (*workers, *jobs):
            process.communicate()
        checks.equal([worker.returncode for worker in workers], [0, 0, 0], "all workers came through")
        verified = program.verify(database)
        checks.equal(verified.code, 0, f"verify ({verified.stdout[-300:]!r})")
        check_same(checks, program, stores, database, f"at once, {killed} killed", random_, 30)
        checks.equal(program.aggregate(database, "--now", LATE).code, 0, "aggregate")
        checks.equal(added_up(stores, database), set(range(DAYS)), "all days are added up")
        check_same(checks, program, stores, database, "at once, added up", random_, 30)
        stores.drop(database)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    add_store_option(parser)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--questions", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--group", help="one group alone")
    options = parser.parse_args()
    program, checks = Program(options.binary), Checks(f"days, {options.store}")
    groups = [same_answers, many_days, which_days, sealed_days, damage, tampered, at_once]
    if options.store == "sqlite":
        groups.append(older_writer)
    with tempfile.TemporaryDirectory() as options.folder, databases(options.store, options.folder) as stores:
        for group in groups:
            if options.group in (None, group.__name__):
                checks.group(group.__name__.replace("_", " "))
                group(checks, program, stores, options)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
