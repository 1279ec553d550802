"""Large bodies both ways, with the worker's memory flat: back-pressure, not buffers."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path

import pytest

from lib.client import Client
from lib.http1 import Response, read_response, render
from lib.manifests import one_route
from lib.origin import Exchange, Origin
from lib.programs import rss_kib
from lib.sluice import Sluice

SIZE = 32 << 20
PIECE = 256 << 10
GROWTH_KIB = 4096  # of the worker's RSS over all bodies; one body is eight times that
DATA = random.Random(1).randbytes(PIECE)
WHOLE_DIGEST = hashlib.sha256(DATA * (SIZE // PIECE)).hexdigest()


async def origin_of_bulk(exchange: Exchange) -> bool:
    """POST: the digest of the body. GET: the whole data, with a length or chunked."""
    request = exchange.seen.request
    if request.method == "POST":
        digest = hashlib.sha256(await exchange.receive_body()).hexdigest()
        request.body = b""
        await exchange.send(render("HTTP/1.1 200 OK", [("Content-Length", "64")], digest.encode()))
        return True
    is_chunked = request.target == "/chunked"
    framing = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(SIZE))
    await exchange.send(render("HTTP/1.1 200 OK", [framing]))
    for _ in range(SIZE // PIECE):
        await exchange.send(b"%x\r\n%s\r\n" % (PIECE, DATA) if is_chunked else DATA)
    if is_chunked:
        await exchange.send(b"0\r\n\r\n")
    return True


async def upload(client: Client, is_chunked: bool) -> Response:
    framing = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(SIZE))
    await client.send_request("POST", "/", [framing])
    for _ in range(SIZE // PIECE):
        await client.send(b"%x\r\n%s\r\n" % (PIECE, DATA) if is_chunked else DATA)
    if is_chunked:
        await client.send(b"0\r\n\r\n")
    return await client.response(timeout_s=60)


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_32_mib_each_way(tmp_path: Path, framing: str) -> None:
    async with Origin(origin_of_bulk) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            worker = sluice.worker_pid()
            before = rss_kib(worker)
            async with sluice.client() as client:
                answer = await upload(client, framing == "chunked")
                assert answer.body.decode() == WHOLE_DIGEST
                target = "/chunked" if framing == "chunked" else "/length"
                download = await client.request("GET", target, timeout_s=60)
                assert hashlib.sha256(download.body).hexdigest() == WHOLE_DIGEST
            grown = rss_kib(worker) - before
            print(f"worker grew by {grown} KiB over 64 MiB")
            assert grown <= GROWTH_KIB


async def test_a_reader_that_stops_stops_the_origin(tmp_path: Path) -> None:
    """The client takes nothing for a while: the origin's writes block, the worker does not grow."""
    sent = 0

    async def behave(exchange: Exchange) -> bool:
        nonlocal sent
        await exchange.send(render("HTTP/1.1 200 OK", [("Content-Length", str(SIZE))]))
        for _ in range(SIZE // PIECE):
            await exchange.send(DATA)
            sent += PIECE
        return True

    async with Origin(behave) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            worker = sluice.worker_pid()
            before = rss_kib(worker)
            async with sluice.client(read_limit=PIECE) as client:
                await client.send_request("GET", "/")
                client.writer.transport.pause_reading()  # type: ignore[attr-defined]
                stood_at = await until_still(lambda: sent)
                assert stood_at < SIZE, "socket buffers alone cannot hold it all"
                assert rss_kib(worker) - before <= GROWTH_KIB
                client.writer.transport.resume_reading()  # type: ignore[attr-defined]
                response = await asyncio.wait_for(read_response(client.reader), 60)
                assert len(response.body) == SIZE


async def until_still(value: object, still_s: float = 0.3) -> int:
    """The value once it has not changed for a while."""
    loop = asyncio.get_running_loop()
    last, since = -1, loop.time()
    while loop.time() - since < still_s:
        now = value()  # type: ignore[operator]
        if now != last:
            last, since = now, loop.time()
        await asyncio.sleep(0.005)
    return last
