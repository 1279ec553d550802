#!/usr/bin/env python3
"""Style as a test: every check on the tree, the checks' own unit tests, and one closing line."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import checks  # noqa: E402  (found through the line above)

ROOT = HERE.parent.parent
RATCHET = HERE / "ratchet.txt"


def read_ratchet(text: str) -> dict[tuple[str, str], int]:
    """Known exceptions: "what where value" a line."""
    known = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            what, where, value = line.split()
            known[what, where] = int(value)
    return known


def ratchet(
    sizes: Iterator[tuple[str, str, int, int]], known: dict[tuple[str, str], int]
) -> Iterator[str]:
    """What is over its bar must be listed with its exact value: exceptions can only shrink."""
    left = dict(known)
    for what, where, value, bar in sizes:
        allowed = left.pop((what, where), None)
        if allowed is None:
            yield f"{where}: {what} {value}, the bar is {bar}"
        elif value > allowed:
            yield f"{where}: {what} grew from {allowed} to {value}; the bar is {bar}"
        elif value < allowed:
            yield f"{where}: {what} shrank to {value}: write that into ratchet.txt"
    for (what, where), _ in left.items():
        yield f"{where}: {what} is within its bar now: take it out of ratchet.txt"


def main() -> int:
    tree = checks.Tree(ROOT)
    known = read_ratchet(RATCHET.read_text(encoding="utf-8"))
    passed, failed, skipped = own_tests()
    runs = {
        "include rule by folder": checks.include_rule(tree),
        "files begin with their responsibility": checks.responsibility(tree),
        "#pragma once": checks.pragma_once(tree),
        "sizes within the bars or the ratchet": ratchet(checks.sizes(tree), known),
        "most functions are short": checks.function_lengths(tree),
        "co_await temporaries": checks.coroutines(tree),
        "unfinished places name an issue": checks.marks(tree),
        "names say something": checks.names(tree),
        "no dead files": checks.dead_files(tree),
        "every reason is documented": checks.reasons_documented(tree),
        "as much test as code": checks.test_ratio(tree),
        "clang-format": checks.formatted(tree) if checks.formatter() else None,
    }
    for name, findings in runs.items():
        if findings is None:
            print(f"SKIP  {name}: {checks.FORMATTER} is not installed (make deps)")
            skipped += 1
            continue
        found = list(findings)
        print(f"{'FAIL' if found else 'ok  '}  {name}")
        for finding in found:
            print(f"      {finding}")
        failed += bool(found)
        passed += not found
    print("test lines per code line: {:.2f}".format(_ratio(tree)))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def own_tests() -> tuple[int, int, int]:
    """The unit tests of the checks themselves: a check that sees nothing would pass every tree."""
    suite = unittest.defaultTestLoader.discover(str(HERE), pattern="test_*.py")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(suite)
    bad = len(result.failures) + len(result.errors)
    return result.testsRun - bad - len(result.skipped), bad, len(result.skipped)


def _ratio(tree: checks.Tree) -> float:
    tests, code = checks.ratio(tree)
    return tests / max(code, 1)


if __name__ == "__main__":
    sys.exit(main())
