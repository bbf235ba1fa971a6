"""An independent recount of verdicts: canonical records, bucket edges, reports and metrics, from the contract alone.

Nothing here is shared with the program under test. Records are made canonical in Python, bucket edges come from
Python's zoneinfo, and the counting is done by DuckDB. Where the contract is silent a comment says `Assumption:`.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

MICROSECONDS = 1_000_000
LINE_LIMIT = 1 << 20
DIMENSIONS = ("source", "model", "stage", "method", "language", "region")
RESULTS = ("safe", "controversial", "unsafe", "error")
ACTIONS = frozenset({"allowed", "blocked", "masked", "escalated"})
STAGES = frozenset({"prompt", "response", "unknown"})
ERROR_CAUSES = frozenset({"unreadable", "timeout", "truncated", "refused", "http", "other"})
RISK_TYPES = (
    "violence", "weapons", "illegal_activity", "sexual_content", "sex_crimes", "child_exploitation", "self_harm",
    "hate", "harassment", "privacy", "intellectual_property", "defamation", "political", "specialized_advice",
    "unethical", "prompt_attack", "other",
)
RISK_BITS = {name: 1 << position for position, name in enumerate(RISK_TYPES)}

# The 249 officially assigned alpha-2 codes of ISO 3166-1.
COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()
)


# ---------------------------------------------------------------------------------------------- records (section 2)


class Rejected(Exception):
    """The contract rejects this record; the argument is a word of this file, not the program's reason code."""


class Unclear(Exception):
    """The contract does not decide this record: a test accepts either outcome."""


class Verdict(NamedTuple):
    """The stored fields of one verdict in canonical form; two deliveries agree exactly when these are equal."""

    source: str
    id: str
    time_us: int
    verdict: str
    risk_bits: int
    language: str
    region: str
    model: str
    stage: str
    method: str
    latency_us: int | None
    refusal: bool | None
    action: str | None
    error_cause: str | None

    @property
    def identity(self) -> tuple[str, str, int]:
        return self.source, self.id, self.time_us


class Number(str):
    """A JSON number as written, so that nothing passes through binary floating point."""


class Members(list):
    """A JSON object as its list of members, so that a name written twice is seen."""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=_no_constant, object_pairs_hook=Members
)
_CONTROL = re.compile("[\u0000-\u001f\u007f-\u009f]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURE_FIELDS = frozenset(
    "id time verdict risk_types language region model source stage method latency_ms refusal action error_cause".split()
)
_NATIVE_FIELDS = frozenset({"output", "format", "context"})


def _depth(value: object) -> int:
    """How many arrays and objects enclose the deepest value, without recursion of its own."""
    deepest, pending = 0, [(value, 0)]
    while pending:
        item, level = pending.pop()
        deepest = max(deepest, level)
        if type(item) is Members:
            pending.extend((member, level + 1) for _, member in item)
        elif type(item) is list:
            pending.extend((element, level + 1) for element in item)
    return deepest


def _has_surrogate(value: object) -> bool:
    if isinstance(value, str):
        return _SURROGATE.search(value) is not None
    if type(value) is Members:
        return any(_has_surrogate(name) or _has_surrogate(member) for name, member in value)
    return type(value) is list and any(map(_has_surrogate, value))


def parse_object(line: bytes, unclear: list[str]) -> dict[str, object]:
    """The known, present fields of a line, read as strict JSON.

    Assumption: the nesting bound lies between 16 and 20,000 levels. A lone surrogate's escape in a known field is a
    bad escape; in an unknown field ("skipped whatever they hold") it is unclear. A number of any size in an unknown
    field is fine, and so is an unknown field written twice; bad
    UTF-8 is a rejection anywhere in the line.
    """
    if len(line) > LINE_LIMIT:
        raise Rejected("line")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected("utf8") from None
    brackets = text.count("[") + text.count("{")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        if brackets >= 20_000:
            raise Rejected("nesting") from None
        raise Unclear("nesting") from None
    except ValueError:
        raise Rejected("json") from None
    if type(value) is not Members:
        raise Rejected("object")
    if brackets > 16 and _depth(value) > 16:
        unclear.append("nesting")
    fields: dict[str, object] = {}
    for name, member in value:
        if name in _SURE_FIELDS:
            if name in fields:
                raise Rejected("field twice")
            fields[name] = member
        elif name in _NATIVE_FIELDS:
            if name in fields:
                unclear.append("native field twice")
            fields[name] = member
    if _SURROGATE_ESCAPE.search(text):
        if any(_has_surrogate(member) for name, member in fields.items() if name in _SURE_FIELDS):
            raise Rejected("escape")
        if _has_surrogate(value):
            unclear.append("surrogate")
    return {name: member for name, member in fields.items() if member is not None and member != ""}


