"""The oracle against itself and against known answers: `python3 test_oracle.py [--seed 7]`; needs `duckdb`.

Buckets are made a second way, by DuckDB's ICU on local wall clocks, and examples of the contract's canonical forms
are spelled out. A recount is only worth as much as what it counts with.
"""

from __future__ import annotations

import argparse
import random
import sys
from bisect import bisect_right

import duckdb

from harness import Checks
from oracle import (
    CLOCK_STEPS, EVERY, MICROSECONDS, Recount, Rejected, Unclear, Verdict, buckets, canonical_language, canonical_region,
    canonicalise, format_time, latency_difference, local_time, parse_rfc3339, parse_where, wilson,
)  # fmt: skip

NOW = parse_rfc3339("2026-12-01T00:00:00Z")
DAY = 86400 * MICROSECONDS

# Zones and days with clock changes of an hour and half an hour, at midnight, across midnight, and a day left out.
CLOCK_CHANGES = (
    ("UTC", "2026-03-01"), ("Asia/Kolkata", "2026-03-01"), ("Asia/Kathmandu", "2026-01-01"),
    ("America/New_York", "2026-03-01"), ("America/New_York", "2026-10-25"), ("Australia/Lord_Howe", "2026-03-29"),
    ("Australia/Lord_Howe", "2026-09-27"), ("America/Havana", "2025-11-01"), ("America/Havana", "2025-03-05"),
    ("Africa/Cairo", "2025-04-20"), ("America/Santiago", "2025-09-03"), ("Pacific/Apia", "2011-12-25"),
)  # fmt: skip
ICU_BUCKET = {
    "1m": "time_bucket(INTERVAL 1 MINUTE, wall)", "5m": "time_bucket(INTERVAL 5 MINUTE, wall)",
    "15m": "time_bucket(INTERVAL 15 MINUTE, wall)", "1h": "date_trunc('hour', wall)", "1d": "date_trunc('day', wall)",
    "1w": "date_trunc('week', wall)", "1mo": "date_trunc('month', wall)",
}  # fmt: skip


