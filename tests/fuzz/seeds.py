#!/usr/bin/env python3
"""Turns the cases that other tests hold into seeds, so that no corpus has to copy them.

    tests/fuzz/seeds.py DIRECTORY      writes DIRECTORY/<fuzzer>/<name>, anew each time
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/fuzz/corpus"
Seed = tuple[str, str, bytes]  # fuzzer, name, bytes


def golden() -> Iterator[Seed]:
    """Manifests as they are; the questions asked of their tables as requests; their patterns."""
    for folder in sorted((ROOT / "tests/golden").iterdir()):
        manifest = folder / "in.yaml"
        if not manifest.is_file():
            continue
        for fuzzer in ("manifests", "compile"):
            yield fuzzer, folder.name, manifest.read_bytes()
        for number, pattern in enumerate(patterns(folder / "table.json")):
            yield "pattern", f"{folder.name}-{number}", pattern.encode()
        asks = folder / "asks.json"
        if not asks.is_file():
            continue
        for number, ask in enumerate(json.loads(asks.read_text())):
            name = f"{folder.name}-{number}"
            yield "path", name, ask["path"].removeprefix("/").encode()
            for fuzzer in ("gate", "h1_request", "differential"):
                yield fuzzer, name, request(ask)


def patterns(table: Path) -> Iterator[str]:
    for match in re.finditer(r'"(?:regex|matches)": ("(?:[^"\\]|\\.)*")', table.read_text()):
        yield json.loads(match[1])


def request(ask: dict) -> bytes:
    query = "&".join(f"{name}={value}" for name, value in ask.get("query", {}).items())
    target = ask["path"] + ("?" + query if query else "")
    lines = [f"{ask.get('method', 'GET')} {target} HTTP/1.1", f"Host: {ask['host']}"]
    lines += [f"{name}: {value}" for name, value in ask.get("headers", {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def neighbours() -> Iterator[Seed]:
    """What one fuzzer's corpus is good for in another: heads everywhere, bodies behind a head."""
    for fuzzer in ("gate", "h1_request"):
        for case in sorted((CORPUS / fuzzer).iterdir()):
            yield "differential", f"{fuzzer}-{case.name}", case.read_bytes()
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for case in sorted((CORPUS / "chunks").iterdir()):
        yield "differential", f"chunks-{case.name}", head + case.read_bytes()[1:]
    for case in sorted((CORPUS / "manifests").iterdir()):
        yield "compile", f"manifests-{case.name}", case.read_bytes()


def main(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    for source in (golden, neighbours):
        for fuzzer, name, data in source():
            folder = directory / fuzzer
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
