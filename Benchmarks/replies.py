"""Loads the same verdicts as plain records and as replies of guards inside records, in turns in one run.

    python3 Benchmarks/replies.py [--binary .build/release/guardtally] [--rows 1000000] [--rounds 5]

Each round loads (A) plain records, (B) the same verdicts as replies of Qwen3Guard-Gen, (C) as replies of Llama Guard 3, and (D) as
results of a moderation API, each into a new file. Risk types are those that the guard has a name for, in all of them. Every load is
checked: exit code, ledger, `verify`, and that the report of all verdicts is the same as that of A, byte by byte. Prints each median,
and the median of the ratios of the rates round by round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from ingest import load

QWEN = {
    "violence": "Violent", "illegal_activity": "Non-violent Illegal Acts", "sexual_content": "Sexual Content or Sexual Acts",
    "privacy": "PII", "self_harm": "Suicide & Self-Harm", "unethical": "Unethical Acts", "political": "Politically Sensitive Topics",
    "intellectual_property": "Copyright Violation", "prompt_attack": "Jailbreak",
}  # fmt: skip
LLAMA = {"violence": "S1", "illegal_activity": "S2", "privacy": "S7", "intellectual_property": "S8", "self_harm": "S11", "sexual_content": "S12", "political": "S13"}
MODERATION = {"violence": "violence", "illegal_activity": "illicit", "self_harm": "self-harm", "sexual_content": "sexual"}
COMMON = sorted(set(QWEN) & set(LLAMA) & set(MODERATION))


def replies(verdict: str, types: list[str]) -> dict[str, object]:
    """The same verdict in each guard's words. Moderation has no middle and no error of its own."""
    if verdict == "error":
        return {"qwen": "I think that it is fine.", "llama": "I think that it is fine.", "moderation": {"results": []}}
    return {
        "qwen": f"Safety: {verdict.capitalize()}\nCategories: {', '.join(QWEN[type_] for type_ in types) or 'None'}",
        "llama": "\n".join([verdict, ",".join(LLAMA[type_] for type_ in types)]).strip(),
        "moderation": {
            "id": "modr-1", "model": "omni-moderation-latest",
            "results": [{"flagged": verdict == "unsafe", "categories": {name: type_ in types for type_, name in MODERATION.items()}}],
        },
    }  # fmt: skip


def write_inputs(binary: str, folder: str, rows: int) -> dict[str, str]:
    names = {"plain": "", "qwen": "qwen3guard-gen", "llama": "llama-guard-3", "moderation": "openai-moderation"}
    files = {name: os.path.join(folder, f"{name}.ndjson") for name in names}
    outputs = {name: open(path, "w", encoding="utf-8") for name, path in files.items()}
    generate = subprocess.Popen([binary, "generate", "--rows", str(rows), "--days", "14", "--seed", "5"], stdout=subprocess.PIPE, text=True)
    for line in generate.stdout or []:
        record = json.loads(line)
        verdict = "unsafe" if record["verdict"] == "controversial" else record["verdict"]
        types = [type_ for type_ in COMMON if type_ in record["risk_types"]] if verdict == "unsafe" else []
        written = replies(verdict, types)
        for name, format_ in names.items():
            said = {"verdict": verdict, "risk_types": types, "error_cause": "unreadable"} if not format_ else {"format": format_, "output": written[name]}
            rest = {key: value for key, value in record.items() if key not in ("verdict", "risk_types", "error_cause")}
            outputs[name].write(json.dumps(rest | said, separators=(",", ":")) + "\n")
    for output in outputs.values():
        output.close()
    if generate.wait() != 0:
        sys.exit("generate failed")
    return files


def report(binary: str, folder: str) -> bytes:
    command = [binary, "report", "categories", "--db", os.path.join(folder, "guardtally.db"), "--from", "2026-01-01", "--to", "2026-02-01", "--by", "language"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/guardtally")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        files = write_inputs(arguments.binary, folder, arguments.rows)
        seconds: dict[str, list[float]] = {name: [] for name in files}
        expected = b""
        for number in range(arguments.rounds + 1):
            for name, path in files.items():
                taken, _ = load(arguments.binary, folder, path, arguments.rows)
                found = report(arguments.binary, folder)
                expected = expected or found
                if found != expected or len(found) < 1_000:
                    sys.exit(f"{name}: the report is not that of the plain records")
                if number > 0:  # the first round warms the disk's cache
                    seconds[name].append(taken)
    for name, times in seconds.items():
        rate = statistics.median(plain / other for plain, other in zip(seconds["plain"], times))
        print(
            f"{name:10} median {statistics.median(times):.3f} s (min {min(times):.3f}, max {max(times):.3f}), "
            f"{arguments.rows / statistics.median(times) / 1e3:.0f}k rows/s, rate to plain {rate:.2f}"
        )


if __name__ == "__main__":
    main()
