"""Shell blocks of the documents, and which of them are run.

```sh                  is run
```sh until PATTERN    is run until a line of its output matches, and then told to stop
```sh skip REASON      is not run, and says why; so must any other block that a reader would paste
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^ *```(?P<language>\w*)(?P<rest>[^\n]*)\n(?P<text>.*?)^ *```\s*$", re.MULTILINE | re.DOTALL
)
_SHELLS = {"sh", "bash", "shell", "console"}
_PROMPT = re.compile(r"^\$ ", re.MULTILINE)

# Runs $2 until its output has a line that matches $1; what it started has ended when this returns.
_UNTIL = """
run_until() {
    local log child
    log=$(mktemp)
    setsid bash -c "$2" >"$log" 2>&1 &
    child=$!
    until grep -qE -- "$1" "$log"; do
        kill -0 "$child" 2>/dev/null || { cat "$log"; echo "it ended before: $1"; return 1; }
        sleep 0.1
    done
    kill -TERM -- "-$child"
    while kill -0 -- "-$child" 2>/dev/null; do sleep 0.1; done
    wait "$child" || true
    cat "$log"
    rm -f "$log"
}
"""


@dataclass(frozen=True)
class Block:
    document: Path
    line: int
    text: str
    skip_reason: str | None = None  # "" = not run without saying why, which is an error
    until: str | None = None


def blocks_of(document: Path) -> list[Block]:
    """Every block that looks like something to paste into a shell."""
    source = document.read_text()
    found = []
    for match in _FENCE.finditer(source):
        if match["language"] not in _SHELLS and not _PROMPT.search(match["text"]):
            continue
        line = source.count("\n", 0, match.start()) + 1
        verb, _, argument = match["rest"].strip().partition(" ")
        if match["language"] == "sh" and verb == "":
            found.append(Block(document, line, match["text"]))
        elif match["language"] == "sh" and verb == "until" and argument:
            found.append(Block(document, line, match["text"], until=argument))
        else:
            reason = argument if verb == "skip" else ""
            found.append(Block(document, line, match["text"], skip_reason=reason))
    return found


def script_of(blocks: list[Block]) -> str:
    """All blocks of one document in one shell, as a reader would paste them, each announced."""
    parts = ["set -euo pipefail", _UNTIL]
    for block in blocks:
        parts.append(f"echo '--- {block.document.name}:{block.line}' >&2")
        if block.until is None:
            parts.append(block.text)
        else:
            parts.append(f"run_until {shlex.quote(block.until)} {shlex.quote(block.text)}")
    return "\n".join(parts)
