#!/usr/bin/env python3
"""Makes seeds of the cases that other tests hold, and of what earlier runs found.

    tests/fuzz/seeds.py DIRECTORY      writes DIRECTORY/<fuzzer>/<name>, anew each time
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/fuzz/corpus"
PROCESS = ROOT / "tests/process"
LARGEST = 64 * 1024  # more is no seed: every mutation would copy it
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


def large() -> Iterator[Seed]:
    """What is over a limit by its size alone."""
    yield "message", "too-long", b"\0" + b"\2\1" + bytes(1100)
    long_line = b"GET / HTTP/1.1\r\nX: " + b"a" * 9000
    for fuzzer in ("admin_request", "h1_request", "differential"):
        yield fuzzer, "long-field", long_line + b"\r\nHost: a\r\n\r\n"
    # Over the limit of a head, with a fault that a reader may see first.
    fields = b"X: " + b"v" * 7000 + b"\r\n"
    for fuzzer, first, fault in (
        ("h1_request", b"GET / HTTP/1.1\r\nHost: a\r\n", b"Host: b\r\n"),
        ("h1_response", b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: gzip\r\n"),
    ):
        yield fuzzer, "long-and-faulty", first + fields + fault + 4 * fields + b"\r\n"
    yield "h1_response", "as-many-fields", b"HTTP/1.1 200 OK\r\n" + 100 * b"a: b\r\n" + b"\r\n"
    yield "admin_request", "long-target", b"GET /" + b"a" * 8200
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield "differential", "long-extension", head + b"1;" + b"a" * 300 + b"\r\nb\r\n0\r\n\r\n"
    yield "differential", "huge-chunk", head + b"fffffffffffffff0\r\n"
    yield "chunks", "huge", b"\7fffffffffffffff0\r\n"
    yield "chunks", "long-extension", b"\7" + b"1;" + b"a" * 300 + b"\r\nb\r\n0\r\n\r\n"
    yield "chunks", "many-trailers", b"\0" + b"0\r\n" + b"a: b\r\n" * 33 + b"\r\n"
    path = "/" + "a" * 1100
    for kind in ("PathPrefix", "RegularExpression"):
        yield from manifests(f"long-{kind}", f"{{type: {kind}, value: {path}}}")


def manifests(name: str, path: str) -> Iterator[Seed]:
    text = (
        "apiVersion: sluice.dev/v1alpha1\nkind: ModelRoute\nmetadata: {name: a, namespace: b}\n"
        f"spec: {{rules: [{{matches: [{{path: {path}}}]}}]}}\n"
    )
    for fuzzer in ("manifests", "compile"):
        yield fuzzer, name, text.encode()


def smuggling() -> Iterator[Seed]:
    """The hostile messages that the process tests send."""
    corpus = importlib.import_module("lib.corpus")
    for number, case in enumerate(corpus.read_all()):
        to_origin = case.side == "request"
        for fuzzer in ("gate", "h1_request", "differential") if to_origin else ("h1_response",):
            yield fuzzer, f"smuggling-{number}", case.data
        head, blank, body = case.data.partition(b"\r\n\r\n")
        if blank and b"chunked" in head.lower():
            yield "chunks", f"smuggling-{number}", b"\7" + body


def garbage() -> Iterator[Seed]:
    """What the process tests let endpoints answer."""
    number = 0
    for name in ("garbage_heads", "garbage_bodies", "garbage_lengths", "garbage_peers"):
        module = importlib.import_module(f"lib.{name}")
        lists = [made for made in vars(module).values() if is_list_of(made, module)]
        for case in (case for made in lists for case in made()):
            data = b"".join(step for step in case.steps if isinstance(step, bytes))
            yield "h1_response", f"garbage-{(number := number + 1)}", data
            head, blank, body = data.partition(b"\r\n\r\n")
            if blank and b"chunked" in head.lower():
                yield "chunks", f"garbage-{number}", b"\7" + body


def is_list_of(made: object, module: ModuleType) -> bool:
    """A function of this module that says to return cases."""
    return (
        inspect.isfunction(made)
        and made.__module__ == module.__name__
        and made.__annotations__.get("return") == "list[Case]"
        and not inspect.signature(made).parameters
    )


def found() -> Iterator[Seed]:
    """What scripts/fuzz-keep wrote: an input a line."""
    for file in sorted((ROOT / "tests/fuzz/found").glob("*.txt")):
        for number, line in enumerate(file.read_text(encoding="ascii").split("\n")[:-1]):
            data = line.encode("ascii").decode("unicode_escape").encode("latin-1")
            yield file.stem, f"found-{number}", data


def main(directory: Path) -> None:
    sys.path.insert(0, str(PROCESS))
    shutil.rmtree(directory, ignore_errors=True)
    for source in (golden, neighbours, large, smuggling, garbage, found):
        for fuzzer, name, data in source():
            folder = directory / fuzzer
            folder.mkdir(parents=True, exist_ok=True)
            if len(data) <= LARGEST:
                (folder / name).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
