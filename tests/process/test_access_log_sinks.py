"""Where the access log goes: whatever happens there, no request fails, and drops are counted."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lib import origin as at
from lib.access_log import by_id, lines_of
from lib.client import Address, Client
from lib.http1 import Fields
from lib.load import Load
from lib.manifests import one_route
from lib.origin import Origin
from lib.programs import Program, alive, command_line
from lib.sluice import Sluice
from lib.twosided import request_id
from lib.waiting import until_true

HOST = [("Host", "test.example")]
DROPPED = "sluice_access_log_dropped_total"
REFUSED = "sluice_access_log_refused_total"


def steward_of(sluice: Sluice) -> int:
    """0 while there is none."""
    for pid in sluice.proxy.descendants():
        try:
            if "steward" in command_line(pid):
                return pid
        except (FileNotFoundError, ProcessLookupError):
            continue
    return 0


async def test_a_full_disk_fails_no_request(tmp_path: Path) -> None:
    async with Origin(at.answer()) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, workers=2, access_log="file:/dev/full") as sluice:
            load = Load(sluice.address, "/", HOST, connections=4)
            await load.run(500)
            while (await sluice.metrics()).total(REFUSED) < 500:
                await asyncio.sleep(0.01)
            await sluice.proxy.line("--access-log file:/dev/full: .*make room")
    assert not load.failures
    assert len(load.answered) == 500


class RedirectedProxy(Program):
    """A proxy whose standard output a shell redirects; its port is known beforehand."""

    def __init__(self, sluice: Sluice, redirection: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address: Address = probe.getsockname()
        port = f"127.0.0.1:{self.address[1]}"
        arguments = [port if a == "127.0.0.1:0" else a for a in sluice.proxy.arguments]
        super().__init__(
            sluice.proxy.log, "sh", "-c", f'exec "$@" {redirection}', "sh", *arguments
        )

    async def listening(self) -> Address:
        async def connects() -> bool:
            try:
                async with Client(self.address):
                    return True
            except OSError:
                return False

        while not await connects():
            assert self.running(), self.text()
            await asyncio.sleep(0.01)
        return self.address


@asynccontextmanager
async def redirected(
    tmp_path: Path, origin: Origin, redirection: str, *options: str
) -> AsyncIterator[Sluice]:
    sluice = Sluice(
        tmp_path, one_route([origin.address]), access_log="stdout", proxy_options=options
    )
    sluice.proxy = RedirectedProxy(sluice, redirection)
    async with sluice:
        yield sluice


async def test_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "out"
    async with Origin(at.answer()) as origin:
        async with redirected(tmp_path, origin, f'>"{path}"') as sluice:
            await Load(sluice.address, "/", HOST).run(100)
    lines = [json.loads(line) for line in path.read_text().splitlines() if line[0] == "{"]
    assert Counter(line["reason"] for line in lines)["ok"] == 100


async def test_a_closed_standard_output_fails_no_request(tmp_path: Path) -> None:
    async with Origin(at.answer()) as origin:
        async with redirected(tmp_path, origin, ">&-") as sluice:
            load = Load(sluice.address, "/", HOST)
            await load.run(200)
            while (await sluice.metrics()).total(REFUSED) < 200:
                await asyncio.sleep(0.01)
    assert not load.failures


async def test_a_pipe_that_nobody_reads_fails_no_request(tmp_path: Path) -> None:
    """Long records, so that pipe, batch and ring are full soon."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    filler: Fields = [("X-Filler", "f" * 64)]
    option = ("--access-log-header", "x-filler")
    async with Origin(at.answer()) as origin:
        async with redirected(tmp_path, origin, f'>"{fifo}"', *option) as sluice:
            load = Load(sluice.address, "/" + "p" * 191, [*HOST, *filler])
            running = asyncio.create_task(load.run())
            while (await sluice.metrics()).total(DROPPED) < 100:
                await asyncio.sleep(0.01)
            load.stop()
            await running
            # Its reader goes away: what the ring holds is refused, and nothing else happens.
            os.close(reader)
            while (await sluice.metrics()).total(REFUSED) == 0:
                await asyncio.sleep(0.01)
            response = await sluice.fetch("GET", "/", HOST)
    assert response.status == 200
    assert not load.failures


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGHUP])
async def test_rotation_loses_and_repeats_no_line(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "access.log"
    sent: list[str] = []

    async def send(sluice: Sluice, count: int) -> None:
        for _ in range(count):
            sent.append(request_id(len(sent)))
            await sluice.fetch("GET", "/", [*HOST, ("X-Request-Id", sent[-1])])

    async with Origin(at.answer()) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, workers=2, access_log=f"file:{path}") as sluice:
            for turn in range(3):
                await send(sluice, 50)
                path.rename(tmp_path / f"access.log.{turn}")
                await send(sluice, 50)
                os.kill(sluice.proxy.pid, number)
                await until_true(path.exists, "a new file")
            await send(sluice, 50)
    files = [path, *(tmp_path / f"access.log.{turn}" for turn in range(3))]
    assert lines_of(path), "the last ones are in the new file"
    assert sorted(by_id([line for file in files for line in lines_of(file)])) == sorted(sent)


async def test_the_end_of_the_log_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    async with Origin(at.answer()) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, workers=2, access_log=f"file:{path}") as sluice:
            load = Load(sluice.address, "/", HOST)
            await load.run(500)
            assert await sluice.proxy.stop() == 0  # at once: nothing waited for the log
    assert not load.failures
    assert len(lines_of(path)) == 500


async def test_a_killed_steward_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    sent: list[str] = []

    async def send(sluice: Sluice) -> None:
        while len(sent) < 600:
            sent.append(request_id(len(sent)))
            response = await sluice.fetch("GET", "/", [*HOST, ("X-Request-Id", sent[-1])])
            assert response.status == 200

    async with Origin(at.answer()) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, workers=2, access_log=f"file:{path}") as sluice:
            sending = asyncio.gather(*(send(sluice) for _ in range(4)))
            for turn in range(3):
                await until_true(lambda: len(sent) > 150 * (turn + 1), "some requests")
                killed = steward_of(sluice)
                os.kill(killed, signal.SIGKILL)
                await until_true(lambda: not alive(killed), "the steward is gone")
                await until_true(lambda: steward_of(sluice) not in (0, killed), "a new one")
            await sending
    counts = Counter(line["request_id"] for line in lines_of(path))
    assert counts.keys() == set(sent)


@pytest.mark.parametrize("kind", ["unix", "udp"])
async def test_syslog(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    server = socket.socket(family, socket.SOCK_DGRAM)
    request.addfinalizer(server.close)
    if kind == "unix":
        place = f"/tmp/sluice-syslog-{os.getpid()}"  # socket paths are short by law
        request.addfinalizer(lambda: Path(place).unlink())
        server.bind(place)
        flag, header = f"syslog:{place}", r"<134>sluice-proxy: "
    else:
        server.bind(("127.0.0.1", 0))
        flag = f"syslog:udp:127.0.0.1:{server.getsockname()[1]}"
        header = r"<134>1 \S+Z \S+ sluice-proxy \d+ access - "
    server.settimeout(5)
    async with Origin(at.answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address]), access_log=flag) as sluice:
            await sluice.fetch("GET", "/", [*HOST, ("X-Request-Id", "mine")])
            while True:
                datagram = await asyncio.to_thread(server.recv, 65536)
                match = re.match(header, datagram.decode())
                assert match, datagram
                if json.loads(datagram[match.end() :]).get("request_id") == "mine":
                    break
