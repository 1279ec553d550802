"""The overload ladder: memory that fills, in a real memory cgroup and under --memory-limit; who is
refused, who goes on, who is reset; and four times the connections that a worker's CPU serves."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lib.access_log import lines_of
from lib.cgroups import MemoryGroup
from lib.client import Client
from lib.holders import BODY_BYTES, Crowd, Outcome, hold
from lib.manifests import one_route
from lib.metrics import Metrics
from lib.programs import ModelSim, Program, cpu_s, rss_kib
from lib.sluice import Sluice
from lib.waiting import until

HOST = [("Host", "test.example")]
MIB = 1 << 20
LIMIT = 48 * MIB
HOLD_S = 1.5
ROUNDS = 2  # of a crowd, after the first, in which it grows
RECOVERY_S = 2.0
# Holders that fill a worker up to the ladder's first step: each has a block of 64 KiB.
FILL = 330
SATURATING = 16  # connections with which a worker is never idle


def origin(work_dir: Path, body_bytes: int = BODY_BYTES, wait_s: float = 0) -> Program:
    script = Path(__file__).parent / "lib" / "bulk_origin.py"
    return Program(
        work_dir / "origin.log", sys.executable, str(script), str(body_bytes), str(wait_s)
    )


class Pod:
    """One worker with little memory, and what became of it."""

    def __init__(self, sluice: Sluice, group: MemoryGroup | None) -> None:
        self.sluice = sluice
        self.group = group
        self.most_kib = 0

    async def step(self) -> int:
        return int((await self.sluice.metrics()).total("sluice_worker_pressure_level"))

    async def reached(self, least: int) -> None:
        async def there() -> bool:
            return await self.step() >= least

        await until(there, f"step {least} of the ladder")

    async def relieved(self) -> float:
        """Seconds until nothing is shed any more."""
        begun = time.monotonic()

        async def calm() -> bool:
            return await self.step() == 0

        await until(calm, "the ladder is left")
        return time.monotonic() - begun

    async def watch(self) -> None:
        """The worker's memory, until cancelled."""
        worker = self.sluice.worker_pid()
        while True:
            self.most_kib = max(self.most_kib, rss_kib(worker))
            await asyncio.sleep(0.05)  # the sampling interval

    async def unharmed(self) -> Metrics:
        page = await self.sluice.metrics()
        assert page.total("sluice_worker_deaths_total") == 0
        if self.group is not None:
            assert self.group.kills() == 0
            assert self.group.most_bytes() <= LIMIT
            print(f"the group used at most {self.group.most_bytes() / MIB:.1f} MiB")
        return page


async def pod(
    stack: AsyncExitStack, tmp_path: Path, by: str, wait_s: float = 0, access_log: str = "off"
) -> Pod:
    server = await stack.enter_async_context(origin(tmp_path, wait_s=wait_s))
    address = await server.listening()
    group = None
    options: list[str] = ["--memory-limit", str(LIMIT)]
    if by == "cgroup":
        if not MemoryGroup.available():
            pytest.skip("no memory cgroup can be made here")
        group = stack.enter_context(MemoryGroup(tmp_path.name, LIMIT))
        options = []
    sluice = await stack.enter_async_context(
        Sluice(
            tmp_path,
            one_route([address]),
            prefix=group.prefix("sluice-proxy") if group else (),
            proxy_options=options,
            access_log=access_log,
        )
    )
    return Pod(sluice, group)


@pytest.mark.parametrize("by", ["flag", "cgroup"])
async def test_four_times_the_load_that_fills_the_limit(tmp_path: Path, by: str) -> None:
    async with AsyncExitStack() as stack:
        running = await pod(stack, tmp_path, by)
        watch = asyncio.create_task(running.watch())
        for _ in range(3):  # who else runs on this machine may starve one series, not three
            peak = await goodput(running, FILL)
            over = await goodput(running, 4 * FILL)
            recovery = await running.relieved()
            if over >= 0.9 * peak:
                break
        watch.cancel()
        page = await running.unharmed()
        print(f"whole answers a second: {peak:.0f} at the limit, {over:.0f} with four times that")
        print(f"memory at most {running.most_kib / 1024:.1f} MiB, relieved in {recovery:.2f} s")
        assert over >= 0.9 * peak
        assert recovery <= RECOVERY_S
        assert running.most_kib * 1024 <= LIMIT
        assert page.total("sluice_worker_pressure_steps_total", step="overloaded") > 0


