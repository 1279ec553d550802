"""Clients that wear a gateway down: slow ones, many of one source, floods; good ones beside them."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from lib.access_log import lines_of
from lib.client import Address, Client
from lib.http1 import Closed
from lib.manifests import ingress_class, model_route, one_route, rule, service
from lib.network import connect_from, own_network
from lib.origin import Exchange, Origin, answer
from lib.programs import ROOT, Program
from lib.sluice import Sluice
from lib.waiting import until
from test_memory import anonymous_kib

SLOW = ROOT / "tests/process/lib/slow.py"
KINDS = ("head", "body", "read")
SLOW_KIB = 10  # mark of a worker's memory for each slow client
# What a worker holds of an answer is a block that was read and not taken.
READER_KIB = 16
HEAD_S, WINDOW_S, GLANCE_S, TICK_S = 10, 10, 1, 1
# Small buffers as on a real path; on loopback the kernel would swallow megabytes for each reader.
NETWORK = {"tcp_wmem": "4096 16384 32768", "tcp_rmem": "4096 16384 32768"}


def clients_of_each_kind() -> int:
    """A worker needs a descriptor for a slow head, and two for each of the others."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(3000, (soft - 1000) // 5)
    print(f"{count} slow clients of each kind (descriptors: {soft})")
    return count


class Bed(AsyncExitStack):
    """Sluice with a good route and a slow one, in the network that the test is in."""

    def __init__(self, tmp_path: Path, *options: str, workers: int = 1) -> None:
        super().__init__()
        self.tmp_path, self.options, self.workers = tmp_path, options, workers

    async def __aenter__(self) -> "Bed":
        await super().__aenter__()
        self.good = await self.enter_async_context(Origin(answer()))
        endpoint = Program(self.tmp_path / "endpoint.log", sys.executable, str(SLOW), "endpoint")
        await self.enter_async_context(endpoint)
        slow: Address = await endpoint.listening()
        objects = [
            ingress_class(),
            *service("app", [self.good.address]),
            *service("slow", [slow]),
            model_route("good", "test.example", [rule({"app": 1})]),
            model_route("slow", "slow.example", [rule({"slow": 1})]),
        ]
        self.log = self.tmp_path / "access.log"
        self.sluice = await self.enter_async_context(
            Sluice(
                self.tmp_path,
                objects,
                workers=self.workers,
                access_log=f"file:{self.log}",
                proxy_options=self.options,
            )
        )
        return self

    async def slow_clients(self, kind: str, count: int, source: str) -> Program:
        return await self.enter_async_context(
            Program(
                self.tmp_path / f"slow-{kind}-{source}.log",
                sys.executable,
                str(SLOW),
                "clients",
                kind,
                str(self.sluice.address[1]),
                str(count),
                source,
            )
        )

    async def closed(self, reason: str) -> int:
        seen = await self.sluice.metrics()
        return int(seen.total("sluice_connections_closed_total", reason=reason))

    async def ended(self, reason: str) -> int:
        seen = await self.sluice.metrics()
        return int(seen.total("sluice_requests_total", reason=reason))

    def memory_kib(self) -> int:
        return sum(anonymous_kib(pid) for pid in self.sluice.worker_pids())

    async def open_now(self) -> int:
        return int((await self.sluice.metrics()).total("sluice_worker_connections"))


async def good_requests(address: Address, until_done: asyncio.Event) -> list[float]:
    """One keep-alive client after the other; each must succeed. Seconds of each request."""
    took: list[float] = []
    while not until_done.is_set():
        async with Client(address) as client:
            for _ in range(20):
                begun = time.monotonic()
                response = await client.request("GET", "/")
                took.append(time.monotonic() - begun)
                assert response.status == 200, response
    return took


async def p99_of_good(address: Address, seconds: float) -> float:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, done.set)
    return p99(await good_requests(address, done))


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


async def result_of(program: Program) -> dict[str, Any]:
    found = await program.line(r"^cut (\{.*\})$", timeout_s=60)
    return dict(json.loads(found[1]))


async def test_slow_clients_are_cut_and_good_ones_do_not_notice(tmp_path: Path) -> None:
    count = clients_of_each_kind()
    with own_network(**NETWORK):
        async with Bed(tmp_path, workers=2) as bed:
            alone = await p99_of_good(bed.sluice.address, 2)
            before = bed.memory_kib()
            programs = {
                kind: await bed.slow_clients(kind, count, f"127.0.0.{10 + place}")
                for place, kind in enumerate(KINDS)
            }
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(bed.sluice.address, done))
            for program in programs.values():
                await program.line(r"^open \d+$")

            async def all_here() -> bool:
                return await bed.open_now() >= len(KINDS) * count

            await until(all_here, "all slow clients are here")
            each = (bed.memory_kib() - before) / (len(KINDS) * count)
            print(f"{each:.1f} KiB each of all kinds together (mark {SLOW_KIB})")
            assert each <= SLOW_KIB
            results = {kind: await result_of(program) for kind, program in programs.items()}
            done.set()
            took = await beside
            print(f"good: {len(took)} requests, p99 {1000 * p99(took):.1f} ms, ", end="")
            print(f"alone {1000 * alone:.1f} ms")
            for kind, result in results.items():
                print(f"{kind}: {result}")
                assert (result["cut"], result["left"]) == (count, 0), kind
            # Every one by its own clock; a client that drips on is not lingered for.
            assert results["head"]["first_s"] >= HEAD_S - TICK_S
            assert results["body"]["first_s"] >= WINDOW_S - TICK_S
            for kind, mark in (("head", HEAD_S), ("body", WINDOW_S), ("read", GLANCE_S + WINDOW_S)):
                assert results[kind]["median_s"] <= mark + 4 * TICK_S, kind
            assert results["head"]["answers"] == {"408": count}
            assert results["body"]["answers"] == {"408": count}
            assert await bed.ended("client_head_timeout") == count
            assert await bed.ended("client_too_slow") == 2 * count
            assert p99(took) <= 2 * alone + 0.1


