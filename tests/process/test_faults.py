"""Endpoints that fail: clear statuses and reasons, and nothing repeated that may have been done."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from lib import origin as at
from lib.client import Client
from lib.http1 import Closed, Response, read_chunk, render
from lib.manifests import one_route
from lib.origin import Behaviour, Origin, refusing_address
from lib.sluice import Sluice
from lib.twosided import assert_no_duplicates, assert_same, request_id

OK_HEAD = render("HTTP/1.1 200 OK", [("Content-Length", "10")])


def outcome(response: Response) -> tuple[int, str | None]:
    return response.status, response.reason


async def test_a_lone_endpoint_that_refuses(tmp_path: Path) -> None:
    async with Sluice(tmp_path, one_route([refusing_address()])) as sluice:
        assert outcome(await sluice.fetch("POST", "/", body=b"x")) == (502, "connect_refused")


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(at.reset_before(), "upstream_reset"), (at.close_before(), "upstream_closed")],
    ids=["reset", "close"],
)
async def test_no_answer_at_all(tmp_path: Path, behaviour: Behaviour, reason: str) -> None:
    """It read the request and may have done the work, so a POST is not repeated."""
    async with Origin(behaviour) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            assert outcome(await sluice.fetch("POST", "/", body=b"x")) == (502, reason)
        assert len(origin.seen) == 1


async def test_no_answer_to_an_idempotent_request_is_tried_elsewhere(tmp_path: Path) -> None:
    async with Origin(at.reset_before(), "bad") as bad, Origin(at.answer(), "good") as good:
        async with Sluice(tmp_path, one_route([bad.address, good.address])) as sluice:
            asked = 0
            while asked < 64 and not bad.seen:  # equals are picked by chance
                assert (await sluice.fetch("GET", "/")).status == 200
                asked += 1
        assert bad.seen, "the endpoint that fails must have been tried at all"
        assert len(good.seen) == asked


@pytest.mark.parametrize(
    "behaviour",
    [at.reset_after(b"12345", 10), at.close_after(b"12345", 10)],
    ids=["reset", "close"],
)
async def test_an_answer_that_breaks_off_is_broken_off(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    """The client must not take half an answer for a whole one, and nothing is sent twice."""
    async with Origin(behaviour) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            with pytest.raises(Closed) as cut:
                await sluice.fetch("GET", "/")
        assert cut.value.partial in (b"12345", b"")
        assert len(origin.seen) == 1


async def test_a_chunked_answer_that_breaks_off_has_no_last_chunk(tmp_path: Path) -> None:
    broken = at.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    async with Origin(broken) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            await client.send_request("GET", "/")
            assert (await client.response_head()).status == 200
            assert await read_chunk(client.reader) == b"hello", "what came is passed on"
            assert await client.closed_by_peer() == b"", "and nothing that ends it well"


@pytest.mark.parametrize(
    ("before", "timeouts", "expected"),
    [
        (b"", {"firstToken": "300ms"}, (504, "first_byte_timeout")),
        (b"", {"request": "300ms"}, (504, "request_timeout")),
        (b"HTTP/1.1 200", {"firstToken": "300ms"}, (504, "first_byte_timeout")),
    ],
    ids=["first byte", "whole request", "half a head"],
)
async def test_stalls_run_into_their_deadline(
    tmp_path: Path, before: bytes, timeouts: dict[str, str], expected: tuple[int, str]
) -> None:
    async with Origin(at.stall(before)) as origin:
        async with Sluice(tmp_path, one_route([origin.address], timeouts=timeouts)) as sluice:
            start = time.monotonic()
            assert outcome(await sluice.fetch("POST", "/", body=b"x")) == expected
            assert 0.25 < time.monotonic() - start < 1.5
        assert len(origin.seen) == 1


async def test_a_stream_that_goes_quiet_is_ended(tmp_path: Path) -> None:
    async with Origin(at.stall(OK_HEAD + b"123")) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address], timeouts={"idle": "300ms"})
        ) as sluice:
            start = time.monotonic()
            with pytest.raises(Closed):
                await sluice.fetch("GET", "/")
            assert 0.25 < time.monotonic() - start < 1.5


async def test_a_slow_answer_is_not_a_dead_one(tmp_path: Path) -> None:
    """Byte by byte, slower in all than the idle deadline, never quiet for that long."""
    answer = render("HTTP/1.1 200 OK", [("Content-Length", "3")], b"abc")
    async with Origin(at.trickle(answer, interval_s=0.02)) as origin:
        timeouts = {"firstToken": "10s", "idle": "500ms"}
        async with Sluice(tmp_path, one_route([origin.address], timeouts=timeouts)) as sluice:
            assert (await sluice.fetch("GET", "/", timeout_s=20)).body == b"abc"


GARBAGE = {
    "not http": b"\x16\x03\x01\x02\x00 hello\r\n\r\n",
    "status 99": b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
    "no version": b"200 OK\r\n\r\n",
    "http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx",
    "bad field": b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "split": b"HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 60_000,
    "too many interim": b"HTTP/1.1 103 Early\r\n\r\n" * 20
    + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "switching unasked": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
}


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage_is_a_bad_gateway_and_stays_outside(tmp_path: Path, kind: str) -> None:
    """502 with a reason, nothing of the garbage inside, and the next request is served."""
    async with Origin(at.in_turn(at.raw(GARBAGE[kind]), at.answer())) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            response = await client.request("POST", "/", body=b"x")
            assert response.status == 502, response
            assert response.reason is not None
            assert b"evil" not in response.body and response.get("set-cookie") is None
            again = await sluice.fetch("POST", "/", body=b"x")
            assert again.body == at.OK_BODY


async def test_bytes_behind_an_answer_are_not_the_next_answer(tmp_path: Path) -> None:
    """An origin that sends two answers for one request may not speak to the next client."""
    double = render("HTTP/1.1 200 OK", [("Content-Length", "2")], b"ok")
    poison = render("HTTP/1.1 200 OK", [("Content-Length", "6")], b"poison")
    async with Origin(at.raw(double + poison, close=False)) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            for _ in range(4):
                assert (await sluice.fetch("GET", "/")).body == b"ok"


async def test_a_refusing_third_costs_nobody_anything(tmp_path: Path) -> None:
    """One of three refuses: every request succeeds, each is done once, both sides agree."""
    total = 3000
    async with Origin(at.answer(), "a") as a, Origin(at.answer(), "b") as b:
        objects = one_route([a.address, refusing_address(), b.address])
        async with Sluice(tmp_path, objects) as sluice:
            succeeded: list[str] = []
            failed: list[str] = []
            numbers = iter(range(total))

            async def worker() -> None:
                async with Client(sluice.address) as client:
                    for number in numbers:
                        name = request_id(number)
                        # A POST: only a refused connection makes its repetition lawful.
                        answer = await client.request(
                            "POST", "/", [("X-Request-Id", name)], b"work"
                        )
                        (succeeded if answer.status == 200 else failed).append(name)

            await asyncio.gather(*(worker() for _ in range(8)))
        print(f"{len(succeeded)} of {total} succeeded; a {len(a.seen)}, b {len(b.seen)}")
        assert len(succeeded) >= 0.999 * total, failed[:5]
        assert_no_duplicates([a, b])
        assert_same(succeeded, [a, b])


async def test_a_resetting_third_never_doubles_work(tmp_path: Path) -> None:
    """POSTs to an endpoint that resets after reading fail clearly. Both sides agree."""
    async with Origin(at.answer(), "a") as a, Origin(at.answer(), "b") as b:
        async with Origin(at.reset_before(), "bad") as bad:
            async with Sluice(tmp_path, one_route([a.address, bad.address, b.address])) as sluice:
                succeeded, refused = [], []
                for number in range(300):
                    name = request_id(number)
                    answer = await sluice.fetch("POST", "/", [("X-Request-Id", name)], b"work")
                    if answer.status == 200:
                        succeeded.append(name)
                    else:
                        assert outcome(answer) == (502, "upstream_reset")
                        refused.append(name)
            assert_no_duplicates([a, b, bad])
            assert_same(succeeded, [a, b])
            assert sorted(refused) == sorted(
                bad.ids()
            ), "exactly those that the bad one had read failed"
