"""A hundred thousand routes and ten thousand endpoints from files: right, soon there, and changed
in a moment."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from lib.client import Client
from lib.load import Load
from lib.manifests import ingress_class
from lib.programs import bin_dir, command_line, rss_kib
from lib.scale import (
    PATHS,
    Estate,
    Everywhere,
    Figures,
    admin_page,
    cpu_ms,
    figures,
    host_of,
    service_at,
)
from lib.sluice import Sluice
from lib.waiting import until

# The instrumented programs are ten times as slow and as large: a tenth is as much work for them.
SLOW = "instrumented" in bin_dir().name
HOSTS = 1_000 if SLOW else 10_000
SERVICES = 100 if SLOW else 1_000
ENDPOINTS_PER_SERVICE = 10
WORKERS = 2
# Twice the marks, for a machine with other work.
START_S = 60 if SLOW else 10
CHANGE_MS = 2_000 if SLOW else 120
BYTES_PER_ROUTE = 200
CHANGES = 10
SERIES = 5
CLIENTS = 8


@dataclass
class Placed:
    estate: Estate
    sluice: Sluice
    origin: Everywhere


def placed(work_dir: Path, origin: Everywhere, hosts: int) -> Placed:
    sluice = Sluice(work_dir, [ingress_class()], workers=WORKERS)
    sluice.table_timeout_s = 60 + hosts // 200
    estate = Estate(sluice.manifest_dir / "estate", hosts, SERVICES)
    estate.write_routes()
    estate.write_services(ENDPOINTS_PER_SERVICE, origin.port)
    return Placed(estate, sluice, origin)


async def ask(client: Client, estate: Estate, host: int, path: int) -> int:
    """The Service that answers."""
    target = f"{estate.path_of(host, path)}/x"
    response = await client.request("GET", target, [("Host", host_of(host))])
    assert response.status == 200, f"{response.status} {response.reason} {host_of(host)}{target}"
    return service_at(response.body.decode())


async def ask_all_hosts(place: Placed, hosts: Sequence[int]) -> None:
    """One path of each host goes where its rule says; several clients share the hosts."""

    async def ask_some(first: int) -> None:
        async with Client(place.sluice.address) as client:
            for host in hosts[first::CLIENTS]:
                path = host % PATHS
                assert await ask(client, place.estate, host, path) == (
                    place.estate.service_of(host, path)
                ), f"host {host}, path {path}"

    await asyncio.gather(*(ask_some(first) for first in range(CLIENTS)))


class Processes:
    """CPU time by part of Sluice, between two looks."""

    def __init__(self, sluice: Sluice) -> None:
        self._pids: dict[str, list[int]] = {"worker": sluice.worker_pids()}
        self._pids["controller"] = [sluice.controller.pid, *sluice.controller.descendants()]
        self._pids["steward"] = [
            pid for pid in sluice.proxy.descendants() if "steward" in command_line(pid)
        ]
        self._pids["supervisor"] = [sluice.proxy.pid]
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        return {part: sum(map(cpu_ms, pids)) for part, pids in self._pids.items()}

    def text(self, changes: int) -> str:
        now = self._now()
        return ", ".join(
            f"{part} {(now[part] - self._before[part]) / changes:.1f}" for part in self._pids
        )

    def memory(self) -> str:
        return ", ".join(
            f"{part} {sum(map(rss_kib, pids)) // 1024}" for part, pids in self._pids.items()
        )


async def next_generation(sluice: Sluice, before: int) -> float:
    async def runs() -> bool:
        return int(await admin_page(sluice, "/generation")) > before

    await until(runs, f"a generation after {before} runs", timeout_s=30)
    return time.monotonic()


async def change_one_route(place: Placed, change: int) -> float:
    """Sends one path of one host elsewhere; ms from the rename until all workers run it."""
    estate, sluice = place.estate, place.sluice
    host, path = change * 97 % estate.hosts, change % PATHS
    target = (estate.service_of(host, path) + 1) % estate.services

    def changed(one: int, other: int) -> int:
        return target if (one, other) == (host, path) else estate.service_of(one, other)

    generation = int(await admin_page(sluice, "/generation"))
    begun = time.monotonic()
    estate.write_file(estate.file_of(host), changed)
    took_ms = (await next_generation(sluice, generation) - begun) * 1000
    async with Client(sluice.address) as client:
        assert await ask(client, estate, host, path) == target
    return took_ms


async def change_one_slice(place: Placed, change: int) -> float:
    """Takes one endpoint of one Service away, or gives it back."""
    generation = int(await admin_page(place.sluice, "/generation"))
    begun = time.monotonic()
    count = ENDPOINTS_PER_SERVICE - 1 + change % 2
    place.estate.write_slice(change // 2 % SERVICES, count, place.origin.port)
    return (await next_generation(place.sluice, generation) - begun) * 1000


Change = Callable[[Placed, int], Awaitable[float]]


async def after_quiet(change: Change, place: Placed, number: int) -> float:
    """A change that follows another is held off by ten times what that cost, 100 ms at most."""
    await asyncio.sleep(0.12)
    return await change(place, number)


async def best_series(what: str, change: Change, place: Placed) -> float:
    """The median of the best of some series: a machine with other work only adds."""
    best = float("inf")
    processes = Processes(place.sluice)
    made = 0
    while made < SERIES * CHANGES and best > CHANGE_MS / 2:
        times = [await after_quiet(change, place, n) for n in range(made, made + CHANGES)]
        made += CHANGES
        best = min(best, statistics.median(times))
        print(f"{what}: p50 {statistics.median(times):.1f}, max {max(times):.1f} ms")
    print(f"{what}: CPU ms each: {processes.text(made)}")
    return best


def check_bytes(now: Figures, routes: int) -> None:
    per_route = now['bytes_published_total{segment="routes"}'] / routes
    print(f"{per_route:.1f} bytes a route")
    assert per_route <= BYTES_PER_ROUTE


async def run_estate(work_dir: Path, hosts: int) -> None:
    async with Everywhere() as origin:
        place = placed(work_dir, origin, hosts)
        begun = time.monotonic()
        async with place.sluice as sluice:
            started_s = await next_generation(sluice, 0) - begun
            endpoints = SERVICES * ENDPOINTS_PER_SERVICE
            print(f"{hosts * PATHS} routes, {endpoints} endpoints: served after {started_s:.2f} s")
            print(f"resident MiB: {Processes(sluice).memory()}")
            before = await figures(sluice)
            check_bytes(before, hosts * PATHS)
            assert before["compiles_total"] == 1
            await ask_all_hosts(place, range(hosts))
            load = Load(sluice.address, f"{place.estate.path_of(0, 0)}/", [("Host", host_of(0))], 2)
            running = asyncio.create_task(load.run())
            route_ms = await best_series("one route", change_one_route, place)
            middle = await figures(sluice)
            assert middle.since(before, "files_parsed_total") == middle.since(
                before, "compiles_total"
            ), "an edit costs the file that changed, and no other"
            slice_ms = await best_series("one slice", change_one_slice, place)
            after = await figures(sluice)
            assert after.since(middle, "compiles_total") == 0
            assert after.since(middle, 'bytes_published_total{segment="routes"}') == 0
            load.stop()
            await running
            print(f"resident MiB: {Processes(sluice).memory()}")
        assert not load.failures, load.failures[:5]
        assert started_s <= START_S * hosts / HOSTS
        assert max(route_ms, slice_ms) <= CHANGE_MS * max(1, hosts / HOSTS)


async def test_a_large_estate(tmp_path: Path) -> None:
    await run_estate(tmp_path, HOSTS)


@pytest.mark.soak
async def test_an_estate_three_times_as_large(tmp_path: Path) -> None:
    await run_estate(tmp_path, 3 * HOSTS)
