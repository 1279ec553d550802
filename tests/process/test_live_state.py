"""What all workers share: exact in-flight numbers, counters that go on, few generations."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

from lib.client import Client
from lib.manifests import Object, ingress_class, model_route, one_route, rule, service
from lib.origin import Exchange, Origin, answer, stall
from lib.sluice import Sluice
from lib.waiting import until

HOST = [("Host", "test.example")]
TRUE_WITHIN_S = 2 * 0.3  # twice the mark, for machines with other work
HELD = 100
PICKS = 1000
STREAMS = 1000  # over two workers: about 500 each
GENERATIONS = 1000
GENERATIONS_MAPPED = 4
NAMES_OF_ROUTES = re.compile(r"memfd:sluice-routes")


async def hold(exchange: Exchange) -> bool:
    """The head and one event of a stream, then nothing until the client leaves."""
    return await stall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"9\r\ndata: 1\n\n\r\n"
    )(exchange)


async def by_path(exchange: Exchange) -> bool:
    chosen = hold if exchange.seen.request.target.startswith("/hold") else answer()
    return await chosen(exchange)


async def owners(clients: list[Client], log: Path) -> dict[int, int]:
    """Which worker serves which connection: the access log says so."""
    for index, client in enumerate(clients):
        await client.request("GET", "/who", [*HOST, ("x-request-id", f"who-{index}")])
    found: dict[int, int] = {}

    async def all_logged() -> bool:
        for line in log.read_text().splitlines():
            name = re.search(r'"request_id":"who-(\d+)"', line)
            worker = re.search(r'"worker":(\d+)', line)
            if name and worker:
                found[int(name[1])] = int(worker[1])
        return len(found) == len(clients)

    await until(all_logged, "every connection is in the log")
    return found


async def start_stream(client: Client, target: str) -> None:
    await client.send_request("GET", target, HOST)
    head = await client.response_head()
    assert head.status == 200, head.status


async def test_picks_know_what_other_workers_hold(tmp_path: Path) -> None:
    """One endpoint has 100 in flight from one worker alone; the others leave it alone."""
    log = tmp_path / "access.log"
    async with AsyncExitStack() as stack:
        busy, *free = [
            await stack.enter_async_context(Origin(by_path, f"o{n}")) for n in range(4)
        ]
        everybody = [origin.address for origin in (busy, *free)]
        objects: list[Object] = [
            ingress_class(),
            *service("one", [busy.address]),
            *service("all", everybody),
            model_route(
                "chat", "test.example", [rule({"one": 1}, path="/hold"), rule({"all": 1})]
            ),
        ]
        sluice = Sluice(tmp_path, objects, workers=4, access_log=f"file:{log}")
        await stack.enter_async_context(sluice)
        clients = [
            await stack.enter_async_context(Client(sluice.address)) for _ in range(6 * HELD)
        ]
        owner = await owners(clients, log)
        holders = [client for index, client in enumerate(clients) if owner[index] == 1]
        others = [client for index, client in enumerate(clients) if owner[index] == 2]
        assert len(holders) >= HELD and others, "the kernel spreads connections over workers"
        for client in holders[:HELD]:
            await start_stream(client, "/hold")
        before = len(busy.seen)
        for number in range(PICKS):
            client = others[number % len(others)]
            assert (await client.request("GET", "/", HOST)).status == 200
        picked = len(busy.seen) - before
        print(f"{picked} of {PICKS} picks went to the endpoint with {HELD} in flight")
        assert picked < 0.05 * PICKS
        assert sum(len(origin.seen) for origin in free) >= PICKS - picked


async def test_a_dead_workers_streams_are_not_in_flight(tmp_path: Path) -> None:
    """A thousand streams over two workers, one dies: numbers are true at once, counters go on."""
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(by_path))
        sluice = await stack.enter_async_context(
            Sluice(tmp_path, one_route([origin.address]), workers=2)
        )
        for _ in range(20):
            assert (await sluice.fetch("GET", "/", HOST)).status == 200
        clients = [
            await stack.enter_async_context(Client(sluice.address)) for _ in range(STREAMS)
        ]
        for client in clients:
            await start_stream(client, "/hold")
        before = await sluice.metrics()
        assert before.total("sluice_requests_in_flight") == STREAMS
        assert before.total("sluice_endpoint_requests_in_flight") == STREAMS
        done = before.total("sluice_requests_total", reason="ok")
        os.kill(sluice.worker_pids()[0], signal.SIGKILL)
        killed_at = time.monotonic()
        eof = [asyncio.ensure_future(client.closed_by_peer(60)) for client in clients]

        async def settled() -> bool:
            seen = await sluice.metrics()
            lost = seen.total("sluice_requests_total", reason="worker_died")
            live = seen.total("sluice_requests_in_flight")
            endpoint = seen.total("sluice_endpoint_requests_in_flight")
            return lost > 0 and live == endpoint == STREAMS - lost

        await until(settled, "in flight is true again")
        took = time.monotonic() - killed_at
        print(f"in flight was true {took * 1000:.0f} ms after the death")
        assert took <= TRUE_WITHIN_S
        after = await sluice.metrics()
        assert after.total("sluice_requests_total", reason="ok") == done
        lost = int(after.total("sluice_requests_total", reason="worker_died"))
        assert after.total("sluice_exchanges_lost_total") == lost

        async def as_many_ended() -> bool:
            return sum(task.done() for task in eof) == lost

        await until(as_many_ended, f"{lost} clients see the end of their stream")
        for task in eof:
            task.cancel()


async def test_few_generations_stay_mapped(tmp_path: Path) -> None:
    """Streams and requests that wait for their first byte, over a thousand tables."""

    async def slow(exchange: Exchange) -> bool:
        chosen = stall() if exchange.seen.request.target == "/wait" else by_path
        return await chosen(exchange)

    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(slow))
        sluice = await stack.enter_async_context(
            Sluice(tmp_path, one_route([origin.address]), workers=2)
        )
        first = (await sluice.metrics()).total("sluice_table_generation")
        edits = 0

        async def generation() -> float:
            return (await sluice.metrics()).total("sluice_table_generation")

        now = first
        while now - first < GENERATIONS:
            if edits % 20 == 0:
                for target in ("/hold", "/wait"):
                    client = await stack.enter_async_context(Client(sluice.address))
                    await client.send_request("GET", target, HOST)
            timeouts = {"request": f"{1000 + edits}s"}
            sluice.apply(one_route([origin.address], timeouts=timeouts))
            edits += 1
            before = now

            async def moved() -> bool:
                nonlocal now
                now = await generation()
                return now > before

            await until(moved, f"edit {edits} runs")
        seen = await sluice.metrics()
        most = [value for _, value in seen.series("sluice_worker_generations_mapped_max")]
        mapped = [
            len(NAMES_OF_ROUTES.findall(Path(f"/proc/{pid}/maps").read_text()))
            for pid in sluice.worker_pids()
        ]
        print(f"{now - first:.0f} generations; mapped at most {most}, now {mapped}")
        assert len(most) == 2 and max(most) <= GENERATIONS_MAPPED
        assert max(mapped) <= GENERATIONS_MAPPED
        assert (await sluice.fetch("GET", "/", HOST)).status == 200