def check_buckets(checks: Checks, random_: random.Random) -> None:
    """Two neighbouring instants share a bucket exactly when they share a wall-clock bucket (and, below a day, an
    offset)."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    for zone, first_day in CLOCK_CHANGES:
        for every in EVERY:
            begin = parse_rfc3339(first_day + "T00:00:00Z") + random_.randrange(5 * DAY)
            end = begin + random_.randrange(DAY // 24, 10 * DAY)
            spans = buckets(begin, end, every, zone)
            name = f"{zone} {first_day} {every}"
            joined = all(left[1] == right[0] for left, right in zip(spans, spans[1:]))
            checks.check(joined and (spans[0][0], spans[-1][1]) == (begin, end), f"{name}: buckets fill the span")
            instants = {random_.randrange(begin, end) for _ in range(1000)}
            for start, stop in random_.sample(spans, min(200, len(spans))):
                instants |= {start, stop - 1}
            points = sorted(instants)
            starts = [start for start, _ in spans]
            ours = [bisect_right(starts, point) for point in points]
            offset = "epoch_us(wall) - us" if every in CLOCK_STEPS else "0"
            theirs = database.execute(
                f"SELECT {ICU_BUCKET[every]}, {offset} FROM (SELECT us, timezone(?, make_timestamptz(us)) AS wall"
                " FROM (SELECT unnest(?::BIGINT[]) AS us)) ORDER BY us",
                [zone, points],
            ).fetchall()
            parted = [
                (format_time(points[at - 1], zone), format_time(points[at], zone))
                for at in range(1, len(points))
                if (ours[at] == ours[at - 1]) != (theirs[at] == theirs[at - 1])
            ]
            checks.check(not parted, f"{name}: agrees with ICU", parted[:2])


def texts(begin: str, end: str, every: str, zone: str) -> list[str]:
    spans = buckets(local_time(begin, zone), local_time(end, zone), every, zone)
    return [format_time(start, zone)[5:] for start, _ in spans]


def check_known_buckets(checks: Checks) -> None:
    hours = texts("2026-11-01T00:30:00-04:00", "2026-11-01T02:00:00-05:00", "1h", "America/New_York")
    checks.equal(hours, ["11-01T00:30:00-04:00", "11-01T01:00:00-04:00", "11-01T01:00:00-05:00"], "repeated hour")
    hours = texts("2026-04-05T01:00:00+11:00", "2026-04-05T03:00:00+10:30", "1h", "Australia/Lord_Howe")
    checks.equal(hours, ["04-05T01:00:00+11:00", "04-05T01:30:00+10:30", "04-05T02:00:00+10:30"], "half an hour back")
    days = texts("2025-09-06", "2025-09-09", "1d", "America/Santiago")
    checks.equal(days, ["09-06T00:00:00-04:00", "09-07T01:00:00-03:00", "09-08T00:00:00-03:00"], "no midnight")
    weeks = texts("2026-03-05", "2026-03-17", "1w", "Asia/Kolkata")
    checks.equal(weeks, ["03-05T00:00:00+05:30", "03-09T00:00:00+05:30", "03-16T00:00:00+05:30"], "weeks")
    months = texts("2026-01-31", "2026-03-02", "1mo", "UTC")
    checks.equal(months, ["01-31T00:00:00Z", "02-01T00:00:00Z", "03-01T00:00:00Z"], "months")


def canonical(members: str) -> Verdict | str:
    """The canonical form of a safe verdict with more members, or what was raised."""
    line = f'{{"id":"a","verdict":"safe",{members}}}'
    try:
        return canonicalise(line.encode(), NOW)[0]
    except (Rejected, Unclear) as outcome:
        return type(outcome).__name__


def check_canonical_forms(checks: Checks) -> None:
    for raw, tag in (
        ("zh_hans", "zh-Hans"), ("PT-br", "pt-BR"), ("EN-CA-X-CA", "en-CA-x-ca"), ("sgn-be-fr", "sgn-BE-FR"),
        ("AZ-LATN-x-LATN", "az-Latn-x-latn"), ("mn-cyrl-MN", "mn-Cyrl-MN"), ("i-KLINGON", "i-klingon"),
        ("de-1ABC", "de-1abc"), ("other", None), ("e", None), ("en-", None), ("zh-Hans-Latn", None), ("a-DE", None),
        ("en-x", None), ("123", None),
    ):  # fmt: skip
        checks.equal(canonical_language(raw), tag, f"language {raw}")
    for raw, code in (
        ("us", "US"), ("cn-gd", "CN-GD"), ("FR-75C", "FR-75C"), ("UK", None), ("ZZ", None), ("US-", None),
    ):  # fmt: skip
        checks.equal(canonical_region(raw), code, f"region {raw}")
    for text in (
        "1772409600.1234569", "1772409600123.4569", "1772409600123456.9", "1772409600123456999.9",
        "1.7724096001234569e9", '"2026-03-02T00:00:00.1234569Z"', '"2026-03-02t05:30:00.123456+05:30"',
        '"2026-03-01 19:00:00.1234560-05:00"',
    ):  # fmt: skip
        found = canonical(f'"time":{text}')
        checks.equal(found if isinstance(found, str) else found.time_us, 1772409600123456, f"time {text}")
    for text in (
        '"2026-03-02"', '"2026-03-02T24:00:00Z"', '"2026-02-30T00:00:00Z"', '"2026-03-02T00:00:60Z"', "1e999", "-1",
        "true", "946684799.999999", '"1772409600"', '"2026-12-02T00:00:00.000001Z"',
    ):  # fmt: skip
        checks.equal(canonical(f'"time":{text}'), "Rejected", f"time {text}")
    for text, microseconds in (
        ("0.0005", 1), ("0.0004999", 0), ("12.0005", 12001), ("1.0025e1", 10025), ("86400000", 86400 * 10**6),
        ("1e-99999", 0),
    ):  # fmt: skip
        found = canonical(f'"time":1772409600,"latency_ms":{text}')
        checks.equal(found if isinstance(found, str) else found.latency_us, microseconds, f"latency_ms {text}")
    checks.equal(parse_where(r"model=a\,b,c\*,d*"), ("model", [("a,b", False), ("c*", False), ("d", True)]), "where")
    lower, upper = wilson(8, 10)  # 0.4901625 and 0.9433178 in the literature's worked example
    checks.equal((f"{lower:.6f}", f"{upper:.6f}"), ("0.490162", "0.943318"), "Wilson interval of 8 in 10")


def check_latency_and_errors(checks: Checks) -> None:
    """Small groups by hand: the element at ⌈q·n⌉, means, and shares that the error itself is part of."""
    begin = NOW - DAY
    lines = [f'"verdict":"safe","latency_ms":{value}' for value in (9, 1.5, 3, 100, 2)]
    lines += ['"verdict":"error","error_cause":"timeout","latency_ms":4000', '"verdict":"error"', '"verdict":"safe"']
    verdicts = [
        canonicalise(f'{{"id":"{number}","time":{(begin + number) / MICROSECONDS:.6f},{line}}}'.encode(), NOW)[0]
        for number, line in enumerate(lines)
    ]
    recount = Recount(verdicts)
    row = recount.latency(begin, NOW)[1][2:]
    checks.equal(row, ["6", "685.916667", "3.000", "4000.000", "4000.000", "4000.000"], "latency of six in order")
    rows = [row[2:] for row in recount.errors(begin, NOW)[1:]]
    checks.equal(rows, [["other", "1", "0.125000"], ["timeout", "1", "0.125000"]], "errors and their share of eight")
    checks.equal(recount.latency(begin, NOW, where=["model=none"])[1:], [], "latency of nothing")
    header = ["count", "mean_ms", "p50_ms", "p90_ms"]
    wanted = ["2", "10.000000", "10.000", "100.000"]
    for found, fits in (
        (["2", "10.001", "10.400", "95.000"], True), (["2", "10.003", "10.000", "100.000"], False),
        (["2", "10.000", "10.600", "100.000"], False), (["2", "10.000", "10.000", "94.000"], False),
        (["3", "10.000", "10.000", "100.000"], False), (["2", "10.000", "10.0", "100.000"], False),
    ):  # fmt: skip
        checks.equal(latency_difference(header, wanted, found) == "", fits, f"latency row {found}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    checks = Checks("oracle")
    checks.group("buckets against ICU")
    check_buckets(checks, random.Random(options.seed))
    checks.group("known buckets")
    check_known_buckets(checks)
    checks.group("canonical forms")
    check_canonical_forms(checks)
    checks.group("latencies and errors")
    check_latency_and_errors(checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
