"""Hostile requests by grammar: lawful ones are built from named parts, then some parts are changed.

Case N of a seed is the same bytes everywhere and for ever: mutate(seed, N).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

CRLF = b"\r\n"


@dataclass
class Part:
    """A piece of a message and what it is in the grammar."""

    kind: str
    data: bytes


# What may stand in a part's place. The first word of a part's kind says which list is meant.
OTHERS: dict[str, list[bytes]] = {
    "method": [b"get", b"CONNECT", b"", b"OPTIONS", b"X" * 25, b"POST\0", b"G@T", b"HEAD", b"PRI"],
    "blank": [b"  ", b"\t", b"", b"\x0b", b"\xa0", b" \r\n", b" /x "],
    "target": [
        b"*", b"http://test.example/x", b"http://evil.example/x", b"/a#b", b"/\x80", b"/\0", b"x",
        b"/a b", b"/?q=/x", b"http:///x", b"/" + b"a" * 8200, b"/a\\b", b"/%2e%2e/x", b"?x", b"",
        b"https://TEST.example", b"/a/../../b", b"/a%2Fb",
    ],
    "version": [
        b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1.1 ", b"",
        b"HTTP/1.10", b"HTTP/1,1", b"ICY/1.1",
    ],
    "end": [
        b"\n", b"\r", b"\r\r\n", b"\n\r", b"", b"\r\n\r\n", b"\r\n ", b"\r\n\t", b"\0\r\n",
        b" \r\n", b"\x0b\r\n",
    ],
    "name": [
        b"Content-Length", b"Transfer-Encoding", b"Host", b"Connection", b"content_length", b"",
        b"Transfer-Encoding ", b" Content-Length", b"X\0", b"X(", b"X" * 129, b"Expect", b"Upgrade",
        b"TE", b"Trailer", b"Keep-Alive", b"X-\xe4",
    ],
    "colon": [b" :", b"::", b"", b": ", b":\t", b";", b":\r\n "],
    "value": [
        b"chunked", b"xchunked", b"chunked, chunked", b"identity", b"\tchunked\t", b"Chunked",
        b"5", b"+5", b"05", b"0", b"5, 5", b"0x5", b"5 5", b"-1", b"99999999999999999999", b"",
        b"close", b"keep-alive", b"upgrade", b"close, x-a", b"host", b"content-length", b"trailers",
        b"100-continue", b"\0", b"a\rb", b"a\r\n b", b"\xff\xfe", b"v" * 8193, b"test.example",
        b"a@b",
    ],
    "size": [
        b"0x5", b"+5", b"-5", b" 5", b"5 ", b"05", b"0" * 16 + b"5", b"", b"0", b"5g", b"f" * 16,
        b"6", b"4", b"A", b"5\0", b"10000000001", b"00",
    ],
    "extension": [
        b";a", b";a=b", b";a=\"x;y\"", b"; \n", b";" + b"a" * 256, b" ;a", b";a\0", b";a\r", b",a",
        b";=", b"\t",
    ],
    "data": [b"hell", b"hello!", b"", b"0\r\n\r\n", b"\r\nhel", b"GET / HTTP/1.1\r\n\r\n"],
}  # fmt: skip

# Field lines that are put in somewhere.
LINES = [
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: x\r\n", b"Host: test.example\r\n", b"Host: evil.example\r\n",
    b" folded\r\n", b"X_Under: 1\r\n", b"\r\n", b"\n", b"X: 1\n", b"Connection: close\r\n",
    b"Expect: 100-continue\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"no colon\r\n",
    b"X: 1\r\n" * 101, b"Connection: x-a\r\n", b"Content-Length: 5\r\nContent-Length: 5\r\n",
    b"Connection: Content-Length\r\n", b"0\r\n\r\n", b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
]  # fmt: skip
BYTES = b"\0\t\n\v\r !#%,/:;=@_{}\x7f\x80\xa0\xff05GPx"
METHODS = [b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"PROPFIND"]
TARGETS = [b"/", b"/a", b"/a/b?c=d", b"/v1/chat/completions", b"/?", b"/a:b@c!$&'()*+,;=~"]
EXTRAS = [
    (b"Accept", b"*/*"), (b"X-A", b"1"), (b"x-b", b""), (b"Cookie", b"a=b; c=d"),
    (b"Connection", b"keep-alive"), (b"Connection", b"X-A"), (b"TE", b"trailers"),
    (b"Content-Type", b"application/json"), (b"User-Agent", b"a \xc3\xa9 (b)"),
    (b"Authorization", b"Bearer x"), (b"Expect", b"100-continue"), (b"X-C", b"tab\there"),
]  # fmt: skip


def _field(name: bytes, value: bytes) -> list[Part]:
    return [
        Part("name", name),
        Part("colon", b":"),
        Part("space", b" "),
        Part("value", value),
        Part("end", CRLF),
    ]


def _chunk(draw: random.Random, size: int) -> list[Part]:
    extension = draw.choice([b"", b"", b"", b";a=b"])
    line = [Part("size", b"%x" % size), Part("extension", extension), Part("end", CRLF)]
    return [*line, Part("data", b"hello"[:size]), Part("end", CRLF)] if size else line


def _body(draw: random.Random) -> tuple[list[Part], list[Part]]:
    """Fields that frame a body, and the body."""
    kind = draw.choice(["none", "none", "length", "chunked", "chunked"])
    if kind == "none":
        return [], []
    if kind == "length":
        size = draw.choice([0, 1, 5])
        return _field(b"Content-Length", b"%d" % size), [Part("data", b"hello"[:size])]
    body = [part for _ in range(draw.randrange(3)) for part in _chunk(draw, draw.choice([1, 5]))]
    body += _chunk(draw, 0)
    if draw.random() < 0.6:
        body += _field(draw.choice([b"X-Sum", b"Host", b"Content-Length"]), b"1")
    return _field(b"Transfer-Encoding", b"chunked"), [*body, Part("end", CRLF)]


def lawful(draw: random.Random) -> list[Part]:
    """One request that every strict reader takes."""
    framing, body = _body(draw)
    fields = [_field(b"Host", b"test.example"), framing]
    chosen = draw.sample(EXTRAS, draw.randrange(4))
    fields += [_field(name, value) for name, value in chosen]
    draw.shuffle(fields)
    line = [
        Part("method", draw.choice(METHODS)),
        Part("blank", b" "),
        Part("target", draw.choice(TARGETS)),
        Part("blank", b" "),
        Part("version", b"HTTP/1.1"),
        Part("end", CRLF),
    ]
    return [*line, *(part for field in fields for part in field), Part("end", CRLF), *body]


def _other(draw: random.Random, parts: list[Part]) -> None:
    part = draw.choice(parts)
    if part.kind in OTHERS:
        part.data = draw.choice(OTHERS[part.kind])


def _byte(draw: random.Random, parts: list[Part]) -> None:
    part = draw.choice(parts)
    at = draw.randrange(len(part.data) + 1)
    put = bytes([draw.choice(BYTES)])
    part.data = part.data[:at] + put + part.data[at + draw.randrange(2) :]


def _line(draw: random.Random, parts: list[Part]) -> None:
    ends = [0] + [at + 1 for at, part in enumerate(parts) if part.kind == "end"]
    parts.insert(draw.choice(ends), Part("line", draw.choice(LINES)))


def _double(draw: random.Random, parts: list[Part]) -> None:
    at = draw.randrange(len(parts))
    size = draw.choice([1, 1, 5])
    parts[at:at] = [Part(part.kind, part.data) for part in parts[at : at + size]]


def _drop(draw: random.Random, parts: list[Part]) -> None:
    at = draw.randrange(len(parts))
    del parts[at : at + draw.choice([1, 1, 5])]


def _swap(draw: random.Random, parts: list[Part]) -> None:
    one, other = draw.randrange(len(parts)), draw.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]


def _cut(draw: random.Random, parts: list[Part]) -> None:
    del parts[draw.randrange(1, len(parts) + 1) :]


def _letters(draw: random.Random, parts: list[Part]) -> None:
    part = draw.choice(parts)
    part.data = draw.choice([part.data.upper(), part.data.lower(), part.data.swapcase()])


CHANGES = [_other, _other, _other, _other, _byte, _byte, _line, _line, _double, _drop, _swap, _cut,
           _letters]  # fmt: skip


def mutate(seed: int, number: int) -> bytes:
    """One to three requests with up to three changes; one case in ten has none."""
    draw = random.Random(f"{seed}:{number}")
    parts = [part for _ in range(draw.choice([1, 1, 2, 3])) for part in lawful(draw)]
    for _ in range(draw.choice([0, 1, 1, 1, 1, 1, 2, 2, 2, 3])):
        if parts:
            draw.choice(CHANGES)(draw, parts)
    return b"".join(part.data for part in parts)
