"""Garbage from endpoints: a 502 or a clean abort, never another's bytes, and neighbours unharmed.

Every case of the lists in lib/garbage_*.py runs against one worker, while neighbours get their
answers from the same endpoint through the same pool. The pool hands out its newest connection
first, so one that was kept after garbage would serve a neighbour at once.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lib.client import Address, Client
from lib.garbage import SECRET, Case, Cut, Passed, Refused
from lib.garbage_bodies import BODIES
from lib.garbage_heads import HEADS
from lib.garbage_lengths import LENGTHS
from lib.garbage_peers import PEERS, UNASKED
from lib.http1 import Closed, Malformed, Response, read_body
from lib.manifests import Object, ingress_class, model_route, rule, service
from lib.metrics import Metrics
from lib.raw_origin import RawOrigin
from lib.sluice import Sluice
from lib.waiting import until, until_true

CASES: list[Case] = [*HEADS, *BODIES, *LENGTHS, *PEERS]
NEIGHBOURS = 3
RULES = {  # that a refused answer may have broken
    "bad_status_line",
    "bad_version",
    "bad_field_name",
    "bad_field_value",
    "bad_line_end",
    "folded_field",
    "bad_content_length",
    "bad_transfer_encoding",
    "framing_conflict",
    "bad_connection_field",
    "head_too_large",
    "too_many_fields",
    "body_too_large",
    "upgrade_unsupported",
}
AT_ONCE = 4  # cases at a time
MAY_BE_REPEATED = {"end: before any byte, closed", "end: before any byte, reset"}
SHORT = {"firstToken": "300ms", "idle": "300ms"}


def routes(origin: RawOrigin) -> list[Object]:
    """One Service behind a rule with long clocks and one with short ones."""
    rules = [rule({"app": 1}), rule({"app": 1}, path="/short", timeouts=SHORT)]
    for short in rules[1:]:
        rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
        short["filters"] = [{"type": "URLRewrite", "urlRewrite": rewrite}]
    return [
        ingress_class(),
        *service("app", [origin.address]),
        model_route("route", "test.example", rules),
    ]


@dataclass
class Outcome:
    """What the client of one case saw."""

    response: Response | None = None
    cut: bool = False  # the connection ended before the answer did
    all_bytes: bytes = b""


@dataclass
class Neighbours:
    """Clients of right answers on keep-alive connections, all the time."""

    address: Address
    answered: int = 0
    wrong: list[str] = field(default_factory=list)
    stopping: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._one(number) for number in range(NEIGHBOURS)))

    async def _one(self, number: int) -> None:
        turn = 0
        try:
            async with Client(self.address) as client:
                while not self.stopping:
                    turn += 1
                    await self._ask(client, f"neighbour-{number}-{turn}")
        except (Closed, Malformed, TimeoutError) as error:
            self.wrong.append(f"neighbour-{number}-{turn}: {type(error).__name__} {error}")

    async def _ask(self, client: Client, text: str) -> None:
        method = "POST" if text.endswith("7") else "GET"
        body = b"x" if method == "POST" else None
        answer = await client.request(method, f"/right/{text}", body=body)
        if (answer.status, answer.body) == (200, text.encode()):
            self.answered += 1
        else:
            self.wrong.append(f"{text}: {answer.status} {answer.reason} {answer.body[:60]!r}")


async def ask(client: Client, number: int, case: Case, method: str) -> Outcome:
    """One case over `client`; whatever it saw, strictly read."""
    prefix = "/short" if case.clocks == "short" else ""
    body = b"x" if method == "POST" else None
    await client.send_request(method, f"{prefix}/case/{number}", body=body)
    outcome = Outcome()
    try:
        outcome.response = await client.response_head()
        while outcome.response.status < 200:
            outcome.response = await client.response_head()
        if method != "HEAD" and outcome.response.status not in (204, 304):
            work = read_body(client.reader, outcome.response, until_close=True)
            await asyncio.wait_for(work, 10)
    except Closed:
        outcome.cut = True
    return outcome


def complaint(case: Case, outcome: Outcome) -> str:
    """Why that is not what the case wants; "" if it is."""
    response, want = outcome.response, case.want
    if response is None:
        return "no answer at all"
    if SECRET in response.body or any("POISON" in value for _, value in response.fields):
        return f"garbage reached the client: {response}"
    if isinstance(want, Refused):
        found = (response.status, response.reason, outcome.cut)
        if found != (want.status, want.reason, False):
            return f"{found}, not {want}"
        rule = re.search(r"not lawful HTTP \((\w+)\)", response.body.decode())
        named = rule is not None and rule[1] in RULES
        missing = want.reason == "upstream_garbage" and not named
        return f"no rule is named in {response.body!r}" if missing else ""
    if isinstance(want, Cut):
        right = outcome.cut and response.status == 200 and want.body.startswith(response.body)
        return "" if right else f"cut {outcome.cut}, {response.status} {response.body!r}"
    found = (response.status, response.body, outcome.cut)
    return "" if found == (want.status, want.body, False) else f"{found}, not {want}"


async def run_case(sluice: Sluice, number: int, case: Case, method: str) -> str:
    """The case, then a right answer over the same client connection if that is still open."""
    async with sluice.client() as client:
        try:
            outcome = await ask(client, number, case, method)
        except (Malformed, TimeoutError) as error:
            return f"{type(error).__name__} {error}"
        wrong = complaint(case, outcome)
        if wrong or outcome.cut:
            return wrong
        assert outcome.response is not None
        if (outcome.response.get("connection") or "").lower() == "close":
            rest = await client.closed_by_peer()
            return f"{rest[:60]!r} behind the answer" if rest else ""
        text = f"after-{number}"
        answer = await client.request("GET", f"/right/{text}")
        right = (answer.status, answer.body) == (200, text.encode())
        return "" if right else f"the next answer was {answer.status} {answer.body[:60]!r}"


async def run_all(sluice: Sluice, method: str) -> dict[str, str]:
    """All cases, a few at a time; complaints by case. HEAD stays HEAD."""
    numbers = iter(range(len(CASES)))
    found: dict[str, str] = {}

    async def worker() -> None:
        for number in numbers:
            case = CASES[number]
            chosen = "HEAD" if case.method == "HEAD" else method
            if wrong := await run_case(sluice, number, case, chosen):
                found[case.id] = wrong

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return found


def wanted_reasons() -> Counter[str]:
    """How often each reason must be counted; whole answers are counted as ok."""
    return Counter(case.want.reason for case in CASES if not isinstance(case.want, Passed))


def counted_reasons(page: Metrics) -> Counter[str]:
    counts: Counter[str] = Counter()
    for labels, value in page.series("sluice_requests_total"):
        if labels["reason"] != "ok" and labels["rule"] != "none":
            counts[labels["reason"]] += int(value)
    return counts


@asynccontextmanager
async def stopped(pid: int) -> AsyncIterator[None]:
    """The process sees nothing of what happens meanwhile until all of it has."""
    os.kill(pid, signal.SIGSTOP)
    try:
        state = Path(f"/proc/{pid}/stat")
        await until_true(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "stopped")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def report(found: dict[str, str]) -> str:
    return "\n".join(f"{name}: {wrong}" for name, wrong in found.items())


def test_the_list_is_long_and_of_many_kinds() -> None:
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)
    refused = [case for case in CASES if not (isinstance(case.want, Passed) and case.want.reused)]
    assert len(refused) >= 200
    kinds = Counter(case.kind for case in CASES)
    print(f"{len(CASES)} cases, {len(refused)} spoil their connection: {dict(kinds)}")
    assert all(case.source for case in CASES)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_garbage_stays_outside_and_neighbours_are_unharmed(
    tmp_path: Path, method: str
) -> None:
    """A GET may be repeated, but not once a byte of an answer came."""
    async with RawOrigin(CASES) as origin:
        async with Sluice(tmp_path, routes(origin)) as sluice:
            pid = sluice.worker_pid()
            neighbours = Neighbours(sluice.address)
            load = asyncio.create_task(neighbours.run())
            found = await run_all(sluice, method)
            neighbours.stopping = True
            await load
            await until_true(lambda: origin.spoilt_open == 0, "spoilt connections are closed")
            assert sluice.worker_pid() == pid, "the worker lives"
            assert not found, f"{len(found)} of {len(CASES)}\n" + report(found)
            assert not neighbours.wrong, neighbours.wrong[:5]
            assert not origin.reused and not origin.malformed, (origin.reused, origin.malformed)

            async def counted() -> bool:
                counts = counted_reasons(await sluice.metrics())
                return counts.total() >= wanted_reasons().total()

            await until(counted, "all refusals are counted", timeout_s=5)
            counts = counted_reasons(await sluice.metrics())
    print(f"{neighbours.answered} right answers beside them; reasons {dict(counts)}")
    assert neighbours.answered > len(CASES)
    assert counts == wanted_reasons()
    repeated = {CASES[i].id for i, times in enumerate(origin.asked) if times != 1}
    assert repeated == (set() if method == "POST" else MAY_BE_REPEATED)


async def test_what_comes_unasked_is_nobodys_answer(tmp_path: Path) -> None:
    """On an idle connection: nobody is sent it, and the connection is not used again."""
    async with RawOrigin(CASES) as origin:
        async with Sluice(tmp_path, routes(origin)) as sluice, sluice.client() as client:
            for number, (name, steps) in enumerate(UNASKED.items()):
                for method in ("GET", "POST", "HEAD"):
                    first = await client.request(method, f"/right/first-{number}")
                    assert first.status == 200, name
                    await until_true(lambda: origin.idle == 1, "one connection waits")
                    assert await origin.speak_unasked(steps) == 1
                    text = f"{method}-{number}"
                    second = await client.request(method, f"/right/{text}", body=b"")
                    want = b"" if method == "HEAD" else text.encode()
                    assert (second.status, second.body) == (200, want), name
            connections = origin.connections
        assert not origin.reused, origin.reused
        assert connections == 1 + 3 * len(UNASKED), "a new connection after each"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_comes_unasked_with_a_request_is_nobodys_answer(
    tmp_path: Path, method: str
) -> None:
    """The worker learns of both in one turn, of the request first."""
    async with RawOrigin(CASES) as origin:
        async with Sluice(tmp_path, routes(origin)) as sluice, sluice.client() as client:
            for number, (name, steps) in enumerate(UNASKED.items()):
                assert (await client.request("GET", f"/right/first-{number}")).status == 200
                await until_true(lambda: origin.idle == 1, "one connection waits")
                async with stopped(sluice.worker_pid()):
                    text = f"second-{number}"
                    await client.send_request(method, f"/right/{text}", body=b"")
                    await origin.speak_unasked(steps)
                answer = await client.response()
                assert (answer.status, answer.body) == (200, text.encode()), name
        assert not origin.reused, origin.reused
