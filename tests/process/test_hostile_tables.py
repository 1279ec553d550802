"""A controller that publishes bad tables: each is refused with its reason, and the last good one
goes on serving. The unit tests have 10,000 of them in one process; these go through the socket."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from lib.handover import (
    ALL_SEALS,
    ENDPOINTS,
    PUBLISH,
    REFUSED,
    ROUTES,
    RUNNING,
    Hostile,
    Message,
    digest,
    memory,
)
from lib.load import Load
from lib.manifests import Object, ingress, one_route, rule
from lib.origin import Origin, answer
from lib.programs import Program, command_line
from lib.segment import Segment, saved
from lib.sluice import Sluice
from lib.waiting import until_true

HOST = [("Host", "test.example")]
FAR = 0x7FFFFFF0  # behind the end of everything
SEED = 20261124


@dataclass(frozen=True)
class Bad:
    """One publish that no proxy may run. `reasons`: those that fit; a damage may have several."""

    name: str
    routes: bytes | None
    endpoints: bytes | None
    reasons: frozenset[str]
    lie: int = 0  # what the digests are changed by
    seals: int = ALL_SEALS
    generation: int = 0  # 0: the next


@dataclass
class Good:
    """What the real controller published."""

    routes: Segment
    endpoints: Segment
    digests: tuple[int, int]


def corrupt(good: Good, draw: random.Random) -> Iterator[Bad]:
    """Bytes that are not those of the digest."""
    for number in range(40):
        data = bytearray(good.routes.data)
        for _ in range(1 + number % 4):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        if digest(bytes(data)) != good.digests[ROUTES]:
            # The lie: the digest stays that of the sound bytes.
            lie = digest(bytes(data)) ^ good.digests[ROUTES]
            yield Bad(f"corrupt-{number}", bytes(data), None, frozenset({"table_corrupt"}), lie)
    yield Bad("wrong-digest", good.routes.data, None, frozenset({"table_corrupt"}), 1)
    yield Bad("wrong-digest-too", None, good.endpoints.data, frozenset({"table_corrupt"}), 1 << 63)


def truncated(good: Good, draw: random.Random) -> Iterator[Bad]:
    for number in range(25):
        size = draw.randrange(1, len(good.routes.data) - 8)
        yield Bad(
            f"truncated-{number}", good.routes.data[:size], None, frozenset({"table_corrupt"})
        )
        size = draw.randrange(1, len(good.endpoints.data) - 8)
        yield Bad(
            f"truncated-endpoints-{number}", None, good.endpoints.data[:size],
            frozenset({"table_corrupt"}),
        )
    yield Bad("empty", b"", None, frozenset({"table_corrupt", "table_bad_value", "internal"}))


def foreign(good: Good, draw: random.Random) -> Iterator[Bad]:
    """Of a build with another schema, of another kind, or of another program."""
    schema = frozenset({"table_foreign_schema"})
    for number in range(15):
        at = good.routes.header()
        words = draw.getrandbits(32), draw.getrandbits(32)
        yield Bad(f"foreign-{number}", good.routes.with_words(at, *words), None, schema)
        at = good.endpoints.header()
        yield Bad(f"foreign-endpoints-{number}", None, good.endpoints.with_words(at, 1, 2), schema)
    swapped = frozenset({"table_corrupt"})
    yield Bad("endpoints-as-routes", good.endpoints.data, None, swapped)
    yield Bad("routes-as-endpoints", None, good.routes.data, swapped)
    yield Bad("noise", draw.randbytes(4096), None, swapped)
    yield Bad("text", b'{"routes": []}' * 50, None, swapped)


def stale(good: Good, draw: random.Random) -> Iterator[Bad]:
    """Sound bytes under a number that was taken already."""
    for number in range(1, 11):
        yield Bad(
            f"stale-{number}", good.routes.data, good.endpoints.data,
            frozenset({"generation_stale"}), generation=1,
        )


def unsealed(good: Good, draw: random.Random) -> Iterator[Bad]:
    """Memories that their writer could change behind the verifier's back."""
    for seals in range(ALL_SEALS):
        if seals & ALL_SEALS == ALL_SEALS:
            continue
        yield Bad(
            f"unsealed-{seals:x}", good.routes.data, None, frozenset({"table_not_sealed"}),
            seals=seals,
        )


def huge(good: Good, draw: random.Random) -> Iterator[Bad]:
    """Vectors that claim to be longer than the segment."""
    for segment, is_routes in ((good.routes, True), (good.endpoints, False)):
        for name, _, at, _ in segment.vectors():
            for length in (FAR, 0xFFFFFFFF, 0x40000000, len(segment.data)):
                data = segment.with_words(at, length)
                reasons = frozenset({"table_corrupt", "table_too_large", "table_bad_reference"})
                yield Bad(
                    f"huge-{name}-{length:x}", data if is_routes else None,
                    None if is_routes else data, reasons,
                )


