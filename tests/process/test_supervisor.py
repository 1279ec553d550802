"""The pod without one of its parts: who is cut off (nobody but those in flight), how soon somebody
else accepts, and what an operator is told."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lib.client import Address, Client, fetch
from lib.http1 import Closed
from lib.load import Load
from lib.manifests import one_route
from lib.origin import Origin, answer
from lib.programs import Program, alive, command_line, descendants, program
from lib.sluice import Sluice
from lib.twosided import assert_no_duplicates, request_id
from lib.waiting import until_true

HOST = [("Host", "test.example")]
CONNECTIONS_PER_WORKER = 8
FIRST_BYTE_WITHIN_S = 2 * 1.0  # twice the marks, for machines with other work
SERVING_WITHIN_S = 2 * 0.3
KILLS = 20
PROBE_EVERY_S = 0.02


@dataclass
class Posts:
    """Numbered POSTs on keep-alive connections: never sent twice, so both sides can be compared."""

    address: Address
    connections: int
    succeeded: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)  # their connection closed under them
    failures: list[str] = field(default_factory=list)  # anything else
    _number: int = 0
    _stopping: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._one_connection() for _ in range(self.connections)))

    def stop(self) -> None:
        self._stopping = True

    async def _one_connection(self) -> None:
        while not self._stopping:
            try:
                async with Client(self.address) as client:
                    await self._use(client)
            except Exception as error:  # noqa: BLE001 - any failure at all is one a user would see
                self.failures.append(f"{type(error).__name__}: {error}")

    async def _use(self, client: Client) -> None:
        while not self._stopping:
            self._number += 1
            name = request_id(self._number)
            try:
                fields = [*HOST, ("x-request-id", name)]
                response = await client.request("POST", "/", fields, b"body")
            except (ConnectionError, Closed) as error:
                self.cut.append(f"{name} {type(error).__name__}")
                return
            if response.status == 200:
                self.succeeded.append(name)
            else:
                self.failures.append(f"{name} {response.status} {response.reason}")


@dataclass
class Probe:
    """New connections, one after the other: how long each waited for its first byte."""

    address: Address
    waits: list[float] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stopping: bool = False

    async def run(self) -> None:
        running = set()
        while not self._stopping:
            running.add(asyncio.create_task(self._ask()))
            await asyncio.sleep(PROBE_EVERY_S)  # the rate, not a wait for something
        await asyncio.gather(*running)

    def stop(self) -> None:
        self._stopping = True

    async def _ask(self) -> None:
        start = time.monotonic()
        try:
            response = await fetch(self.address, "GET", "/", HOST)
        except ConnectionRefusedError as error:
            self.refused.append(str(error))
        except Exception as error:  # noqa: BLE001 - accepted by the one that died
            self.cut.append(f"{type(error).__name__}: {error}")
        else:
            assert response.status == 200, (response.status, response.reason)
            self.waits.append(time.monotonic() - start)


@asynccontextmanager
async def running(
    work: Posts | Probe | Load,
) -> AsyncIterator[None]:
    """Does the work until the block ends; a failing block ends it too."""
    task = asyncio.create_task(work.run())
    try:
        yield
    finally:
        work.stop()
        await task


@asynccontextmanager
async def pod(
    tmp_path: Path, workers: int, options: Sequence[str] = ()
) -> AsyncIterator[tuple[Sluice, Origin]]:
    async with Origin(answer()) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, workers=workers, proxy_options=options) as sluice:
            await sluice.all_workers_up()
            assert len(sluice.worker_pids()) == workers
            yield sluice, origin


def role_of(pid: int) -> str:
    try:
        return command_line(pid)[1]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return ""


def steward_of(sluice: Sluice) -> int:
    """0 while there is none."""
    return next((pid for pid in sluice.proxy.descendants() if role_of(pid) == "steward"), 0)


async def killed(sluice: Sluice, index: int) -> int:
    """Kills the worker; returns the next one's pid once it is there."""
    before = sluice.worker_pids()
    os.kill(before[index], signal.SIGKILL)
    workers: list[int] = []

    def replaced() -> bool:
        workers[:] = sluice.worker_pids()
        return len(workers) == len(before) and workers[index] != before[index]

    await until_true(replaced, "a new worker")
    return workers[index]


