r"""The corpus of hostile messages: text files of named cases (tests/process/smuggling/*.case).

A file names its class and its source, then cases, each begun by "== NAME". Lines of a case:

    rule: NAME           the one rule of proxy/http/rule.h that stops it, if it is one alone
    source: TEXT         instead of the file's
    expect: refused R    one answer with this reason, and the connection ends
    expect: answered     all that is meant arrives and is answered, and so is what stands behind
    expect: last N       what is meant is answered, the last with status N; the connection ends
    meant: METHOD TARGET [BODY]   a request that must arrive, in order
    | BYTES              a line of the message with its CR LF
    > BYTES              bytes without a line end

Escapes in bytes: \r \n \t \0 \\ \xHH, and {TEXT*N} for TEXT, N times, which may nest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "smuggling"

_ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


@dataclass
class Case:
    name: str
    kind: str  # its class
    source: str
    expect: tuple[str, str] = ("", "")  # word and what it is about
    rule: str = ""
    side: str = "request"  # or "answer": what an origin says
    meant: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    data: bytes = b""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def unescape(text: str) -> bytes:
    """Bytes of one line; see the top."""

    def repeat(match: re.Match[bytes]) -> bytes:
        return match[1] * int(match[2])

    def plain(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code[1:], 16)]) if code[:1] == b"x" else _ESCAPES[code]

    repeated, changes = text.encode(), 1
    while changes:
        repeated, changes = re.subn(rb"\{([^{}]+)\*(\d+)\}", repeat, repeated)
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt0\\])", plain, repeated)


def _words(text: str) -> tuple[str, str]:
    word, _, rest = text.partition(" ")
    return word, rest.strip()


def _meant(text: str) -> tuple[bytes, bytes, bytes]:
    method, target, *body = text.split(" ", 2)
    return method.encode(), unescape(target), unescape(body[0]) if body else b""


def read_file(path: Path) -> list[Case]:
    head: dict[str, str] = {}
    cases: list[Case] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark, _, rest = line.partition(" ")
        key, _, value = line.partition(": ")
        if line.startswith("#") or not line:
            continue
        if mark == "==":
            case = Case(rest, head["class"], head["source"], side=head.get("side", "request"))
            cases.append(case)
        elif mark in ("|", ">"):
            cases[-1].data += unescape(rest) + (b"\r\n" if mark == "|" else b"")
        elif not cases and key in ("class", "source", "side"):
            head[key] = value
        elif cases and key in ("rule", "source"):
            setattr(cases[-1], key, value)
        elif cases and key == "expect":
            cases[-1].expect = _words(value)
        elif cases and key == "meant":
            cases[-1].meant.append(_meant(value))
        else:
            raise ValueError(f"{path.name}:{number}: {line!r}")
    return cases


def read_all() -> list[Case]:
    return [case for path in sorted(FOLDER.glob("*.case")) for case in read_file(path)]