def inconsistent(good: Good, draw: random.Random) -> Iterator[Bad]:
    """Sealed, with the right digest, and a reference that leads nowhere."""
    reasons = frozenset({"table_bad_reference", "table_bad_value", "table_out_of_order"})
    for segment, is_routes in ((good.routes, True), (good.endpoints, False)):
        for name, at, words in segment.references():
            data = segment.with_words(at, *((FAR, 2) if words == 2 else (FAR,)))
            yield Bad(
                f"inconsistent-{name}", data if is_routes else None,
                None if is_routes else data, reasons,
            )


CLASSES: tuple[Callable[[Good, random.Random], Iterator[Bad]], ...] = (
    corrupt, truncated, foreign, stale, unsealed, huge, inconsistent,
)


@dataclass
class Scene:
    sluice: Sluice
    load: Load
    hostile: Hostile
    good: Good
    generation: float

    async def still_good(self) -> None:
        metrics = await self.sluice.metrics()
        assert metrics.total("sluice_table_generation") == self.generation
        assert not self.load.failures, self.load.failures[:5]

    async def served(self, more: int = 50) -> None:
        seen = len(self.load.answered)
        await until_true(
            lambda: len(self.load.answered) >= seen + more or bool(self.load.failures), "answers"
        )
        assert not self.load.failures, self.load.failures[:5]

    async def publish(self, bad: Bad) -> Message | None:
        parts = {ROUTES: bad.routes, ENDPOINTS: bad.endpoints}
        digests = [*self.good.digests, 0, 0, 0]
        segments, memories = 0, []
        for index, data in parts.items():
            if data is None:
                continue
            segments |= 1 << index
            digests[index] = (digest(data) ^ bad.lie) or 1
            memories.append(memory(data, bad.seals))
        message = Message(
            PUBLISH, segments, digests=tuple(digests), generation=bad.generation
        )
        try:
            return await self.hostile.publish(message, memories)
        finally:
            for fd in memories:
                os.close(fd)


