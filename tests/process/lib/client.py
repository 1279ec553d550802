"""A raw client: one connection, every byte and every close under the test's control."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from types import TracebackType

from .http1 import HEAD_LIMIT, Fields, Response, read_response, read_response_head, render

Address = tuple[str, int]


class Client:
    """`async with Client(address) as client:` connects; leaving closes."""

    def __init__(self, address: Address, read_limit: int = HEAD_LIMIT) -> None:
        self.address = address
        self._read_limit = read_limit
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection(
            *self.address, limit=self._read_limit
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.close()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_request(
        self, method: str, target: str, fields: Fields | None = None, body: bytes | None = None
    ) -> None:
        """Host defaults to "test.example", Content-Length to the body's."""
        fields = list(fields or [])
        names = {name.lower() for name, _ in fields}
        if "host" not in names:
            fields.insert(0, ("Host", "test.example"))
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            fields.append(("Content-Length", str(len(body))))
        await self.send(render(f"{method} {target} HTTP/1.1", fields, body or b""))

    async def response(self, method: str = "GET", timeout_s: float = 10) -> Response:
        return await asyncio.wait_for(read_response(self.reader, method), timeout_s)

    async def response_head(self, timeout_s: float = 10) -> Response:
        return await asyncio.wait_for(read_response_head(self.reader), timeout_s)

    async def request(
        self,
        method: str,
        target: str,
        fields: Fields | None = None,
        body: bytes | None = None,
        timeout_s: float = 10,
    ) -> Response:
        await self.send_request(method, target, fields, body)
        return await self.response(method, timeout_s)

    def half_close(self) -> None:
        self.writer.write_eof()

    def abort(self) -> float:
        """Resets the connection; returns when (monotonic seconds)."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        return time.monotonic()

    def close(self) -> float:
        """An ordinary close, as when a browser's tab goes; returns when."""
        self.writer.close()
        return time.monotonic()

    async def closed_by_peer(self, timeout_s: float = 10) -> bytes:
        """What still comes until the peer closes; a reset counts as a close."""
        rest = b""
        try:
            while piece := await asyncio.wait_for(self.reader.read(65536), timeout_s):
                rest += piece
        except ConnectionResetError:
            pass
        return rest


async def fetch(
    address: Address,
    method: str,
    target: str,
    fields: Fields | None = None,
    body: bytes | None = None,
    timeout_s: float = 10,
) -> Response:
    """One request on a connection of its own."""
    async with Client(address) as client:
        return await client.request(method, target, fields, body, timeout_s)
