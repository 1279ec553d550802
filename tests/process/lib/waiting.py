"""Waiting for conditions, never for time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.002


async def until(condition: Callable[[], Awaitable[bool]], what: str, timeout_s: float = 30) -> None:
    """Polls an asynchronous condition; the failure names what was waited for."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while not await condition():
        if loop.time() > end:
            raise TimeoutError(f"not within {timeout_s} s: {what}")
        await asyncio.sleep(POLL_S)


async def until_true(condition: Callable[[], bool], what: str, timeout_s: float = 10) -> None:
    """The same for a plain condition."""

    async def wrapped() -> bool:
        return condition()

    await until(wrapped, what, timeout_s)
