"""The checks, one function each: a tree in, findings out. tidy.py runs, test_tidy.py tests them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import rules
import scan

FILE_LINES = 400
FUNCTION_LINES = 70
FUNCTION_LINES_P95 = 40
LINE_COLUMNS = 100
FORMATTER = "clang-format-19"

CPP = (".cc", ".h")
PROGRAM_TEXT = (".cc", ".h", ".py", ".sh")


class Tree:
    """The files that git knows or would take, read once."""

    def __init__(self, root: Path, paths: list[str] | None = None):
        self.root = root
        self.paths = paths if paths is not None else _git_files(root)
        self._texts: dict[str, str] = {}

    def text(self, path: str) -> str:
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self._texts[path]

    def with_suffix(self, *suffixes: str) -> list[str]:
        return [path for path in self.paths if path.endswith(suffixes)]

    def programs(self) -> list[str]:
        """Program text: by its ending, or a script by its first line."""
        return [
            path
            for path in self.paths
            if path.endswith(PROGRAM_TEXT)
            or ("." not in path.rpartition("/")[2] and self.text(path).startswith("#!"))
        ]


def _git_files(root: Path) -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(p for p in listing.split("\0") if p and (root / p).is_file())


_INCLUDE = re.compile(r'(?m)^[ \t]*#[ \t]*include[ \t]+(["<])([^">\n]+)[">]')


def include_rule(tree: Tree) -> Iterator[str]:
    """A folder includes only what its row in rules.py names."""
    for path in tree.with_suffix(*CPP):
        folder = rules.folder_of(path)
        if folder is None:
            yield f"{path}: its folder has no row in tests/tidy/rules.py"
            continue
        for match in _INCLUDE.finditer(tree.text(path)):
            problem = _include_problem(path, folder, match.group(1) == '"', match.group(2))
            if problem:
                line = tree.text(path).count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: {problem}"


def _include_problem(path: str, folder: str, quoted: bool, header: str) -> str | None:
    first = header.split("/")[0]
    if quoted or first in ("table", "controller", "proxy", "sluicectl", "modelsim"):
        if "/" not in header:
            return f'include "{header}" by its path from the root'
        if header.endswith("_generated.h"):
            return None if folder == "table" else "generated headers stay inside table/"
        if not rules.may_include_first(folder, header):
            return f"{folder}/ may not include {header} (tests/tidy/rules.py)"
        return None
    if "/" not in header or first in rules.SYSTEM_FOLDERS:
        return None
    if not rules.may_include_library(folder, first, path.endswith(".h")):
        place = "in a header" if path.endswith(".h") else f"in {folder}/"
        return f"library {first} does not belong {place} (tests/tidy/rules.py)"
    return None


def responsibility(tree: Tree) -> Iterator[str]:
    """Every file of ours begins by saying what it is for."""
    for path in tree.programs():
        lines = tree.text(path).split("\n")
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        first = lines[0] if lines else ""
        if not re.match(r'(// |# |r?""").{15,}', first) and tree.text(path).strip():
            yield f"{path}:1: begin with a comment that says this file's one responsibility"


def pragma_once(tree: Tree) -> Iterator[str]:
    """Headers guard themselves in one way."""
    for path in tree.with_suffix(".h"):
        if "#pragma once" not in tree.text(path):
            yield f"{path}: no #pragma once"


def sizes(tree: Tree) -> Iterator[tuple[str, str, int, int]]:
    """(what, where, value, bar) of all that is over its bar; the ratchet decides what it means."""
    for path in tree.programs():
        lines = tree.text(path).split("\n")
        if len(lines) - 1 > FILE_LINES:
            yield "file-lines", path, len(lines) - 1, FILE_LINES
        longest = max((len(line) for line in lines if not _unbreakable(line)), default=0)
        if longest > LINE_COLUMNS:
            yield "line-columns", path, longest, LINE_COLUMNS
    for path in tree.with_suffix(*CPP):
        for function in scan.functions(tree.text(path)):
            if function.lines > FUNCTION_LINES:
                yield "function-lines", f"{path}:{function.name}", function.lines, FUNCTION_LINES


def _unbreakable(line: str) -> bool:
    """A line whose length is one word's (an address, a table of macros) cannot be folded."""
    return "://" in line or line.rstrip().endswith("\\")


def function_lengths(tree: Tree) -> Iterator[str]:
    """Most functions fit half a page."""
    lengths = sorted(
        function.lines
        for path in tree.with_suffix(*CPP)
        if not path.startswith("tests/")
        for function in scan.functions(tree.text(path))
    )
    if lengths and lengths[int(len(lengths) * 0.95)] > FUNCTION_LINES_P95:
        p95 = lengths[int(len(lengths) * 0.95)]
        yield f"95 % of functions should have at most {FUNCTION_LINES_P95} lines; now {p95}"


