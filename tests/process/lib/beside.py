"""Good clients beside bad ones: a bed with a route for each, and requests that must all succeed."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from .client import Address, Client
from .manifests import ingress_class, model_route, rule, service
from .origin import Origin, answer
from .programs import ROOT, Program, anonymous_kib
from .sluice import Sluice
from .waiting import until

SLOW = ROOT / "tests/process/lib/slow.py"
# Small buffers as on a real path; on loopback the kernel would swallow megabytes for each reader.
SMALL_BUFFERS = {
    "ipv4.tcp_wmem": "4096 16384 32768",
    "ipv4.tcp_rmem": "4096 16384 32768",
    "core.somaxconn": "16384",  # all slow bodies and readers reach the endpoint at once
}


class Bed(AsyncExitStack):
    """Sluice with a good route and a slow one, in the network that the test is in."""

    def __init__(self, tmp_path: Path, *options: str, workers: int = 1) -> None:
        super().__init__()
        self.tmp_path, self.options, self.workers = tmp_path, options, workers

    async def __aenter__(self) -> "Bed":
        await super().__aenter__()
        self.good = await self.enter_async_context(Origin(answer()))
        endpoint = Program(self.tmp_path / "endpoint.log", sys.executable, str(SLOW), "endpoint")
        await self.enter_async_context(endpoint)
        slow: Address = await endpoint.listening()
        objects = [
            ingress_class(),
            *service("app", [self.good.address]),
            *service("slow", [slow]),
            model_route("good", "test.example", [rule({"app": 1})]),
            # All connect in one moment, and the machine may be busy.
            model_route("slow", "slow.example", [rule({"slow": 1}, timeouts={"connect": "20s"})]),
        ]
        self.log = self.tmp_path / "access.log"
        self.sluice = await self.enter_async_context(
            Sluice(
                self.tmp_path,
                objects,
                workers=self.workers,
                access_log=f"file:{self.log}",
                proxy_options=self.options,
            )
        )
        return self

    async def slow_clients(self, kind: str, count: int, source: str) -> Program:
        """Connected; they begin on SIGUSR1."""
        program = await self.enter_async_context(
            Program(
                self.tmp_path / f"slow-{kind}-{source}.log",
                sys.executable,
                str(SLOW),
                "clients",
                kind,
                str(self.sluice.address[1]),
                str(count),
                source,
            )
        )
        await program.line(r"^open \d+$")
        return program

    async def closed(self, reason: str) -> int:
        seen = await self.sluice.metrics()
        return int(seen.total("sluice_connections_closed_total", reason=reason))

    async def ended(self, reason: str) -> int:
        seen = await self.sluice.metrics()
        return int(seen.total("sluice_requests_total", reason=reason))

    def memory_kib(self) -> int:
        return sum(anonymous_kib(pid) for pid in self.sluice.worker_pids())

    async def open_now(self) -> int:
        return int((await self.sluice.metrics()).total("sluice_worker_connections"))


def everybody(bed: Bed, count: int) -> Callable[[], Awaitable[bool]]:
    async def here() -> bool:
        return await bed.open_now() >= count

    return here


async def good_requests(address: Address, until_done: asyncio.Event) -> list[float]:
    """One keep-alive client after the other; each must succeed. Seconds of each request."""
    took: list[float] = []
    while not until_done.is_set():
        async with Client(address) as client:
            for _ in range(20):
                begun = time.monotonic()
                response = await client.request("GET", "/")
                took.append(time.monotonic() - begun)
                assert response.status == 200, response
    return took


async def settled_kib(worker: int) -> int:
    """Free lists are trimmed once a second: the size when two looks agree."""
    size = anonymous_kib(worker)

    async def same() -> bool:
        nonlocal size
        before, size = size, anonymous_kib(worker)
        return before == size

    for _ in range(3):
        await asyncio.sleep(1.1)  # a turn of the trimming, which is what is measured
        await until(same, "the size stands")
    return size
