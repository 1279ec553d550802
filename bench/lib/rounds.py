"""Interleaved rounds: every candidate is loaded in turn, all others stopped."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from lib.programs import ModelSim
from lib.waiting import until

from .cpu import cpu_ns, pause, resume
from .load import Load
from .peers import Candidate


@dataclass
class Round:
    units: int  # requests, or events of streams
    requests: int
    errors: int
    cpu_us: float  # of the candidate per unit
    origin_us: float  # of the origin per unit
    upstream_connections: int
    merged: int
    delays_us: dict[int, int]  # of events: how many took so long


@dataclass
class Series:
    """All rounds of one candidate, the warm-up left out."""

    name: str
    rounds: list[Round] = field(default_factory=list)

    def median_us(self) -> float:
        return statistics.median(item.cpu_us for item in self.rounds)

    def best_us(self) -> float:
        return min(item.cpu_us for item in self.rounds)

    def worst_us(self) -> float:
        return max(item.cpu_us for item in self.rounds)

    def origin_us(self) -> float:
        return statistics.median(item.origin_us for item in self.rounds)

    def errors(self) -> int:
        return sum(item.errors for item in self.rounds)

    def connections_per_thousand(self) -> float:
        requests = sum(item.requests for item in self.rounds)
        opened = sum(item.upstream_connections for item in self.rounds)
        return 1000 * opened / max(requests, 1)


async def measure(
    candidates: Sequence[Candidate],
    origin: ModelSim,
    load: Load,
    rounds: int,
    warm_up: int = 1,
) -> list[Series]:
    """`rounds` counted ones after those of warming up, in a new random order each time."""
    series = {item.name: Series(item.name) for item in candidates}
    for item in candidates:
        pause(item.pids())
    try:
        for number in range(warm_up + rounds):
            for item in random.sample(list(candidates), len(candidates)):
                result = await one_round(item, origin, load)
                if number >= warm_up:
                    series[item.name].rounds.append(result)
    finally:
        for item in candidates:
            resume(item.pids())
    return [series[item.name] for item in candidates]


async def one_round(candidate: Candidate, origin: ModelSim, load: Load) -> Round:
    pids = candidate.pids()
    resume(pids)
    cancelled = await origin.metric("sim_cancelled_total")
    connections = await origin.metric("sim_connections_total")
    origin_before = cpu_ns([origin.pid])
    seen = await load.run(candidate.address, candidate.connections, lambda: cpu_ns(pids))
    origin_ns = cpu_ns([origin.pid]) - origin_before
    # Less the look itself.
    opened = await origin.metric("sim_connections_total") - connections - 1
    if load.workload.events_per_second:
        await streams_end(origin, cancelled + seen.requests)
    pause(pids)
    units = max(seen.units, 1)
    return Round(
        units=seen.units,
        requests=seen.requests,
        errors=seen.errors + (seen.units == 0),
        cpu_us=seen.cpu_ns / 1000 / units,
        origin_us=origin_ns / 1000 / units,
        upstream_connections=int(opened),
        merged=seen.merged,
        delays_us=dict(seen.delays_us),
    )


async def streams_end(origin: ModelSim, cancelled: float) -> None:
    """Stopped before, a candidate would keep its streams, and the origin would feed them on."""

    async def ended() -> bool:
        return await origin.metric("sim_cancelled_total") >= cancelled

    await until(ended, "the origin's streams end with their clients")
