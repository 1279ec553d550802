"""One path, one meaning: what is matched, rewritten and forwarded agrees with an oracle.

Every spelling goes to every route set. The oracle (lib/path_oracle.py) says which rule takes it and
what the origin must receive; then it is asked again about what the origin did receive.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from lib import origin as at
from lib.client import Address, Client
from lib.http1 import Fields, Response
from lib.origin import Origin
from lib.path_oracle import (
    Asked,
    Forwarded,
    OracleRule,
    Redirected,
    Refused,
    Unrouted,
    Verdict,
    hidden_separators,
    judge,
)
from lib.path_routes import ROUTE_SETS, host_of, route_objects
from lib.path_spellings import SPELLINGS
from lib.sluice import Sluice

CONNECTIONS = 8
HEADERS = {"x-canary": "1"}
REFUSALS = (400, 414, 505)


@dataclass
class Question:
    """One spelling for one route set."""

    id: str
    rules: list[OracleRule]
    asked: Asked
    response: Response | None = None


def questions() -> list[Question]:
    result = []
    for name, rules in ROUTE_SETS.items():
        host = host_of(name)
        for number, spelling in enumerate(SPELLINGS):
            method = "POST" if name == "conditions" and number % 3 == 0 else "GET"
            asked = Asked(method, host, spelling.replace("HOST", host), HEADERS)
            result.append(Question(f"{name}-{number}", rules, asked))
    return result


async def ask_all(address: Address, everything: list[Question]) -> None:
    """Over a few keep-alive connections; a refusal costs its connection."""
    left = iter(everything)

    async def one_connection() -> bool:
        async with Client(address) as client:
            for question in left:
                asked = question.asked
                fields: Fields = [("Host", asked.host), ("X-Request-Id", question.id)]
                fields += list(asked.headers.items())
                await client.send_request(asked.method, asked.target, fields)
                question.response = await client.response()
                if question.response.get("connection") == "close":
                    return True
        return False

    async def worker() -> None:
        while await one_connection():
            pass

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))


def verdict_of(question: Question, received: dict[str, Forwarded]) -> Verdict | str:
    """What the gateway did with it; a text when it did something that has no name."""
    response, forwarded = question.response, received.get(question.id)
    if response is None:
        return "no answer"
    if response.status == 200 and forwarded is not None:
        return forwarded
    if forwarded is not None:
        return f"forwarded, but answered {response.status}"
    if response.status == 308:
        return Redirected(response.get("location") or "")
    if response.status == 404 and response.reason == "no_route":
        return Unrouted()
    if response.status in REFUSALS:
        return Refused()
    return f"{response.status} {response.reason}"


def complaint(question: Question, received: dict[str, Forwarded]) -> str:
    want = judge(question.rules, question.asked)
    found = verdict_of(question, received)
    if found != want:
        return f"{found}, not {want}"
    if not isinstance(want, Forwarded):
        return ""
    if danger := hidden_separators(want.target):
        return f"the origin may find {danger} in {want.target}"
    rule = next(rule for rule in question.rules if rule.name == want.rule)
    if rule.rewrite:
        return ""
    asked = Asked(question.asked.method, question.asked.host, want.target, HEADERS)
    again = judge(question.rules, asked)
    return "" if again == want else f"what arrived would have gone to {again}, not {want}"


async def test_every_spelling_goes_where_the_oracle_says(tmp_path: Path) -> None:
    everything = questions()
    async with AsyncExitStack() as stack:
        origins = {
            name: await stack.enter_async_context(Origin(at.answer(), name))
            for name in ("one", "two", "three")
        }
        objects = route_objects({name: origin.address for name, origin in origins.items()})
        sluice = await stack.enter_async_context(Sluice(tmp_path, objects))
        assert "warning" not in sluice.controller.text(), "every rule is in the table"
        begun = time.monotonic()
        await ask_all(sluice.address, everything)
        took_s = time.monotonic() - begun
        received = {}
        for name, origin in origins.items():
            for seen in origin.seen:
                rule = seen.request.get("x-rule") or name
                forwarded = Forwarded(rule, seen.request.target)
                received[seen.request.get("x-request-id") or ""] = forwarded
    wrong = {}
    for question in everything:
        if found := complaint(question, received):
            wrong[f"{question.asked.host} {question.asked.target[:80]!r}"] = found
    kinds = Counter(type(judge(q.rules, q.asked)).__name__ for q in everything)
    print(f"{len(everything)} requests in {took_s:.1f} s: {dict(kinds)}")
    assert not wrong, f"{len(wrong)} of {len(everything)}\n" + "\n".join(
        f"{name}: {what}" for name, what in list(wrong.items())[:40]
    )


def test_the_lists_are_long_and_every_rule_is_met() -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS) >= 400
    assert len(ROUTE_SETS) == 12
    verdicts = [judge(question.rules, question.asked) for question in questions()]
    assert Counter(map(type, verdicts)).keys() == {Refused, Unrouted, Forwarded, Redirected}
    met: dict[str, set[str]] = {}
    for question, verdict in zip(questions(), verdicts, strict=True):
        if isinstance(verdict, Forwarded):
            met.setdefault(question.asked.host, set()).add(verdict.rule)
    for name, rules in ROUTE_SETS.items():
        for rule in rules:
            if not rule.redirect:
                assert rule.name in met[host_of(name)], (name, rule.name)
