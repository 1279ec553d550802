"""Interleaved rounds: every candidate loads for a second in turn, all others stopped."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lib.programs import ModelSim

from .cpu import cpu_ns, pause, resume
from .peers import Candidate


@dataclass
class Round:
    requests: int
    errors: int
    cpu_us: float  # per request
    upstream_connections: int


@dataclass
class Series:
    """All rounds of one candidate, the warm-up left out."""

    name: str
    rounds: list[Round] = field(default_factory=list)

    def median_us(self) -> float:
        return statistics.median(item.cpu_us for item in self.rounds)

    def best_us(self) -> float:
        return min(item.cpu_us for item in self.rounds)

    def errors(self) -> int:
        return sum(item.errors for item in self.rounds)

    def connections_per_thousand(self) -> float:
        requests = sum(item.requests for item in self.rounds)
        return 1000 * sum(item.upstream_connections for item in self.rounds) / requests


@dataclass(frozen=True)
class LoadPlan:
    script: Path
    connections: int
    seconds: int
    prefix: Sequence[str]


async def measure(
    candidates: Sequence[Candidate], origin: ModelSim, plan: LoadPlan, rounds: int
) -> list[Series]:
    """`rounds` counted ones after a warm-up, in a new random order each time."""
    series = {item.name: Series(item.name) for item in candidates}
    for item in candidates:
        pause(item.pids())
    try:
        for number in range(rounds + 1):
            for item in random.sample(list(candidates), len(candidates)):
                result = await one_round(item, origin, plan)
                if number > 0:
                    series[item.name].rounds.append(result)
    finally:
        for item in candidates:
            resume(item.pids())
    return [series[item.name] for item in candidates]


async def one_round(candidate: Candidate, origin: ModelSim, plan: LoadPlan) -> Round:
    pids = candidate.pids()
    resume(pids)
    connections = await origin.metric("sim_connections_total")
    before = cpu_ns(pids)
    requests, errors = await wrk(candidate, plan)
    spent_us = (cpu_ns(pids) - before) / 1000
    # Less the look itself.
    opened = await origin.metric("sim_connections_total") - connections - 1
    pause(pids)
    return Round(requests, errors, spent_us / max(requests, 1), int(opened))


async def wrk(candidate: Candidate, plan: LoadPlan) -> tuple[int, int]:
    host, port = candidate.address
    connections = plan.connections * candidate.connections
    command = [*plan.prefix, "wrk", "-t1", f"-c{connections}", f"-d{plan.seconds}s"]
    command += ["-s", str(plan.script), f"http://{host}:{port}"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output = (await process.communicate())[0].decode()
    found = re.search(r"(\d+) requests in", output)
    if process.returncode != 0 or found is None:
        raise RuntimeError(f"wrk failed: {output}")
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    broken = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output
    )
    errors = int(wrong[1]) if wrong else 0
    errors += sum(int(number) for number in broken.groups()) if broken else 0
    return int(found[1]), errors
