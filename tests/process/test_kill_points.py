"""A worker dies before, between and after each write of its journal; what it held is given back.

Only the instrumented programs can be told to (proxy/live/kill_point.h), so this file is for them.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from lib.client import Client
from lib.http1 import Closed
from lib.manifests import one_route
from lib.origin import Origin, answer
from lib.programs import ROOT
from lib.sluice import Sluice
from lib.waiting import until

HOST = [("Host", "test.example")]
HEADER = (ROOT / "proxy/live/kill_point.h").read_text()
# Buckets are claimed once there are limits; until then their points are the unit tests' alone.
POINTS = [
    point for point in re.findall(r'"(journal\.[a-z_.]+)"', HEADER) if ".claim." not in point
]
# The first uses are of the requests that ask whether the table is there.
TURNS = (12, 17)


class Mortal(Sluice):
    """Its workers may die of the first request already, which asks for the table."""

    async def _has_table(self) -> bool:
        try:
            return await super()._has_table()
        except (Closed, ConnectionError):
            return False


def test_there_are_points() -> None:
    assert len(POINTS) >= 12, POINTS


@pytest.mark.parametrize("point", POINTS)
async def test_nothing_stays_in_flight(tmp_path: Path, point: str) -> None:
    for turn in TURNS:
        work_dir = tmp_path / str(turn)
        work_dir.mkdir()
        async with Origin(answer()) as origin:
            environment = {"SLUICE_KILL_AT": f"{point}:{turn}"}
            sluice = Mortal(
                work_dir, one_route([origin.address]), proxy_env=environment, workers=2
            )
            async with sluice:
                await until_killed(sluice, point)
                await until(lambda: nothing_in_flight(sluice), "nothing is in flight", 5)


async def until_killed(sluice: Sluice, point: str) -> None:
    """Requests until a worker has died of them."""

    async def died() -> bool:
        await asyncio.gather(*(try_once(sluice) for _ in range(4)))
        return (await sluice.metrics()).total("sluice_worker_deaths_total") > 0

    await until(died, f"a worker dies at {point}", 20)


async def try_once(sluice: Sluice) -> None:
    try:
        async with Client(sluice.address) as client:
            for _ in range(4):
                await client.request("POST", "/", HOST, b"body", timeout_s=2)
    except Exception:  # noqa: BLE001, S110 - the worker dies under it: any failure may come of that
        pass


async def nothing_in_flight(sluice: Sluice) -> bool:
    seen = await sluice.metrics()
    return (
        seen.total("sluice_requests_in_flight") == 0
        and seen.total("sluice_endpoint_requests_in_flight") == 0
    )