@pytest.mark.parametrize("workers", [2, 4])
async def test_a_killed_worker_loses_only_what_it_had(tmp_path: Path, workers: int) -> None:
    async with pod(tmp_path, workers) as (sluice, origin):
        posts = Posts(sluice.address, workers * CONNECTIONS_PER_WORKER)
        async with running(posts):
            for index in range(workers):
                answered = len(posts.succeeded)
                await until_true(lambda: len(posts.succeeded) > answered + 500, "more answers")
                await killed(sluice, index)
            answered = len(posts.succeeded)
            await until_true(lambda: len(posts.succeeded) > answered + 500, "and it goes on")
    print(f"{len(posts.succeeded)} answered, {len(posts.cut)} cut by {workers} deaths")
    assert not posts.failures, posts.failures[:5]  # refused connections would stand here
    assert len(posts.cut) <= workers * posts.connections, "each connection once a death at most"
    assert_no_duplicates([origin])
    answered_there = {
        seen.request.get("x-request-id") for seen in origin.seen if seen.answered
    }
    assert set(posts.succeeded) <= answered_there
    cut = {text.split()[0] for text in posts.cut}
    assert answered_there - {None} <= set(posts.succeeded) | cut | {""}


@pytest.mark.parametrize("workers", [2, 4])
async def test_a_crash_loop_keeps_no_new_connection_waiting(tmp_path: Path, workers: int) -> None:
    async with pod(tmp_path, workers) as (sluice, _):
        probe = Probe(sluice.address)
        async with running(probe):
            for _ in range(6):  # back-off grows to 1.6 s
                await killed(sluice, 1)
            asked = len(probe.waits)
            await until_true(lambda: len(probe.waits) > asked + 50, "more probes")
    print(f"{len(probe.waits)} probes, the slowest took {max(probe.waits) * 1000:.0f} ms")
    assert not probe.refused, probe.refused[:5]
    assert max(probe.waits) <= FIRST_BYTE_WITHIN_S
    # Only who was being served by the one that died.
    assert len(probe.cut) <= 6 * 2, probe.cut


@pytest.mark.parametrize("workers", [2, 4])
async def test_a_stopped_worker_keeps_no_new_connection_waiting(
    tmp_path: Path, workers: int
) -> None:
    async with pod(tmp_path, workers) as (sluice, _):
        stopped = sluice.worker_pids()[1]
        os.kill(stopped, signal.SIGSTOP)
        probe = Probe(sluice.address)
        async with running(probe):
            await until_true(lambda: len(probe.waits) >= 100, "probes")
            assert alive(stopped), "it is not killed yet"
            await until_true(lambda: not alive(stopped), "killed once it is stuck for 5 s", 10)
            asked = len(probe.waits)
            await until_true(lambda: len(probe.waits) > asked + 50, "more probes")
        await until_true(lambda: len(sluice.worker_pids()) == workers, "a new worker")
        assert "worker 1 has not been heard from for" in sluice.proxy.text()
        assert "worker 1 has been stuck for" in sluice.proxy.text()
    print(f"{len(probe.waits)} probes, the slowest took {max(probe.waits) * 1000:.0f} ms")
    assert not probe.refused and not probe.cut, (probe.refused, probe.cut)
    assert max(probe.waits) <= FIRST_BYTE_WITHIN_S


