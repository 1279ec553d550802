"""An origin in a process of its own, for loads that one process cannot drive: every request on a
connection is answered with the same body, after a wait. The body is chunked, because the bytes
of one with a length may pass a gateway inside the kernel.

    python bulk_origin.py BODY_BYTES WAIT_S
"""

from __future__ import annotations

import asyncio
import sys


PIECE_BYTES = 4096


class Answering(asyncio.Protocol):
    """Counts heads, not bytes: requests here have no body."""

    def __init__(self, answer: bytes, wait_s: float) -> None:
        self.answer = answer
        self.wait_s = wait_s
        self.pending = b""
        self.transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self.pending = (self.pending + data).split(b"\r\n\r\n")
        for _ in heads:
            asyncio.get_running_loop().call_later(self.wait_s, self.transport.write, self.answer)


async def serve(body_bytes: int, wait_s: float) -> None:
    piece = b"x" * min(body_bytes, PIECE_BYTES)
    chunks = b"%x\r\n%s\r\n" % (len(piece), piece) * (body_bytes // len(piece))
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    server = await asyncio.get_running_loop().create_server(
        lambda: Answering(answer, wait_s), "127.0.0.1", 0, backlog=4096
    )
    host, port = server.sockets[0].getsockname()
    print(f"listening {host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
