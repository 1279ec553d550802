"""Memory of each candidate per idle kept-alive connection: the slope between two counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from lib.client import Client
from lib.programs import anonymous_kib

from .peers import Candidate
from .workloads import Workload

FEW, MANY = 500, 2000
SETTLE_S = 1.5  # free lists are trimmed by the clock, which is what is measured


async def measure(candidates: Sequence[Candidate], workload: Workload) -> dict[str, float]:
    """KiB per connection that has had one answer and waits, by name of the candidate.

    To be asked before the load: what a rush left behind would hide it.
    """
    return {item.name: await slope_kib(item, workload) for item in candidates}


async def slope_kib(candidate: Candidate, workload: Workload) -> float:
    pids = candidate.pids()
    routes = workload.routes()
    sizes = []
    async with AsyncExitStack() as stack:
        opened = 0
        for count in (FEW, MANY):
            for number in range(opened, count):
                client = await stack.enter_async_context(Client(candidate.address))
                host, target = routes[number % len(routes)]
                answer = await client.request(workload.method, target, [("Host", host)])
                if answer.status != 200:
                    raise RuntimeError(f"{candidate.name} answers {answer.status}")
            opened = count
            await asyncio.sleep(SETTLE_S)
            sizes.append(sum(anonymous_kib(pid) for pid in pids))
    return (sizes[1] - sizes[0]) / (MANY - FEW)
