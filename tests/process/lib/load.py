"""A load of many keep-alive connections: every answer counted by pod, with its times."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from .client import Address, Client
from .http1 import Fields, Response


@dataclass
class Answered:
    sent_at: float
    received_at: float
    pod: str


@dataclass
class Load:
    """`run()` in a task; `stop()` ends it after the running requests."""

    address: Address
    target: str
    fields: Fields = field(default_factory=list)
    connections: int = 8
    answered: list[Answered] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _stopping: bool = False

    async def run(self, requests: int | None = None) -> None:
        """Until stop(), or until so many requests were answered in all."""
        self._left = requests
        await asyncio.gather(*(self._one_connection() for _ in range(self.connections)))

    def stop(self) -> None:
        self._stopping = True

    def pods(self, since: float = 0) -> Counter[str]:
        return Counter(item.pod for item in self.answered if item.sent_at >= since)

    def _take(self) -> bool:
        if self._stopping or self._left == 0:
            return False
        if self._left is not None:
            self._left -= 1
        return True

    async def _one_connection(self) -> None:
        while not self._stopping and self._left != 0:
            try:
                async with Client(self.address) as client:
                    await self._use(client)
            except (
                Exception
            ) as error:  # noqa: BLE001 - any failure at all is one that a user would see
                self.failures.append(f"{type(error).__name__}: {error}")

    async def _use(self, client: Client) -> None:
        while self._take():
            sent_at = time.monotonic()
            response: Response = await client.request("GET", self.target, self.fields)
            if response.status != 200:
                self.failures.append(f"{response.status} {response.reason}")
            pod = response.get("x-sim-pod") or "?"
            self.answered.append(Answered(sent_at, time.monotonic(), pod))
            if (response.get("connection") or "").lower() == "close":
                return
