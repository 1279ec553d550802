"""Each process may die: what is lost is counted, and what was edited meanwhile still comes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from lib.client import fetch
from lib.load import Load
from lib.manifests import Object, ingress_class, model_route, rule, service
from lib.programs import ModelSim, Program, alive, command_line
from lib.sluice import Sluice
from lib.waiting import until_true

HOST = [("Host", "test.example")]
CONNECTIONS = 2
BACK_WITHIN_S = 2.0
SOAK_EDITS = 120
SOAK_KILL_EVERY = 6
EDIT_WITHIN_S = 1.0
# A turn of two pods reaches each of them within a few requests.
TURN = 40


def split(stable: ModelSim, canary: ModelSim, weights: tuple[int, int]) -> list[Object]:
    return [
        ingress_class(),
        *service("stable", [stable.address]),
        *service("canary", [canary.address]),
        model_route(
            "chat", "test.example", [rule({"stable": weights[0], "canary": weights[1]})]
        ),
    ]


def pool(pods: Sequence[ModelSim]) -> list[Object]:
    """One Service over these pods."""
    return [
        ingress_class(),
        *service("app", [pod.address for pod in pods]),
        model_route("chat", "test.example", [rule({"app": 1})]),
    ]


class Scene:
    """Two pods, Sluice, and a light load on it. Traffic starts at pod "stable" alone."""

    def __init__(self, stable: ModelSim, canary: ModelSim, sluice: Sluice) -> None:
        self.stable, self.canary, self.sluice = stable, canary, sluice
        self.load = Load(sluice.address, "/bench/x", HOST, connections=CONNECTIONS)

    def move_to(self, pod: ModelSim) -> None:
        weights = (100, 0) if pod is self.stable else (0, 100)
        self.sluice.apply(split(self.stable, self.canary, weights))

    async def moved_to(self, pod: ModelSim, timeout_s: float = 10) -> None:
        await until_true(
            lambda: only(self.load, pod.name), f"all traffic at {pod.name}", timeout_s
        )

    async def more_answers(self, requests: int = 200) -> None:
        start = len(self.load.answered)
        await until_true(
            lambda: len(self.load.answered) >= start + requests, f"{requests} more answers"
        )


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with ModelSim(tmp_path, "stable") as stable, ModelSim(tmp_path, "canary") as canary:
        async with Sluice(tmp_path, split(stable, canary, (100, 0))) as sluice:
            made = Scene(stable, canary, sluice)
            running = asyncio.create_task(made.load.run())
            try:
                await made.more_answers()
                yield made
            finally:
                made.load.stop()
                await running


def only(load: Load, pod: str, requests: int = TURN) -> bool:
    """The newest answers all came from this pod."""
    tail = load.answered[-requests:]
    return len(tail) == requests and all(item.pod == pod for item in tail)


def steward_of(proxy: Program) -> int:
    """0 while there is none."""
    return next((pid for pid in proxy.descendants() if "steward" in words_of(pid)), 0)


def words_of(pid: int) -> list[str]:
    try:
        return command_line(pid)
    except (FileNotFoundError, ProcessLookupError):
        return []


def child_of(controller: Program) -> int:
    """The controller's one child; 0 while there is none."""
    return next((pid for pid in controller.descendants() if alive(pid)), 0)


def tables_held(pid: int) -> int:
    """Segments that a process has open."""
    links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return sum("memfd:sluice-" in link for link in links)


async def kill_child(controller: Program) -> None:
    """Ends the child, and waits for the keeper to have started the next."""
    killed = child_of(controller)
    os.kill(killed, signal.SIGKILL)
    await until_true(lambda: child_of(controller) not in (0, killed), "a new child")


async def replace(controller: Program, stack: AsyncExitStack, log: Path) -> Program:
    """Ends keeper and child, and starts the same controller anew."""
    child = child_of(controller)
    os.kill(controller.pid, signal.SIGKILL)
    await until_true(lambda: not alive(child), "the child ends with its keeper")
    return await stack.enter_async_context(Program(log, *controller.arguments))


async def test_a_steward_that_dies_costs_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        killed = steward_of(it.sluice.proxy)
        os.kill(killed, signal.SIGKILL)
        await it.more_answers()
        await until_true(
            lambda: steward_of(it.sluice.proxy) not in (0, killed),
            "a new steward",
            BACK_WITHIN_S,
        )
        it.move_to(it.canary)
        await it.moved_to(it.canary)
    assert not it.load.failures, it.load.failures[:5]


