"""The access log, read back."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from .waiting import until_true

Line = dict[str, Any]
PROBE_HOST = "is-the-table-there.invalid"  # of the harness


def lines_of(path: Path) -> list[Line]:
    """Every whole line, each valid JSON by itself; those of the harness's probes are left out."""
    found = []
    for text in path.read_bytes().split(b"\n")[:-1]:
        assert all(byte >= 0x20 and byte != 0x7F for byte in text), text
        line = json.loads(text)
        if line.get("host") != PROBE_HOST:
            found.append(line)
    return found


async def logged(path: Path, count: int) -> list[Line]:
    """Waits for so many lines; more are an error."""
    await until_true(lambda: path.exists() and len(lines_of(path)) >= count, f"{count} lines")
    found = lines_of(path)
    assert len(found) == count, found[count:]
    return found


def by_id(lines: list[Line]) -> dict[str, Line]:
    counts = Counter(line.get("request_id") for line in lines)
    assert max(counts.values(), default=1) == 1, counts.most_common(3)
    return {line["request_id"]: line for line in lines}
