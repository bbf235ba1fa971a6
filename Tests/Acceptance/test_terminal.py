"""What people see: every command in a pseudo-terminal and in a pipe.

    python test_terminal.py --binary PATH
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import xml.dom.minidom

from harness import Checks, Program

COMMANDS = ("ingest", "serve", "aggregate", "report", "metrics", "verify", "rebuild", "discard", "doctor", "formats", "formats list", "formats show", "formats parse", "migrate", "generate")
REQUIRED = {"rebuild": ("--from", "2026-01-01", "--to", "2026-01-02"), "formats show": ("wildguard",), "formats parse": ("wildguard",)}
STYLE = b"\x1b["


class Screen:
    """Runs a command on a terminal of a given size, and keeps what it shows."""

    def __init__(self, binary: str, arguments: list[str], columns: int = 80, rows: int = 1000, environment: dict[str, str] | None = None, keys: bytes = b"") -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        base = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PAGER", "LESS", "LC_ALL", "LC_CTYPE")}
        process = subprocess.Popen(
            [binary, *arguments], stdin=slave, stdout=slave, stderr=slave, env=base | {"TERM": "xterm", "LANG": "C.UTF-8"} | (environment or {}), start_new_session=True, close_fds=True
        )
        os.close(slave)
        shown = b""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            ready, _, _ = select.select([master], [], [], 0.2)
            if ready:
                try:
                    data = os.read(master, 65_536)
                except OSError:
                    break
                if not data:
                    break
                shown += data
            elif keys:
                os.write(master, keys)
                keys = b""
            elif process.poll() is not None:
                break
        self.code = process.wait(10)
        os.close(master)
        self.shown = shown
        self.lines = shown.decode("utf-8").replace("\r\n", "\n").split("\n")

    @property
    def plain(self) -> list[str]:
        return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in self.lines]


def width(text: str) -> int:
    """Columns on a terminal, told by another's rule: East Asian wide characters take two, marks none."""
    import unicodedata

    return sum(0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def conventions(checks: Checks, program: Program) -> None:
    """clig.dev: help everywhere, results and messages apart, exit codes, suggestions, no colour and no motion off a terminal."""
    alone = program.run()
    checks.equal((alone.code, alone.stderr), (0, b""), "alone it helps")
    for used in ("ingest", "report", "verify"):
        checks.check(used.encode() in alone.stdout, f"the help names {used}")
    for command in COMMANDS:
        words = command.split()
        for flag in ("--help", "-h"):
            result = program.run(*words, flag)
            checks.equal((result.code, result.stderr), (0, b""), f"{command} {flag}")
            checks.check(b"Example:" in result.stdout or command == "formats", f"{command} {flag}: an example", result.stdout[:200])
            checks.check(all(len(line) <= 80 for line in result.stdout.decode().split("\n") if "http" not in line), f"{command} {flag}: lines fit 80 columns", max(result.stdout.decode().split("\n"), key=len))
            checks.check(STYLE not in result.stdout, f"{command} {flag}: no styles in a pipe")
        wrong = program.run(*words, *REQUIRED.get(command, ()), "--no-such-option")
        checks.equal((wrong.code, wrong.stdout), (64, b""), f"{command}: an option that there is not")
        checks.check(b"no-such-option" in wrong.stderr, f"{command}: the message names it", wrong.stderr)
    mistyped = program.run("discrad")
    checks.check(mistyped.code == 64 and mistyped.stdout == b"" and b"nearest: discard" in mistyped.stderr, "a command that is mistyped", mistyped.stderr)
    for words, nearest in ((("help", "repotr"), b"report"), (("formats", "lst"), b"list"), (("help", "formats", "shwo"), b"show")):
        result = program.run(*words)
        checks.check(result.code == 64 and result.stdout == b"" and b"nearest: " + nearest in result.stderr, f"{' '.join(words)}: the nearest command", result.stderr)
    for words, needed in ((("report", "safe-ratio", "--limit", "-1"), b"--limit takes"), (("report", "safe-ratio", "--last", "-1h"), b"--last takes"), (("generate", "--rows", "-5"), b"--rows takes")):
        result = program.run(*words)
        checks.check(result.code == 64 and needed in result.stderr, f"{' '.join(words)}: what it takes", result.stderr)
    near = program.run("report", "--formt", "csv")
    checks.check(near.code == 64 and b"--format" in near.stderr, "an option's nearest name", near.stderr)
    for arguments, nearest in (
        (("report", "safe-rato"), "safe-ratio"), (("report", "safe-ratio", "--by", "langauge"), "language"), (("report", "safe-ratio", "--sort", "totl"), "total"),
        (("report", "safe-ratio", "--tz", "kolkata"), "Asia/Kolkata"), (("report", "safe-ratio", "--tz", "Europe/Berln"), "Europe/Berlin"),
        (("report", "categories", "--taxonomy", "mlcomons"), "mlcommons"), (("report", "errors", "--format", "markdwn"), "markdown"),
        (("report", "errors", "--format", "chart", "--column", "eror"), "errors"), (("ingest", "--format", "lama-guard-3", "/dev/null"), "llama-guard-3"),
        (("aggregate", "--reports", "/nowhere", "--tz", "Asia/Kolkatta"), "Asia/Kolkata"),
    ):  # fmt: skip
        result = program.run(*arguments, "--db", "absent.db")
        checks.equal((result.code, result.stdout), (64, b""), f"{' '.join(arguments)}: refused")
        checks.check(nearest.encode() in result.stderr and result.stderr.count(b"\n") == 1, f"{' '.join(arguments)}: names {nearest}", result.stderr)


def tables(checks: Checks, program: Program, database: str) -> None:
    report = ["report", "safe-ratio", "--db", database, "--from", "2026-01-01", "--to", "2026-01-03", "--by", "model,language"]
    piped = program.run(*report)
    checks.check(piped.stdout.startswith(b"start,end,model,language,total") and STYLE not in piped.stdout, "csv in a pipe")
    for columns in (40, 60, 80, 100, 140, 400):
        screen = Screen(program.path, [*report, "--limit", "5"], columns=columns)
        table = [line for line in screen.plain if line and not line.startswith(("(", "guardtally:"))]
        checks.check(screen.code == 0 and table[0].startswith(("start", "model")), f"{columns} columns: a table", screen.lines[:3])
        widest = max(map(width, table))
        checks.check(widest <= columns or columns < 60, f"{columns} columns: it fits", widest)
        checks.equal(any("left out for the width" in line for line in screen.plain), columns < 250, f"{columns} columns: what was cut is said")
        checks.check("error_ratio" in table[0] and "safe_ratio" in table[0], f"{columns} columns: the error ratio stands beside the safe ratio", table[0])
    wide = Screen(program.path, report, columns=400)
    total = next(line for line in wide.plain if line.startswith("all "))
    rows = piped.stdout.decode().split("\r\n")[1:-1]
    checks.equal(total.split()[3], str(sum(int(row.split(",")[4]) for row in rows)), "the total is the sum of the rows")
    checks.check(STYLE in wide.shown, "headers stand out on a terminal")
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        checks.check(STYLE not in Screen(program.path, report, environment=environment).shown, f"no styles with {environment}")
    checks.check(STYLE in Screen(program.path, report, environment={"NO_COLOR": ""}).shown, "an empty NO_COLOR asks for nothing")
    limited = Screen(program.path, [*report, "--limit", "2"], columns=200)
    checks.check(any("more rows were left out by --limit 2" in line for line in limited.plain), "what the limit left out is said")


def charts(checks: Checks, program: Program, database: str) -> None:
    span = ["--db", database, "--from", "2026-01-01", "--to", "2026-01-03"]
    for name in ("safe-ratio", "categories", "latency", "errors"):
        for extra in ([], ["--every", "1d"], ["--by", "model"], ["--every", "1h", "--by", "model"]):
            for columns in (40, 80, 200):
                screen = Screen(program.path, ["report", name, *span, *extra, "--format", "chart", "--no-pager"], columns=columns, rows=24)
                widest = max(map(width, screen.plain))
                checks.check(screen.code == 0 and widest <= columns, f"{name} {extra} in {columns} columns", (screen.code, widest))
            ascii_ = Screen(program.path, ["report", name, *span, *extra, "--format", "chart", "--no-pager"], environment={"LANG": "C"})
            checks.check(not any(drawn in ascii_.shown.decode() for drawn in "│●├┤─█…"), f"{name} {extra}: ASCII where the locale has no more")
            piped = program.run("report", name, *span, *extra, "--format", "chart", environment={"LANG": "C.UTF-8"})
            checks.check(piped.code == 0 and STYLE not in piped.stdout, f"{name} {extra}: in a pipe")
            csv = program.run("report", name, *span, *extra).stdout.decode().split("\r\n")[1:-1]
            marks = [line for line in piped.stdout.decode().split("\n") if line.count("│") == 2]
            checks.equal(len(marks), len(csv), f"{name} {extra}: a mark for each row")
            picture = program.run("report", name, *span, *extra, "--format", "svg")
            document = xml.dom.minidom.parseString(picture.stdout)
            checks.equal((picture.code, document.documentElement.tagName), (0, "svg"), f"{name} {extra}: a picture")
            checks.check(b"href" not in picture.stdout and b"<script" not in picture.stdout, f"{name} {extra}: it stands alone")
    wrong = program.run("report", "errors", *span, "--column", "errors")
    checks.equal(wrong.code, 64, "--column without a picture")


def pager(checks: Checks, program: Program, database: str) -> None:
    report = ["report", "safe-ratio", "--db", database, "--from", "2026-01-01", "--to", "2026-01-03", "--every", "1h"]
    paging = {"PAGER": "sed s/^/paged:/"}
    long = Screen(program.path, report, rows=24, environment=paging)
    checks.check(long.code == 0 and all(line.startswith("paged:") for line in long.lines[:-1]) and len(long.lines) > 40, "long results go through PAGER", long.lines[:3])
    checks.check(not any("paged:" in line for line in Screen(program.path, report, rows=200, environment=paging).lines), "short ones do not")
    checks.check(not any("paged:" in line for line in Screen(program.path, [*report, "--no-pager"], rows=24, environment=paging).lines), "--no-pager")
    checks.check(not any("paged:" in line for line in Screen(program.path, [*report, "--format", "csv"], rows=24, environment=paging).lines), "csv is for programs")
    for absent in ("no-such-pager-anywhere", "cat", ""):
        shown = Screen(program.path, report, rows=24, environment={"PAGER": absent})
        checks.check(shown.code == 0 and sum("2026-01-0" in line for line in shown.plain) == 48, f"PAGER={absent!r}: all is shown all the same", shown.lines[:3])
    early = Screen(program.path, report, rows=24, environment={"PAGER": "head -1"})
    checks.equal(early.code, 0, "a pager that ends early")
    checks.check(b"\x1b[1m" in Screen(program.path, report, rows=24, environment={"PAGER": "less", "LESS": "FRX"}, keys=b"q").shown, "less keeps styles") if subprocess.run(["which", "less"], capture_output=True, check=False).returncode == 0 else None


def interruptions(checks: Checks, program: Program, folder: str, records: bytes) -> None:
    """Ctrl-C and SIGTERM end what waits for others, at once and without leavings. The bound is far from any wait that there is."""
    place = os.path.join(folder, "interrupted")
    os.mkdir(place)
    path, pipe, silent = os.path.join(place, "x.ndjson"), os.path.join(place, "pipe"), socket.create_server(("127.0.0.1", 0))
    with open(path, "wb") as file:
        file.write(records)
    os.mkfifo(pipe)
    server = f"postgres://nobody@127.0.0.1:{silent.getsockname()[1]}/x"
    large = os.path.join(place, "large.db")
    program.ingest(large, "-", stdin=program.run("generate", "--rows", "300000", "--days", "14").stdout)
    wide = ("--from", "2026-01-01", "--to", "2026-01-15", "--every", "15m", "--by", "language,region")
    for name, arguments, code in (
        ("a server that does not answer", ("ingest", "--db", server, path), 130), ("a server that does not answer, followed", ("ingest", "--follow", "--db", server, path), 0),
        ("a pipe that nobody writes", ("ingest", "--db", os.path.join(place, "x.db"), pipe), 130), ("standard input", ("ingest", "--db", os.path.join(place, "x.db")), 130),
        ("a report into a file", ("report", "safe-ratio", "--db", large, *wide, "--output", os.path.join(place, "report.csv")), 130),
    ):
        for number in (signal.SIGINT, signal.SIGTERM):
            if code == 0 and number == signal.SIGTERM:
                continue
            process = program.start(*arguments, stdin=subprocess.PIPE)
            time.sleep(0.3)
            if process.poll() is not None:
                checks.check(name == "a report into a file", f"{name}: it ended by itself", process.returncode)
                continue
            process.send_signal(number)
            begun = time.monotonic()
            process.wait(60)
            taken = time.monotonic() - begun
            _, stderr = process.communicate()
            checks.check(process.returncode == code and taken < 3, f"{name}: {number.name}", (process.returncode, taken, stderr))
            checks.check(arguments[0] != "ingest" or stderr.rstrip().endswith(b"read=0 stored=0 duplicates=0 conflicts=0 rejected=0 unrecognised=0"), f"{name}: the last line", stderr)
    silent.close()
    checks.equal([left for left in os.listdir(place) if "tmp" in left], [], "nothing unfinished is left")


def progress(checks: Checks, program: Program, folder: str) -> None:
    path = os.path.join(folder, "much.ndjson")
    with open(path, "wb") as file:
        file.write(program.run("generate", "--rows", "400000", "--days", "14").stdout)
    for columns in (20, 60, 80, 200):
        shown = Screen(program.path, ["ingest", "--db", os.path.join(folder, f"progress{columns}.db"), path], columns=columns).shown
        bars = [bar for bar in re.split(rb"\r(?:\x1b\[K)?", shown.split(b"\r\n")[0]) if bar and b"unrecognised=" not in bar]
        checks.check(len(bars) > 1 and all(len(bar) < columns for bar in bars), f"{columns} columns: the bar fits", max(bars, key=len, default=b""))
    dumb = Screen(program.path, ["ingest", "--db", os.path.join(folder, "dumb.db"), path], environment={"TERM": "dumb"}).shown
    checks.check(b"\x1b" not in dumb and dumb.count(b"\n") == 1, "a terminal that cannot write over a line has none", dumb[:200])


def manuals(checks: Checks, program: Program, folder: str) -> None:
    """Manual pages and completions, generated, and read by what reads them."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "script", "man")
    pages = os.path.join(folder, "man")
    made = subprocess.run([sys.executable, script, "--binary", program.path, pages], capture_output=True, check=False)
    checks.equal((made.returncode, made.stderr), (0, b""), "script/man")
    names = sorted(os.listdir(pages))
    checks.equal(names, sorted({"guardtally.1"} | {"-".join(["guardtally", *command.split()]) + ".1" for command in COMMANDS}), "a page for each command")
    for name in names:
        lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", os.path.join(pages, name)], capture_output=True, text=True, check=False)
        checks.equal((lint.returncode, lint.stdout), (0, ""), f"{name}: mandoc has nothing to say")
    text = subprocess.run(["mandoc", "-Tascii", os.path.join(pages, "guardtally-report.1")], capture_output=True, check=True).stdout
    plain = re.sub(rb".\x08", b"", text).decode()
    for option in re.findall(r"^  (--[a-z-]+)", program.run("report", "--help").stdout.decode(), flags=re.MULTILINE):
        checks.check(option in plain or option == "--version", f"the page of report has {option}")
    for shell in ("bash", "zsh", "fish"):
        generated = program.run(f"--generate-completion-script={shell}")
        checks.equal((generated.code, generated.stderr), (0, b""), f"completions for {shell}")
        path = os.path.join(folder, f"completions.{shell}")
        with open(path, "wb") as file:
            file.write(generated.stdout)
        parsed = subprocess.run([shell, "--no-execute" if shell == "fish" else "-n", path], capture_output=True, text=True, check=False)
        checks.equal((parsed.returncode, parsed.stderr), (0, ""), f"{shell} reads them")
    for words, wanted in ((["rep"], "report"), (["report", "safe"], "safe-ratio"), (["report", "errors", "--format", "mark"], "markdown"), (["report", "errors", "--every", "15"], "15m"), (["ingest", "--format", "qwen"], "qwen3guard-gen"), (["verify", "--busy"], "--busy-timeout"), (["formats", "show", "qwen"], "qwen3guard-gen"), (["metrics", "--format", "open"], "openmetrics"), (["report", "errors", "--tz", "Asia/Kolk"], "Asia/Kolkata"), (["report", "errors", "--sort", "share_of_t"], "share_of_total"), (["report", "safe-ratio", "--column", "loose"], "loose_safe_ratio")):
        line, previous = " ".join(["guardtally", *words]), ["guardtally", *words][-2]
        simulated = f"source {folder}/completions.bash; PATH={os.path.dirname(program.path)}:$PATH; COMP_WORDS=({line}); COMP_CWORD={len(words)}; COMP_LINE='{line}'; COMP_POINT={len(line)}; _guardtally guardtally '{words[-1]}' '{previous}'; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        offered = subprocess.run(["bash", "-c", simulated], capture_output=True, text=True, check=False)
        checks.check(wanted in offered.stdout.split(), f"bash completes {line}", (offered.stdout, offered.stderr[-300:]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    checks = Checks("terminal")
    program = Program(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        database = os.path.join(folder, "x.db")
        generated = program.run("generate", "--rows", "20000", "--days", "2", "--seed", "3").stdout
        lines = [line.replace(b"shieldgemma-9b", "守卫模型-审核九号".encode()).replace(b"Llama-Guard-4-12B", "حارس النموذج".encode()) for line in generated.split(b"\n")]
        checks.equal(program.ingest(database, "-", stdin=b"\n".join(lines)).code, 0, "a store")
        for name, group in (("conventions", lambda: conventions(checks, program)), ("tables", lambda: tables(checks, program, database)), ("charts", lambda: charts(checks, program, database)), ("pager", lambda: pager(checks, program, database)), ("interruptions", lambda: interruptions(checks, program, folder, generated)), ("progress", lambda: progress(checks, program, folder)), ("manuals", lambda: manuals(checks, program, folder))):
            checks.group(name)
            group()
        checks.end_group()
        os.chdir("/")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
