"""What an endpoint may send instead of an answer: the words that the lists of it are written in.

The lists themselves stand in garbage_heads.py (first lines, fields, framing), garbage_bodies.py
(chunks, trailers, second answers, ends), garbage_lengths.py and garbage_peers.py (other protocols,
interim answers, slow and late ones). Text that no client may ever be shown holds SECRET.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SECRET = b"POISON"


@dataclass(frozen=True)
class Pause:
    """The bytes before and behind it come apart: part of the fault, not a wait."""

    seconds: float = 0.005


class Close:
    """An orderly close."""


class Reset:
    """RST, once the bytes before it are out."""


Step = bytes | Pause | Close | Reset


@dataclass(frozen=True)
class Refused:
    """The client gets an answer of ours, and nothing of what came."""

    status: int = 502
    reason: str = "upstream_garbage"


@dataclass(frozen=True)
class Cut:
    """The head passed already: the client gets at most `body` and an end that is no lawful one."""

    body: bytes = b""
    reason: str = "upstream_garbage"


@dataclass(frozen=True)
class Passed:
    """What was lawful up to its end reaches the client whole. `reused`: the connection is clean."""

    status: int = 200
    body: bytes = b""
    reused: bool = False


Want = Refused | Cut | Passed


@dataclass(frozen=True)
class Case:
    kind: str  # the class of fault
    name: str
    source: str  # the rule that is broken, or where the shape was seen
    steps: tuple[Step, ...]  # without an end the endpoint keeps the connection open
    want: Want = Refused()
    method: str = "POST"
    clocks: str = "long"  # "short": by a rule whose clocks are 300 ms

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.name}"


Add = Callable[..., Case]


def of_kind(kind: str, source: str) -> Add:
    """Makes the cases of one class; `source` holds unless a case has one of its own."""

    def make(
        name: str,
        *steps: Step,
        want: Want = Refused(),
        source: str = source,
        method: str = "POST",
        clocks: str = "long",
    ) -> Case:
        return Case(kind, name, source, steps, want, method, clocks)

    return make


OK = b"HTTP/1.1 200 OK\r\n"
END = b"\r\n"


def answer(body: bytes, first_line: bytes = OK, fields: bytes = b"") -> bytes:
    """A lawful answer, unless the parts make it none."""
    return first_line + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


def head(fields: bytes, first_line: bytes = OK) -> bytes:
    return first_line + fields + END


# A whole answer that would do harm if anybody took it for the next one.
SECOND = answer(SECRET)
