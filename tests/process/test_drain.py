"""SIGTERM under a thousand live streams; and no descriptor left: nothing is cut, nothing spins."""

from __future__ import annotations

import asyncio
import resource
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

from lib.access_log import lines_of
from lib.client import Address, Client
from lib.http1 import Response
from lib.manifests import model_route, one_route, rule
from lib.origin import Exchange, Origin, answer, stall
from lib.programs import alive, bin_dir, cpu_s
from lib.sluice import Sluice
from lib.waiting import until, until_true

HOST = [("Host", "test.example")]
STREAMS = 1000
DESCRIPTORS = 1024
# More than half of the limit of one worker: each request needs two.
CLIENTS = 1100
RECOVERS_WITHIN_S = 0.1
SPIN_S = 1.0


async def test_a_thousand_streams_end_in_peace(tmp_path: Path) -> None:
    """Ready goes off, new connections are refused, every stream is whole."""
    finish = asyncio.Event()

    async def event_stream(exchange: Exchange) -> bool:
        if exchange.seen.request.target != "/stream":
            return await answer()(exchange)
        await exchange.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
        )
        await finish.wait()
        await exchange.send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")
        return True

    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(event_stream))
        sluice = await stack.enter_async_context(
            Sluice(tmp_path, one_route([origin.address]), workers=2)
        )
        clients = [
            await stack.enter_async_context(Client(sluice.address)) for _ in range(STREAMS)
        ]
        for client in clients:
            await client.send_request("GET", "/stream", HOST)
        idle = await stack.enter_async_context(Client(sluice.address))
        assert (await idle.request("GET", "/", HOST)).status == 200
        await until_true(lambda: len(origin.seen) == STREAMS + 1, "all streams run", 30)
        assert (await sluice.ask_steward("/readyz")).status == 200
        family = sluice.proxy.descendants()
        sluice.proxy.send_signal(signal.SIGTERM)

        async def not_ready() -> bool:
            return (await sluice.ask_steward("/readyz")).status == 503

        await until(not_ready, "readiness goes off")
        assert await idle.closed_by_peer() == b""

        async def refused() -> bool:
            try:
                async with Client(sluice.address):
                    return False
            except ConnectionRefusedError:
                return True

        await until(refused, "new connections are refused")
        assert all(alive(pid) for pid in family), "everybody waits for the streams"
        whole = [asyncio.ensure_future(client.response(timeout_s=60)) for client in clients]
        finish.set()
        responses: list[Response] = await asyncio.gather(*whole)
        assert all(response.body == b"data: 1\n\ndata: 2\n\n" for response in responses)
        await until_true(lambda: not sluice.proxy.running(), "the proxy ends")
        assert sluice.proxy.exit_code() == 0
        await until_true(lambda: not any(alive(pid) for pid in family), "with all its processes")
        left = [path for path in (sluice.proxy_socket, sluice.proxy_admin_socket) if path.exists()]
        assert not left, "sockets stay behind"


async def test_what_the_end_cuts_off_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(stall()))
        sluice = await stack.enter_async_context(
            Sluice(
                tmp_path,
                one_route([origin.address]),
                access_log=f"file:{log}",
                proxy_options=["--grace", "1"],
            )
        )
        client = await stack.enter_async_context(Client(sluice.address))
        await client.send_request("GET", "/", HOST)
        await until_true(lambda: len(origin.seen) == 1, "the request runs")
        assert await sluice.proxy.stop() == 0
        assert [line["reason"] for line in lines_of(log)].count("worker_died") == 1


async def a_table_is_taken(sluice: Sluice, endpoint: Address, inside: Client) -> None:
    """With every descriptor in use, a new route reaches the worker and serves who is inside."""
    other = "other.example"
    assert (await inside.request("GET", "/", [("Host", other)])).reason == "no_host"
    before = (await sluice.metrics()).total("sluice_worker_generation")
    sluice.apply([*one_route([endpoint]), model_route("other", other, [rule({"app": 1})])])

    async def runs() -> bool:
        return (await sluice.metrics()).total("sluice_worker_generation") > before

    await until(runs, "the worker goes by the new table")
    # There is no descriptor for a connection to the endpoint, but the route is known.
    answered = await inside.request("GET", "/", [("Host", other)])
    assert answered.reason in (None, "out_of_descriptors"), answered


async def test_out_of_descriptors(tmp_path: Path) -> None:
    """Accepting pauses without a spin, and goes on as soon as descriptors are free."""
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(answer()))
        limit = f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"
        sluice = await stack.enter_async_context(
            Sluice(tmp_path, one_route([origin.address]), prefix=["prlimit", limit])
        )
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft > 2 * CLIENTS, "the clients need descriptors themselves"
        clients = [
            await stack.enter_async_context(Client(sluice.address)) for _ in range(CLIENTS)
        ]

        async def full() -> bool:
            seen = await sluice.metrics()
            return seen.total("sluice_connections_closed_total", reason="out_of_descriptors") > 0

        await until(full, "the worker has no descriptor left")
        worker = sluice.worker_pid()
        before, begun = cpu_s(worker), time.monotonic()
        await until_true(lambda: time.monotonic() - begun >= SPIN_S, "a second of pause")
        share = (cpu_s(worker) - before) / (time.monotonic() - begun)
        print(f"{100 * share:.1f} % of a core while it waits for descriptors")
        assert share < 0.1
        # The sanitizers look at an object through a pipe, for which there is no descriptor either:
        # to them the next connection's owner is no object.
        if bin_dir().name != "instrumented":
            await a_table_is_taken(sluice, origin.address, clients[0])
        waiting = clients[-1]
        for client in clients[:200]:
            client.close()
        freed_at = time.monotonic()
        assert (await waiting.request("GET", "/", HOST)).status == 200
        took = time.monotonic() - freed_at
        print(f"served {took * 1000:.0f} ms after descriptors were free")
        assert took <= 2 * RECOVERS_WITHIN_S
