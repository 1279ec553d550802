"""The controller's side of the hand-over by hand (table/channel.h): messages, memories, digests."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .programs import ROOT

HELLO, PUBLISH, RUNNING, REFUSED, LATE = 1, 2, 3, 4, 5
SEGMENTS = 5  # routes, endpoints, secrets, and two of the steward's
ROUTES, ENDPOINTS = 0, 1
PROTOCOL = 2
HEAD = struct.Struct(f"<BBBxHHQQ{SEGMENTS}QH")
MESSAGE_BYTES = 1024
ANSWER_TIMEOUT_S = 30.0
NOEXEC_SEAL = 0x0008  # MFD_NOEXEC_SEAL
ALL_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
REASONS = re.findall(r"^\s*X\((\w+)\)", (ROOT / "table/reason.h").read_text(), re.MULTILINE)
MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Message:
    kind: int
    segments: int = 0
    worker: int = 0
    reason: int = 0
    generation: int = 0
    schema: int = 0
    digests: tuple[int, ...] = (0,) * SEGMENTS
    text: bytes = b""

    def encoded(self) -> bytes:
        fields = (PROTOCOL, self.kind, self.segments, self.worker, self.reason, self.generation)
        return HEAD.pack(*fields, self.schema, *self.digests, len(self.text)) + self.text

    @property
    def reason_text(self) -> str:
        return REASONS[self.reason]


def decode(data: bytes) -> Message:
    _, kind, segments, worker, reason, generation, schema, *rest = HEAD.unpack_from(data)
    *digests, length = rest
    assert len(data) == HEAD.size + length, data
    return Message(
        kind, segments, worker, reason, generation, schema, tuple(digests), data[HEAD.size :]
    )


def memory(data: bytes, seals: int = ALL_SEALS) -> int:
    """A memfd with these bytes; the caller closes it."""
    fd = os.memfd_create("hostile", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING | NOEXEC_SEAL)
    os.write(fd, data)
    if seals:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


class Hostile:
    """One connection to the supervisor: says anything, hears everything."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generation = 0  # the highest that was taken
        self._socket: socket.socket | None = None

    async def connect(self) -> Message:
        """Takes the place of whoever was there; returns the greeting."""
        self.close()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._socket.connect(str(self.path))
        greeting = await self.hear()
        assert greeting is not None and greeting.kind == HELLO, greeting
        self.generation = greeting.generation
        return greeting

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def hear(self) -> Message | None:
        """The next message; None when the supervisor has hung up."""
        assert self._socket is not None
        try:
            data = await asyncio.wait_for(
                asyncio.get_running_loop().sock_recv(self._socket, MESSAGE_BYTES),
                ANSWER_TIMEOUT_S,
            )
        except ConnectionResetError:
            return None
        return decode(data) if data else None

    async def hung_up(self) -> None:
        """Waits until the supervisor has ended the connection, whatever it says before."""
        while await self.hear() is not None:
            pass

    def say(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Any bytes with any descriptors."""
        assert self._socket is not None
        socket.send_fds(self._socket, [data], list(descriptors))

    async def publish(self, message: Message, memories: Sequence[int]) -> Message | None:
        """Says it under the next generation unless it has one; what comes back to that."""
        if message.generation == 0:
            self.generation += 1
            message = replace(message, generation=self.generation)
        self.say(message.encoded(), memories)
        while (answer := await self.hear()) is not None:
            if answer.kind in (RUNNING, REFUSED) and answer.generation == message.generation:
                return answer
        return None


def digest(data: bytes) -> int:
    """table/digest.cc once more."""
    lanes = [1, 2, 3, 4]
    words, rest = divmod(len(data), 8)
    numbers = struct.unpack_from(f"<{words}Q", data)
    in_lanes = words // 4 * 4
    for at, word in enumerate(numbers):
        lane = at % 4 if at < in_lanes else 0
        lanes[lane] = _step(lanes[lane], word)
    if rest:
        lanes[1] = _step(lanes[1], int.from_bytes(data[-rest:], "little"))
    result = _mixed(len(data))
    for lane in lanes:
        result = _mixed(result ^ lane) * 0x9E3779B97F4A7C15 & MASK
    return _mixed(result) or 1


def _step(lane: int, word: int) -> int:
    lane = (lane + word * 0x9E3779B97F4A7C15) & MASK
    return ((lane << 31 | lane >> 33) & MASK) * 0xD6E8FEB86659FD93 & MASK


def _mixed(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33
