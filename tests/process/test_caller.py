"""Whose request it is: behind trusted hops, PROXY headers, and never by a client's own word."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lib.client import Address, Client
from lib.http1 import Fields
from lib.manifests import one_route
from lib.origin import Origin, answer
from lib.sluice import Sluice, proxied_address
from lib.waiting import until

LINE = b"PROXY TCP4 198.51.100.9 203.0.113.5 40000 443\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
BLOCK = bytes([198, 51, 100, 9, 203, 0, 113, 5]) + struct.pack(">HH", 40000, 443)
BINARY = SIGNATURE + b"\x21\x11" + struct.pack(">H", len(BLOCK)) + BLOCK
SUM = b"\x03\x00\x04none"
BAD_SUM = SIGNATURE + b"\x21\x11" + struct.pack(">H", len(BLOCK + SUM)) + BLOCK + SUM
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
GET = b"GET / HTTP/1.1\r\nHost: test.example\r\n\r\n"
SPOOFED: Fields = [
    ("X-Forwarded-For", "203.0.113.99"),
    ("X-Forwarded-Host", "spoofed.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Port", "999"),
    ("X-Real-IP", "203.0.113.99"),
    ("Forwarded", "for=203.0.113.99;host=spoofed.example"),
]


class Setting:
    """One origin behind one Sluice with a plain and a PROXY listener and an access log."""

    def __init__(self, sluice: Sluice, origin: Origin, proxied: Address, log: Path) -> None:
        self.sluice = sluice
        self.origin = origin
        self.proxied = proxied
        self.log = log

    def forwarded(self, name: str) -> str | None:
        """Of the request that the origin saw last."""
        return self.origin.seen[-1].request.get(name)

    async def logged_callers(self, count: int) -> list[str]:
        """The callers of the origin's requests, in order, once `count` lines are there."""
        found: list[str] = []

        async def whole() -> bool:
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            entries = [json.loads(line) for line in lines]
            found[:] = [entry["caller"] for entry in entries if entry.get("host") == "test.example"]
            return len(found) >= count

        await until(whole, f"{count} requests are logged")
        return found


@asynccontextmanager
async def setting(tmp_path: Path, trusted: Sequence[str] = ()) -> AsyncIterator[Setting]:
    log = tmp_path / "access.log"
    options = ["--listen-proxy", "127.0.0.1:0"]
    for cidr in trusted:
        options += ["--trusted-hop", cidr]
    async with Origin(answer()) as origin:
        async with Sluice(
            tmp_path,
            one_route([origin.address]),
            access_log=f"file:{log}",
            proxy_options=options,
        ) as sluice:
            yield Setting(sluice, origin, await proxied_address(sluice), log)


async def test_nobody_is_believed_by_default(tmp_path: Path) -> None:
    async with setting(tmp_path) as here:
        async with here.sluice.client() as client:
            assert (await client.request("GET", "/", SPOOFED)).status == 200
        assert here.forwarded("x-forwarded-for") == "127.0.0.1"
        assert here.forwarded("x-forwarded-host") == "test.example"
        assert here.forwarded("x-forwarded-proto") == "http"
        assert here.forwarded("x-forwarded-port") == str(here.sluice.address[1])
        assert here.forwarded("x-real-ip") is None
        assert here.forwarded("forwarded") is None
        assert await here.logged_callers(1) == ["127.0.0.1"]


async def test_an_untrusted_peer_is_not_believed(tmp_path: Path) -> None:
    async with setting(tmp_path, ["10.0.0.0/8", "::1"]) as here:
        async with here.sluice.client() as client:
            assert (await client.request("GET", "/", SPOOFED)).status == 200
        said = [value for _, value in here.origin.seen[-1].request.fields]
        assert not [value for value in said if "203.0.113.99" in value or "spoofed" in value]
        assert await here.logged_callers(1) == ["127.0.0.1"]


