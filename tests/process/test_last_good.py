"""A pod that starts anew while its controller is away: the last good table, at once."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from lib.client import fetch
from lib.manifests import one_route
from lib.origin import Origin, answer
from lib.programs import Program, alive
from lib.sluice import Sluice
from lib.waiting import until_true

HOST = [("Host", "test.example")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_proxy_without_controller_serves_the_last_table(
    tmp_path: Path, number: signal.Signals
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(answer(body=b"served")))
        sluice = await stack.enter_async_context(
            Sluice(
                tmp_path,
                one_route([origin.address]),
                workers=2,
                proxy_options=["--state", str(state)],
            )
        )
        assert await sluice.controller.stop() == 0
        family = [sluice.proxy.pid, *sluice.proxy.descendants()]
        sluice.proxy.send_signal(number)
        await until_true(lambda: not any(alive(pid) for pid in family), "the proxy is gone")
        again = Program(tmp_path / "again.log", *sluice.proxy.arguments)
        await stack.enter_async_context(again)
        address = await again.listening()
        await again.line(r"generation \d+ is back from the last good copy")
        response = await fetch(address, "GET", "/", HOST)
        assert (response.status, response.body) == (200, b"served")
