"""Slow clients and slow endpoints: cut in time, cheap to bear, and good ones do not notice."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.beside import SMALL_BUFFERS, Bed, everybody, good_requests
from lib.client import Address
from lib.http1 import Closed
from lib.manifests import one_route
from lib.network import own_network
from lib.origin import Exchange, Origin
from lib.programs import Program
from lib.sluice import Sluice
from lib.waiting import until

KINDS = ("head", "body", "read")
SLOW_KIB = 10  # mark of a worker's memory for each slow client
HEAD_S, WINDOW_S, GLANCE_S, TICK_S = 10, 10, 1, 1


@pytest.fixture
def clients_of_each_kind() -> Iterator[int]:
    """3,000 where the hard limit allows. One worker may get all of them, and needs a descriptor for
    a slow head, and two for each of the others."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(3000, (hard - 1000) // 5)
    resource.setrlimit(resource.RLIMIT_NOFILE, (5 * count + 1000, hard))
    print(f"{count} slow clients of each kind (descriptors: {hard})")
    yield count
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def p99_of_good(address: Address, seconds: float) -> float:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, done.set)
    return p99(await good_requests(address, done))


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


async def result_of(program: Program) -> dict[str, Any]:
    found = await program.line(r"^cut (\{.*\})$", timeout_s=60)
    return dict(json.loads(found[1]))


async def test_slow_clients_are_cut_and_good_ones_do_not_notice(
    tmp_path: Path, clients_of_each_kind: int
) -> None:
    count = clients_of_each_kind
    with own_network(SMALL_BUFFERS):
        async with Bed(tmp_path, workers=2) as bed:
            alone = await p99_of_good(bed.sluice.address, 2)
            before = bed.memory_kib()
            programs = {
                kind: await bed.slow_clients(kind, count, f"127.0.0.{10 + place}")
                for place, kind in enumerate(KINDS)
            }
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(bed.sluice.address, done))
            await until(everybody(bed, len(KINDS) * count), "all slow clients are here")
            for program in programs.values():
                program.send_signal(signal.SIGUSR1)
            waiting = [asyncio.create_task(result_of(program)) for program in programs.values()]
            most = 0
            while any(not task.done() for task in waiting):
                most = max(most, bed.memory_kib())
                await asyncio.wait(waiting, timeout=0.5)
            results = {kind: task.result() for kind, task in zip(KINDS, waiting)}
            each = (most - before) / (len(KINDS) * count)
            # With what the moment of their coming left in free lists; below, what stays.
            print(f"{each:.1f} KiB each at most, all kinds together (mark {SLOW_KIB})")
            assert each <= 2 * SLOW_KIB
            done.set()
            took = await beside
            print(f"good: {len(took)} requests, p99 {1000 * p99(took):.1f} ms, ", end="")
            print(f"alone {1000 * alone:.1f} ms")
            for kind, result in results.items():
                print(f"{kind}: {result}")
                assert (result["cut"], result["left"]) == (count, 0), kind
            # Every one by its own clock; a client that drips on is not lingered for.
            assert results["head"]["first_s"] >= HEAD_S - TICK_S
            assert results["body"]["first_s"] >= WINDOW_S - TICK_S
            for kind, mark in (("head", HEAD_S), ("body", WINDOW_S), ("read", GLANCE_S + WINDOW_S)):
                assert results[kind]["median_s"] <= 2 * mark, kind
            for kind in ("head", "body"):
                answers = results[kind]["answers"]
                # A client that sends on and looks late may find a reset in place of its answer.
                assert answers.keys() == {"408"} and answers["408"] >= 0.9 * count, answers
            assert await bed.ended("client_head_timeout") == count
            assert await bed.ended("client_too_slow") == 2 * count
            # Twice the mark of twice, and what a busy machine adds by itself.
            assert p99(took) <= 4 * alone + 0.1


async def test_an_endpoint_of_a_byte_a_second(tmp_path: Path) -> None:
    """An answer whose length is said has to come; a stream of events may be as slow as it is."""

    async def drip(exchange: Exchange) -> bool:
        await exchange.receive_body()
        events = exchange.seen.request.target == "/events"
        framing = (
            b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked"
            if events
            else b"Content-Length: 1000"
        )
        await exchange.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for _ in range(30):
            await exchange.send(b"1\r\nx\r\n" if events else b"x")
            await asyncio.sleep(0.1)  # the pace that is tested
        await exchange.send(b"0\r\n\r\n")
        return events

    async with Origin(drip) as origin:
        objects = one_route([origin.address], timeouts={"idle": "1s"})
        async with Sluice(tmp_path, objects) as sluice:
            begun = time.monotonic()
            with pytest.raises(Closed) as cut:
                await sluice.fetch("GET", "/file")
            took = time.monotonic() - begun
            assert 0.9 < took < 2.5, took
            assert 0 < len(cut.value.partial) < 30
            assert (await sluice.fetch("GET", "/events")).body == b"x" * 30
            page = await sluice.metrics()
            assert page.total("sluice_requests_total", reason="upstream_too_slow") == 1