async def test_a_trusted_hop_speaks_for_its_clients(tmp_path: Path) -> None:
    async with setting(tmp_path, ["127.0.0.1", "10.0.0.0/8"]) as here:
        async with here.sluice.client() as client:
            first: Fields = [
                ("X-Forwarded-For", "1.1.1.1, 198.51.100.9"),
                ("X-Forwarded-For", "10.2.2.2"),
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "shop.example"),
                ("X-Forwarded-Port", "443"),
            ]
            assert (await client.request("GET", "/", first)).status == 200
            chain = "1.1.1.1, 198.51.100.9, 10.2.2.2, 127.0.0.1"
            assert here.forwarded("x-forwarded-for") == chain
            assert here.forwarded("x-forwarded-proto") == "https"
            assert here.forwarded("x-forwarded-host") == "shop.example"
            assert here.forwarded("x-forwarded-port") == "443"
            second: Fields = [("X-Forwarded-For", "spoofed, [2001:DB8::9]:80")]
            assert (await client.request("GET", "/", second)).status == 200
            assert here.forwarded("x-forwarded-for") == "[2001:DB8::9]:80, 127.0.0.1"
            assert here.forwarded("x-forwarded-proto") == "http"
            assert (await client.request("GET", "/")).status == 200
        assert await here.logged_callers(3) == ["198.51.100.9", "2001:db8::9", "127.0.0.1"]


@pytest.mark.parametrize("header", [LINE, BINARY], ids=["line", "binary"])
@pytest.mark.parametrize("trusted", [[], ["127.0.0.1"]], ids=["nobody", "us"])
async def test_a_proxy_header_names_the_client(
    tmp_path: Path, header: bytes, trusted: list[str]
) -> None:
    async with setting(tmp_path, trusted) as here:
        async with Client(here.proxied) as client:
            await client.send(header + GET)
            assert (await client.response()).status == 200
            assert here.forwarded("x-forwarded-for") == "198.51.100.9"
            assert here.forwarded("x-forwarded-port") == "443"
            assert (await client.request("GET", "/", SPOOFED)).status == 200
            assert here.forwarded("x-forwarded-for") == "198.51.100.9"
        assert await here.logged_callers(2) == ["198.51.100.9"] * 2


async def test_a_header_in_pieces_is_read(tmp_path: Path) -> None:
    async with setting(tmp_path) as here, Client(here.proxied) as client:
        for byte in BINARY + GET:
            await client.send(bytes([byte]))
        assert (await client.response()).status == 200
        assert here.forwarded("x-forwarded-for") == "198.51.100.9"


async def test_local_is_the_connection_itself(tmp_path: Path) -> None:
    async with setting(tmp_path) as here, Client(here.proxied) as client:
        await client.send(LOCAL + GET)
        assert (await client.response()).status == 200
        assert here.forwarded("x-forwarded-for") == "127.0.0.1"


async def assert_closed_unanswered(here: Setting, said: bytes) -> None:
    async with Client(here.proxied) as client:
        await client.send(said)
        try:
            assert await client.reader.read() == b""
        except ConnectionResetError:
            pass  # bytes behind the header were not read
    assert not here.origin.seen


@pytest.mark.parametrize(
    "said",
    [
        GET,
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n" + GET,
        BAD_SUM + GET,
        b"\0" * 16,
    ],
    ids=["none", "port", "sum", "garbage"],
)
async def test_without_a_lawful_header_nobody_is_served(tmp_path: Path, said: bytes) -> None:
    async with setting(tmp_path) as here:
        await assert_closed_unanswered(here, said)
        async with Client(here.proxied) as client:
            await client.send(LINE + GET)
            assert (await client.response()).status == 200


async def test_an_untrusted_sender_is_not_read(tmp_path: Path) -> None:
    async with setting(tmp_path, ["10.0.0.0/8"]) as here:
        await assert_closed_unanswered(here, LINE + GET)


async def test_a_plain_listener_knows_no_header(tmp_path: Path) -> None:
    async with setting(tmp_path, ["127.0.0.1"]) as here, here.sluice.client() as client:
        await client.send(LINE + GET)
        assert (await client.response()).status == 400
        assert not here.origin.seen
