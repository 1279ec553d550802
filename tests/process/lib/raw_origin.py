"""An origin that sends a scripted case to whoever asks for it, and knows each connection's past.

`/case/N` gets case N, byte for byte; `/right/TEXT` gets TEXT as a lawful answer on the same port.
A connection that has carried garbage is spoilt: a request on it is an error of the gateway.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from types import TracebackType

from .client import Address
from .garbage import Case, Close, Passed, Pause, Reset, Step
from .http1 import HEAD_LIMIT, Closed, Malformed, Request, read_body, read_request_head, render


class RawOrigin:
    """`async with RawOrigin(cases) as origin:` listens on a port from the kernel."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        self.asked: list[int] = [0] * len(cases)  # times that each case's request arrived
        self.reused: list[str] = []  # requests that came over a spoilt connection
        self.malformed: list[str] = []  # requests that a gateway must never send
        self.connections = 0
        self.spoilt_open = 0  # spoilt connections that the gateway has not closed yet
        self._writers: set[asyncio.StreamWriter] = set()
        self._idle: set[asyncio.StreamWriter] = set()
        self._spoken: set[asyncio.StreamWriter] = set()  # said something unasked

    async def __aenter__(self) -> "RawOrigin":
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT, backlog=1024
        )
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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                self._idle.add(writer)
                request = await read_request_head(reader)
                self._idle.discard(writer)
                if writer in self._spoken:
                    self.reused.append(f"{request.method} {request.target} after unasked bytes")
                await read_body(reader, request, until_close=False)
                if not await self._answer(request, reader, writer):
                    break
        except Malformed as error:
            self.malformed.append(str(error))
        except (Closed, ConnectionResetError, BrokenPipeError):
            pass  # the gateway left: what it owes is checked at its other side
        finally:
            for known in (self._writers, self._idle, self._spoken):
                known.discard(writer)
            writer.close()

    @property
    def idle(self) -> int:
        """Connections that wait for their next request."""
        return len(self._idle - self._spoken)

    async def speak_unasked(self, steps: Sequence[Step]) -> int:
        """Plays a script on each connection that waits for a request; returns how many there were.

        On loopback the bytes stand in the gateway's socket when this returns.
        """
        idle = list(self._idle - self._spoken)
        self._spoken |= set(idle)
        for writer in idle:
            if await play(steps, writer):
                writer.close()
                await writer.wait_closed()
        return len(idle)

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """True: the connection is clean and goes on."""
        kind, _, rest = request.target[1:].partition("/")
        if kind == "right":
            body = b"" if request.method == "HEAD" else rest.encode()
            length = ("Content-Length", str(len(rest)))
            writer.write(render("HTTP/1.1 200 OK", [length], body))
            await writer.drain()
            return True
        number = int(rest)
        self.asked[number] += 1
        case = self.cases[number]
        if await play(case.steps, writer):
            return False
        if isinstance(case.want, Passed) and case.want.reused:
            return True
        await self._watch_spoilt(case, reader)
        return False

    async def _watch_spoilt(self, case: Case, reader: asyncio.StreamReader) -> None:
        """Until the gateway closes; whatever it says before that is a reuse."""
        self.spoilt_open += 1
        try:
            said = await reader.read(4096)
        except (ConnectionResetError, BrokenPipeError):
            said = b""
        finally:
            self.spoilt_open -= 1
        if said:
            self.reused.append(f"{case.id}: {said[:60]!r}")


async def play(steps: Sequence[Step], writer: asyncio.StreamWriter) -> bool:
    """Sends a script; true when it ended the connection. A gateway that left ends it too."""
    try:
        for step in steps:
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, Reset):
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return True
            elif isinstance(step, Close):
                return True
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False
