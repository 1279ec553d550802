"""The corpus of hostile messages (smuggling/*.case) against real workers and a recording origin.

What reaches the origin reads, by an independent strict grammar, as exactly the requests that were
meant. What stood behind a doubtful message never arrives, and no connection of either side is used
again after it. Neighbours on other connections notice nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lib import corpus
from lib.hostile import PIECE, Stage, any_host
from lib.programs import bin_dir
from lib.recorder import Connection, Recorder
from lib.sluice import Sluice
from lib.waiting import until_true

CASES = corpus.read_all()
NEIGHBOURS = 3
LEAST_GOOD = 50  # requests of each
AT_ONCE = 16


@asynccontextmanager
async def stage(tmp_path: Path, **options: int) -> AsyncIterator[Stage]:
    """Whatever the cases did, what is left at the end is no violation and no half request."""
    async with Recorder() as recorder:
        async with Sluice(tmp_path, any_host(recorder.address), **options) as sluice:
            yield Stage(sluice, recorder)
            await until_true(lambda: not half_open(recorder), "half requests are given up")
        assert not recorder.violations()


def half_open(recorder: Recorder) -> list[Connection]:
    """Connections from the gateway that are kept although a request on them is not whole."""
    return [
        connection
        for connection in recorder.connections
        if not connection.closed and connection.read_to < len(connection.data)
    ]


async def neighbour(sluice: Sluice, name: str, stop: asyncio.Event) -> None:
    """Good requests, one after another on one connection, each held against its answer."""
    count = 0
    async with sluice.client() as client:
        while not stop.is_set() or count < LEAST_GOOD:
            body = b"x" * (count % 5000)
            target = f"/{name}/{count}"
            response = await client.request("POST", target, [], body)
            said = response.body.decode().split(" ")[1:]
            assert (response.status, said) == (200, [target, str(len(body))])
            count += 1


def test_the_corpus_is_whole() -> None:
    kinds = Counter(case.kind for case in CASES)
    assert len(CASES) >= 150 and len(kinds) >= 20, kinds
    assert len({str(case) for case in CASES}) == len(CASES), "each has a name of its own"
    for case in CASES:
        assert case.source and case.data, case
        assert case.expect[0] in ("refused", "answered", "last"), case
        if case.expect[0] != "refused" and case.side == "request":
            assert case.meant, f"{case}: what is meant?"


@pytest.mark.parametrize("piece", [0, PIECE])
async def test_nothing_gets_through(tmp_path: Path, piece: int) -> None:
    """Sent at once, and in pieces that end anywhere."""
    async with stage(tmp_path, workers=2) as front:
        stop = asyncio.Event()
        good = [
            asyncio.create_task(neighbour(front.sluice, f"neighbour-{number}", stop))
            for number in range(NEIGHBOURS)
        ]
        wrong: list[str] = []
        turns = asyncio.Semaphore(AT_ONCE)

        async def play(case: corpus.Case) -> None:
            async with turns:
                for what in await front.play(case, piece):
                    wrong.append(f"{case}: {what}")

        await asyncio.gather(*(play(case) for case in CASES))
        stop.set()
        await asyncio.gather(*good)
        assert not wrong, "\n".join(wrong)


async def test_the_same_worker_lives_on(tmp_path: Path) -> None:
    """Each case on its own, one worker, in order: no case leans on what another left behind."""
    async with stage(tmp_path) as front:
        worker = front.sluice.worker_pid()
        for case in CASES:
            assert await front.play(case) == [], case
            response = await front.sluice.fetch("GET", "/good")
            assert response.status == 200, case
        assert front.sluice.worker_pid() == worker


def test_only_a_test_build_can_do_without_a_rule() -> None:
    """The choice is not in a release program: neither its name nor the code that would read it."""
    program = (bin_dir() / "sluice-proxy").read_bytes()
    is_test_build = b"__asan_init" in program
    assert (b"SLUICE_GATE_WITHOUT" in program) == is_test_build


async def test_a_release_program_does_not_listen(tmp_path: Path) -> None:
    """Told to do without a rule, it keeps it; a test build takes the case."""
    case = next(case for case in CASES if case.rule == "host_repeated")
    is_test_build = b"__asan_init" in (bin_dir() / "sluice-proxy").read_bytes()
    async with Recorder() as recorder:
        environment = {"SLUICE_GATE_WITHOUT": "host_repeated"}
        async with Sluice(
            tmp_path, any_host(recorder.address), proxy_env=environment
        ) as sluice:
            assert bool(await Stage(sluice, recorder).play(case)) == is_test_build