async def test_a_stopped_worker_withholds_running_and_is_reported_late(tmp_path: Path) -> None:
    async with pod(tmp_path, 2) as (sluice, _), Origin(answer()) as other:
        text = sluice.controller.text
        await until_true(lambda: "event=running" in text(), "the first generation runs")
        runs = text().count("event=running")
        stopped = sluice.worker_pids()[1]
        os.kill(stopped, signal.SIGSTOP)
        sluice.apply(one_route([other.address]))
        await until_true(lambda: "event=late" in text(), "late", 10)
        assert text().count("event=running") == runs, "withheld"
        assert "worker=1" in text().partition("event=late")[2].splitlines()[0]
        assert alive(stopped), "who is late is told before it is killed"
        await until_true(lambda: text().count("event=running") == runs + 1, "running at last", 10)
        assert not alive(stopped)


async def test_a_worker_is_back_soon(tmp_path: Path) -> None:
    took = []
    for turn in range(5):  # each the first death: 50 ms of back-off
        work_dir = tmp_path / str(turn)
        work_dir.mkdir()
        async with pod(work_dir, 1) as (sluice, _):
            start = time.monotonic()
            os.kill(sluice.worker_pid(), signal.SIGKILL)
            response = None
            while response is None:
                try:
                    response = await fetch(sluice.address, "GET", "/", HOST)
                except (ConnectionError, Closed):
                    continue  # it was accepted by the one that dies
            took.append(time.monotonic() - start)
            assert response.status == 200, "the new worker has its table before its first client"
    print("serving again after " + ", ".join(f"{one * 1000:.0f}" for one in took) + " ms")
    assert sorted(took)[len(took) // 2] <= SERVING_WITHIN_S


async def test_stewards_and_controllers_that_die_cost_nothing(tmp_path: Path) -> None:
    async with pod(tmp_path, 2, ["--state", str(tmp_path)]) as (sluice, _):

        def controller() -> int:
            return next(iter(sluice.controller.descendants()), 0)

        async def kill_again_and_again(find: Callable[[], int], what: str) -> None:
            for _ in range(KILLS):
                before = find()
                os.kill(before, signal.SIGKILL)
                await until_true(lambda: find() not in (0, before), f"a new {what}")

        load = Load(sluice.address, "/", HOST, connections=4)
        async with running(load):
            await asyncio.gather(
                kill_again_and_again(lambda: steward_of(sluice), "steward"),
                kill_again_and_again(controller, "controller"),
            )
        assert len(load.answered) > KILLS
    assert not load.failures, load.failures[:5]


async def test_children_are_confined(tmp_path: Path) -> None:
    async with pod(tmp_path, 2) as (sluice, _):
        children = [*sluice.worker_pids(), steward_of(sluice)]

        def confined(pid: int) -> bool:
            status = Path(f"/proc/{pid}/status").read_text()
            return "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status

        for pid in children:
            await until_true(lambda pid=pid: confined(pid), f"{role_of(pid)} is confined")
            limits = Path(f"/proc/{pid}/limits").read_text()
            core = next(line for line in limits.splitlines() if "core file" in line)
            assert core.split()[4:6] == ["0", "0"], core
        assert "unconfined" not in sluice.proxy.text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_nothing_is_left_behind(tmp_path: Path, number: signal.Signals) -> None:
    async with pod(tmp_path, 4) as (sluice, _):
        await killed(sluice, 2)
        os.kill(sluice.worker_pids()[3], signal.SIGSTOP)
        processes = descendants(sluice.proxy.pid)
        assert len(processes) == 5
        # The one that is stopped cannot drain; a second signal does not wait for it.
        sluice.proxy.send_signal(number)
        await until_true(
            lambda: sum(alive(pid) for pid in processes) <= 2, "all but the stopped one ended"
        )
        assert await sluice.proxy.stop(number) == 0
        assert not any(alive(pid) for pid in processes)
        with pytest.raises(ConnectionRefusedError):
            await fetch(sluice.address, "GET", "/", HOST)


async def test_readiness_goes_before_the_listeners(tmp_path: Path) -> None:
    async with pod(tmp_path, 2, ["--drain-wait", "600"]) as (sluice, _):
        load = Load(sluice.address, "/", HOST, connections=2)
        async with running(load):
            sluice.proxy.send_signal(signal.SIGTERM)
            answered = len(load.answered)
            await until_true(lambda: len(load.answered) > answered + 200, "it serves on")
            assert sluice.proxy.running()
        assert await sluice.proxy.stop() == 0, "the second signal ends it"
    assert not load.failures, load.failures[:5]


# --- the command line

BASE = ["--listen", "127.0.0.1:0", "--socket", "/tmp/sluice-never-used.sock"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--socket", "/tmp/x"], "--listen is missing: add --listen 127.0.0.1:8080"),
        (["--listen", "127.0.0.1:0"], "--socket is missing: add --socket PATH"),
        ([*BASE, "--listen", "8080"], "--listen 8080: write ADDRESS:PORT"),
        ([*BASE, "--listen-proxy", "host:1"], "--listen-proxy host:1: write an IPv4 address"),
        ([*BASE, *["--listen", "127.0.0.1:0"] * 16], "at most 16 addresses are served"),
        ([*BASE, "--trusted-hop", "10.0.0.0/99"], "--trusted-hop: trusted hop \"10.0.0.0/99\""),
        ([*BASE, *["--trusted-hop", "10.0.0.0/8"] * 65], "at most 64 are taken"),
        ([*BASE, "--workers", "0"], "--workers"),
        ([*BASE, "--workers", "65"], "--workers"),
        ([*BASE, "--grace", "-1"], "--grace"),
        ([*BASE, "--drain-wait", "soon"], "--drain-wait"),
        ([*BASE, "--admin", "9100"], "--admin 9100: write ADDRESS:PORT"),
        ([*BASE, *["--admin", "127.0.0.1:0"] * 5], "at most 4 are served"),
        ([*BASE, "--admin-token-file", "/nowhere"], "--admin-token-file /nowhere: cannot be read"),
        ([*BASE, "--state", "/nowhere"], "--state /nowhere: is no directory; make it first"),
        ([*BASE, "--access-log", "stderr"], "--access-log stderr: use off, stdout, file:PATH"),
        ([*BASE, "--access-log", "file:log"], "--access-log file:log: write file:/PATH"),
        ([*BASE, "--access-log", "syslog:udp:a:1"], "write syslog:udp:ADDRESS:PORT"),
        ([*BASE, "--access-log-header", "a b"], "--access-log-header a b: is no header's name"),
        ([*BASE, *["--access-log-header", "a"] * 9], "at most 8 are logged"),
        ([*BASE, "--access-log-sample", "0"], "--access-log-sample"),
        ([*BASE, "--unknown"], "--unknown"),
    ],
    ids=lambda value: value.split(":")[0][:24] if isinstance(value, str) else "",
)
async def test_a_bad_word_is_named_with_a_remedy(words: list[str], message: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program("sluice-proxy"),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 2, output
    assert message in output.decode(), output


async def test_addresses_are_said_in_order(tmp_path: Path) -> None:
    words = ["--listen", "127.0.0.1:0", "--listen-proxy", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    socket = Path("/tmp") / f"sluice-said-{os.getpid()}.sock"
    try:
        async with Program(
            tmp_path / "proxy.log", program("sluice-proxy"), *words, "--socket", socket
        ) as proxy:
            await proxy.line(r"^admin 127\.0\.0\.1:\d+$")
            first = [line.split()[0] for line in proxy.text().splitlines()[:3]]
            assert first == ["listening", "listening", "admin"]
    finally:
        socket.unlink(missing_ok=True)


async def test_no_secret_stands_in_a_command_line(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("hush-hush-hush-hush")
    options = ["--admin", "127.0.0.1:0", "--admin-token-file", str(token)]
    async with pod(tmp_path, 1, options) as (sluice, _):
        for pid in [sluice.proxy.pid, *sluice.proxy.descendants()]:
            assert not any("hush" in word for word in command_line(pid))