@lru_cache(maxsize=65536)
def _plain_text(value: str, limit: int) -> str:
    if _CONTROL.search(value) or len(value.encode()) > limit:
        raise Rejected("bad_value")
    return value


def _text(fields: dict[str, object], name: str, default: str, limit: int = 64) -> str:
    value = fields.get(name)
    if value is None:
        return default
    if type(value) is not str:
        raise Rejected("type")
    return _plain_text(value, limit)


def _choice(fields: dict[str, object], name: str, allowed: frozenset[str], unclear: list[str]) -> str | None:
    """A value from a closed list. Assumption: only `verdict` may come in any letter case; here case is unclear."""
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise Rejected("type")
    if value not in allowed:
        if value.isascii() and value.lower() in allowed:
            unclear.append(f"case of {name}")
        else:
            raise Rejected("bad_value")
    return value


_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_OLDEST_US = (date(2000, 1, 1).toordinal() - _EPOCH_DAY) * 86400 * MICROSECONDS
_EXACT = Context(prec=60)


@lru_cache(maxsize=65536)
def _days_since_epoch(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError:
        raise Rejected("time") from None


def parse_rfc3339(text: str) -> int:
    """Microseconds since 1970; finer digits are cut downward."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise Rejected("time")
    day, hour, minute, second, fraction, sign, offset_hour, offset_minute = match.groups()
    seconds = _days_since_epoch(day) * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign:
        offset = int(offset_hour) * 3600 + int(offset_minute) * 60
        seconds += offset if sign == "-" else -offset
    return seconds * MICROSECONDS + (int(fraction[:6].ljust(6, "0")) if fraction else 0)


def parse_numeric_time(text: Number) -> int:
    """Seconds, milliseconds, microseconds or nanoseconds by magnitude, read exactly as a decimal."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Rejected("time_out_of_range") from None
    if value < 0 or value >= Decimal("1e20"):
        raise Rejected("time_out_of_range")
    for below, quantum in (("1e11", -6), ("1e14", -3), ("1e17", 0), ("1e20", 3)):
        if value < Decimal(below):
            step = Decimal((0, (1,), quantum))
            cut = value.quantize(step, rounding=ROUND_FLOOR, context=_EXACT)
            return int(_EXACT.divide(cut, step))
    raise AssertionError("unreachable")


def _time(fields: dict[str, object], now_us: int) -> int:
    value = fields.get("time")
    if type(value) is str:
        time_us = parse_rfc3339(value)
    elif type(value) is Number:
        time_us = parse_numeric_time(value)
    else:
        raise Rejected("time")
    if not _OLDEST_US <= time_us <= now_us + 86400 * MICROSECONDS:
        raise Rejected("time_out_of_range")
    return time_us


def _latency(fields: dict[str, object], unclear: list[str]) -> int | None:
    value = fields.get("latency_ms")
    if value is None:
        return None
    if type(value) is not Number:
        raise Rejected("type")
    try:
        milliseconds = Decimal(value)
    except InvalidOperation:
        unclear.append("latency exponent")
        return None
    if not 0 <= milliseconds <= 86_400_000:
        raise Rejected("latency")
    if milliseconds.is_signed():
        unclear.append("minus zero")
    return int(milliseconds.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP, context=_EXACT).scaleb(3, _EXACT))


# The ABNF of RFC 5646 section 2.1; the regular grandfathered tags match `langtag` by themselves.
# Assumption: well-formed means the ABNF alone; a repeated variant or singleton is a matter of validity.
_LANGUAGE_TAG = re.compile(
    r"(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"
    r"(?:-[a-z]{4})?"
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+"
    r"|en-gb-oed|i-ami|i-bnn|i-default|i-enochian|i-hak|i-klingon|i-lux|i-mingo|i-navajo|i-pwn|i-tao|i-tay|i-tsu"
    r"|sgn-be-fr|sgn-be-nl|sgn-ch-de)"
)
_REGION = re.compile(r"([A-Za-z]{2})(?:-[A-Za-z0-9]{1,3})?")


@lru_cache(maxsize=65536)
def canonical_language(value: str) -> str | None:
    """The tag in the letter case of RFC 5646 section 2.1.1, or None where it is not well formed or is `other`."""
    if not value.isascii():
        return None
    lower = value.replace("_", "-").lower()
    if lower == "other" or not _LANGUAGE_TAG.fullmatch(lower):
        return None
    subtags, after_singleton = [], False
    for position, subtag in enumerate(lower.split("-")):
        if position and not after_singleton and len(subtag) == 2:
            subtag = subtag.upper()
        elif position and not after_singleton and len(subtag) == 4:
            subtag = subtag.capitalize()
        after_singleton = after_singleton or len(subtag) == 1
        subtags.append(subtag)
    return "-".join(subtags)


