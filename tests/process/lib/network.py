"""A network of the test's own: its loopback, its ports and buffers, nobody else's traffic."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from .client import Address, Client

CLONE_NEWNET = 0x40000000
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h; Python has no name for it
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | IFF_UP, b""))


def set_network(name: str, value: str) -> None:
    """net.{name} of the namespace that this thread is in: "ipv4.tcp_wmem"."""
    Path("/proc/sys/net", *name.split(".")).write_text(value)


async def connect_from(source: str, to: Address) -> Client:
    """A client with an address of its own. Its port is one of the connection's pair of addresses: a
    port that is bound beforehand would be nobody else's, towards anybody."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind((source, 0))
    client = Client(to)
    try:
        await asyncio.get_running_loop().sock_connect(sock, to)
        client.reader, client.writer = await asyncio.open_connection(sock=sock)
    except BaseException:
        sock.close()
        raise
    return client


@contextmanager
def own_network(settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """This thread, and what it starts, live in a new network; `settings` as set_network's."""
    if os.geteuid() != 0:
        pytest.skip("a network of its own is made by root only")
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _check(_libc.unshare(CLONE_NEWNET))
        try:
            _raise_loopback()
            for name, value in (settings or {}).items():
                set_network(name, value)
            yield
        finally:
            _check(_libc.setns(home, CLONE_NEWNET))
    finally:
        os.close(home)
