"""Fields of one hop and fields about the client: sent as the tables say, and what arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lib import origin as at
from lib.client import Address, Client
from lib.garbage import Case, Passed, answer
from lib.hop_tables import OURS, REQUESTS, RESPONSES, SAID, Refusal, Row, Wants
from lib.http1 import Fields, Message, Response, render
from lib.manifests import one_route
from lib.origin import Origin
from lib.raw_origin import RawOrigin
from lib.sluice import Sluice, proxied_address

PROXY_LINE = b"PROXY TCP4 198.51.100.9 203.0.113.5 40000 443\r\n"
FORWARDED = ("forwarded", "x-real-ip", "x-forwarded-")


@dataclass(frozen=True)
class Way:
    """Over which listener a client comes, and whether it is then a trusted hop."""

    listener: str
    trusted_hops: tuple[str, ...]
    trusted: bool


WAYS = {
    "plain, nobody trusted": Way("plain", (), False),
    "plain, others trusted": Way("plain", ("10.0.0.0/8", "::1"), False),
    "plain, trusted": Way("plain", ("127.0.0.0/8",), True),
    "proxied, nobody trusted": Way("proxied", (), False),
    "proxied, only the balancer trusted": Way("proxied", ("127.0.0.1",), False),
    "proxied, both trusted": Way("proxied", ("127.0.0.1", "198.51.100.0/24"), True),
}


@dataclass
class Setting:
    """One origin behind one Sluice, spoken to in one way."""

    sluice: Sluice
    origin: Origin
    way: Way
    proxied: Address

    async def ask(self, sent: Fields) -> tuple[Response, Message | None]:
        """The answer, and the request as the origin saw it, if it did."""
        before = len(self.origin.seen)
        proxied = self.way.listener == "proxied"
        async with Client(self.proxied if proxied else self.sluice.address) as client:
            request = render("GET / HTTP/1.1", [("Host", "test.example"), *sent])
            await client.send((PROXY_LINE if proxied else b"") + request)
            response = await client.response()
        seen = self.origin.seen[before:]
        return response, seen[0].request if seen else None

    def filled(self, want: Wants) -> Wants:
        """With the real peer and port."""
        proxied = self.way.listener == "proxied"
        peer = "198.51.100.9" if proxied else "127.0.0.1"
        port = "443" if proxied else str(self.sluice.address[1])
        return {
            name: [value.replace("PEER", peer).replace("PORT", port) for value in values]
            for name, values in want.items()
        }


@asynccontextmanager
async def setting(tmp_path: Path, way: Way) -> AsyncIterator[Setting]:
    options = ["--listen-proxy", "127.0.0.1:0"]
    for cidr in way.trusted_hops:
        options += ["--trusted-hop", cidr]
    async with Origin(at.answer()) as origin:
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, proxy_options=options) as sluice:
            yield Setting(sluice, origin, way, await proxied_address(sluice))


def differences(message: Message, want: Wants) -> list[str]:
    return [
        f"{name}: {message.all(name)}, not {values}"
        for name, values in want.items()
        if message.all(name) != values
    ]


def unknown_forwarded(message: Message) -> list[str]:
    """Fields about the client beyond those that we write."""
    return [
        name
        for name, _ in message.fields
        if name.lower().startswith(FORWARDED) and name.lower() not in OURS
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_said_of_clients(tmp_path: Path, way: str) -> None:
    """A trusted hop is believed as far as it is lawful; of others nothing arrives."""
    wrong = []
    async with setting(tmp_path, WAYS[way]) as here:
        for said in SAID:
            want = {**OURS, **said.trusted} if here.way.trusted else OURS
            _, seen = await here.ask(said.sent)
            assert seen is not None, said.name
            found = differences(seen, here.filled(want)) + unknown_forwarded(seen)
            wrong += [f"{said.name}: {item}" for item in found]
    print(f"{len(SAID)} rows")
    assert not wrong, "\n".join(wrong)


def judge(row: Row, response: Response, passed: Message | None) -> list[str]:
    """`passed`: the message on the far side; None when it did not get there."""
    if isinstance(row.want, Refusal):
        found = Refusal(response.status, response.reason or "")
        reached = [] if passed is None else ["it passed"]
        return reached + ([] if found == row.want else [f"{found}, not {row.want}"])
    if passed is None:
        return [f"refused: {response.status} {response.reason}"]
    return differences(passed, {"connection": [], **row.want})


@pytest.mark.parametrize("way", ["plain, nobody trusted", "proxied, both trusted"])
async def test_fields_of_requests(tmp_path: Path, way: str) -> None:
    wrong = []
    async with setting(tmp_path, WAYS[way]) as here:
        for row in REQUESTS:
            response, seen = await here.ask(row.sent)
            wrong += [f"{row.name}: {item}" for item in judge(row, response, seen)]
            if seen is not None:
                wrong += [f"{row.name}: {item}" for item in differences(seen, here.filled(OURS))]
    print(f"{len(REQUESTS)} rows")
    assert not wrong, "\n".join(wrong)


def cases_of(rows: Sequence[Row]) -> list[Case]:
    """Each row as an answer of the origin."""
    cases = []
    for row in rows:
        fields = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in row.sent)
        reused = not isinstance(row.want, Refusal)
        steps = (answer(b"ok", fields=fields),)
        cases.append(Case("field", row.name, "RFC 9110 7.6.1", steps, Passed(reused=reused)))
    return cases


async def test_fields_of_answers(tmp_path: Path) -> None:
    wrong = []
    async with RawOrigin(cases_of(RESPONSES)) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            for number, row in enumerate(RESPONSES):
                response = await sluice.fetch("GET", f"/case/{number}")
                passed = response if response.status == 200 else None
                wrong += [f"{row.name}: {item}" for item in judge(row, response, passed)]
        assert not origin.reused, origin.reused
    print(f"{len(RESPONSES)} rows")
    assert not wrong, "\n".join(wrong)


def test_the_tables_are_long() -> None:
    assert len(SAID) >= 60 and len(REQUESTS) >= 60 and len(RESPONSES) >= 60
    for rows in (SAID, REQUESTS, RESPONSES):
        names = [row.name for row in rows]
        assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
