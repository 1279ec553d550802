"""HTTP/1.1 end to end: framing, interim answers, trailers, old clients, pipelines, duplex."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from lib import origin as at
from lib.http1 import chunked, read_chunk, read_trailers, render
from lib.manifests import one_route
from lib.origin import Exchange, Origin
from lib.sluice import Sluice

CHUNKED = ("Transfer-Encoding", "chunked")


async def test_chunked_both_ways(tmp_path: Path) -> None:
    async with Origin(at.stream(b"one ", b"two ", b"three")) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            body = chunked(b"ab", b"cdefg" * 1000)
            for _ in range(2):  # the second one over the same connections
                response = await client.request("POST", "/", [CHUNKED], body)
                assert response.body == b"one two three"
                assert response.get("transfer-encoding") == "chunked"
        assert [seen.request.body for seen in origin.seen] == [b"ab" + b"cdefg" * 1000] * 2
        assert origin.connections == 1


async def test_each_chunk_passes_at_once(tmp_path: Path) -> None:
    """Nothing may hold a token back: the second one is sent once the client has seen the first."""
    seen_first = asyncio.Event()

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        await exchange.send(render("HTTP/1.1 200 OK", [CHUNKED]) + b"5\r\nfirst\r\n")
        await asyncio.wait_for(seen_first.wait(), 5)
        await exchange.send(b"6\r\nsecond\r\n0\r\n\r\n")
        return True

    async with Origin(behave) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            await client.send_request("GET", "/")
            assert (await client.response_head()).status == 200
            assert await asyncio.wait_for(read_chunk(client.reader), 5) == b"first"
            seen_first.set()
            assert await asyncio.wait_for(read_chunk(client.reader), 5) == b"second"


async def test_a_body_that_waits_to_be_asked_for(tmp_path: Path) -> None:
    async with Origin(at.answer()) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            await client.send_request(
                "POST", "/", [("Expect", "100-continue"), ("Content-Length", "5")]
            )
            assert (await client.response_head()).status == 100
            await client.send(b"hello")
            assert (await client.response()).body == at.OK_BODY
            unknown = await sluice.fetch("POST", "/", [("Expect", "200-ok")], b"")
            assert (unknown.status, unknown.reason) == (417, "bad_expectation")
        assert origin.seen[0].request.body == b"hello"


async def test_head_has_a_length_and_no_body(tmp_path: Path) -> None:
    async with Origin(at.answer()) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            for _ in range(2):
                response = await client.request("HEAD", "/")
                assert (
                    response.get("content-length") == str(len(at.OK_BODY)) and response.body == b""
                )
            assert (await client.request("GET", "/")).body == at.OK_BODY
        assert [seen.request.method for seen in origin.seen] == ["HEAD", "HEAD", "GET"]


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body(tmp_path: Path, status: int) -> None:
    async with Origin(at.raw(b"HTTP/1.1 %d No\r\n\r\n" % status, close=False)) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            for _ in range(2):
                assert (await client.request("GET", "/")).status == status


async def test_interim_answers_pass(tmp_path: Path) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    async with Origin(
        at.raw(hints * 2 + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", close=False)
    ) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            response = await client.request("GET", "/")
            assert [interim.status for interim in response.interim] == [103, 103]
            assert response.interim[0].get("link") == "</a.css>"
            assert response.body == b"ok"


async def test_trailers_stay_trailers(tmp_path: Path) -> None:
    async with Origin(
        at.stream(b"x", trailers=[("X-Sum", "1"), ("Content-Length", "9")])
    ) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            fields = [CHUNKED, ("TE", "trailers"), ("X-Real", "head")]
            body = chunked(
                b"abc", trailers=[("X-Up", "2"), ("Host", "evil"), ("Authorization", "evil")]
            )
            await client.send_request("POST", "/", fields, body)
            head = await client.response_head()
            assert (
                await read_chunk(client.reader) == b"x" and await read_chunk(client.reader) == b""
            )
            assert await read_trailers(client.reader) == [("X-Sum", "1")]
            assert head.get("x-sum") is None
        request = origin.seen[0].request
        assert request.trailers == [("X-Up", "2")]
        assert request.get("host") == "test.example" and request.get("authorization") is None


async def test_http_1_0_clients(tmp_path: Path) -> None:
    async with Origin(at.stream(b"ab", b"cd")) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            await client.send(b"GET /old HTTP/1.0\r\nHost: test.example\r\n\r\n")
            response = await client.response()
            assert response.body == b"abcd", "unchunked, until close"
            assert response.get("transfer-encoding") is None
        assert origin.seen[0].request.version == "HTTP/1.1"


async def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    async def behave(exchange: Exchange) -> bool:
        body = await exchange.receive_body()
        return await at.answer(body=exchange.seen.request.target.encode() + body)(exchange)

    async with Origin(behave) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            requests = [
                render(
                    f"POST /{i} HTTP/1.1",
                    [("Host", "test.example"), ("Content-Length", "1")],
                    b"%d" % i,
                )
                for i in range(9)
            ]
            await client.send(b"".join(requests))
            for i in range(9):
                assert (await client.response()).body == b"/%d%d" % (i, i)
        assert [seen.request.target for seen in origin.seen] == [f"/{i}" for i in range(9)]


async def test_both_directions_at_once(tmp_path: Path) -> None:
    """The origin echoes each chunk; the client sends the next one only on the echo."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.send(render("HTTP/1.1 200 OK", [CHUNKED]))
        while payload := await read_chunk(exchange.reader):
            await exchange.send(b"%x\r\n%s\r\n" % (len(payload), payload))
        await read_trailers(exchange.reader)
        await exchange.send(b"0\r\n\r\n")
        return True

    async with Origin(behave) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            await client.send_request("POST", "/", [CHUNKED])
            await client.response_head()
            for word in (b"ping", b"pong", b"x" * 5000):
                await client.send(b"%x\r\n%s\r\n" % (len(word), word))
                echoed = b""
                while len(echoed) < len(word):
                    echoed += await asyncio.wait_for(read_chunk(client.reader), 5)
                assert echoed == word
            await client.send(b"0\r\n\r\n")
            assert await asyncio.wait_for(read_chunk(client.reader), 5) == b""