def coroutines(tree: Tree) -> Iterator[str]:
    """No temporary with a destructor inside a co_await, no capturing lambda that suspends."""
    for path in tree.with_suffix(*CPP):
        text = tree.text(path)
        if "co_await" not in text and "co_return" not in text:
            continue
        for line, operand in scan.awaits(text):
            if scan.has_temporary(operand):
                yield f"{path}:{line}: name the lambda or aggregate first, then co_await (g++ 12)"
        for line in scan.capturing_coroutines(text):
            yield f"{path}:{line}: a lambda that captures must not be a coroutine"


# Spelt in two pieces, or this file would find itself.
_MARK = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?!\(#\d+\))")


def marks(tree: Tree) -> Iterator[str]:
    """An unfinished place names its issue: the mark, then (#12)."""
    for path in tree.programs():
        for match in _MARK.finditer(tree.text(path)):
            line = tree.text(path).count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match.group(1)} without an issue"


_NAMES = re.compile(r"\b(?:class|struct)\s+(\w*(?:Manager|Helper|Utils?))\b")


def names(tree: Tree) -> Iterator[str]:
    """A type is named for what it is."""
    for path in tree.with_suffix(*CPP):
        for match in _NAMES.finditer(scan.strip(tree.text(path))):
            yield f"{path}: {match.group(1)} says nothing; name the responsibility"


_TARGET = re.compile(r"\bsluice_(module|program|test|fuzzer)\s*\(\s*([\w-]+)")


def dead_files(tree: Tree) -> Iterator[str]:
    """Every .cc belongs to a target, every header is included by somebody."""
    known = set(tree.paths)
    included = {
        match.group(2)
        for path in tree.with_suffix(*CPP)
        for match in _INCLUDE.finditer(tree.text(path))
    }
    for path in tree.with_suffix(".cc"):
        if not _has_target(tree, known, path) and not _script_builds(tree, path):
            yield f"{path}: no target builds it"
    for path in tree.with_suffix(".h"):
        if path not in included:
            yield f"{path}: nobody includes it"


def _script_builds(tree: Tree, path: str) -> bool:
    """A shim that the scripts of its own folder in tests/ compile, and name."""
    folder, _, name = path.rpartition("/")
    named = re.compile(rf"\b{re.escape(name.removesuffix('.cc'))}\b")
    scripts = [p for p in tree.with_suffix(".py") if p.rpartition("/")[0] == folder]
    return folder.startswith("tests/") and any(named.search(tree.text(p)) for p in scripts)


def _has_target(tree: Tree, known: set[str], path: str) -> bool:
    folder, _, name = path.rpartition("/")
    listing = f"{folder}/CMakeLists.txt"
    if listing not in known:
        return False
    if re.search(rf"\badd_executable\([^)]*\s{re.escape(name)}[\s)]", tree.text(listing)):
        return True
    for kind, target in _TARGET.findall(tree.text(listing)):
        if kind == "program" and name == "main.cc":
            return True
        if kind in ("module", "test") and name != "main.cc":
            return True
        if kind == "fuzzer" and name == f"{target}.cc":
            return True
    return False


_REASON = re.compile(r"(?m)^\s*X\((\w+)\)")


def reasons_documented(tree: Tree) -> Iterator[str]:
    """docs/reasons.md says of every code what it means, and of no other."""
    codes = set(_REASON.findall(tree.text("table/reason.h")))
    told = set(re.findall(r"(?m)^\| `(\w+)` \|", tree.text("docs/reasons.md")))
    for code in sorted(codes - told):
        yield f"docs/reasons.md: says nothing of {code}"
    for code in sorted(told - codes):
        yield f"docs/reasons.md: {code} is no reason of table/reason.h"


def test_ratio(tree: Tree) -> Iterator[str]:
    """At least as much test as code."""
    tests, code = ratio(tree)
    if tests < code:
        yield f"{tests} lines of tests for {code} lines of code; the bar is 1 to 1"


def ratio(tree: Tree) -> tuple[int, int]:
    lines = {True: 0, False: 0}
    for path in tree.programs():
        if path.startswith(("scripts/", "bench/", ".ci/")):
            continue
        lines[path.startswith("tests/")] += tree.text(path).count("\n")
    return lines[True], lines[False]


def formatter() -> str | None:
    return shutil.which(FORMATTER)


def formatted(tree: Tree) -> Iterator[str]:
    """The formatter would change nothing."""
    files = tree.with_suffix(*CPP)
    if not files:
        return
    run = subprocess.run(
        [FORMATTER, "--dry-run", *files], cwd=tree.root, capture_output=True, text=True, check=False
    )
    seen = set()
    for line in run.stderr.splitlines():
        match = re.match(r"(.+?):(\d+):\d+: \w+: code should be clang-formatted", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield f"{match.group(1)}:{match.group(2)}: run {FORMATTER} -i"