async def test_an_edit_survives_the_steward_that_had_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        proxy = it.sluice.proxy
        held = tables_held(proxy.pid)
        steward = steward_of(proxy)
        os.kill(steward, signal.SIGSTOP)
        it.move_to(it.canary)
        await until_true(lambda: tables_held(proxy.pid) > held, "the edit is being verified")
        await it.more_answers()
        assert only(it.load, "stable"), "nobody has verified the edit yet"
        os.kill(steward, signal.SIGKILL)
        await it.moved_to(it.canary, BACK_WITHIN_S)
    assert not it.load.failures, it.load.failures[:5]
    assert "event=refused" not in it.sluice.controller.text()


async def test_a_controller_child_that_dies_is_started_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await kill_child(it.sluice.controller)
        it.move_to(it.canary)
        await it.moved_to(it.canary, BACK_WITHIN_S)
    assert not it.load.failures, it.load.failures[:5]


async def test_traffic_goes_on_without_a_controller(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        controller = it.sluice.controller
        child = child_of(controller)
        os.kill(controller.pid, signal.SIGKILL)
        await until_true(lambda: not alive(child), "the child ends with its keeper")
        await it.more_answers()
        it.move_to(it.canary)
        await it.more_answers()
        assert only(it.load, "stable"), "nobody is there to read the edit"
        async with Program(tmp_path / "controller-2.log", *controller.arguments):
            await it.moved_to(it.canary)
    assert not it.load.failures, it.load.failures[:5]


async def test_a_worker_that_dies_loses_what_was_in_flight(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.move_to(it.canary)
        await it.moved_to(it.canary)
        killed = it.sluice.worker_pid()
        killed_at = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        await until_true(
            lambda: it.load.answered[-1].sent_at > killed_at, "served again", BACK_WITHIN_S
        )
        assert it.sluice.worker_pid() != killed
        await it.more_answers()
        after = it.load.pods(since=killed_at)
        assert set(after) == {"canary"}, "the new worker runs the newest table from the start"
    assert len(it.load.failures) <= CONNECTIONS, it.load.failures[:5]
    assert all("Closed" in failure for failure in it.load.failures), it.load.failures


async def test_a_new_proxy_gets_its_table_from_the_old_controller(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        proxy, controller = it.sluice.proxy, it.sluice.controller
        it.load.stop()
        await proxy.stop()
        async with Program(tmp_path / "proxy-2.log", *proxy.arguments) as second:
            address = await second.listening()
            stopped_serving = time.monotonic()
            reason = "table_absent"
            while reason == "table_absent":
                assert time.monotonic() < stopped_serving + BACK_WITHIN_S
                reason = (await fetch(address, "GET", "/bench/x", HOST)).reason or "none"
            answer = await fetch(address, "GET", "/bench/x", HOST)
            assert (answer.status, answer.get("x-sim-pod")) == (200, "stable")
            it.move_to(it.canary)
            await moved(address, "canary")
        assert controller.running()
    assert not it.load.failures, it.load.failures[:5]


async def moved(address: tuple[str, int], pod: str) -> None:
    end = time.monotonic() + 10
    while (await fetch(address, "GET", "/bench/x", HOST)).get("x-sim-pod") != pod:
        assert time.monotonic() < end, f"traffic does not reach {pod}"


async def test_endpoints_come_and_go_while_controllers_die(tmp_path: Path) -> None:
    """Every edit runs soon, whoever made the one before it; no worker is ever late."""
    async with ModelSim(tmp_path, "stay") as stay, ModelSim(tmp_path, "go") as go:
        async with Sluice(tmp_path, pool([stay, go])) as sluice, AsyncExitStack() as stack:
            controllers = [sluice.controller]
            load = Load(sluice.address, "/bench/x", HOST, connections=4)
            running = asyncio.create_task(load.run())
            slowest = 0.0
            for edit in range(SOAK_EDITS):
                kills = edit % SOAK_KILL_EVERY == SOAK_KILL_EVERY // 2
                sluice.apply(pool([stay] if edit % 2 == 0 else [stay, go]))
                if kills:  # at any point of the edit's way
                    log = tmp_path / f"controller-{edit}.log"
                    controllers.append(await replace(controllers[-1], stack, log))
                edited_at = time.monotonic()
                if edit % 2 == 0:
                    await until_true(lambda: only(load, "stay"), f"edit {edit} runs")
                    gone = [item.sent_at for item in load.answered if item.pod == "go"]
                    took = max(gone, default=edited_at) - edited_at
                else:
                    await until_true(lambda: "go" in load.pods(edited_at), f"edit {edit} runs")
                    took = time.monotonic() - edited_at
                slowest = max(slowest, took)
                assert took <= EDIT_WITHIN_S, f"edit {edit} took {took:.2f} s"
            print(f"{SOAK_EDITS} edits; the slowest ran after {slowest * 1000:.0f} ms")
            load.stop()
            await running
        assert not load.failures, load.failures[:5]
        assert not any("event=late" in controller.text() for controller in controllers)