async def test_an_answer_before_the_body_is_over(tmp_path: Path) -> None:
    """An early refusal reaches the client; what is left of its body is not taken for a request."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.send(
            b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"
        )
        return False

    async with Origin(behave) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            await client.send_request("POST", "/", [("Content-Length", "1000")])
            await client.send(b"GET /smuggled HTTP/1.1\r\nHost: test.example\r\n\r\n")
            response = await client.response()
            assert (response.status, response.body) == (413, b"big")
            assert await client.closed_by_peer() == b""
        assert all(seen.request.target == "/" for seen in origin.seen)


async def test_upgrades_are_not_served_yet(tmp_path: Path) -> None:
    async with Origin(at.answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            fields = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
            response = await sluice.fetch("GET", "/ws", fields)
            assert (response.status, response.reason) == (501, "upgrade_unsupported")
        assert not origin.seen


SMUGGLING = {
    "length and chunked": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n",
    "unknown coding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "signed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "fold": b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
    "bare line feed": b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n",
    "blank before colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "bad chunk": b"POST / HTTP/1.1\r\nHost: test.example\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n",
}


@pytest.mark.parametrize("shape", SMUGGLING)
async def test_smuggling_shapes_end_the_connection(tmp_path: Path, shape: str) -> None:
    async with Origin(at.answer()) as origin:
        async with Sluice(
            tmp_path, one_route([origin.address])
        ) as sluice, sluice.client() as client:
            await client.send(
                SMUGGLING[shape] + b"GET /smuggled HTTP/1.1\r\nHost: test.example\r\n\r\n"
            )
            answer = await client.closed_by_peer()
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), answer
        assert len(re.findall(rb"HTTP/1\.1 \d{3} ", answer)) == 1
        assert all(seen.request.target != "/smuggled" for seen in origin.seen)
        origin.malformed.clear()  # a body that was refused half way did reach it half way
