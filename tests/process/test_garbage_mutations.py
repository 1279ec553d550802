"""Random faults in lawful answers, against the strict reader that requests are held against, too.

Whatever the gateway passes on as whole, that reader finds whole too, with the same body; and it
uses a connection again only if the reader finds one answer on it and not a byte more.
`make soak` runs a hundred times as many.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from lib import origin as at
from lib.http1 import Closed, Response
from lib.manifests import Object, ingress_class, model_route, rule, service
from lib.answer_mutations import Reading, mutated, read_strictly
from lib.origin import Exchange, Origin
from lib.sluice import Sluice

AT_ONCE = 16
CLOCKS = {"firstToken": "300ms", "idle": "300ms"}


def routes(origin: Origin) -> list[Object]:
    """What is right may take its time."""
    return [
        ingress_class(),
        *service("app", [origin.address]),
        model_route(
            "route",
            "test.example",
            [rule({"app": 1}, timeouts=CLOCKS), rule({"app": 1}, path="/right")],
        ),
    ]


class Mutants:
    """The origin's side: `/N` gets mutant N, `/right` a right answer; reuse is written down."""

    def __init__(self) -> None:
        self.last: dict[int, int] = {}  # the mutant that each connection carried last
        self.used_again_after: set[int] = set()

    async def __call__(self, exchange: Exchange) -> bool:
        await exchange.receive_body()
        connection = exchange.seen.connection
        if connection in self.last:
            self.used_again_after.add(self.last.pop(connection))
        target = exchange.seen.request.target
        if target == "/right":
            return await at.answer()(exchange)
        data = mutated(int(target[1:]))
        self.last[connection] = int(target[1:])
        await exchange.send(data)
        reading = read_strictly(data)
        # What waits for more gets an end at once; else the clocks of the route would have to.
        return not reading.unfinished and not reading.ends_with_connection


def complaint(reading: Reading, response: Response | None, used_again: bool) -> str:
    """`response`: what the client was given as a whole answer of the endpoint."""
    if used_again and (reading.answer is None or reading.rest):
        return f"its connection was used again, with {reading.rest!r} behind {reading.answer}"
    if response is None:
        return ""
    if reading.answer is None:
        return f"passed as {response.status} {response.body!r}"
    same = (response.status, response.body) == (reading.answer.status, reading.answer.body)
    return "" if same else f"{response.status} {response.body!r} of {reading.answer}"


@pytest.mark.parametrize("cases", [1_500, pytest.param(150_000, marks=pytest.mark.soak)])
async def test_no_mutant_is_read_in_two_ways(tmp_path: Path, cases: int) -> None:
    mutants = Mutants()
    passed: dict[int, Response | None] = {}
    kinds: Counter[str] = Counter()
    async with Origin(mutants) as origin:
        async with Sluice(tmp_path, routes(origin)) as sluice:
            pid = sluice.worker_pid()
            numbers = iter(range(cases))

            async def worker() -> None:
                for number in numbers:
                    try:
                        answer = await sluice.fetch("POST", f"/{number}", body=b"x")
                        ours = answer.reason is not None
                        passed[number] = None if ours else answer
                        kinds[f"ours: {answer.reason}" if ours else "passed"] += 1
                    except Closed:
                        kinds["cut"] += 1
                    right = await sluice.fetch("POST", "/right", body=b"x")
                    assert (right.status, right.body) == (200, at.OK_BODY), number

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
            assert sluice.worker_pid() == pid, "the worker lives"
    print(f"{cases} mutants: {dict(kinds)}; reused after {len(mutants.used_again_after)}")
    wrong = {}
    for number in range(cases):
        data = mutated(number)
        used_again = number in mutants.used_again_after
        found = complaint(read_strictly(data), passed.get(number), used_again)
        if found:
            wrong[number] = f"{data!r}: {found}"
    assert not wrong, f"{len(wrong)}\n" + "\n".join(f"{n}: {w}" for n, w in wrong.items())[:4000]
    assert kinds["passed"] > cases / 20 and kinds["cut"] > cases / 50, "the mutants are too dull"
