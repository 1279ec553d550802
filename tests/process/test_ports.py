"""No local port left towards an endpoint: said, mended elsewhere, over when ports return."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from pathlib import Path

from lib.client import Address, Client
from lib.manifests import one_route
from lib.network import connect_from, own_network, set_network
from lib.origin import Exchange, Origin, answer, stall
from lib.programs import cpu_s
from lib.sluice import Sluice
from lib.waiting import until, until_true

PORTS = 20  # towards one endpoint
FIRST_PORT = 50_000
FAILS = 200


class Held(AsyncExitStack):
    """Requests under way from addresses of their own: a client needs a local port as well."""

    def __init__(self, sluice: Sluice) -> None:
        super().__init__()
        self.sluice = sluice
        self.count = 0

    async def client(self) -> Client:
        self.count += 1
        client = await connect_from(f"127.0.1.{self.count}", self.sluice.address)
        self.callback(client.close)
        return client

    async def hold(self, count: int, target: str = "/hold") -> None:
        for _ in range(count):
            # A POST is not repeated when its connection goes.
            await (await self.client()).send_request("POST", target, body=b"x")


async def behave(exchange: Exchange) -> bool:
    held = exchange.seen.request.target == "/hold"
    return await (stall() if held else answer())(exchange)


def few_ports() -> None:
    set_network("ipv4.ip_local_port_range", f"{FIRST_PORT} {FIRST_PORT + PORTS - 1}")


def objects(*endpoints: Address) -> list[dict[str, object]]:
    return one_route(endpoints, loadBalancing={"policy": "RoundRobin"})


async def test_ports_run_out_and_come_back(tmp_path: Path) -> None:
    with own_network():
        async with AsyncExitStack() as stack:
            origin = await stack.enter_async_context(Origin(behave))
            sluice = await stack.enter_async_context(Sluice(tmp_path, objects(origin.address)))
            few_ports()
            held = await stack.enter_async_context(Held(sluice))
            await held.hold(PORTS)
            await until_true(lambda: origin.open_now == PORTS, "all ports are taken")
            client = await held.client()
            before = cpu_s(sluice.worker_pid())
            for _ in range(FAILS):
                refused = await client.request("GET", "/")
                assert (refused.status, refused.reason) == (503, "no_local_port"), refused
                assert refused.get("retry-after") is not None
            each_us = 1e6 * (cpu_s(sluice.worker_pid()) - before) / FAILS
            print(f"{FAILS} refused, {each_us:.0f} us of the worker each")
            seen = await sluice.metrics()
            assert seen.total("sluice_requests_total", reason="no_local_port") == FAILS
            assert seen.total("sluice_endpoint_failures_total") == 0, "the endpoint is well"
            quiet, begun = cpu_s(sluice.worker_pid()), time.monotonic()
            await until_true(lambda: time.monotonic() - begun > 0.5, "a while of nothing")
            share = (cpu_s(sluice.worker_pid()) - quiet) / (time.monotonic() - begun)
            assert share < 0.1, f"{100 * share:.0f} % of a core for waiting"
            origin.drop_connections()
            await until_true(lambda: origin.open_now == 0, "ports are free again")
            assert (await client.request("GET", "/")).status == 200, "served by the next request"


async def test_another_endpoint_has_ports_of_its_own(tmp_path: Path) -> None:
    with own_network():
        async with AsyncExitStack() as stack:
            full = await stack.enter_async_context(Origin(behave, "full"))
            good = await stack.enter_async_context(Origin(behave, "good"))
            sluice = await stack.enter_async_context(Sluice(tmp_path, objects(full.address)))
            few_ports()
            held = await stack.enter_async_context(Held(sluice))
            await held.hold(PORTS)
            await until_true(lambda: full.open_now == PORTS, "all ports to one are taken")
            before = len(full.seen)
            sluice.apply(objects(full.address, good.address))
            client = await held.client()

            async def served() -> bool:
                return (await client.request("GET", "/")).status == 200

            await until(served, "the second endpoint is in the table")
            for _ in range(50):
                assert await served(), "the endpoint without ports costs nobody a request"
            assert len(good.seen) >= 50
            assert len(full.seen) == before


async def test_idle_connections_need_no_port(tmp_path: Path) -> None:
    """Whoever finds a connection that is kept is served while a new one could not be made."""
    with own_network():
        async with AsyncExitStack() as stack:
            origin = await stack.enter_async_context(Origin(behave))
            sluice = await stack.enter_async_context(Sluice(tmp_path, objects(origin.address)))
            few_ports()
            held = await stack.enter_async_context(Held(sluice))
            client = await held.client()
            assert (await client.request("GET", "/")).status == 200
            await held.hold(PORTS - 1)
            await until_true(lambda: len(origin.seen) == PORTS, "all others are taken")
            # The first of those took the idle one, so exactly one port was left.
            for _ in range(20):
                assert (await client.request("GET", "/")).status == 200
            assert origin.connections == PORTS
