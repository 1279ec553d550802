"""Shell blocks of the documents: ```sh is run, ```sh skip REASON is not and says why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```sh(?P<rest>| [^\n]*)\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    document: Path
    line: int
    text: str
    skip_reason: str | None  # "" = skipped without saying why, which is an error


def blocks_of(document: Path) -> list[Block]:
    source = document.read_text()
    found = []
    for match in _FENCE.finditer(source):
        words = match["rest"].split(maxsplit=1)
        skipped = bool(words) and words[0] == "skip"
        reason = (words[1] if len(words) > 1 else "") if skipped else None
        line = source.count("\n", 0, match.start()) + 1
        found.append(Block(document, line, match["text"], reason))
    return found


def script_of(blocks: list[Block]) -> str:
    """All blocks of one document in one shell, as a reader would paste them, each announced."""
    parts = ["set -euo pipefail"]
    for block in blocks:
        parts.append(f"echo '--- {block.document.name}:{block.line}' >&2\n{block.text}")
    return "\n".join(parts)
