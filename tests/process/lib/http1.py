"""HTTP/1.1 messages read strictly from an asyncio stream: whatever is malformed raises Malformed.

Nothing here is shared with Sluice, so that a mistake in its framing cannot hide in the test's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

HEAD_LIMIT = 128 * 1024


class Malformed(Exception):
    """The peer sent something that is not HTTP/1.1."""


class Closed(Exception):
    """The peer closed, or reset, before the message was complete."""

    def __init__(self, message: str, partial: bytes = b"", reset: bool = False) -> None:
        super().__init__(message)
        self.partial = partial
        self.reset = reset


Fields = list[tuple[str, str]]


@dataclass
class Message:
    """What requests and responses have in common."""

    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The value of a field that may be there once; twice is an error of the sender."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{name} came {len(values)} times: {values}")
        return values[0] if values else None


@dataclass
class Request(Message):
    method: str = ""
    target: str = ""
    version: str = "HTTP/1.1"


@dataclass
class Response(Message):
    status: int = 0
    version: str = "HTTP/1.1"
    interim: list["Response"] = field(default_factory=list)

    @property
    def reason(self) -> str | None:
        """The reason code of an answer that Sluice made itself."""
        return self.get("x-sluice-reason")


async def read_until(reader: asyncio.StreamReader, mark: bytes) -> bytes:
    try:
        return await reader.readuntil(mark)
    except asyncio.IncompleteReadError as error:
        raise Closed("end of stream", error.partial) from error
    except (ConnectionResetError, BrokenPipeError) as error:
        raise Closed("reset", reset=True) from error


async def read_exactly(reader: asyncio.StreamReader, size: int) -> bytes:
    try:
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise Closed("end of stream", error.partial) from error
    except (ConnectionResetError, BrokenPipeError) as error:
        raise Closed("reset", reset=True) from error


def parse_fields(lines: list[bytes]) -> Fields:
    fields: Fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip() or b"\r" in line or b"\n" in line:
            raise Malformed(f"field line {line!r}")
        fields.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))
    return fields


async def read_head(reader: asyncio.StreamReader) -> tuple[bytes, Fields]:
    """The first line and the fields of one message."""
    head = await read_until(reader, b"\r\n\r\n")
    lines = head[:-4].split(b"\r\n")
    return lines[0], parse_fields(lines[1:])


async def read_chunk(reader: asyncio.StreamReader) -> bytes:
    """One chunk's payload; empty = the last one, its trailers are next."""
    line = (await read_until(reader, b"\r\n"))[:-2]
    size_text = line.partition(b";")[0]
    if not size_text or any(c not in b"0123456789abcdefABCDEF" for c in size_text):
        raise Malformed(f"chunk size {line!r}")
    size = int(size_text, 16)
    if size == 0:
        return b""
    payload = await read_exactly(reader, size)
    if await read_exactly(reader, 2) != b"\r\n":
        raise Malformed("chunk does not end with CRLF")
    return payload


async def read_chunks(reader: asyncio.StreamReader, message: Message) -> None:
    """All payloads, put together once: a body may be many megabytes in thousands of chunks."""
    payloads: list[bytes] = []
    try:
        while payload := await read_chunk(reader):
            payloads.append(payload)
    finally:
        message.body += b"".join(payloads)


async def read_trailers(reader: asyncio.StreamReader) -> Fields:
    lines = []
    while line := (await read_until(reader, b"\r\n"))[:-2]:
        lines.append(line)
    return parse_fields(lines)


async def read_body(reader: asyncio.StreamReader, message: Message, until_close: bool) -> None:
    """Fills body and trailers by the message's framing. On an early end, `body` holds what came."""
    length, coding = message.get("content-length"), message.get("transfer-encoding")
    if length is not None and coding is not None:
        raise Malformed("both content-length and transfer-encoding")
    try:
        if coding is not None:
            if coding.lower() != "chunked":
                raise Malformed(f"transfer-encoding {coding}")
            await read_chunks(reader, message)
            message.trailers = await read_trailers(reader)
        elif length is not None:
            if not length.isdigit():
                raise Malformed(f"content-length {length}")
            message.body = await read_exactly(reader, int(length))
        elif until_close:
            message.body = await reader.read()
    except Closed as error:
        message.body += error.partial
        raise


def has_no_body(method: str, status: int) -> bool:
    return method == "HEAD" or status in (204, 304) or status < 200


async def read_response(reader: asyncio.StreamReader, method: str = "GET") -> Response:
    """One final response, with the interim ones before it."""
    interim: list[Response] = []
    while True:
        response = await read_response_head(reader)
        if response.status >= 200:
            break
        interim.append(response)
    response.interim = interim
    if not has_no_body(method, response.status):
        await read_body(reader, response, until_close=True)
    return response


async def read_response_head(reader: asyncio.StreamReader) -> Response:
    line, fields = await read_head(reader)
    version, _, rest = line.partition(b" ")
    code = rest[:3]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not code.isdigit():
        raise Malformed(f"status line {line!r}")
    return Response(fields=fields, status=int(code), version=version.decode())


async def read_request_head(reader: asyncio.StreamReader) -> Request:
    line, fields = await read_head(reader)
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Malformed(f"request line {line!r}")
    request = Request(fields=fields, method=parts[0], target=parts[1], version=parts[2])
    if request.version == "HTTP/1.1" and request.get("host") is None:
        raise Malformed("no Host")
    return request


def render(first_line: str, fields: Fields, body: bytes = b"") -> bytes:
    head = first_line + "\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode("latin-1") + body


def chunked(*payloads: bytes, trailers: Fields | None = None) -> bytes:
    out = b"".join(b"%x\r\n%s\r\n" % (len(payload), payload) for payload in payloads)
    return out + render("0", trailers or [])
