"""Floods of bytes and of connections: refused early, flat in memory, neighbours unharmed."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lib.access_log import lines_of
from lib.beside import Bed, good_requests
from lib.client import Client
from lib.http1 import Closed
from lib.manifests import one_route
from lib.network import connect_from, own_network
from lib.origin import Origin, answer
from lib.programs import anonymous_kib
from lib.sluice import Sluice, proxied_address
from lib.waiting import until

FLOOD_PIECE = 33 * 1024  # of what may come before a refusal, and a little more
FLAT_KIB = 2048
# With the sanitizers freed memory goes back to the system too; the plain programs do not read this.
PLAIN_HEAP = {"ASAN_OPTIONS": "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}
GET = b"GET / HTTP/1.1\r\nHost: test.example\r\n"
POST = b"POST / HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n"
# What comes first, what follows for as long as anybody takes it, and the answers that are lawful.
FLOODS = {
    "100,000 fields": (GET, b"A: b\r\n" * 100_000, {431}),
    "a value of 1 MB": (GET + b"A: ", b"x" * 1_000_000, {400, 431}),
    "a cookie of 64 KiB": (GET + b"Cookie: ", b"a=b; " * 13_200, {400, 431}),
    "a name without end": (GET, b"x" * 1_000_000, {400, 431}),
    "a request line without end": (b"GET /", b"x" * 1_000_000, {400, 414, 431}),
    "a method without end": (b"", b"X" * 1_000_000, {400, 431, 501}),
    "a chunk extension without end": (POST + b"5;", b"x" * 1_000_000, {400}),
    "a chunk size without end": (POST, b"0" * 1_000_000, {400}),
    "trailers without end": (POST + b"0\r\n", b"A: b\r\n" * 100_000, {400, 431}),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_is_refused_after_its_first_32_kib(tmp_path: Path, kind: str) -> None:
    first, flood, lawful = FLOODS[kind]
    async with Origin(answer()) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address]), proxy_env=PLAIN_HEAP
        ) as sluice:
            worker = sluice.worker_pid()

            async def attack(data: bytes) -> int:
                async with Client(sluice.address) as client:
                    try:
                        await client.send(first + data)
                    except ConnectionError:
                        pass  # it was reset in the middle: the answer may still be there
                    return (await client.response()).status

            assert await attack(flood[:FLOOD_PIECE]) in lawful, "no more is needed for a refusal"
            before = anonymous_kib(worker)
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(sluice.address, done))
            answers: list[int] = []
            for _ in range(30):
                try:
                    answers.append(await attack(flood))
                except (Closed, ConnectionError):
                    pass  # a reset overtook the answer
            done.set()
            good = await beside
            grown = anonymous_kib(worker) - before
            print(f"{kind}: answers {sorted(set(answers))}, {grown} KiB, {len(good)} good ones")
            assert set(answers) <= lawful
            assert answers, "at least one could be read"
            assert grown <= FLAT_KIB


async def test_ten_thousand_requests_at_once(tmp_path: Path) -> None:
    """All are answered in their order while others get their turn; unread, they cost no memory."""
    count = 10_000
    request = GET + b"\r\n"
    async with Origin(answer(body=b"")) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            worker = sluice.worker_pid()
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(sluice.address, done))
            async with Client(sluice.address) as client:
                sent = asyncio.create_task(client.send(request * count))
                for _ in range(count):
                    assert (await client.response()).status == 200
                await sent
            done.set()
            assert len(await beside) >= 20, "the others had their turn"
            before = anonymous_kib(worker)
            async with Client(sluice.address, read_limit=1024) as deaf:
                deaf.writer.write(request * count)
                seen = len(origin.seen)

                async def stands_still() -> bool:
                    nonlocal seen
                    before, seen = seen, len(origin.seen)
                    await asyncio.sleep(0.1)  # the time in which nothing must happen
                    return before == len(origin.seen)

                await until(stands_still, "the worker stops reading")
                grown = anonymous_kib(worker) - before
                print(f"a client that reads nothing: {grown} KiB")
                assert grown <= FLAT_KIB


@pytest.mark.parametrize(
    "start", [b"GET /", GET + b"X-A: b", POST[:-2]], ids=["request line", "field", "last line"]
)
async def test_a_head_has_one_clock_and_not_one_a_byte(tmp_path: Path, start: bytes) -> None:
    """--client-head-timeout, counted from the first byte."""
    async with Origin(answer()) as origin:
        options = ["--client-head-timeout", "1"]
        async with Sluice(tmp_path, one_route([origin.address]), proxy_options=options) as sluice:
            async with Client(sluice.address) as client:
                begun = time.monotonic()
                await client.send(start)
                answered = asyncio.create_task(client.response())
                while not answered.done():
                    await client.send(b"x")
                    await asyncio.wait([answered], timeout=0.1)
                response = answered.result()
                took = time.monotonic() - begun
            assert (response.status, response.reason) == (408, "client_head_timeout")
            assert 0.9 < took < 3, took
            assert not origin.seen


CAP = 20


async def test_connections_of_one_source_are_capped(tmp_path: Path) -> None:
    """The cap and not one more, counted and logged in bounds; other sources are unharmed."""
    with own_network():
        async with Bed(tmp_path, "--max-connections-per-source", str(CAP)) as bed:
            attempts = 400
            kept: list[Client] = []
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(bed.sluice.address, done))
            begun = time.monotonic()
            for _ in range(attempts):
                try:
                    kept.append(await connect_from("127.0.0.9", bed.sluice.address))
                except ConnectionResetError:
                    pass  # refused sooner than it knew that it was there

            async def all_judged() -> bool:
                return await bed.closed("too_many_from_source") == attempts - CAP

            await until(all_judged, "all but the cap are refused")
            done.set()
            assert len(await beside) >= 20
            seconds = time.monotonic() - begun
            assert await bed.open_now() <= CAP + 1
            for client in kept:
                client.close()

            async def gone() -> bool:
                return await bed.open_now() <= 1

            await until(gone, "they have gone")
            again = await connect_from("127.0.0.9", bed.sluice.address)
            assert (await again.request("GET", "/")).status == 200, "there is room again"
            again.close()
            lines = [
                line for line in lines_of(bed.log) if line["reason"] == "too_many_from_source"
            ]
            assert lines and lines[0]["caller"] == "127.0.0.9"
            assert len(lines) <= seconds + 2, "a flood of connections is none of lines"
            assert await bed.closed("too_many_from_source") == attempts - CAP


async def test_behind_a_balancer_each_client_counts_for_itself(tmp_path: Path) -> None:
    """The PROXY header's source has the cap, not the balancer through which all come."""
    options = ["--max-connections-per-source", "2", "--listen-proxy", "127.0.0.1:0"]
    async with Origin(answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address]), proxy_options=options) as sluice:
            address = await proxied_address(sluice)
            async with AsyncExitStack() as stack:

                async def status(source: str) -> int | None:
                    client = await stack.enter_async_context(Client(address))
                    head = f"PROXY TCP4 {source} 203.0.113.1 4000 80\r\n".encode()
                    try:
                        await client.send(head + GET + b"\r\n")
                        return (await client.response()).status
                    except (Closed, ConnectionError):
                        return None

                for source in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
                    got = [await status(source) for _ in range(4)]
                    assert got == [200, 200, None, None], source
            page = await sluice.metrics()
            refused = page.total("sluice_connections_closed_total", reason="too_many_from_source")
            assert refused == 6