@lru_cache(maxsize=65536)
def canonical_region(value: str) -> str | None:
    """The code in upper case, or None where the country is not on the official list.

    Assumption: `_` is not read as `-` here; the contract says so of `language` only.
    """
    match = _REGION.fullmatch(value)
    return value.upper() if match and match[1].upper() in COUNTRIES else None


@lru_cache(maxsize=65536)
def canonical_risk_type(value: str) -> str | None:
    name = value.lower() if value.isascii() else value
    name = name.replace(" ", "_").replace("-", "_")
    return name if name in RISK_BITS else None


def _place(fields: dict[str, object], name: str, unclear: list[str]) -> str | None:
    """Raw `language` or `region`. Assumption: whether `bad_value` is judged before or after it is made canonical is
    unclear, so a long one and one with control characters may be rejected or be counted as unrecognised."""
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise Rejected("type")
    if _CONTROL.search(value) or len(value.encode()) > 64:
        unclear.append(f"{name} as bad_value")
    return value


def canonicalise(line: bytes, now_us: int) -> tuple[Verdict, int]:
    """The stored form of one NDJSON line and its count of unrecognised values; raises Rejected or Unclear.

    A reason to reject outweighs an unclear one.
    """
    unclear: list[str] = []
    fields = parse_object(line, unclear)
    unrecognised = 0

    if "output" in fields:
        if "verdict" in fields:
            raise Rejected("output and verdict")
        unclear.append("native output")
    elif "verdict" not in fields:
        raise Rejected("verdict")
    elif "format" in fields or "context" in fields:
        unclear.append("format without output")
    verdict = fields.get("verdict", "error")
    if type(verdict) is not str or not verdict.isascii() or verdict.lower() not in RESULTS:
        raise Rejected("verdict")
    verdict = verdict.lower()

    identifier = _text(fields, "id", "", 256)
    if not identifier:
        raise Rejected("id")
    time_us = _time(fields, now_us)

    risk_bits = 0
    names = fields.get("risk_types", [])
    if type(names) is not list:
        raise Rejected("type")
    for name in names:
        if name is None or name == "":
            continue
        if type(name) is not str:
            raise Rejected("type")
        risk_type = canonical_risk_type(name)
        if risk_type is None:
            # Assumption: an unknown name written twice counts twice (values are counted, not distinct ones).
            unrecognised += 1
            risk_type = "other"
        risk_bits |= RISK_BITS[risk_type]
    if verdict == "error":
        risk_bits = 0
    elif verdict != "safe" and not risk_bits:
        risk_bits = RISK_BITS["other"]

    language, region = "und", "ZZ"
    raw_language = _place(fields, "language", unclear)
    if raw_language is not None:
        tag = canonical_language(raw_language)
        unrecognised += tag is None
        language = tag or "und"
    raw_region = _place(fields, "region", unclear)
    if raw_region is not None:
        code = canonical_region(raw_region)
        unrecognised += code is None
        region = code or "ZZ"

    refusal = fields.get("refusal")
    if refusal is not None and type(refusal) is not bool:
        raise Rejected("type")
    cause = _choice(fields, "error_cause", ERROR_CAUSES, unclear)
    record = Verdict(
        source=_text(fields, "source", "default"),
        id=identifier,
        time_us=time_us,
        verdict=verdict,
        risk_bits=risk_bits,
        language=language,
        region=region,
        model=_text(fields, "model", "unknown"),
        stage=_choice(fields, "stage", STAGES, unclear) or "unknown",
        method=_text(fields, "method", "judge"),
        latency_us=_latency(fields, unclear),
        refusal=refusal,
        action=_choice(fields, "action", ACTIONS, unclear),
        error_cause=(cause or "other") if verdict == "error" else None,
    )
    if unclear:
        raise Unclear(", ".join(unclear))
    return record, unrecognised


def is_blank(line: bytes) -> bool:
    return not line.strip(b" \t\r")


def read_ndjson(path: str) -> Iterator[tuple[int, int, bytes]]:
    """(line number from 1, byte offset, bytes without the newline) of each line that is not blank."""
    offset = 0
    with open(path, "rb") as file:
        for number, raw in enumerate(file, 1):
            line = raw[:-1] if raw.endswith(b"\n") else raw
            skipped = 3 if number == 1 and line.startswith(b"\xef\xbb\xbf") else 0
            if not is_blank(line[skipped:]):
                yield number, offset + skipped, line[skipped:]
            offset += len(raw)


