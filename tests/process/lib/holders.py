"""Clients that make a gateway hold memory: they ask, look at the head, and read the body late."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

from .client import Address

BODY_BYTES = 200 * 1024
DICE = random.Random(11)
LAST_CHUNK = b"0\r\n\r\n"
SMALL_BUFFER = 4096  # of the client's kernel …
SMALL_SEGMENT = 1400  # … and segments, so that little of an answer hides in kernels
ASK = b"GET /large HTTP/1.1\r\nHost: test.example\r\n\r\n"


def reluctant_socket() -> socket.socket:
    """The sender's kernel takes some 70 KiB for it instead of megabytes."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
    sock.setblocking(False)
    return sock


@dataclass
class Outcome:
    status: int = 0
    reason: str = ""
    tail: bytes = b""  # of what came
    retry_after_s: int = 0
    began_at: float = 0
    ended_at: float = 0

    @property
    def whole(self) -> bool:
        return self.status == 200 and self.tail == LAST_CHUNK


async def read_head(sock: socket.socket) -> tuple[bytes, bytes]:
    loop = asyncio.get_running_loop()
    got = b""
    while b"\r\n\r\n" not in got:
        piece = await loop.sock_recv(sock, SMALL_BUFFER)
        if not piece:
            raise ConnectionResetError("closed before an answer")
        got += piece
    head, _, rest = got.partition(b"\r\n\r\n")
    return head, rest


def note_head(outcome: Outcome, head: bytes) -> None:
    lines = head.decode().split("\r\n")
    outcome.status = int(lines[0].split()[1])
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    outcome.reason = fields.get("x-sluice-reason", "")
    outcome.retry_after_s = int(fields.get("retry-after", 0))


async def hold(address: Address, hold_s: float, ask: bytes = ASK) -> Outcome:
    """One request on a connection of its own; its answer is read `hold_s` after its head."""
    loop = asyncio.get_running_loop()
    outcome = Outcome(began_at=time.monotonic())
    sock = reluctant_socket()
    try:
        await loop.sock_connect(sock, address)
        await loop.sock_sendall(sock, ask)
        head, rest = await read_head(sock)
        note_head(outcome, head)
        outcome.tail = rest[-len(LAST_CHUNK) :]
        if outcome.status == 200:
            await asyncio.sleep(hold_s)  # the slowness that is under test
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * BODY_BYTES)
        while outcome.status == 200 and not outcome.whole:
            piece = await loop.sock_recv(sock, 65536)
            if not piece:
                break
            outcome.tail = (outcome.tail + piece)[-len(LAST_CHUNK) :]
    except ConnectionError as error:
        outcome.reason = outcome.reason or type(error).__name__
    finally:
        sock.close()
        outcome.ended_at = time.monotonic()
    return outcome


@dataclass
class Crowd:
    """A closed loop of so many holders; a refused one waits as it was told and asks again."""

    address: Address
    size: int
    hold_s: float
    outcomes: list[Outcome] = field(default_factory=list)
    _stopping: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._one(place) for place in range(self.size)))

    def stop(self) -> None:
        self._stopping = True

    async def _one(self, place: int) -> None:
        await asyncio.sleep(self.hold_s * place / self.size)  # spread over a round
        while not self._stopping:
            outcome = await hold(self.address, self.hold_s)
            self.outcomes.append(outcome)
            if not outcome.whole:
                wait_s = max(outcome.retry_after_s, 0.2)
                await asyncio.sleep(wait_s * DICE.uniform(1, 1.5))  # as clients do, not all at once

    def goodput(self, since: float, until: float) -> float:
        """Whole answers a second in a span of time."""
        whole = sum(o.whole and since <= o.ended_at < until for o in self.outcomes)
        return whole / (until - since)

    def counts(self) -> Counter[str]:
        return Counter("whole" if o.whole else f"{o.status} {o.reason}" for o in self.outcomes)
