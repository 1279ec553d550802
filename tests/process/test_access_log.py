"""The access log: every request once, with what client and origin saw, and no secret."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from lib import origin as at
from lib.access_log import by_id, lines_of, logged
from lib.http1 import Response
from lib.load import Load
from lib.manifests import ingress_class, model_route, one_route, rule, service
from lib.origin import Exchange, Origin
from lib.sluice import Sluice
from lib.twosided import request_id
from lib.waiting import until_true

HOST = [("Host", "test.example")]
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_every_request_once_with_what_both_sides_saw(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    sent: dict[str, tuple[int, Response, float, float]] = {}

    async def send(sluice: Sluice, number: int) -> None:
        name = request_id(number)
        fields = [*HOST, ("X-Request-Id", name)]
        if number % 3 == 0:
            fields.append(("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"))
        began = time.time()
        body = b"x" * number
        response = await sluice.fetch("POST", f"/p/{number}?secret=1", fields, body)
        sent[name] = (number, response, began, time.time())

    async with Origin(at.answer(body=b"hello")) as one, Origin(at.answer(body=b"hello")) as two:
        objects = one_route([one.address, two.address])
        async with Sluice(tmp_path, objects, workers=2, access_log=f"file:{path}") as sluice:
            for start in range(0, 300, 10):
                await asyncio.gather(*(send(sluice, start + i) for i in range(10)))
            lines = by_id(await logged(path, 300))
        origins = {f"{o.address[0]}:{o.address[1]}": set(o.ids()) for o in (one, two)}
    assert lines.keys() == sent.keys()
    for name, (number, response, began, ended) in sent.items():
        line = lines[name]
        assert response.status == line["status"] == 200
        assert name in origins[line["endpoint"]]
        assert line["bytes_in"] == number
        assert line["bytes_out"] == len(response.body)
        assert line.get("trace_id") == (TRACE if number % 3 == 0 else None)
        assert line["path"] == f"/p/{number}"
        expected = {"caller": "127.0.0.1", "host": "test.example", "method": "POST"}
        expected |= {"reason": "ok", "tries": 1}
        assert {key: line[key] for key in expected} == expected
        assert line["rule"].startswith("ModelRoute/test/route")
        assert line["backend"].startswith("Service/test/app")
        at_time = datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()
        assert began - 0.1 <= at_time <= ended + 0.1
        assert line["duration_ms"] <= (ended - began) * 1000 + 100
        phases = ["connect_ms", "sent_ms", "first_byte_ms", "duration_ms"]
        assert all(line[phase] >= 0 for phase in phases)
        assert line["connect_ms"] <= line["first_byte_ms"] <= line["duration_ms"]
    assert {line["worker"] for line in lines.values()} == {0, 1}
    assert "secret" not in path.read_text()


async def test_what_ends_badly_says_why(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    async with Origin(at.stall()) as stalls, Origin(at.reset_before()) as resets:
        objects = [
            ingress_class(),
            *service("stalls", [stalls.address]),
            *service("resets", [resets.address]),
            *service("refuses", [at.refusing_address()]),
            model_route(
                "route",
                "test.example",
                [rule({name: 1}, f"/{name}") for name in ("stalls", "resets", "refuses")],
            ),
        ]
        async with Sluice(tmp_path, objects, access_log=f"file:{path}") as sluice:
            answers = {
                name: await sluice.fetch("POST", target, [*fields, ("X-Request-Id", name)], b"x")
                for name, target, fields in (
                    ("no-host", "/", [("Host", "other.example")]),
                    ("no-rule", "/nothing", HOST),
                    ("reset", "/resets", HOST),
                    ("refused", "/refuses", HOST),
                    ("upgrade", "/", [*HOST, ("Connection", "upgrade"), ("Upgrade", "x")]),
                )
            }
            async with sluice.client() as client:
                await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
                garbled = await client.response()
            async with sluice.client() as client:
                await client.send_request("GET", "/stalls", [*HOST, ("X-Request-Id", "gone")])
                await until_true(lambda: bool(stalls.seen), "the request is at its origin")
                client.abort()
            lines = await logged(path, len(answers) + 2)
    without_head = [line for line in lines if "request_id" not in line or "path" not in line]
    assert [(line["status"], line["reason"]) for line in without_head] == [(400, "host_repeated")]
    assert (garbled.status, garbled.reason) == (400, "host_repeated")
    assert "rule" not in without_head[0] and "endpoint" not in without_head[0]
    found = by_id([line for line in lines if line not in without_head])
    for name, answer in answers.items():
        assert (found[name]["status"], found[name]["reason"]) == (answer.status, answer.reason)
    assert found["refused"]["tries"] >= 1 and "connect_ms" not in found["refused"]
    assert found["no-host"]["tries"] == 0 and "rule" not in found["no-host"]
    assert found["gone"]["reason"] == "client_gone" and "status" not in found["gone"]


async def test_an_exchange_that_dies_with_its_worker(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    async with Origin(at.stall()) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, access_log=f"file:{path}") as sluice:
            async with sluice.client() as client:
                await client.send_request("GET", "/", HOST)
                await until_true(lambda: bool(origin.seen), "the request is at its origin")
                os.kill(sluice.worker_pid(), signal.SIGKILL)
                await client.closed_by_peer()
            (line,) = await logged(path, 1)
        endpoint = f"{origin.address[0]}:{origin.address[1]}"
    assert line["reason"] == "worker_died"
    assert line["signal"] == signal.SIGKILL
    assert line["endpoint"] == endpoint
    assert line["rule"].startswith("ModelRoute/test/route")
    assert line["phase"] in ("forwarding", "relaying")
    assert line["worker"] == 0 and line["duration_ms"] > 0
    assert "status" not in line and "path" not in line


async def test_sampling_leaves_out_only_what_went_well(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    async with Origin(at.answer()) as origin:
        async with Sluice(
            tmp_path,
            one_route([origin.address]),
            access_log=f"file:{path}",
            proxy_options=["--access-log-sample", "10"],
        ) as sluice:
            load = Load(sluice.address, "/", HOST, connections=4)
            await load.run(1000)
            for _ in range(20):
                await sluice.fetch("GET", "/", [("Host", "other.example")])
        lines = lines_of(path)
    assert not load.failures
    reasons = Counter(line["reason"] for line in lines)
    assert reasons["no_host"] == 20
    assert 50 <= reasons["ok"] <= 160  # five standard deviations and more
    assert len(lines) == reasons["ok"] + reasons["no_host"]


async def test_only_allow_listed_headers(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    async with Origin(at.answer(fields=[("X-Answer", "hush-1")])) as origin:
        async with Sluice(
            tmp_path,
            one_route([origin.address]),
            access_log=f"file:{path}",
            proxy_options=["--access-log-header", "User-Agent", "--access-log-header", "x-team"],
        ) as sluice:
            secret = [("Authorization", "Bearer hush-2"), ("Cookie", "hush-3")]
            await sluice.fetch(
                "POST", "/?hush=hush-4", [*HOST, *secret, ("X-TEAM", "blue")], b"hush-5"
            )
            await sluice.fetch("GET", "/", [*HOST, ("User-Agent", "test/1"), ("X-Team", "red")])
            await sluice.fetch("GET", "/", HOST)
            lines = await logged(path, 3)
    assert [line.get("headers") for line in lines] == [
        {"x-team": "blue"},
        {"user-agent": "test/1", "x-team": "red"},
        None,
    ]
    assert "hush" not in path.read_text()


HOSTILE_VALUES = {
    "quote": ('a"b', 'a"b'),
    "backslash": ("a\\n", "a\\n"),
    "an end of the object": ('"},"status":500}', '"},"status":500}'),
    "tab": ("a\tb", "a\tb"),
    "UTF-8": ("caf\u00e9".encode().decode("latin-1"), "caf\u00e9"),
    "no UTF-8": ("a\xff\xc3", "a\ufffd\ufffd"),
    "a control character of Latin-1": ("a\xc2\x9bb", "a\u009bb"),
}


async def test_whatever_a_client_sends_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    async with Origin(at.answer()) as origin:
        async with Sluice(
            tmp_path,
            one_route([origin.address]),
            access_log=f"file:{path}",
            proxy_options=["--access-log-header", "x-note"],
        ) as sluice:
            for sent, _ in HOSTILE_VALUES.values():
                response = await sluice.fetch("GET", "/%22%7d", [*HOST, ("X-Note", sent)])
                assert response.status == 200
            async with sluice.client() as client:
                await client.send(b"GET /\x1b[31m\xff HTTP/1.1\r\nHost: test.example\r\n\r\n")
                refused = await client.response()
            lines = await logged(path, len(HOSTILE_VALUES) + 1)
    for line, (_, expected) in zip(lines, HOSTILE_VALUES.values()):
        assert line["headers"]["x-note"] == expected
        assert line["status"] == 200
        assert re.fullmatch(r"/\S+", line["path"]), line["path"]
    assert lines[-1]["reason"] == refused.reason


async def test_a_stall_is_logged_when_it_ends(tmp_path: Path) -> None:
    """A line comes when its exchange ends, and says how long each phase was."""
    path = tmp_path / "access.log"
    go_on = asyncio.Event()

    async def behave(exchange: Exchange) -> bool:
        await exchange.receive_body()
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await go_on.wait()
        await exchange.send(b"b")
        return True

    async with Origin(behave) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, access_log=f"file:{path}") as sluice:
            async with sluice.client() as client:
                await client.send_request("GET", "/", HOST)
                await client.response_head()
                head_at = time.monotonic()
                other = await sluice.fetch("GET", "/none", [("Host", "other.example")])
                assert other.status == 404
                (first,) = await logged(path, 1)
                go_on.set()
                lines = await logged(path, 2)
                stalled_ms = (time.monotonic() - head_at) * 1000
    assert first["reason"] == "no_host"
    line = lines[1]
    assert line["bytes_out"] == 2
    assert 0 < line["duration_ms"] - line["first_byte_ms"] <= stalled_ms + 50