# ------------------------------------------------------------------------------------------------ buckets (section 5)

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CLOCK_STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600}
EVERY = (*CLOCK_STEPS, "1d", "1w", "1mo")


def zone_named(name: str) -> tzinfo:
    return timezone.utc if name == "UTC" else ZoneInfo(name)


def moment(time_us: int, zone: tzinfo) -> datetime:
    return (EPOCH + timedelta(microseconds=time_us)).astimezone(zone)


def format_time(time_us: int, zone_name: str) -> str:
    """RFC 3339 in a zone: `Z` for UTC, else a numeric offset; a fraction only if it is not 0.

    Assumption: a fraction is written with six digits less its trailing zeros; tests use six digits that matter.
    Assumption: at a clock change a bucket's `end` carries the new offset, the one in force at that instant.
    """
    local = moment(time_us, zone_named(zone_name))
    text = local.strftime("%Y-%m-%dT%H:%M:%S")
    if local.microsecond:
        text += f".{local.microsecond:06d}".rstrip("0")
    if zone_name == "UTC":
        return text + "Z"
    minutes = local.utcoffset() // timedelta(minutes=1)
    return f"{text}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _offset(second: int, zone: tzinfo) -> int:
    return int(moment(second * MICROSECONDS, zone).utcoffset().total_seconds())


def constant_offsets(first: int, last: int, zone: tzinfo) -> list[tuple[int, int, int]]:
    """Spans (begin, end, offset), in seconds, in which the zone's clock runs evenly, covering [first, last)."""
    spans, begin, offset, probe = [], first, _offset(first, zone), first
    while probe < last:
        following = min(probe + 1800, last)
        if _offset(following, zone) != offset:
            low, high = probe, following  # the offset is the old one at `low` and another at `high`
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
            spans.append((begin, high, offset))
            begin, offset, following = high, _offset(high, zone), high
        probe = following
    return [*spans, (begin, last, offset)] if begin < last else spans


def _calendar_dates(first: date, last: date, every: str) -> Iterator[date]:
    """The dates on which a day, week or month begins, from the one that holds `first` to beyond `last`."""
    if every == "1w":
        day = first - timedelta(days=first.weekday())
    else:
        day = first.replace(day=1) if every == "1mo" else first
    while True:
        yield day
        if day > last:
            return
        if every == "1mo":
            day = (day + timedelta(days=32)).replace(day=1)
        else:
            day += timedelta(days=7 if every == "1w" else 1)


