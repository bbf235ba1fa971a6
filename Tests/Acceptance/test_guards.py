"""What guards write, through the whole program: every vector parsed and stored, reports recounted, and no content anywhere.

`python3 test_guards.py --binary PATH [--store postgres] [--rounds 40] [--seed 3]`; on Postgres within script/with-postgres.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from harness import Checks, Program
from postgres import PostgresDatabases, SQLiteDatabases

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Data")
GUARDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Sources", "Guards", "guards.json")
SPAN = ("--from", "2026-02-01", "--to", "2026-02-08")
UNLISTED = "(unlisted)"
CANARY = "canary-7f3a-tweety"


def vectors() -> list[dict[str, Any]]:
    found = []
    for name in ("guard-vectors.jsonl", "guard-vectors-own.jsonl"):
        with open(os.path.join(DATA, name), encoding="utf-8") as file:
            found += [json.loads(line) for line in file]
    return found


def rows(program: Program, database: str, *arguments: str) -> list[dict[str, str]]:
    result = program.run("report", *arguments, *SPAN, "--db", database)
    if result.code != 0:
        raise AssertionError(result.brief())
    return list(csv.DictReader(io.StringIO(result.stdout.decode(), newline="")))


def parse_all(checks: Checks, program: Program) -> None:
    """`formats parse` over every vector, a run for each format."""
    by_format = defaultdict(list)
    for vector in vectors():
        by_format[vector["format"]].append(vector)
    for name, members in by_format.items():
        lines = []
        for vector in members:
            wrapped = "context" in vector or (isinstance(vector["input"], dict) and "output" in vector["input"])
            lines.append(json.dumps({"output": vector["input"], "context": vector.get("context", {})} if wrapped else vector["input"]))
        result = program.run("formats", "parse", name, stdin="\n".join(lines).encode() + b"\n")
        checks.equal(result.code, 0, f"{name}: formats parse ({result.brief()})")
        printed = [json.loads(line) for line in result.stdout.splitlines()]
        checks.equal(len(printed), len(members), f"{name}: a line each")
        for vector, reply in zip(members, printed):
            what = f"{name}: {vector['note']}"
            expect = vector["expect"]
            checks.equal((reply["verdict"], reply["risk_types"]), (expect["verdict"], expect["risk_types"]), what)
            checks.equal(list(reply), ["verdict", "risk_types", "native", "error_cause"], f"{what}: keys")
            if "native" in expect:
                checks.equal(reply["native"], expect["native"], f"{what}: native")
            checks.equal(reply["error_cause"] is None, expect["verdict"] != "error", f"{what}: cause")
            if "error_cause" in expect:
                checks.equal(reply["error_cause"], expect["error_cause"], f"{what}: cause")
            vector["printed"] = reply


class Counts:
    """The contract's tables, counted from what the vectors say."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        with open(GUARDS, encoding="utf-8") as file:
            self.taxonomies = json.load(file)["taxonomies"]
        self.records = records

    def safe_ratio(self) -> dict[str, Counter[str]]:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for record in self.records:
            counts[record["model"]][record["reply"]["verdict"]] += 1
        return counts

    def flagged(self) -> Iterator[dict[str, Any]]:
        return (record for record in self.records if record["reply"]["verdict"] in ("controversial", "unsafe"))

    def categories(self) -> Counter[tuple[str, ...]]:
        return Counter((type_,) for record in self.flagged() for type_ in set(record["reply"]["risk_types"]))

    def taxonomy(self, name: str) -> Counter[tuple[str, ...]]:
        categories = self.taxonomies[name]["categories"]
        return Counter(
            (category,) for record in self.flagged()
            for category in {"|".join(categories[type_]) or "(none)" for type_ in record["reply"]["risk_types"]}
        )  # fmt: skip

    def native(self) -> Counter[str]:
        return Counter(name for record in self.flagged() for name in set(record["reply"]["native"]) or {"(none)"})

    def causes(self) -> Counter[str]:
        return Counter(record["reply"]["error_cause"] for record in self.records if record["reply"]["verdict"] == "error")


