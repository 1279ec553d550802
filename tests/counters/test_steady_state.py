"""System calls and heap allocations of the worker per request, in the steady state, all logged."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.lib.workloads import WORKLOADS
from counted import IO_CALLS, Counters
from lib.manifests import ingress, ingress_class, service
from lib.programs import ModelSim, command_line
from lib.sluice import Sluice
from lib.waiting import until

IO_CALLS_PER_REQUEST = 4.3
WARM_UP_REQUESTS = 20_000
COUNTED_REQUESTS = 20_000
LOAD_S = 60  # at most: the load is ended when enough was counted


@pytest.fixture
def one_core() -> Iterator[None]:
    """Proxy, origin and load share a core, so the proxy always finds full batches.

    That is the steady regime. On two cores the share of epoll_wait depends on what else the
    machine does.
    """
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # inherited by what the test starts
    yield
    os.sched_setaffinity(0, cores)


@pytest.mark.usefixtures("one_core")
async def test_calls_and_allocations_per_request(tmp_path: Path) -> None:
    workload = WORKLOADS["small-get"]
    counters = Counters(tmp_path)
    async with ModelSim(tmp_path, "origin") as origin:
        paths = {prefix: "app" for prefix in workload.prefixes()}
        objects = [ingress_class(), *service("app", [origin.address])]
        objects += [ingress(f"s{i}", host, paths) for i, host in enumerate(workload.hosts())]
        log, environment = f"file:{tmp_path}/access.log", counters.environment()
        async with Sluice(tmp_path, objects, proxy_env=environment, access_log=log) as sluice:
            assert "worker" in command_line(sluice.worker_pid())
            script = tmp_path / "load.lua"
            workload.write_lua(script)
            host, port = sluice.address
            wrk = await asyncio.create_subprocess_exec(
                "wrk", "-t1", f"-c{workload.connections}", f"-d{LOAD_S}s", "-s", str(script),
                f"http://{host}:{port}", stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                await served(origin, WARM_UP_REQUESTS)
                before = counters.read(), await origin.metric("sim_requests_total")
                await served(origin, before[1] + COUNTED_REQUESTS)
                after = counters.read(), await origin.metric("sim_requests_total")
            finally:
                wrk.terminate()
                await wrk.communicate()
    requests = after[1] - before[1]
    spent = {name: after[0][name] - before[0][name] for name in after[0]}
    per_request = {name: f"{count / requests:.3f}" for name, count in spent.items() if count}
    print(f"{requests:.0f} requests, each: {per_request}")
    assert spent["recv"] + spent["read"] > requests, "the shim is not in the worker"
    assert sum(spent[name] for name in IO_CALLS) / requests <= IO_CALLS_PER_REQUEST
    assert spent["allocations"] == 0


async def served(origin: ModelSim, total: float) -> None:
    async def reached() -> bool:
        await asyncio.sleep(0.05)  # each look is a request to the origin: few of them
        return await origin.metric("sim_requests_total") >= total

    await until(reached, f"{total:.0f} requests served", timeout_s=LOAD_S)