def bucket_edges(from_us: int, to_us: int, every: str | None, zone_name: str) -> list[int]:
    """Edges in microseconds: the first is at or before `from_us`, the last at or after `to_us`."""
    if every is None:
        return [from_us, to_us]
    zone = zone_named(zone_name)
    margin = 86400 * 40  # a month reaches at most 31 days beyond the span
    spans = constant_offsets(from_us // MICROSECONDS - margin, to_us // MICROSECONDS + margin, zone)
    edges: set[int] = set()
    if every in CLOCK_STEPS:
        step = CLOCK_STEPS[every]
        near = (from_us // MICROSECONDS - 86400, to_us // MICROSECONDS + 86400)
        for position, (begin, end, offset) in enumerate(spans):
            if position:
                edges.add(begin)  # the clock change itself
            first = max(begin, near[0])
            first += -(first + offset) % step
            edges.update(range(first, min(end, near[1]), step))
    else:
        first_day = moment(from_us, zone).date()
        last_day = moment(to_us, zone).date()
        for day in _calendar_dates(first_day, last_day, every):
            midnight = (day.toordinal() - _EPOCH_DAY) * 86400
            # The first instant whose local date is this one; a date the zone skipped falls together with the next.
            edges.add(next(at for begin, end, offset in spans if (at := max(begin, midnight - offset)) < end))
    ordered = [second * MICROSECONDS for second in sorted(edges)]
    begin = max(bisect_right(ordered, from_us) - 1, 0)
    while len(ordered) > begin + 1 and ordered[-2] >= to_us:
        ordered.pop()
    return ordered[begin:]


def buckets(from_us: int, to_us: int, every: str | None, zone_name: str) -> list[tuple[int, int]]:
    """(start, end) of each bucket, cut to [from, to)."""
    edges = bucket_edges(from_us, to_us, every, zone_name)
    cut = ((max(start, from_us), min(end, to_us)) for start, end in zip(edges, edges[1:]))
    return [(start, end) for start, end in cut if start < end]


def local_time(text: str, zone_name: str) -> int:
    """A report's `--from` or `--to`: RFC 3339, or a date that means its first instant in the zone."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        day = date.fromisoformat(text)
        noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc).timestamp()) * MICROSECONDS
        local_noon = noon - _offset(noon // MICROSECONDS, zone_named(zone_name)) * MICROSECONDS
        return bucket_edges(local_noon, local_noon + 1, "1d", zone_name)[0]
    return parse_rfc3339(text)


def edge_of(now_us: int) -> int:
    """The end of the current minute: a clock at a full minute is in the minute that begins."""
    return (now_us // (60 * MICROSECONDS) + 1) * 60 * MICROSECONDS


# ------------------------------------------------------------------------------------- reports and metrics (5 and 6)

SAFE_RATIO_COLUMNS = (
    "total", "safe", "controversial", "unsafe", "error", "safe_ratio", "safe_ratio_lower", "safe_ratio_upper",
    "loose_safe_ratio", "error_ratio",
)
CATEGORIES_COLUMNS = ("risk_type", "verdicts", "controversial", "unsafe", "share_of_flagged", "share_of_evaluated")
LATENCY_COLUMNS = ("count", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms")
QUANTILES_PERCENT = (50, 90, 95, 99)
ERRORS_COLUMNS = ("error_cause", "errors", "share_of_total")
WINDOWS = {"5m": 300, "1h": 3600, "24h": 86400, "7d": 604800}
LATENCY_BOUNDS = {"0.1": 100_000, "0.5": 500_000, "1.0": 1_000_000, "2.0": 2_000_000, "5.0": 5_000_000,
                  "10.0": 10_000_000, "30.0": 30_000_000, "+Inf": None}  # fmt: skip
Series = tuple[str, tuple[tuple[str, str], ...]]

# Assumption: in a window with verdicts a risk type that none of them has may be shown as 0 or be left out.
ZERO_OPTIONAL = frozenset({"qwen_guard_risk_type_window_verdicts"})


def wilson(safe: int, evaluated: int) -> tuple[float, float]:
    """The 95% score interval of Wilson (1927), within [0, 1]."""
    z = 1.959963984540054
    share = safe / evaluated
    centre = share + z * z / (2 * evaluated)
    half = z * math.sqrt(share * (1 - share) / evaluated + z * z / (4 * evaluated * evaluated))
    scale = 1 + z * z / evaluated
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.6f}" if whole else ""


def parse_where(option: str) -> tuple[str, list[tuple[str, bool]]]:
    r"""`DIM=VALUE[,VALUE…]` as (dimension, [(value, is a prefix)]), with `\*` and `\,` taken literally.

    Assumption: values are compared with the stored canonical form as written; the tests write them canonically, and
    have neither a bare `*` before the end of a value nor a backslash that is meant literally.
    """
    dimension, _, text = option.partition("=")
    patterns, value, prefix, position = [], "", False, 0
    while position < len(text):
        character = text[position]
        if character == "\\" and text[position + 1 : position + 2] in ("*", ",", "\\"):
            value += text[position + 1]
            position += 1
        elif character == ",":
            patterns.append((value, prefix))
            value, prefix = "", False
        elif character == "*" and text[position + 1 : position + 2] in ("", ","):
            prefix = True
        else:
            value += character
        position += 1
    return dimension, [*patterns, (value, prefix)]


class Recount:
    """Verdicts in a DuckDB table, and the answers the contract asks of them."""

    def __init__(self, verdicts: Iterable[Verdict], folder: str | None = None) -> None:
        import duckdb  # the generator uses this module's lists without it

        self._database = duckdb.connect(":memory:")
        self._database.execute("SET threads = 1; SET preserve_insertion_order = false")
        handle, path = tempfile.mkstemp(".csv", dir=folder)
        try:
            with open(handle, "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(Verdict._fields)
                writer.writerows(verdicts)
            self._database.execute(
                "CREATE TABLE verdict AS SELECT source, id, time_us, verdict, risk_bits, language, region, model,"
                " stage, method, latency_us, error_cause FROM read_csv(?, header = true, delim = ',', quote = '\"', escape = '\"',"
                " new_line = '\\r\\n', nullstr = '', auto_detect = false, columns = {"
                " 'source': 'VARCHAR', 'id': 'VARCHAR', 'time_us': 'BIGINT', 'verdict': 'VARCHAR', 'risk_bits': 'INT',"
                " 'language': 'VARCHAR', 'region': 'VARCHAR', 'model': 'VARCHAR', 'stage': 'VARCHAR',"
                " 'method': 'VARCHAR', 'latency_us': 'BIGINT', 'refusal': 'VARCHAR', 'action': 'VARCHAR',"
                " 'error_cause': 'VARCHAR'})",
                [path],
            )
        finally:
            os.unlink(path)

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple]:
        return self._database.execute(query, list(parameters)).fetchall()

    def repeated_identities(self) -> int:
        return self.rows("SELECT count(*) - count(DISTINCT (source, id, time_us)) FROM verdict")[0][0]

    def values(self, dimension: str) -> list[str]:
        """A dimension's values, the most frequent first."""
        query = f'SELECT "{dimension}" FROM verdict GROUP BY 1 ORDER BY count(*) DESC, 1'
        return [value for (value,) in self.rows(query)]

    def _groups(
        self, from_us: int, to_us: int, every: str | None, by: Sequence[str], where: Sequence[str], zone: str,
        aggregates: str,
    ) -> list[tuple]:  # fmt: skip
        """(start, end, dimension values…, aggregates…) per bucket and group with a verdict, in report order."""
        conditions, parameters = ["time_us >= ? AND time_us < ?"], [from_us, to_us]
        for option in where:
            dimension, patterns = parse_where(option)
            assert dimension in DIMENSIONS
            alternatives = []
            for value, is_prefix in patterns:
                alternatives.append(f"starts_with({dimension}, ?)" if is_prefix else f"{dimension} = ?")
                parameters.append(value)
            conditions.append(f"({' OR '.join(alternatives)})")
        self._database.execute("CREATE OR REPLACE TEMP TABLE bucket (bucket_start BIGINT, bucket_end BIGINT)")
        spans = buckets(from_us, to_us, every, zone)
        for begin in range(0, len(spans), 5000):
            values = ", ".join(f"({start}, {end})" for start, end in spans[begin : begin + 5000])
            self._database.execute(f"INSERT INTO bucket VALUES {values}")
        keys = ", ".join(("bucket_start", "bucket_end", *by))
        found = self.rows(
            f"SELECT {keys}, {aggregates} FROM verdict ASOF JOIN bucket ON time_us >= bucket_start"
            f" WHERE {' AND '.join(conditions)} GROUP BY {keys}",
            parameters,
        )
        # Python compares strings by code point, which is the bytewise order of UTF-8.
        return sorted(found, key=lambda row: (row[0], *row[2 : 2 + len(by)]))

    @staticmethod
    def _time_writer(zone: str):
        return lru_cache(maxsize=None)(lambda time_us: format_time(time_us, zone))

    def safe_ratio(
        self, from_us: int, to_us: int, every: str | None = None, by: Sequence[str] = (), where: Sequence[str] = (),
        zone: str = "UTC",
    ) -> list[list[str]]:  # fmt: skip
        """Header and rows of `report safe-ratio --format csv`."""
        time_text = self._time_writer(zone)
        table = [["start", "end", *by, *SAFE_RATIO_COLUMNS]]
        counts = ", ".join(f"count(*) FILTER (verdict = '{result}')" for result in RESULTS)
        for start, end, *rest in self._groups(from_us, to_us, every, by, where, zone, counts):
            safe, controversial, unsafe, error = rest[len(by) :]
            evaluated = safe + controversial + unsafe
            bounds = [f"{bound:.6f}" for bound in wilson(safe, evaluated)] if evaluated else ["", ""]
            table.append(
                [time_text(start), time_text(end), *rest[: len(by)]]
                + [str(count) for count in (evaluated + error, safe, controversial, unsafe, error)]
                + [_ratio(safe, evaluated), *bounds, _ratio(safe + controversial, evaluated)]
                + [_ratio(error, evaluated + error)]
            )
        return table

    def categories(
        self, from_us: int, to_us: int, every: str | None = None, by: Sequence[str] = (), where: Sequence[str] = (),
        zone: str = "UTC",
    ) -> list[list[str]]:  # fmt: skip
        """Header and rows of `report categories --format csv`.

        Assumption: both shares are of the flagged and the evaluated verdicts of the row's bucket and group, where a
        verdict with two types counts once.
        """
        time_text = self._time_writer(zone)
        table = [["start", "end", *by, *CATEGORIES_COLUMNS]]
        counts = ", ".join(
            ["count(*) FILTER (verdict <> 'error')"]
            + [f"count(*) FILTER (verdict = '{result}')" for result in ("controversial", "unsafe")]
            + [
                f"count(*) FILTER (verdict = '{result}' AND risk_bits & {bit} <> 0)"
                for bit in RISK_BITS.values()
                for result in ("controversial", "unsafe")
            ]
        )
        in_order = sorted(range(len(RISK_TYPES)), key=lambda position: RISK_TYPES[position])
        for start, end, *rest in self._groups(from_us, to_us, every, by, where, zone, counts):
            evaluated, all_controversial, all_unsafe, *pairs = rest[len(by) :]
            flagged = all_controversial + all_unsafe
            for position in in_order:
                controversial, unsafe = pairs[2 * position : 2 * position + 2]
                verdicts = controversial + unsafe
                if verdicts:
                    table.append(
                        [time_text(start), time_text(end), *rest[: len(by)], RISK_TYPES[position]]
                        + [str(verdicts), str(controversial), str(unsafe)]
                        + [_ratio(verdicts, flagged), _ratio(verdicts, evaluated)]
                    )
        return table

    def latency(
        self, from_us: int, to_us: int, every: str | None = None, by: Sequence[str] = (), where: Sequence[str] = (),
        zone: str = "UTC",
    ) -> list[list[str]]:  # fmt: skip
        """Header and rows of `report latency --format csv`, with the exact elements in the place of the quantiles.

        Assumption: a bucket or group none of whose verdicts has a latency has no row, as one without a flagged verdict
        has none in `categories`.
        """
        time_text = self._time_writer(zone)
        table = [["start", "end", *by, *LATENCY_COLUMNS]]
        in_order = "list(latency_us ORDER BY latency_us) FILTER (latency_us IS NOT NULL)"
        elements = ", ".join(
            f"({in_order})[(count(latency_us) * {percent} + 99) // 100]" for percent in QUANTILES_PERCENT
        )
        sums = f"count(latency_us), sum(latency_us)::BIGINT, {elements}"
        for start, end, *rest in self._groups(from_us, to_us, every, by, where, zone, sums):
            count, total_us, *quantiles = rest[len(by) :]
            if count:
                table.append(
                    [time_text(start), time_text(end), *rest[: len(by)], str(count), f"{total_us / count / 1000:.6f}"]
                    + [f"{element // 1000}.{element % 1000:03d}" for element in quantiles]
                )
        return table

    def errors(
        self, from_us: int, to_us: int, every: str | None = None, by: Sequence[str] = (), where: Sequence[str] = (),
        zone: str = "UTC",
    ) -> list[list[str]]:  # fmt: skip
        """Header and rows of `report errors --format csv`: a row for each cause that a bucket and group has.

        Assumption: the share is of all verdicts of the row's bucket and group, errors included.
        """
        time_text = self._time_writer(zone)
        table = [["start", "end", *by, *ERRORS_COLUMNS]]
        in_order = sorted(ERROR_CAUSES)
        counts = ", ".join(["count(*)"] + [f"count(*) FILTER (error_cause = '{cause}')" for cause in in_order])
        for start, end, *rest in self._groups(from_us, to_us, every, by, where, zone, counts):
            total, *errors = rest[len(by) :]
            for cause, count in zip(in_order, errors):
                if count:
                    table.append(
                        [time_text(start), time_text(end), *rest[: len(by)], cause, str(count), _ratio(count, total)]
                    )
        return table

    def report(self, name: str, *options: object) -> list[list[str]]:
        """Header and rows of any report."""
        answers = {
            "safe-ratio": self.safe_ratio, "categories": self.categories, "latency": self.latency, "errors": self.errors
        }  # fmt: skip
        return answers[name](*options)

    def metrics(self, now_us: int) -> dict[Series, float]:
        """All `qwen_guard_*` series of a store under the series budget and with less than 50 methods.

        Assumption: a counter counts every stored verdict, also one later than `now`, and a method without a verdict
        that has a latency has no histogram.
        """
        series: dict[Series, float] = {}

        def put(name: str, value: float, **labels: str) -> None:
            series["qwen_guard_" + name, tuple(sorted(labels.items()))] = value

        if not self.rows("SELECT 1 FROM verdict LIMIT 1"):
            return series
        by_result = ", ".join(f"count(*) FILTER (verdict = '{result}')" for result in RESULTS)
        for method, *counts in self.rows(f"SELECT method, {by_result} FROM verdict GROUP BY 1"):
            for result, count in zip(RESULTS, counts):
                put("request_total", count, method=method, result=result)
        at_most = ", ".join(
            f"count(*) FILTER (latency_us <= {bound})" if bound else "count(*)" for bound in LATENCY_BOUNDS.values()
        )
        for method, total_us, *counts in self.rows(
            f"SELECT method, sum(latency_us)::BIGINT, {at_most} FROM verdict WHERE latency_us IS NOT NULL GROUP BY 1"
        ):
            for bound, count in zip(LATENCY_BOUNDS, counts):
                put("request_duration_seconds_bucket", count, method=method, le=bound)
            put("request_duration_seconds_sum", total_us / MICROSECONDS, method=method)
            put("request_duration_seconds_count", counts[-1], method=method)
        flagged = "verdict IN ('controversial', 'unsafe')"
        by_type = ", ".join(f"count(*) FILTER ({flagged} AND risk_bits & {bit} <> 0)" for bit in RISK_BITS.values())
        for risk_type, count in zip(RISK_TYPES, self.rows(f"SELECT {by_type} FROM verdict")[0]):
            put("risk_type_distribution_total", count, type=risk_type)

        edge = edge_of(now_us)
        for window, seconds in WINDOWS.items():
            inside = f"time_us >= {edge - seconds * MICROSECONDS} AND time_us < {edge}"
            counts = self.rows(f"SELECT {by_result} FROM verdict WHERE {inside}")[0]
            if not any(counts):
                continue
            for result, count in zip(RESULTS, counts):
                put("window_verdicts", count, window=window, result=result)
            if evaluated := sum(counts[:3]):
                lower, upper = wilson(counts[0], evaluated)
                put("safe_ratio", counts[0] / evaluated, window=window)
                put("safe_ratio_lower", lower, window=window)
                put("safe_ratio_upper", upper, window=window)
            for dimension in ("language", "region", "model", "stage"):
                for value, *counts in self.rows(
                    f"SELECT {dimension}, {by_result} FROM verdict WHERE {inside} GROUP BY 1"
                ):
                    for result, count in zip(RESULTS, counts):
                        put(f"{dimension}_window_verdicts", count, window=window, result=result, **{dimension: value})
                    evaluated = sum(counts[:3])
                    if dimension in ("language", "region") and evaluated:
                        put(f"{dimension}_safe_ratio", counts[0] / evaluated, window=window, **{dimension: value})
            for risk_type, count in zip(RISK_TYPES, self.rows(f"SELECT {by_type} FROM verdict WHERE {inside}")[0]):
                put("risk_type_window_verdicts", count, window=window, type=risk_type)
        return series


# What a latency report may differ by: its three decimals, and the stated error of its quantiles.
MEAN_TOLERANCE_MS = 0.0015
QUANTILE_ERROR = 0.05
_THREE_DECIMALS = re.compile(r"\d+\.\d{3}", re.ASCII)


def latency_difference(header: Sequence[str], expected: Sequence[str], found: Sequence[str]) -> str:
    """What is wrong with a row of `report latency`, whose mean and quantiles need not be exact; "" where nothing is."""
    if len(found) != len(header):
        return f"{len(found)} cells"
    for column, wanted, got in zip(header, expected, found):
        if not column.endswith("_ms"):
            if wanted != got:
                return f"{column} {wanted!r} -> {got!r}"
            continue
        if not _THREE_DECIMALS.fullmatch(got):
            return f"{column} is not a number of three decimals: {got!r}"
        # Half of the last decimal is rounding, and so is allowed beyond the error.
        slack = MEAN_TOLERANCE_MS if column == "mean_ms" else QUANTILE_ERROR * float(wanted) + 0.0005
        if abs(float(got) - float(wanted)) > slack + 1e-9:
            return f"{column} {wanted} -> {got}"
    quantiles = [float(cell) for column, cell in zip(header, found) if column.startswith("p")]
    return "" if quantiles == sorted(quantiles) else f"quantiles fall: {quantiles}"


def latency_matches(expected: list[list[str]], found: list[list[str]]) -> bool:
    """Whether a latency report has the rows that it must have, each within the error."""
    if len(expected) != len(found) or expected[0] != found[0]:
        return False
    return not any(latency_difference(expected[0], left, right) for left, right in zip(expected[1:], found[1:]))


_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)(?: \S+)?')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')


def parse_exposition(text: str) -> dict[Series, float]:
    """The samples of Prometheus' text format 0.0.4; a series written twice or a line that is none is an error."""
    samples: dict[Series, float] = {}
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        match = _SAMPLE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a sample: {line!r}")
        unescape = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
        labels = tuple(
            sorted(
                (name, re.sub(r"\\.", lambda escape: unescape[escape[0]], value))
                for name, value in _LABEL.findall(match[2] or "")
            )
        )
        series = (match[1], labels)
        if series in samples:
            raise ValueError(f"series twice: {line!r}")
        samples[series] = float(match[3])
    return samples


def metric_differences(expected: dict[Series, float], text: str) -> list[str]:
    """What differs between the expected series and an exposition's `qwen_guard_*` samples."""
    actual = {key: value for key, value in parse_exposition(text).items() if key[0].startswith("qwen_guard_")}
    differences = []
    for key in sorted(expected.keys() | actual.keys()):
        left, right = expected.get(key), actual.get(key)
        if left is None or right is None:
            if key[0] in ZERO_OPTIONAL and not (left or right):
                continue
            differences.append(f"{key}: expected {left}, found {right}")
        elif not math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-12):
            differences.append(f"{key}: expected {left!r}, found {right!r}")
    return differences