@pytest.mark.parametrize(
    ("kind", "mark"), [("head", SLOW_KIB), ("body", SLOW_KIB), ("read", READER_KIB)]
)
async def test_memory_of_a_slow_client(tmp_path: Path, kind: str, mark: int) -> None:
    few, many = 200, 1500
    with own_network(**NETWORK):
        async with Bed(tmp_path) as bed:
            sizes: list[int] = []
            for total, source in ((few, "127.0.0.20"), (many, "127.0.0.21")):
                more = total - (0 if not sizes else few)
                program = await bed.slow_clients(kind, more, source)
                await program.line(r"^open \d+$")

                async def here(total: int = total) -> bool:
                    return await bed.open_now() >= total

                await until(here, f"{total} are here")
                sizes.append(bed.memory_kib())
            each = (sizes[1] - sizes[0]) / (many - few)
            print(f"slow {kind}: {each:.2f} KiB each (mark {mark})")
            assert each <= mark


# --- the head's clock, and floods of bytes

FLOOD_PIECE = 33 * 1024  # of what may come before a refusal, and a little more
FLAT_KIB = 2048
GET = b"GET / HTTP/1.1\r\nHost: test.example\r\n"
POST = b"POST / HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n"
# What comes first, what follows for as long as anybody takes it, and the answers that are lawful.
FLOODS = {
    "100,000 fields": (GET, b"A: b\r\n" * 100_000, {431}),
    "a value of 1 MB": (GET + b"A: ", b"x" * 1_000_000, {400, 431}),
    "a cookie of 64 KiB": (GET + b"Cookie: ", b"a=b; " * 13_200, {400, 431}),
    "a name without end": (GET, b"x" * 1_000_000, {400, 431}),
    "a request line without end": (b"GET /", b"x" * 1_000_000, {400, 414, 431}),
    "a method without end": (b"", b"X" * 1_000_000, {400, 431, 501}),
    "a chunk extension without end": (POST + b"5;", b"x" * 1_000_000, {400}),
    "a chunk size without end": (POST, b"0" * 1_000_000, {400}),
    "trailers without end": (POST + b"0\r\n", b"A: b\r\n" * 100_000, {400, 431}),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_is_refused_after_its_first_32_kib(tmp_path: Path, kind: str) -> None:
    first, flood, lawful = FLOODS[kind]
    async with Origin(answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            worker = sluice.worker_pid()

            async def attack(data: bytes) -> int:
                async with Client(sluice.address) as client:
                    try:
                        await client.send(first + data)
                    except ConnectionError:
                        pass  # it was reset in the middle: the answer may still be there
                    return (await client.response()).status

            assert await attack(flood[:FLOOD_PIECE]) in lawful, "no more is needed for a refusal"
            before = anonymous_kib(worker)
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(sluice.address, done))
            answers: list[int] = []
            for _ in range(30):
                try:
                    answers.append(await attack(flood))
                except (Closed, ConnectionError):
                    pass  # a reset overtook the answer
            done.set()
            good = await beside
            grown = anonymous_kib(worker) - before
            print(f"{kind}: answers {sorted(set(answers))}, {grown} KiB, {len(good)} good ones")
            assert set(answers) <= lawful
            assert answers, "at least one could be read"
            assert grown <= FLAT_KIB


async def test_ten_thousand_requests_at_once(tmp_path: Path) -> None:
    """All are answered in their order while others get their turn; unread, they cost no memory."""
    count = 10_000
    request = GET + b"\r\n"
    async with Origin(answer(body=b"")) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            worker = sluice.worker_pid()
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(sluice.address, done))
            async with Client(sluice.address) as client:
                sent = asyncio.create_task(client.send(request * count))
                for _ in range(count):
                    assert (await client.response()).status == 200
                await sent
            done.set()
            assert len(await beside) >= 20, "the others had their turn"
            before = anonymous_kib(worker)
            async with Client(sluice.address, read_limit=1024) as deaf:
                deaf.writer.write(request * count)
                seen = len(origin.seen)

                async def stands_still() -> bool:
                    nonlocal seen
                    before, seen = seen, len(origin.seen)
                    await asyncio.sleep(0.1)  # the time in which nothing must happen
                    return before == len(origin.seen)

                await until(stands_still, "the worker stops reading")
                grown = anonymous_kib(worker) - before
                print(f"a client that reads nothing: {grown} KiB")
                assert grown <= FLAT_KIB