def objects(origin: Origin) -> list[Object]:
    """Enough to fill every vector of a table."""
    made = one_route(
        [origin.address],
        filters=[
            {
                "type": "RequestHeaderModifier",
                "requestHeaderModifier": {"set": [{"name": "x-set", "value": "1"}]},
            }
        ],
    )
    made.append(ingress("web", "web.example", {"/a": "app", "/a/b": "app", "/c": "app"}))
    made[-1]["spec"]["rules"][0]["host"] = "*.web.example"
    patterns = rule({"app": 1}, "/x")
    patterns["matches"] = [
        {
            "path": {"type": "RegularExpression", "value": "/v[0-9]+/.*"},
            "headers": [{"type": "RegularExpression", "name": "x-tier", "value": "gold|silver"}],
            "queryParams": [{"name": "q", "value": "1"}],
        }
    ]
    moved = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/old"}}],
        "filters": [
            {"type": "RequestRedirect", "requestRedirect": {"hostname": "new.example"}}
        ],
    }
    made[-2]["spec"]["rules"] += [patterns, moved]
    return made


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A pod under load whose controller is replaced by a hostile one."""
    state = tmp_path / "state"
    state.mkdir()
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(Origin(answer()))
        sluice = await stack.enter_async_context(
            Sluice(
                tmp_path, objects(origin), workers=2, proxy_options=["--state", str(state)]
            )
        )
        assert await sluice.controller.stop() == 0
        routes, endpoints = saved(state / "routes"), saved(state / "endpoints")
        good = Good(
            Segment(routes[0], "routes.fbs"),
            Segment(endpoints[0], "endpoints.fbs"),
            (routes[1], endpoints[1]),
        )
        assert (digest(routes[0]), digest(endpoints[0])) == good.digests
        hostile = Hostile(sluice.proxy_socket)
        stack.callback(hostile.close)
        greeting = await hostile.connect()
        assert greeting.digests[:2] == good.digests
        load = Load(sluice.address, "/", HOST, connections=4)
        running = asyncio.create_task(load.run())
        try:
            generation = (await sluice.metrics()).total("sluice_table_generation")
            made = Scene(sluice, load, hostile, good, generation)
            await made.served()
            yield made
        finally:
            load.stop()
            await running


async def test_every_bad_table_is_refused_with_its_reason(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        draw = random.Random(SEED)
        steward = steward_of(it.sluice.proxy)
        counted: Counter[str] = Counter()
        classes: Counter[str] = Counter()
        for make in CLASSES:
            for bad in make(it.good, draw):
                said = await it.publish(bad)
                assert said is not None, f"{bad.name}: the supervisor hung up"
                assert said.kind == REFUSED, f"{bad.name} runs"
                assert said.reason_text in bad.reasons, f"{bad.name}: {said}"
                assert said.text, f"{bad.name}: refused without a word"
                counted[said.reason_text] += 1
                classes[make.__name__] += 1
            await it.still_good()
        assert sum(classes.values()) >= 200, classes
        assert min(classes[make.__name__] for make in CLASSES) >= 10, classes
        metrics = await it.sluice.metrics()
        for reason, count in counted.items():
            assert metrics.total("sluice_generations_refused_total", reason=reason) == count, reason
        assert metrics.total("sluice_generations_refused_total") == sum(counted.values())
        assert steward_of(it.sluice.proxy) == steward, "no steward died over any of them"
        await it.served()
        await the_good_one_still_goes_through(it)


async def the_good_one_still_goes_through(it: Scene) -> None:
    again = Bad("good", it.good.routes.data, it.good.endpoints.data, frozenset())
    said = await it.publish(again)
    assert said is not None and said.kind == RUNNING, said
    metrics = await it.sluice.metrics()
    assert metrics.total("sluice_table_generation") == it.hostile.generation > it.generation
    await it.served()


def malformed(good: Good) -> Iterator[tuple[str, bytes, int]]:
    """Datagrams that are no publish: name, bytes, descriptors."""
    sound = Message(PUBLISH, 1, generation=1000, digests=(*good.digests, 0, 0, 0))
    data = sound.encoded()
    yield "no descriptor", data, 0
    yield "two descriptors", data, 2
    yield "too many descriptors", data, 9
    yield "half a head", data[:20], 1
    yield "bytes behind the text", data + b"x", 1
    yield "larger than a message", data + bytes(4096), 1
    yield "another protocol", b"\x09" + data[1:], 1
    yield "an unknown kind", data[:1] + b"\xfe" + data[2:], 1
    yield "an unknown segment", replace(sound, segments=0x80).encoded(), 1
    yield "generation 0", replace(sound, generation=0).encoded(), 1
    yield "no digest", replace(sound, digests=(0,) * 5).encoded(), 1
    for kind in (1, 3, 5, 6, 7, 8, 9, 10, 11):
        yield f"kind {kind}", Message(kind, generation=1).encoded(), 0


async def test_who_speaks_nonsense_is_hung_up_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        held = len(os.listdir(f"/proc/{it.sluice.proxy.pid}/fd"))
        for name, data, descriptors in malformed(it.good):
            memories = [memory(it.good.routes.data) for _ in range(descriptors)]
            it.hostile.say(data, memories)
            for fd in memories:
                os.close(fd)
            try:
                await it.hostile.hung_up()
            except asyncio.TimeoutError:
                pytest.fail(f"{name}: the supervisor goes on listening")
            await it.hostile.connect()
        await it.still_good()
        await until_true(
            lambda: len(os.listdir(f"/proc/{it.sluice.proxy.pid}/fd")) <= held,
            "nothing that came along stays open",
        )
        await it.served()
        await the_good_one_still_goes_through(it)


def steward_of(proxy: Program) -> int:
    """0 while there is none."""
    for pid in proxy.descendants():
        try:
            if "steward" in command_line(pid):
                return pid
        except (FileNotFoundError, ProcessLookupError):
            continue
    return 0


async def kill_over(it: Scene, bad: Bad) -> Message | None:
    """Publishes to a stopped steward and kills it, then the next one as soon as it is there. The
    next may be quicker than we are: then it has refused the table itself."""
    first = steward_of(it.sluice.proxy)
    os.kill(first, signal.SIGSTOP)
    publishing = asyncio.create_task(it.publish(bad))
    await it.served(20)  # meanwhile the supervisor has handed it on, and traffic goes on
    os.kill(first, signal.SIGKILL)
    second = 0
    while not publishing.done() and second in (0, first):
        second = steward_of(it.sluice.proxy)
        await asyncio.sleep(0)
    if second not in (0, first):
        try:
            os.kill(second, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return await publishing


@pytest.mark.parametrize("attempts", [10])
async def test_a_table_over_which_two_stewards_die_is_refused(
    tmp_path: Path, attempts: int
) -> None:
    async with scene(tmp_path) as it:
        for attempt in range(attempts):
            bad = next(huge(it.good, random.Random(attempt)))
            said = await kill_over(it, bad)
            assert said is not None and said.kind == REFUSED, said
            if said.reason_text == "steward_died":
                break
            assert said.reason_text in bad.reasons, said
            await until_true(lambda: steward_of(it.sluice.proxy) != 0, "a steward")
        else:
            pytest.fail("each second steward answered before it was killed")
        await until_true(lambda: steward_of(it.sluice.proxy) != 0, "a steward")
        await the_good_one_still_goes_through(it)
        metrics = await it.sluice.metrics()
        assert metrics.total("sluice_generations_refused_total", reason="steward_died") == 1
