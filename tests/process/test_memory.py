"""Memory of a worker per connection, idle, streaming or slow: the slope between two counts."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lib.beside import SMALL_BUFFERS, Bed, everybody, settled_kib
from lib.client import Client
from lib.manifests import one_route
from lib.network import own_network
from lib.origin import Exchange, Origin, answer, stall
from lib.sluice import Sluice
from lib.waiting import until

HOST = [("Host", "test.example")]
FEW, MANY = 500, 3000
IDLE_MARK_KIB = 2
STREAM_MARK_KIB = 6
SLOW_MARK_KIB = 10
# What a worker holds of an answer that nobody reads is a block that was read and not taken.
READER_MARK_KIB = 16


async def event_stream(exchange: Exchange) -> bool:
    if exchange.seen.request.target != "/stream":
        return await answer()(exchange)
    return await stall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    )(exchange)


async def slope_kib(tmp_path: Path, target: str, whole: bool) -> float:
    """KiB a connection between FEW and MANY of them, once the worker has tidied up."""
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(event_stream))
        sluice = await stack.enter_async_context(Sluice(tmp_path, one_route([origin.address])))
        worker = sluice.worker_pid()
        sizes: list[int] = []
        opened = 0
        for count in (FEW, MANY):
            while opened < count:
                client = await stack.enter_async_context(Client(sluice.address))
                await client.send_request("GET", target, HOST)
                if whole:
                    assert (await client.response()).status == 200
                else:
                    assert (await client.response_head()).status == 200
                opened += 1
            sizes.append(await settled_kib(worker))
        return (sizes[1] - sizes[0]) / (MANY - FEW)


async def test_an_idle_connection(tmp_path: Path) -> None:
    kib = await slope_kib(tmp_path, "/", whole=True)
    print(f"an idle connection: {kib:.2f} KiB (mark {IDLE_MARK_KIB})")
    assert kib <= 2 * IDLE_MARK_KIB


async def test_a_running_stream(tmp_path: Path) -> None:
    kib = await slope_kib(tmp_path, "/stream", whole=False)
    print(f"a running stream: {kib:.2f} KiB (mark {STREAM_MARK_KIB})")
    assert kib <= 2 * STREAM_MARK_KIB


@pytest.mark.parametrize(
    ("kind", "mark"), [("head", SLOW_MARK_KIB), ("body", SLOW_MARK_KIB), ("read", READER_MARK_KIB)]
)
async def test_memory_of_a_slow_client(tmp_path: Path, kind: str, mark: int) -> None:
    few, many = 200, 1500
    with own_network(SMALL_BUFFERS):
        async with Bed(tmp_path) as bed:
            sizes: list[int] = []
            for total, source in ((few, "127.0.0.20"), (many, "127.0.0.21")):
                more = total - (0 if not sizes else few)
                program = await bed.slow_clients(kind, more, source)
                await until(everybody(bed, total), f"{total} are here")
                program.send_signal(signal.SIGUSR1)
                sizes.append(await settled_kib(bed.sluice.worker_pid()))
            each = (sizes[1] - sizes[0]) / (many - few)
            print(f"a slow {kind}: {each:.2f} KiB (mark {mark})")
            assert each <= 1.25 * mark