@pytest.mark.parametrize(
    "start", [b"GET /", GET + b"X-A: b", POST[:-2]], ids=["request line", "field", "last line"]
)
async def test_a_head_has_one_clock_and_not_one_a_byte(tmp_path: Path, start: bytes) -> None:
    """--client-head-timeout, counted from the first byte."""
    async with Origin(answer()) as origin:
        options = ["--client-head-timeout", "1"]
        async with Sluice(tmp_path, one_route([origin.address]), proxy_options=options) as sluice:
            async with Client(sluice.address) as client:
                begun = time.monotonic()
                await client.send(start)
                answered = asyncio.create_task(client.response())
                while not answered.done():
                    await client.send(b"x")
                    await asyncio.wait([answered], timeout=0.1)
                response = answered.result()
                took = time.monotonic() - begun
            assert (response.status, response.reason) == (408, "client_head_timeout")
            assert 0.9 < took < 3, took
            assert not origin.seen


# --- many of one source

CAP = 20


async def test_connections_of_one_source_are_capped(tmp_path: Path) -> None:
    """The cap and not one more, counted and logged in bounds; other sources are unharmed."""
    with own_network():
        async with Bed(tmp_path, "--max-connections-per-source", str(CAP)) as bed:
            attempts = 400
            kept: list[Client] = []
            done = asyncio.Event()
            beside = asyncio.create_task(good_requests(bed.sluice.address, done))
            begun = time.monotonic()
            for _ in range(attempts):
                try:
                    kept.append(await connect_from("127.0.0.9", bed.sluice.address))
                except ConnectionResetError:
                    pass  # refused sooner than it knew that it was there

            async def all_judged() -> bool:
                return await bed.closed("too_many_from_source") == attempts - CAP

            await until(all_judged, "all but the cap are refused")
            done.set()
            assert len(await beside) >= 20
            seconds = time.monotonic() - begun
            assert await bed.open_now() <= CAP + 1
            for client in kept:
                client.close()

            async def gone() -> bool:
                return await bed.open_now() <= 1

            await until(gone, "they have gone")
            again = await connect_from("127.0.0.9", bed.sluice.address)
            assert (await again.request("GET", "/")).status == 200, "there is room again"
            again.close()
            lines = [
                line for line in lines_of(bed.log) if line["reason"] == "too_many_from_source"
            ]
            assert lines and lines[0]["caller"] == "127.0.0.9"
            assert len(lines) <= seconds + 2, "a flood of connections is none of lines"
            assert await bed.closed("too_many_from_source") == attempts - CAP


async def test_behind_a_balancer_each_client_counts_for_itself(tmp_path: Path) -> None:
    """The PROXY header's source has the cap, not the balancer through which all come."""
    options = ["--max-connections-per-source", "2", "--listen-proxy", "127.0.0.1:0"]
    async with Origin(answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address]), proxy_options=options) as sluice:
            ports = re.findall(r"^listening \S+:(\d+)$", sluice.proxy.text(), re.MULTILINE)
            address = ("127.0.0.1", int(ports[1]))
            async with AsyncExitStack() as stack:

                async def status(source: str) -> int | None:
                    client = await stack.enter_async_context(Client(address))
                    head = f"PROXY TCP4 {source} 203.0.113.1 4000 80\r\n".encode()
                    try:
                        await client.send(head + GET + b"\r\n")
                        return (await client.response()).status
                    except (Closed, ConnectionError):
                        return None

                for source in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
                    got = [await status(source) for _ in range(4)]
                    assert got == [200, 200, None, None], source
            page = await sluice.metrics()
            refused = page.total("sluice_connections_closed_total", reason="too_many_from_source")
            assert refused == 6


# --- endpoints that drip


async def test_an_endpoint_of_a_byte_a_second(tmp_path: Path) -> None:
    """An answer whose length is said has to come; a stream of events may be as slow as it is."""

    async def drip(exchange: Exchange) -> bool:
        await exchange.receive_body()
        events = exchange.seen.request.target == "/events"
        framing = (
            b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked"
            if events
            else b"Content-Length: 1000"
        )
        await exchange.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for _ in range(30):
            await exchange.send(b"1\r\nx\r\n" if events else b"x")
            await asyncio.sleep(0.1)  # the pace that is tested
        await exchange.send(b"0\r\n\r\n")
        return events

    async with Origin(drip) as origin:
        objects = one_route([origin.address], timeouts={"idle": "1s"})
        async with Sluice(tmp_path, objects) as sluice:
            begun = time.monotonic()
            with pytest.raises(Closed) as cut:
                await sluice.fetch("GET", "/file")
            took = time.monotonic() - begun
            assert 0.9 < took < 2.5, took
            assert 0 < len(cut.value.partial) < 30
            assert (await sluice.fetch("GET", "/events")).body == b"x" * 30
            page = await sluice.metrics()
            assert page.total("sluice_requests_total", reason="upstream_too_slow") == 1