async def goodput(running: Pod, size: int) -> float:
    """Whole answers a second of a crowd, after its first round; nobody is left waiting."""
    crowd = Crowd(running.sluice.address, size, HOLD_S)
    task = asyncio.create_task(crowd.run())
    begun = time.monotonic()
    await asyncio.sleep(HOLD_S * (1 + ROUNDS))  # the load that is under test
    ended = time.monotonic()
    crowd.stop()
    await task
    print(f"{size} clients: {crowd.counts().most_common()}")
    refused = [o for o in crowd.outcomes if o.status == 503]
    told = [o.reason == "overloaded" and 1 <= o.retry_after_s <= 30 for o in refused]
    assert all(told), refused[:3]
    return crowd.goodput(begun + HOLD_S, ended)


async def test_new_requests_are_refused_and_those_in_flight_go_on(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        running = await pod(stack, tmp_path, "flag")
        address = running.sluice.address
        holders = [asyncio.create_task(hold(address, 60)) for _ in range(80)]
        while await running.step() < 3:
            holders += [asyncio.create_task(hold(address, 60)) for _ in range(20)]
            await asyncio.sleep(0.05)  # they are let in a few at a time, as clients come
        in_flight = [task for task in holders if not task.done()]
        for path in ("/large", "/v1/chat/completions"):
            await expect_refusal(running, path)
        admitted = [task for task in in_flight if not task.done()]
        assert len(admitted) >= 200
        for task in holders:
            task.cancel()
        await asyncio.gather(*holders, return_exceptions=True)
        assert await running.relieved() <= RECOVERY_S
        response = await running.sluice.fetch("GET", "/large", HOST)
        assert (response.status, len(response.body)) == (200, BODY_BYTES)


async def expect_refusal(running: Pod, path: str) -> None:
    response = await running.sluice.fetch("GET", path, HOST)
    assert (response.status, response.reason) == (503, "overloaded")
    assert 1 <= int(response.get("retry-after") or 0) <= 30
    assert response.get("connection") == "close"
    body = json.loads(response.body)
    if path.startswith("/v1/"):
        assert body["error"]["code"] == "overloaded"
        assert body["error"]["type"] == "server_error"
    else:
        assert body["code"] == "overloaded"


async def test_a_limit_by_flag_is_not_for_those_who_live_beside(tmp_path: Path) -> None:
    """The proxy shares its memory cgroup with a program that alone is larger than --memory-limit;
    the cgroup's own limit is far, so nobody is shed."""
    if not MemoryGroup.available():
        pytest.skip("no memory cgroup can be made here")
    holds = f"import signal; x = b'x' * {3 * LIMIT}; print('holding', flush=True); signal.pause()"
    async with AsyncExitStack() as stack:
        group = stack.enter_context(MemoryGroup(tmp_path.name, 20 * LIMIT))
        command = [*group.prefix(Path(sys.executable).name), sys.executable, "-c", holds]
        beside = await stack.enter_async_context(Program(tmp_path / "beside.log", *command))
        await beside.line("holding")
        server = await stack.enter_async_context(origin(tmp_path))
        sluice = await stack.enter_async_context(
            Sluice(
                tmp_path,
                one_route([await server.listening()]),
                prefix=group.prefix("sluice-proxy"),
                proxy_options=["--memory-limit", str(LIMIT)],
            )
        )
        assert group.most_bytes() > 3 * LIMIT, "the neighbour counts in the group"
        running = Pod(sluice, group)

        async def looked() -> bool:
            return (await sluice.metrics()).total("sluice_worker_memory_bytes") > 0

        await until(looked, "a look at memory")
        assert await running.step() == 0
        response = await sluice.fetch("GET", "/large", HOST)
        assert (response.status, len(response.body)) == (200, BODY_BYTES)


async def test_idle_connections_are_closed_before_anybody_is_refused(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        running = await pod(stack, tmp_path, "flag")
        idle = [
            await stack.enter_async_context(Client(running.sluice.address, 1 << 20))
            for _ in range(20)
        ]
        for client in idle:
            assert (await client.request("GET", "/large", HOST)).status == 200
        await asyncio.sleep(1.1)  # younger ones may have a request on its way and are let be
        heads = await climb(stack, running, 2)
        for client in idle:
            assert await client.closed_by_peer() == b""
        page = await running.sluice.metrics()
        assert page.total("sluice_connections_closed_total", reason="idle_reclaimed") == 20
        assert heads


async def climb(
    stack: AsyncExitStack, running: Pod, step: int, lines: int = 3
) -> list[Client]:
    """Half a head each, until the ladder has that step: three lines take a large block, two a
    small one."""
    part = b"GET / HTTP/1.1\r\n" + b"".join(
        b"x%d: %s\r\n" % (i, b"a" * 5600) for i in range(lines)
    )
    clients: list[Client] = []
    while await running.step() < step:
        for _ in range(8):
            clients.append(await stack.enter_async_context(Client(running.sluice.address)))
            await clients[-1].send(part)
    return clients


async def test_who_holds_most_is_reset_and_the_log_says_so(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    async with AsyncExitStack() as stack:
        running = await pod(stack, tmp_path, "flag", wait_s=6, access_log=f"file:{log}")
        small = await stack.enter_async_context(Client(running.sluice.address, 1 << 20))
        await small.send_request("GET", "/large", HOST)  # waits for its answer, holds 16 KiB
        large = await climb(stack, running, 4)
        cut = [asyncio.create_task(client.closed_by_peer()) for client in large]
        done, left = await asyncio.wait(cut, timeout=2)
        page = await running.sluice.metrics()
        resets = page.total("sluice_connections_closed_total", reason="memory_reclaimed")
        print(f"{len(large)} large heads, {len(done)} ended, {resets:.0f} reset for memory")
        assert 1 <= resets <= len(large) / 2, "one at a time, until it is enough"
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        assert (await small.response(timeout_s=20)).status == 200
        for client in large:
            client.close()
        assert await running.relieved() <= RECOVERY_S
        await running.unharmed()


async def test_a_request_whose_memory_is_needed_says_why(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    async with AsyncExitStack() as stack:
        running = await pod(stack, tmp_path, "flag", access_log=f"file:{log}")
        address = running.sluice.address
        outcomes: list[asyncio.Task[Outcome]] = []
        while await running.step() < 1:  # streams hold large blocks until memory gets short
            outcomes += [asyncio.create_task(hold(address, 60)) for _ in range(20)]
            await asyncio.sleep(0.05)  # they are let in a few at a time
        await climb(stack, running, 4, lines=2)

        def reasons() -> list[str]:
            return [line["reason"] for line in lines_of(log)] if log.exists() else []

        async def reset() -> bool:
            return "memory_reclaimed" in reasons()

        await until(reset, "a stream was reset for its memory")
        for task in outcomes:
            task.cancel()
        await asyncio.gather(*outcomes, return_exceptions=True)
        page = await running.unharmed()
        assert page.total("sluice_requests_total", reason="memory_reclaimed") >= 1


async def test_four_times_the_connections_that_saturate_a_worker(tmp_path: Path) -> None:
    """On a worker that is always busy, requests a second are requests a second of its CPU: the
    clock of a machine that others use as well says nothing."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ModelSim(tmp_path, "model"))
        sluice = await stack.enter_async_context(Sluice(tmp_path, one_route([model.address])))
        # Who asks before the first table is here is told so.
        before = (await sluice.metrics()).series("sluice_requests_total", code="5xx")
        peak = over = 0.0
        for _ in range(9):  # one after the other, because the machine changes; the best counts
            peak = max(peak, await per_cpu_second(sluice, SATURATING))
            over = max(over, await per_cpu_second(sluice, 4 * SATURATING))
            if over >= 0.95 * peak:
                break
        print(f"requests a CPU second: {peak:.0f} saturated, {over:.0f} with four times that")
        assert over >= 0.9 * peak
        page = await sluice.metrics()
        assert page.series("sluice_requests_total", code="5xx") == before
        assert page.total("sluice_worker_deaths_total") == 0


async def per_cpu_second(sluice: Sluice, connections: int) -> float:
    """Requests that were answered while the worker ran for a second."""
    worker = sluice.worker_pid()
    host, port = sluice.address
    before = await served(sluice), cpu_s(worker)
    wrk = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", "-d1s", "-H", "Host: test.example",
        f"http://{host}:{port}/bench/small",
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await wrk.wait() == 0
    after = await served(sluice), cpu_s(worker)
    return (after[0] - before[0]) / (after[1] - before[1])


async def served(sluice: Sluice) -> float:
    return (await sluice.metrics()).total("sluice_requests_total", code="2xx")
