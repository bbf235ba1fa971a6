"""Made-up verdict records in every spelling the contract allows: `python3 traffic.py --rows N --seed S > file`.

The program under test has a generator of its own, which writes what the program likes to read. This one does not:
raw letter case, underscores, absent and malformed values, all forms of time, odd names, unknown fields, and events at
the exact edges of buckets in the zones that the tests use. Every record is valid and no identity appears twice.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timezone

from oracle import COUNTRIES, MICROSECONDS, RISK_TYPES

DAY = 86400 * MICROSECONDS

# Raw spellings; the canonical forms are the reader's business.
LANGUAGES = (
    "en en en en en zh zh zh es es pt fr de ru ar ja hi ko it tr vi pl uk nl id th fa bn ur ta te mr gu kn ml pa si ne "
    "my km lo ka hy az kk ky uz tg tk mn bo ug am ti om so sw ha yo ig zu xh af nso st tn sn rw ny mg eo la cy "
    "ga gd br eu ca gl oc sq mk bg sr hr bs sl cs sk hu ro el lt lv et fi sv nb nn da is fo mt he yi ceb tl jv su ms "
    "haw mi sm to EN Zh FIL yue cmn "
    "en-US en_us EN-gb pt_BR PT-br pt-pt es-419 ES_mx zh_hans zh-HANT ZH_hant_HK zh-cmn-Hans-CN sr_latn sr-Cyrl-rs "
    "uz_CYRL az-arab-x-AZE-derbend de-CH-1996 de_1901 sl-ROZAJ-biske hy-latn-it-arevela de-DE-u-co-phonebk "
    "en-a-BB-x-CC-latn x-Whatever i-KLINGON en-gb-OED art-lojban zh-min-nan und "
    "other OTHER e en- -en en--US zh-Hans-Latn en-US-x a-DE 123 english_language toolongsubtag english! fran\u00e7ais "
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439"
).split()
REGIONS = (
    [code if position % 3 else code.lower() for position, code in enumerate(sorted(COUNTRIES)) if position % 13]
    + "US US US us CN CN IN IN in BR br DE JP GB FR Fr".split()
    + "cn-gd CN-GD US-ca us-NY GB-eng IN-up FR-75C jp-13 Br-SP AU-nsw DE-1".split()
    + "UK uk XX ZZ zz EU USA 840 US- US-CALI CN_GD u AA-BB C\u00d4 -US".split()
)
MODELS = (
    "qwen3guard-gen-8b", "qwen3guard-gen-8b", "qwen3guard-gen-8b", "qwen3guard-gen-0.6b", "qwen3guard-stream-4b",
    "llama-guard-3,8b", "llama-guard-4 12b", "shield*gemma", 'the "strict" one', "sch\u00fctzer\u2028v2", "=cmd|calc",
    " padded ", "back\\slash", "\U0001f6e1\ufe0f-guard", "Qwen3Guard-Gen-8B", None,
)  # fmt: skip
SOURCES = ("eu-west", "eu-west", "eu-west", "us-east", "us-east", "ap,south", "edge/cache \u00e9", None)
METHODS = ("judge", "chat", "chat", "moderate", "stream", None, "batch\\n", 'say "hi"')
STAGES = ("prompt", "prompt", "response", "response", "unknown", None)
VERDICTS = ("safe",) * 47 + ("Safe", "SAFE") + ("controversial",) * 5 + ("Controversial",) + (
    ("unsafe",) * 5 + ("UNSAFE", "unSafe") + ("error", "ERROR")
)  # fmt: skip
CAUSES = ("unreadable", "timeout", "truncated", "refused", "http", "other", None, "")
ACTIONS = ("allowed", "blocked", "masked", "escalated", None, None, None, None)
UNKNOWN_FIELDS = (
    '"trace":{"id":"x","id":"x","span":[1,{"a":[]}]}', '"note":"line\\nbreak \\ud83d\\ude00"', '"score":1e400',
    '"ID":"not the id"', '"tags":["safe","unsafe"]', '"prompt_tokens":123456789012345678901234567890', '"":null',
    '"verdict_":false',
)  # fmt: skip
OFFSETS_MINUTES = (0, 0, 330, -300, -240, 630, 660, 345, 840, -720, 60, -1)

# Instants of the day, UTC, at which a day begins somewhere the tests look: Kolkata, New York and Lord Howe in either
# clock, and the hours of clock changes.
DAY_BEGINNINGS = [hour * 3600 + minute * 60 for hour, minute in
                  ((0, 0), (18, 30), (5, 0), (4, 0), (13, 0), (13, 30), (7, 0), (6, 0), (15, 0), (15, 30))]  # fmt: skip
STEPS = (60, 300, 900, 3600)


def _quoted(value: str, bits: int) -> str:
    """A JSON string; now and then with escapes where none are needed."""
    text = json.dumps(value, ensure_ascii=bool(bits & 1))
    return text.replace("-", "\\u002d").replace("a", "\\u0061") if bits % 16 == 0 else text


def _member_choices(name: str, values: Sequence[str | None]) -> list[str]:
    """Ready-made members for each value, in a few spellings; "" where the field is absent."""
    absent = ["", "", f'"{name}":null', f'"{name}":""']
    members: list[str] = []
    for value in values:
        members += absent if value is None else [f'"{name}":{_quoted(value, bits)}' for bits in (1, 2, 3, 16)]
    return members


def _risk_names() -> list[str]:
    names = [name for name in RISK_TYPES for _ in range(4)]
    names += [name.upper() for name in RISK_TYPES] + [name.replace("_", "-") for name in RISK_TYPES]
    names += [name.replace("_", " ").title() for name in RISK_TYPES] + ["self-Harm", "PROMPT attack"]
    names += ["Violent", "spam", "Politically Sensitive Topics", "hate ", "other_", "S5"]
    return [json.dumps(name) for name in names] + ["null", '""']


class _Writer:
    """Turns an instant and a handful of random bits into one line."""

    def __init__(self, seed: int, ids: str, has_few_values: bool) -> None:
        self._random = random.Random(seed)
        self._ids = ids
        self._dates: dict[int, str] = {}
        self._members = [
            _member_choices(name, values[:6] if has_few_values else values)
            for name, values in (
                ("model", MODELS), ("source", SOURCES), ("method", METHODS), ("stage", STAGES),
                ("language", [*LANGUAGES, None, None, None, None]), ("region", [*REGIONS, None, None, None, None]),
                ("action", ACTIONS),
            )
        ]  # fmt: skip
        self._risks = _risk_names()

    def instants(self, rows: int, start_us: int, span_us: int, ordered: bool) -> list[int]:
        draw = self._random.random
        instants = []
        for _ in range(rows):
            at = int(draw() * span_us)
            chance = draw()
            if chance < 0.03:
                step = STEPS[int(chance * 1e6) % 4] * MICROSECONDS
                at -= (start_us + at) % step
            elif chance < 0.04:
                at += DAY_BEGINNINGS[int(chance * 1e7) % len(DAY_BEGINNINGS)] * MICROSECONDS - (start_us + at) % DAY
            elif chance < 0.05:
                at -= (start_us + at) % (60 * MICROSECONDS) + 1
            elif chance < 0.3:
                at -= at % 1000
            instants.append(start_us + min(max(at, 0), span_us - 1))
        if rows:
            instants[0] = start_us
        if ordered:
            instants.sort()
        else:
            self._random.shuffle(instants)
        return instants

    def _time(self, time_us: int, bits: int) -> str:
        """One of the allowed spellings of an instant; digits finer than a microsecond are to be cut."""
        form, bits = bits & 31, bits >> 5
        extra = ("", "0", "9", "999999", "5")[bits % 5]
        seconds, micro = divmod(time_us, MICROSECONDS)
        if form == 0:
            return f"{seconds}.{micro:06d}{extra}" if micro or extra else str(seconds)
        if form == 1:
            return f"{time_us // 1000}.{time_us % 1000:03d}{extra}"
        if form == 2:
            return f"{time_us}.{extra}" if extra else str(time_us)
        if form == 3:
            return f"{time_us * 1000 + bits % 1000}"
        if form == 4:
            return f"{seconds // 10**9}.{seconds % 10**9:09d}{micro:06d}{extra}e9"
        offset = OFFSETS_MINUTES[bits % len(OFFSETS_MINUTES)] if form < 16 else 0
        day, second = divmod(seconds + offset * 60, 86400)
        date_text = self._dates.get(day)
        if date_text is None:
            date_text = self._dates[day] = date.fromordinal(day + 719163).isoformat()
        fraction = ""
        if micro:
            digits = f"{micro:06d}"
            fraction = "." + (digits + extra if bits & 64 else digits.rstrip("0"))
        elif bits & 64:
            fraction = ".000000" + extra if extra else ".0"
        if offset:
            zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
        else:
            zone = ("Z", "Z", "Z", "z", "+00:00", "-00:00")[bits % 6]
        separator = ("T", "T", "T", "T", "t", " ")[(bits >> 7) % 6]
        return (
            f'"{date_text}{separator}{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{fraction}{zone}"'
        )

    def _latency(self, bits: int) -> str:
        form, value = bits & 7, bits >> 3
        if form == 0:
            return '"latency_ms":null' if value & 1 else ""
        if form == 1:
            return f'"latency_ms":{value % 300}.{value % 1000:03d}5'  # a half microsecond
        if form == 2:
            return f'"latency_ms":{value % 400 / 100}e2'
        if form == 3:
            return f'"latency_ms":{value % 40000}'
        if form == 4 and value % 64 == 0:
            exact = ("0", "86400000", "0.0004999", "0.0005", "100", "100.0005", "30000")
            return f'"latency_ms":{exact[value // 64 % 7]}'
        return f'"latency_ms":{value % 2500}.{value % 997:03d}'

    def line(self, number: int, time_us: int) -> str:
        bits = self._random.getrandbits(320)

        def take(count: int) -> int:
            nonlocal bits
            low, bits = bits & ((1 << count) - 1), bits >> count
            return low

        if self._ids == "uuid":
            identifier = f'"{uuid.UUID(int=take(128), version=4)}"'
        else:
            take(128)
            identifier = f'"t-{number:09d}"' if number % 997 else f'"t/\\u00e9 \\"{number}\\" \u6f22"'
        verdict = VERDICTS[take(6)]
        members = [f'"id":{identifier}', f'"time":{self._time(time_us, take(20))}', f'"verdict":"{verdict}"']
        kind = verdict.lower()
        risk = take(24)
        if kind in ("controversial", "unsafe") or risk % 16 == 0:
            count = (1, 1, 1, 1, 2, 2, 3, 0)[risk >> 4 & 7]
            names = [self._risks[(risk >> 7) * (position * 31 + 1) % len(self._risks)] for position in range(count)]
            if count or risk & 1:
                members.append(f'"risk_types":[{",".join(names)}]')
        for choices in self._members:
            member = choices[take(14) % len(choices)]
            if member:
                members.append(member)
        latency = self._latency(take(24))
        if latency:
            members.append(latency)
        rare = take(16)
        if kind == "error" or rare % 64 == 0:
            cause = CAUSES[rare >> 6 & 7]
            if cause is not None:
                members.append(f'"error_cause":"{cause}"')
        if rare & 48 == 48:
            members.append(f'"refusal":{("true", "false", "null")[rare % 3]}')
        if rare >> 12 == 1:
            members.append(UNKNOWN_FIELDS[rare & 7])
        if rare >> 12 == 2:
            self._random.shuffle(members)
        if rare >> 12 == 3:
            return "\t{ " + " , ".join(members) + " } "
        return "{" + ",".join(members) + "}"


def records(
    rows: int, seed: int, start_us: int, days: float, order: str = "random", ids: str = "sequential",
    has_few_values: bool = False,
) -> Iterator[str]:  # fmt: skip
    """`rows` lines without their newline, over [start, start + days), the same ones for the same arguments."""
    writer = _Writer(seed, ids, has_few_values)
    for number, time_us in enumerate(writer.instants(rows, start_us, int(days * DAY), order == "ordered")):
        yield writer.line(number, time_us)


def write_file(path: str, lines: Iterator[str]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        for line in lines:
            file.write(line + "\n")


def instant(text: str) -> int:
    """Microseconds since 1970 of an ISO 8601 date or date-time; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()) * MICROSECONDS


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes made-up verdict records as NDJSON.")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", default="2026-03-02T00:00:00Z", metavar="ISO")
    parser.add_argument("--days", type=float, default=14)
    parser.add_argument("--order", choices=("ordered", "random"), default="random")
    parser.add_argument("--ids", choices=("sequential", "uuid"), default="sequential")
    options = parser.parse_args()
    output = open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", buffering=1 << 20, closefd=False)
    start_us = instant(options.start)
    for line in records(options.rows, options.seed, start_us, options.days, options.order, options.ids):
        output.write(line + "\n")
    output.flush()


if __name__ == "__main__":
    main()
