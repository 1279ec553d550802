"""An origin that keeps every byte it gets and reads it by the strict grammar (strict.py)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType

from .client import Address
from .strict import Message, NotStrict, check_forwarded, read_request

# Answered before the body is read, by how the target starts.
EARLY = {b"/early/refused": b"413 Content Too Large", b"/early/fine": b"200 OK"}


@dataclass
class Connection:
    """One connection from the gateway."""

    data: bytes = b""
    partial: Message | None = None  # the head of one whose body is still to come
    read_to: int = 0  # offset behind the last whole request
    violation: str = ""
    closed: bool = False
    early: bool = False  # an early answer was given: no other follows it


def answer_to(message: Message, number: int) -> bytes:
    """Says which request it belongs to, so that a client can tell it from another's."""
    body = b"%d %s %d" % (number, message.target[:200], len(message.body))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head if message.method == b"HEAD" else head + body


@dataclass
class Recorder:
    """`async with Recorder() as recorder:` listens on a port from the kernel."""

    # Bytes instead of the usual answer, by target.
    scripts: dict[bytes, bytes] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    by_source: dict[bytes, list[Message]] = field(default_factory=dict)
    served: int = 0

    async def __aenter__(self) -> "Recorder":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        self._writers: set[asyncio.StreamWriter] = set()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()

    @property
    def address(self) -> Address:
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def of(self, source: bytes) -> list[Message]:
        """The whole requests that a client at this address caused, in order."""
        return self.by_source.get(source, [])

    def touched_by(self, source: bytes) -> list[Connection]:
        """The connections that carried anything for this client."""
        mark = b"x-forwarded-for: " + source + b"\r\n"
        return [connection for connection in self.connections if mark in connection.data]

    def forget(self) -> None:
        """What was read so far, which millions of requests would make too much of."""
        self.connections = [one for one in self.connections if not one.closed]
        for connection in self.connections:
            connection.data = connection.data[connection.read_to :]
            connection.read_to = 0
        self.by_source.clear()

    def violations(self) -> list[str]:
        return [f"{c.violation}: {c.data[c.read_to :][:400]!r}" for c in self.connections
                if c.violation]  # fmt: skip

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection()
        self.connections.append(connection)
        self._writers.add(writer)
        try:
            while not connection.violation and (piece := await reader.read(1 << 16)):
                connection.data += piece
                for answer in self._read(connection):
                    writer.write(answer)
                await writer.drain()
        except (ConnectionResetError, BrokenPipeError):
            pass
        finally:
            connection.closed = True
            self._writers.discard(writer)
            writer.close()

    def _read(self, connection: Connection) -> list[bytes]:
        """Takes what is whole; the answers to it."""
        answers = []
        while connection.read_to < len(connection.data):
            try:
                message = read_request(connection.data, connection.read_to)
                connection.partial = message
                if message is None or message.end == 0:
                    answers += self._early(connection, message)
                    break
                check_forwarded(message)
            except NotStrict as why:
                connection.violation = str(why)
                break
            connection.partial = None
            connection.read_to = message.end
            self.served += 1
            self.by_source.setdefault(message.first(b"x-forwarded-for"), []).append(message)
            if not connection.early:
                script = self.scripts.get(message.target)
                answers += self._early(connection, message)
                if not connection.early:
                    answers.append(script or answer_to(message, self.served))
        return answers

    def _early(self, connection: Connection, message: Message | None) -> list[bytes]:
        target = b"/".join(message.target.split(b"/")[:3]) if message else b""
        if connection.early or target not in EARLY:
            return []
        connection.early = True
        return [b"HTTP/1.1 " + EARLY[target] + b"\r\nContent-Length: 5\r\n\r\nearly"]
