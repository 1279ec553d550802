"""A client that goes away cancels the upstream at once: generating for nobody is what costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lib import origin as at
from lib.client import Client
from lib.http1 import read_chunk, render
from lib.manifests import one_route
from lib.origin import Behaviour, Origin
from lib.programs import ModelSim
from lib.sluice import Sluice
from lib.waiting import until, until_true

LIMIT_S = 0.2  # twice the mark of 100 ms, for a machine with other work
CHUNKED = ("Transfer-Encoding", "chunked")
FIRST = render("HTTP/1.1 200 OK", [CHUNKED]) + b"5\r\nfirst\r\n"


@asynccontextmanager
async def setting(tmp_path: Path, behaviour: Behaviour) -> AsyncIterator[tuple[Origin, Client]]:
    async with Origin(behaviour) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            yield origin, client


async def assert_cancelled(origin: Origin, left_at: float, what: str) -> None:
    await until_true(lambda: origin.seen[-1].gone_at is not None, "the origin saw its peer leave")
    took_s = (origin.seen[-1].gone_at or 0) - left_at
    print(f"cancelled after {took_s * 1000:.1f} ms: {what}")
    assert took_s <= LIMIT_S


@pytest.mark.parametrize("how", ["close", "abort", "half_close"])
async def test_while_nothing_has_come(tmp_path: Path, how: str) -> None:
    async with setting(tmp_path, at.stall()) as (origin, client):
        await client.send_request("POST", "/", body=b"{}")
        await until_true(
            lambda: bool(origin.seen) and origin.seen[0].complete, "the request arrived"
        )
        await assert_cancelled(origin, leave(client, how), f"before an answer, {how}")


@pytest.mark.parametrize("how", ["close", "abort", "half_close"])
async def test_in_the_middle_of_a_stream(tmp_path: Path, how: str) -> None:
    async with setting(tmp_path, at.stall(FIRST)) as (origin, client):
        await client.send_request("GET", "/")
        await client.response_head()
        assert await read_chunk(client.reader) == b"first"
        await assert_cancelled(origin, leave(client, how), f"in a stream, {how}")


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_while_uploading(tmp_path: Path, how: str) -> None:
    """Before its body's end even an orderly close is an abort: the origin sees no whole request."""

    async def behave(exchange: at.Exchange) -> bool:
        await exchange.reader.readexactly(1000)
        await exchange.until_peer_leaves()
        return False

    async with setting(tmp_path, behave) as (origin, client):
        await client.send_request("POST", "/", [("Content-Length", "5000")])
        await client.send(b"x" * 1000)
        await until_true(lambda: bool(origin.seen), "the head arrived")
        await assert_cancelled(origin, leave(client, how), f"while uploading, {how}")
        assert not origin.seen[0].complete


async def test_with_a_pipelined_request_behind(tmp_path: Path) -> None:
    """Bytes that wait unread must not hide the close behind them."""
    async with setting(tmp_path, at.stall()) as (origin, client):
        await client.send_request("GET", "/first")
        await client.send_request("GET", "/second")
        await until_true(lambda: bool(origin.seen), "the first request arrived")
        await assert_cancelled(origin, client.abort(), "with a pipelined request")
        assert len(origin.seen) == 1


async def test_a_generation_is_cancelled_and_its_place_is_free(tmp_path: Path) -> None:
    async with ModelSim(tmp_path, "pod-a", "--tokens-per-second", "5", "--concurrency", "1") as sim:
        async with Sluice(tmp_path, one_route([sim.address])) as sluice:
            body = b'{"model":"chat","stream":true,"messages":[{"role":"user","content":"hi"}]}'
            async with sluice.client() as client:
                await client.send_request("POST", "/v1/chat/completions", body=body)
                await client.response_head()
                await read_chunk(client.reader)
                left_at = client.close()

            async def cancelled() -> bool:
                return await sim.metric("sim_cancelled_total") == 1

            await until(cancelled, "the simulator counted the cancellation", timeout_s=5)
            took_s = asyncio.get_running_loop().time() - left_at
            print(f"seen cancelled {took_s * 1000:.1f} ms after the close, polling included")
            assert took_s <= LIMIT_S
            assert await sim.metric("vllm:num_requests_running") == 0


def leave(client: Client, how: str) -> float:
    if how == "abort":
        return client.abort()
    if how == "close":
        return client.close()
    client.half_close()
    return asyncio.get_running_loop().time()