def records(members: list[dict[str, Any]], rounds: int, seed: int) -> list[dict[str, Any]]:
    """Every vector in every round, in an order of its own, with a time and an id."""
    random_ = random.Random(seed)
    made = []
    for round_ in range(rounds):
        for index, vector in enumerate(members):
            record = {
                "id": f"{round_}-{index}", "time": f"2026-02-{random_.randint(1, 7):02}T{random_.randint(0, 23):02}:{random_.randint(0, 59):02}:00Z",
                "model": vector["format"], "source": random_.choice(("eu", "us")), "format": vector["format"], "output": vector["input"],
            }  # fmt: skip
            if "context" in vector:
                record["context"] = vector["context"]
            made.append({"line": record, "model": vector["format"], "reply": vector["printed"]})
    random_.shuffle(made)
    return made


def store_all(checks: Checks, program: Program, stores: Any, folder: str, rounds: int, seed: int) -> str:
    """Every vector as a record; reports recounted from what the vectors say."""
    members = vectors()
    for vector in members:
        line = json.dumps({"output": vector["input"], "context": vector.get("context", {})})
        vector["printed"] = json.loads(program.run("formats", "parse", vector["format"], stdin=line.encode()).stdout)
    made = records(members, rounds, seed)
    path = os.path.join(folder, "replies.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(record["line"], ensure_ascii=random.Random(seed).random() < 0.5) + "\n" for record in made)
    database = stores.fresh("guards")
    result = program.ingest(database, path)
    checks.equal(result.code, 0, f"ingest ({result.brief()})")
    ledger = result.json_ledger
    checks.check(ledger is not None and ledger.stored == len(made), "all stored", ledger)
    again = program.ingest(database, path).json_ledger
    checks.check(again is not None and again.duplicates == len(made), "all duplicates the second time", again)
    counts = Counts(made)
    for row in rows(program, database, "safe-ratio", "--by", "model"):
        expected = counts.safe_ratio()[row["model"]]
        found = {name: int(row[name]) for name in ("safe", "controversial", "unsafe", "error")}
        checks.equal(found, {name: expected[name] for name in found}, f"safe-ratio of {row['model']}")
        evaluated = sum(found.values()) - found["error"]
        checks.equal(row["safe_ratio"], f"{found['safe'] / evaluated:.6f}" if evaluated else "", f"safe ratio of {row['model']}")
        checks.equal(row["error_ratio"], f"{found['error'] / sum(found.values()):.6f}", f"error ratio of {row['model']}")
    total_flagged = sum(1 for _ in counts.flagged())
    for name, options, expected in (
        ("categories", (), counts.categories()), ("dsa", ("--taxonomy", "dsa"), counts.taxonomy("dsa")),
        ("mlcommons", ("--taxonomy", "mlcommons"), counts.taxonomy("mlcommons")),
    ):  # fmt: skip
        table = rows(program, database, "categories", *options)
        checks.equal({(row["risk_type"],): int(row["verdicts"]) for row in table}, dict(expected), name)
        checks.equal([row["risk_type"] for row in table], sorted((row["risk_type"] for row in table), key=str.encode), f"{name}: order")
        for row in table:
            checks.equal(row["share_of_flagged"], f"{int(row['verdicts']) / total_flagged:.6f}", f"{name}: share of {row['risk_type']}")
    native: Counter[str] = Counter()
    seen = set()
    for row in rows(program, database, "categories", "--native"):
        # A name with several types has a row for each of them.
        key = (row["format"], row["native"])
        if row["native"] not in (UNLISTED, "(none)") and key not in seen:
            native[row["native"]] += int(row["verdicts"])
        seen.add(key)
    expected_native = counts.native()
    checks.equal(
        dict(native), {name: count for name, count in expected_native.items() if name not in (UNLISTED, "(none)")}, "native names")
    checks.check(any(native_ == UNLISTED for _, native_ in seen) and any(native_ == "(none)" for _, native_ in seen), "what has no name is shown")
    causes = {row["error_cause"]: int(row["errors"]) for row in rows(program, database, "errors")}
    checks.equal(causes, dict(counts.causes()), "errors by cause")
    split: Counter[tuple[str, str]] = Counter()
    for row in rows(program, database, "categories", "--native", "--by", "source", "--every", "1d"):
        split[(row["format"], row["native"])] += int(row["verdicts"])
    whole: Counter[tuple[str, str]] = Counter()
    for row in rows(program, database, "categories", "--native"):
        whole[(row["format"], row["native"])] += int(row["verdicts"])
    checks.equal(split, whole, "native names by day and source add up")
    verified = program.verify(database)
    checks.equal(verified.code, 0, f"verify ({verified.stdout[-300:]!r})")
    return database


def agree(checks: Checks, program: Program, left: str, right: str) -> None:
    """Both stores print the same bytes."""
    for options in ((), ("--native",), ("--native", "--by", "model,source", "--every", "1h"), ("--taxonomy", "dsa", "--by", "source"), ("--taxonomy", "mlcommons")):
        outputs = [program.run("report", "categories", *options, *SPAN, "--db", database).stdout for database in (left, right)]
        checks.check(outputs[0] == outputs[1] and len(outputs[0]) > 200, f"the same bytes: categories {' '.join(options)}")


def six_guards(checks: Checks, program: Program, stores: Any, folder: str) -> None:
    """One file of six guards, some of them broken: one report by model, with the error ratio beside the safe ratio."""
    replies = (
        ("Qwen3Guard-Gen-8B", "qwen3guard-gen", ["Safety: Safe\nCategories: None"] * 6 + ["Safety: Unsafe\nCategories: Violent", "It is safe."], {}),
        ("Llama-Guard-3-8B", "llama-guard-3", ["safe"] * 5 + ["unsafe\nS1", "not safe", "unsaf"], {}),
        ("omni-moderation-latest", "openai-moderation", [{"results": [{"flagged": flagged, "categories": {"hate": flagged}}]} for flagged in (True, False, False)], {}),
        ("ShieldGemma-9B", "shieldgemma", ["No", "No", "Yes", ""], {"policy": "harassment"}),
        ("Bedrock", "bedrock-apply-guardrail", [{"action": "NONE", "assessments": []}, {"assessments": []}], {}),
        ("Broken", "openai-chat", [{"error": {"message": "x"}}] * 2, {"guard": "qwen3guard-gen"}),
    )  # fmt: skip
    lines = []
    for model, format_, outputs, context in replies:
        for index, output in enumerate(outputs):
            lines.append({"id": f"{model}-{index}", "time": "2026-02-03T10:00:00Z", "model": model, "format": format_, "output": output, "context": context})
    random.Random(1).shuffle(lines)
    path = os.path.join(folder, "six.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    database = stores.fresh("six")
    checks.equal(program.ingest(database, path).code, 0, "six guards: ingest")
    found = {
        row["model"]: (row["safe"], row["unsafe"], row["error"], row["safe_ratio"], row["error_ratio"])
        for row in rows(program, database, "safe-ratio", "--by", "model")
    }
    checks.equal(
        found,
        {
            "Qwen3Guard-Gen-8B": ("6", "1", "1", "0.857143", "0.125000"), "Llama-Guard-3-8B": ("5", "1", "2", "0.833333", "0.250000"),
            "omni-moderation-latest": ("2", "1", "0", "0.666667", "0.000000"), "ShieldGemma-9B": ("2", "1", "1", "0.666667", "0.250000"),
            "Bedrock": ("1", "0", "1", "1.000000", "0.500000"), "Broken": ("0", "0", "2", "", "1.000000"),
        },
        "six guards: by model",
    )  # fmt: skip


def canaries() -> list[str]:
    """Lines whose content must stay out, in every place where a guard or a caller may quote it."""
    text = CANARY
    replies: list[tuple[str, Any, Any]] = [
        ("qwen3guard-gen", f"Safety: Unsafe\nCategories: {text}, Violent", {}),
        ("qwen3guard-gen", f"<think>{text}</think>Safety: Safe\nCategories: None", {}),
        ("qwen3guard-gen", f"The text says {text}, which is safe.", {}),
        ("llama-guard-3", f"unsafe\n{text}", {}),
        ("shieldgemma", f"Yes, because of {text}", {"policy": text}),
        ("granite-guardian-3.3", f"<think>{text}</think><score> yes </score>", {"risk": text}),
        ("granite-guardian-3.2-categories", f"{text}, Violence</categories>", {}),
        ("nemoguard-content-safety", {"User Safety": "unsafe", "Safety Categories": f"S1: {text}"}, {}),
        ("nemoguard-content-safety", {"User Safety": "unsafe", text: text}, {}),
        ("openai-moderation", {"id": text, "results": [{"flagged": True, "categories": {text: True}}]}, {}),
        ("azure-content-safety", {"blocklistsMatch": [{"blocklistName": text, "blocklistItemText": text}], "categoriesAnalysis": [{"category": text, "severity": 6}]}, {}),
        ("bedrock-apply-guardrail", {"action": "GUARDRAIL_INTERVENED", "actionReason": text, "outputs": [{"text": text}], "assessments": [{"sensitiveInformationPolicy": {"piiEntities": [{"type": text, "match": text, "action": "BLOCKED"}]}, "topicPolicy": {"topics": [{"name": text, "type": "DENY", "action": "BLOCKED"}]}, text: {"x": [{"action": "BLOCKED"}]}}]}, {}),
        ("google-model-armor", {"sanitizationResult": {"filterMatchState": "MATCH_FOUND", "filterResults": {"sdp": {"sdpFilterResult": {"inspectResult": {"matchState": "MATCH_FOUND", "findings": [text]}}}, text: {"matchState": "MATCH_FOUND"}}}}, {}),
        ("gemini-safety-ratings", {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": text, "safetyRatings": [{"category": text, "probability": "HIGH"}]}]}, {}),
        ("perspective", {"attributeScores": {text: {"summaryScore": {"value": 0.9}}}}, {}),
        ("gpt-oss-safeguard", {"violation": 1, "policy_category": text, "rationale": text}, {"categories": {text: ["hate"]}}),
        ("openai-chat", {"choices": [{"message": {"content": text, "reasoning_content": text}}]}, {"guard": "qwen3guard-gen"}),
        ("openai-chat", {"error": {"message": text}}, {"guard": "qwen3guard-gen"}),
        ("openai-chat", {"choices": [{"message": {"content": "safe"}}]}, {"guard": text}),
        (text, "safe", {}),
        ("wildguard", text, {"stage": text}),
        ("llama-guard-3", "safe", text),
    ]  # fmt: skip
    lines = [
        json.dumps({"id": f"c-{index}", "time": "2026-02-03T10:00:00Z", "format": format_, "output": output, "context": context, "prompt": text})
        for index, (format_, output, context) in enumerate(replies)
    ]
    return lines + ['{"id":"cut","time":"2026-02-03T10:00:00Z","format":"llama-guard-3","output":"' + text, f'"{text}"', json.dumps({text: text})]


def stays_out(checks: Checks, program: Program, stores: Any, folder: str) -> None:
    """Content in every place of a reply; then every file and every output is searched for it."""
    path = os.path.join(folder, "input.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in canaries())
    database = stores.fresh("canary")
    rejects = os.path.join(folder, "rejects.csv")
    outputs = []
    first = program.ingest(database, path, "--rejects", rejects)
    reader = None
    if stores.kind == "sqlite":
        # An open reader keeps the log from being emptied when the program ends.
        reader = sqlite3.connect(database.removeprefix("sqlite:"))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM verdict_blocks").fetchone()
    outputs += [first, program.ingest(database, path, "--set", "source=again"), program.ingest(database, path, "--format", "llama-guard-3", "--assign-ids", "--assume-time", "2026-02-04T00:00:00Z")]
    checks.check(first.code == 65 and first.json_ledger is not None and first.json_ledger.stored >= 18, "canaries: stored, and some refused", first.brief())
    for arguments in (("safe-ratio", "--by", "model,source"), ("categories",), ("categories", "--native"), ("errors",), ("latency",)):
        outputs.append(program.run("report", *arguments, *SPAN, "--db", database))
    outputs += [program.run("metrics", "--db", database), program.verify(database), program.aggregate(database)]
    for line in canaries():
        outputs.append(program.run("formats", "parse", "llama-guard-3", stdin=line.encode() + b"\n"))
    outputs += [program.run("ingest", path, "--db", database, "--context", json.dumps({"guard": CANARY}))]
    needle = CANARY.encode()
    for result in outputs:
        checks.check(needle not in result.stdout + result.stderr, "canaries: not in what is printed", result.brief())
    with open(rejects, "rb") as file:
        checks.check(needle not in file.read(), "canaries: not in the rejects file")
    if stores.kind == "sqlite":
        sizes = {}
        for suffix in ("", "-wal", "-shm"):
            name = database.removeprefix("sqlite:") + suffix
            with open(name, "rb") as file:
                content = file.read()
            sizes[suffix] = len(content)
            checks.check(needle not in content, f"canaries: not in the database{suffix}")
        checks.check(sizes["-wal"] > 0, "canaries: the log was there", sizes)
    else:
        dump = subprocess.run(["pg_dump", "--dbname", database], capture_output=True, check=False)
        checks.check(dump.returncode == 0 and b"verdicts" in dump.stdout, "canaries: the dump", dump.stderr[-200:])
        checks.check(needle not in dump.stdout, "canaries: not in the dump")
    # What must be there, so that the search is worth something.
    checks.check(any(row["native"] == UNLISTED for row in rows(program, database, "categories", "--native")), "canaries: unlisted names are shown as such")
    if reader is not None:
        reader.close()


def options(checks: Checks, program: Program) -> None:
    """Names that are not there, and settings that cannot be meant."""
    for arguments, words in (
        (("formats", "show", "qwen3gard-gen"), "qwen3guard-gen"), (("formats", "parse", "lama-guard-3"), "llama-guard-3"),
        (("ingest", "--format", "openai-moderate"), "openai-moderation"), (("ingest", "--threshold", "perspective.unsafe=1.5"), "0 to 1"),
        (("ingest", "--threshold", "gemini-safety-ratings.unsafe=high"), "HIGH"), (("ingest", "--threshold", "perspective=0.5"), "FORMAT.VERDICT"),
        (("ingest", "--threshold", "azure-content-safety.controversial=5"), "unsafe below"), (("ingest", "--threshold", "shieldgemma.unsafe=1"), "perspective"),
        (("ingest", "--context", "guard"), "JSON object"), (("ingest", "--context", '{"guard":"x"}'), "names no format"), (("ingest", "--context", '{"gaurd":"x"}'), "JSON object"),
        (("report", "categories", "--taxonomy", "eu"), "dsa"), (("report", "errors", "--native"), "categories"),
        (("report", "categories", "--native", "--taxonomy", "dsa"), "take one"),
    ):  # fmt: skip
        result = program.run(*arguments, stdin=b"")
        checks.equal(result.code, 64, f"{' '.join(arguments)}: exit code ({result.brief()})")
        checks.check(words.encode() in result.stderr, f"{' '.join(arguments)}: says {words}", result.brief())
    result = program.run("formats", "parse", "llama-guard-3", stdin=b'"safe"\nsafe\n\n{"output":"safe","context":{"stage":"x"}}\n"unsafe"')
    checks.equal((result.code, len(result.stdout.splitlines())), (65, 2), "formats parse: lines that are none")
    checks.equal([line.split(b":")[:2] for line in result.stderr.splitlines()], [[b"stdin", b"2"], [b"stdin", b"4"]], "formats parse: names the lines")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=3)
    options_ = parser.parse_args()
    checks, program = Checks("guards"), Program(options_.binary)
    with tempfile.TemporaryDirectory() as folder:
        stores = PostgresDatabases() if options_.store == "postgres" else SQLiteDatabases(folder)
        checks.group("every vector parsed")
        parse_all(checks, program)
        checks.group("every vector stored")
        database = store_all(checks, program, stores, folder, options_.rounds, options_.seed)
        if options_.store == "postgres":
            checks.group("both stores agree")
            other = store_all(checks, program, SQLiteDatabases(folder), folder, options_.rounds, options_.seed)
            agree(checks, program, other, database)
        checks.group("six guards in one file")
        six_guards(checks, program, stores, folder)
        checks.group("content stays out")
        stays_out(checks, program, stores, folder)
        checks.group("options")
        options(checks, program)
        stores.drop_all()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
