"""Lawful answers with random faults, from a seed: each number gives the same bytes every time."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .garbage import OK, answer, head
from .strict import Message, NotStrict, read_answer

CHUNKED = head(b"Transfer-Encoding: chunked\r\n")
SEEDS: tuple[bytes, ...] = (
    answer(b"hello"),
    answer(b"", fields=b"X-A: 1\r\nX-B: two\r\n"),
    answer(b"hello", b"HTTP/1.0 200 OK\r\n", b"Connection: keep-alive\r\n"),
    CHUNKED + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    CHUNKED + b"5;x=y\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(b"hello"),
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",
    answer(b"no", b"HTTP/1.1 500 Oops\r\n", b"Retry-After: 1\r\n"),
)
TOKENS: tuple[bytes, ...] = (
    *(bytes([code]) for code in b"\r\n\0 \t:,;_-+0159afxZ\x7f\x80\xff"),
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: x\r\n",
    b"Connection: content-length\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 101 S\r\n\r\n",
    b"chunked",
    b"gzip, ",
    b"99999999999999999999",
)


def mutated(number: int) -> bytes:
    draw = random.Random(number)
    data = draw.choice(SEEDS)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        data = _once(data, draw)
    return data


def _once(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    end = min(len(data), at + draw.choice((1, 1, 2, 5, 20)))
    match draw.randrange(8):
        case 0:
            return data[:at] + data[end:]
        case 1:
            return data[:at] + draw.choice(TOKENS) + data[at:]
        case 2:
            return data[:at] + draw.choice(TOKENS) + data[end:]
        case 3:
            return data[:at] + data[at:end] * 2 + data[end:]
        case 4:
            return data[: max(at, 1)]
        case 5:
            return data + draw.choice(SEEDS)
        case 6:
            lines = data.split(b"\r\n")
            other, one = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            return b"\r\n".join(lines) or b"\r\n"
        case _:
            return data[:at] + data[at:end].swapcase() + data[end:]


@dataclass(frozen=True)
class Reading:
    """What a strict reader makes of an answer's bytes; `answer` is None when they are none."""

    answer: Message | None
    rest: bytes = b""  # what stands behind it
    unfinished: bool = False  # lawful so far, and more must come

    @property
    def ends_with_connection(self) -> bool:
        """Nothing else says where it ends."""
        framed = (b"content-length", b"transfer-encoding")
        return (
            self.answer is not None
            and self.answer.status not in (204, 304)
            and not any(self.answer.all(name) for name in framed)
        )


def read_strictly(data: bytes) -> Reading:
    """Of the answer to a POST that nobody asked to be switched to another protocol."""
    at = 0
    while True:
        try:
            answer = read_answer(data, at, b"POST", closed=True)
        except NotStrict:
            return Reading(None)
        if answer is None or answer.end == 0:
            return Reading(None, unfinished=True)
        at = answer.end
        if answer.status == 101:
            return Reading(None)
        if answer.status >= 200:
            return Reading(answer, rest=data[at:])
