"""A long body of known length passes inside the kernel: the worker reads next to nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from counted import Counters
from lib.http1 import render
from lib.manifests import one_route
from lib.origin import Exchange, Origin
from lib.sluice import Sluice

SIZE = 1 << 20
BODY = bytes(range(256)) * (SIZE // 256)
BODIES = 20
BLOCKS = SIZE // (16 << 10)  # as many reads as copying would need at least four of


async def behave(exchange: Exchange) -> bool:
    body = await exchange.receive_body() or BODY
    await exchange.send(render("HTTP/1.1 200 OK", [("Content-Length", str(len(body)))], body))
    return True


@pytest.mark.parametrize("upload", [False, True])
async def test_a_long_body_is_not_read(tmp_path: Path, upload: bool) -> None:
    counters = Counters(tmp_path)
    async with Origin(behave) as origin:
        objects, environment = one_route([origin.address]), counters.environment()
        async with Sluice(tmp_path, objects, proxy_env=environment) as sluice:
            async with sluice.client() as client:
                before = counters.read()
                for _ in range(BODIES):
                    method, body = ("POST", BODY) if upload else ("GET", None)
                    answer = await client.request(method, "/", [], body, timeout_s=30)
                    assert answer.body == BODY
                after = counters.read()
    spent = {name: (after[name] - before[name]) / BODIES for name in after}
    ways = 2 if upload else 1
    print({name: count for name, count in spent.items() if count})
    assert spent["splice"] >= 2 * ways, "nothing passed inside the kernel"
    assert spent["recv"] + spent["read"] <= ways * BLOCKS / 8, "most of it was read"
    assert spent["connect"] <= 1 / BODIES, "the connection was not kept"
    assert spent["allocations"] <= 1
