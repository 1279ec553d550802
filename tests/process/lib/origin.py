"""An origin that misbehaves as told and records all that reaches it: the far side of the logs."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType

from .client import Address
from .http1 import (
    HEAD_LIMIT,
    Closed,
    Fields,
    Malformed,
    Request,
    chunked,
    read_body,
    read_request_head,
    render,
)

OK_BODY = b"ok\n"


@dataclass
class Seen:
    """One request as the origin saw it."""

    request: Request
    connection: int
    begun_at: float
    complete: bool = False
    answered: bool = False
    gone_at: float | None = (
        None  # when the peer was seen to have left, while we were still answering
    )


@dataclass
class Exchange:
    """What a behaviour works with."""

    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive_body(self) -> bytes:
        if not self.seen.complete:  # a behaviour that calls another may have read it
            await read_body(self.reader, self.seen.request, until_close=False)
            self.seen.complete = True
        return self.seen.request.body

    async def until_peer_leaves(self) -> None:
        """Returns once the peer closes or resets; the time is recorded."""
        try:
            await self.reader.read()
        except ConnectionResetError:
            pass
        self.seen.gone_at = time.monotonic()

    def reset(self) -> None:
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


# Answers one request. True: the connection goes on; False: it is closed.
Behaviour = Callable[[Exchange], Awaitable[bool]]


@dataclass
class Origin:
    """`async with Origin(behaviour) as origin:` listens on a port from the kernel."""

    behaviour: Behaviour
    name: str = "origin"
    seen: list[Seen] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)  # what a gateway must never send
    connections: int = 0
    open_now: int = 0

    async def __aenter__(self) -> "Origin":
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT, backlog=4096
        )
        self._writers: set[asyncio.StreamWriter] = set()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.drop_connections()
        if kind is None:
            assert not self.malformed, f"{self.name} was sent: {self.malformed}"

    @property
    def address(self) -> Address:
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def drop_connections(self) -> None:
        for writer in list(self._writers):
            writer.close()

    def ids(self) -> list[str]:
        """The request ids that arrived, in order; a duplicate is a request that was sent twice."""
        return [seen.request.get("x-request-id") or "" for seen in self.seen]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self._writers.add(writer)
        try:
            number = self.connections
            while await self._serve_one(reader, writer, number):
                pass
        except Malformed as error:
            self.malformed.append(str(error))
        except (Closed, ConnectionResetError, BrokenPipeError):
            pass
        finally:
            self.open_now -= 1
            self._writers.discard(writer)
            writer.close()

    async def _serve_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        try:
            request = await read_request_head(reader)
        except Closed as error:
            if error.partial:
                self.malformed.append(f"half a head: {error.partial!r}")
            return False
        seen = Seen(request, number, time.monotonic())
        self.seen.append(seen)
        return await self.behaviour(Exchange(seen, reader, writer))


# --- behaviours ---------------------------------------------------------------------


def answer(
    status: int = 200, fields: Fields | None = None, body: bytes = OK_BODY, close: bool = False
) -> Behaviour:
    """Reads the request's body, answers with a Content-Length."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        lines = [*(fields or []), ("Content-Length", str(len(body)))]
        if close:
            lines.append(("Connection", "close"))
        sent = b"" if exchange.seen.request.method == "HEAD" else body
        exchange.seen.answered = True
        await exchange.send(render(f"HTTP/1.1 {status} Test", lines, sent))
        return not close

    return behave


def raw(data: bytes, close: bool = True, read_request: bool = True) -> Behaviour:
    """Exactly these bytes, whatever they are."""

    async def behave(exchange: Exchange) -> bool:
        if read_request:
            await exchange.receive_body()
        await exchange.send(data)
        return not close

    return behave


def reset_before(read_request: bool = True) -> Behaviour:
    async def behave(exchange: Exchange) -> bool:
        if read_request:
            await exchange.receive_body()
        exchange.reset()
        return False

    return behave


def close_before() -> Behaviour:
    """An orderly close instead of an answer."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        return False

    return behave


def reset_after(body: bytes, claimed: int) -> Behaviour:
    """The head, some of the body, then RST."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        await exchange.send(render("HTTP/1.1 200 OK", [("Content-Length", str(claimed))], body))
        await asyncio.sleep(
            0.05
        )  # the bytes must be seen apart from the reset: this is the fault, not a wait
        exchange.reset()
        return False

    return behave


def close_after(body: bytes, claimed: int) -> Behaviour:
    """Claims more than it sends, and closes in order."""
    return raw(render("HTTP/1.1 200 OK", [("Content-Length", str(claimed))], body))


def stall(before: bytes = b"") -> Behaviour:
    """Says nothing (or only `before`) and waits for the peer to give up."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        if before:
            await exchange.send(before)
        await exchange.until_peer_leaves()
        return False

    return behave


def trickle(data: bytes, interval_s: float) -> Behaviour:
    """One byte at a time."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        for byte in data:
            await exchange.send(bytes([byte]))
            await asyncio.sleep(interval_s)
        return False

    return behave


def stream(*payloads: bytes, interval_s: float = 0, trailers: Fields | None = None) -> Behaviour:
    """A chunked answer, payload by payload."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        head = [("Transfer-Encoding", "chunked"), ("Content-Type", "text/event-stream")]
        await exchange.send(render("HTTP/1.1 200 OK", head))
        for payload in payloads:
            await exchange.send(b"%x\r\n%s\r\n" % (len(payload), payload))
            await asyncio.sleep(interval_s)
        await exchange.send(chunked(trailers=trailers))
        exchange.seen.answered = True
        return True

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request gets the first behaviour, and so on; the last one stays."""
    left = list(behaviours)

    async def behave(exchange: Exchange) -> bool:
        chosen = left.pop(0) if len(left) > 1 else left[0]
        return await chosen(exchange)

    return behave


def refusing_address() -> Address:
    """A loopback port that refuses: bound and never listening, so nobody else can take it."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    _kept_bound.append(sock)
    host, port = sock.getsockname()
    return host, port


_kept_bound: list[socket.socket] = []
