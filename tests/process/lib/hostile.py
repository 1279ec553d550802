"""Plays a case of the corpus against Sluice and says what happened that must not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from .client import Address
from .corpus import Case
from .manifests import NAMESPACE, Object, ingress_class, service
from .recorder import Connection, Recorder
from .sluice import Sluice
from .strict import Message, NotStrict
from .verdict import read_answers
from .waiting import until_true

EARLY_KIND = "early answer"  # a case's class: its canary waits for the answer
DECIDED_S = 8.0  # a case that takes longer than this got neither answer nor close
PIECE = 11  # bytes, where a case is sent in pieces


def any_host(endpoint: Address) -> list[Object]:
    """Every request of whatever host goes to one origin: what is refused, the gate refused."""
    backend = {"service": {"name": "app", "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return [
        ingress_class(),
        *service("app", [endpoint]),
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "any", "namespace": NAMESPACE},
            "spec": {"ingressClassName": "sluice", "rules": [{"http": {"paths": paths}}]},
        },
    ]


def canary_of(source: bytes) -> bytes:
    """The target of the good request behind a case."""
    return b"/canary/" + source


def behind(source: bytes) -> bytes:
    return b"GET " + canary_of(source) + b" HTTP/1.1\r\nHost: test.example\r\n\r\n"


@dataclass
class Told:
    """What a client got on one connection."""

    data: bytes = b""
    closed: bool = False

    def answers(self, methods: list[bytes]) -> list[Message]:
        return read_answers(self.data, methods, self.closed)


class Sender:
    """One client connection from an address of its own, so that its requests can be told apart."""

    def __init__(self, address: Address, source: str) -> None:
        self.address = address
        self.source = source
        self.told = Told()

    async def __aenter__(self) -> "Sender":
        self._reader, self._writer = await asyncio.open_connection(
            *self.address, local_addr=(self.source, 0)
        )
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.cancel()
        self._writer.close()

    async def send(self, data: bytes, piece: int = 0) -> None:
        """At once, or `piece` bytes at a time with a turn of the loop between."""
        try:
            for at in range(0, len(data), piece or len(data)):
                self._writer.write(data[at : at + (piece or len(data))])
                await self._writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass  # refused before all was sent; what it answered tells

    async def _listen(self) -> None:
        try:
            while piece := await self._reader.read(1 << 16):
                self.told.data += piece
        except ConnectionError:
            pass
        self.told.closed = True


class Through(str):
    """A deviation that shows that something got through, not only that it went another way."""


@dataclass
class Outcome:
    """Everything that one case caused, on both sides."""

    source: bytes
    told: Told
    arrived: list[Message] = field(default_factory=list)
    touched: list[Connection] = field(default_factory=list)
    undecided: bool = False


class Stage:
    """Sluice in front of a recorder, and the next free source address."""

    def __init__(self, sluice: Sluice, recorder: Recorder) -> None:
        self.sluice = sluice
        self.recorder = recorder
        self._used = 0

    def next_source(self) -> str:
        self._used += 1
        return f"127.{1 + self._used // 62500}.{self._used // 250 % 250}.{1 + self._used % 250}"

    async def play(self, case: Case, piece: int = 0) -> list[str]:
        """Where the case went wrong; nothing when all is as it must be."""
        if case.side == "answer":
            return await self._play_answer(case)
        source = self.next_source()
        async with Sender(self.sluice.address, source) as sender:
            if case.kind == EARLY_KIND:  # what comes sooner would be body
                await sender.send(case.data, piece)
                await until_true(lambda: _answered(sender.told, 1), str(case), DECIDED_S)
                await sender.send(behind(source.encode()))
            else:
                await sender.send(case.data + behind(source.encode()), piece)
            outcome = await self._decided(case, sender, source.encode())
        return deviations(case, outcome)

    async def _decided(self, case: Case, sender: Sender, source: bytes) -> Outcome:
        methods = [method for method, _, _ in case.meant]
        stays = case.expect[0] == "answered"

        def decided() -> bool:
            if sender.told.closed:
                return True
            if stays:
                return len(sender.told.answers(methods)) > len(case.meant)
            return self._breached(case, source)

        outcome = Outcome(source, sender.told)
        try:
            await until_true(decided, str(case), DECIDED_S)
        except (TimeoutError, NotStrict):
            outcome.undecided = True
        outcome.arrived = self.recorder.of(source)
        outcome.touched = self.recorder.touched_by(source)
        return outcome

    def _breached(self, case: Case, source: bytes) -> bool:
        """Something of a case that must end its connection went through to the origin."""
        touched = self.recorder.touched_by(source)
        if any(one.violation or canary_of(source) in one.data for one in touched):
            return True
        return len(self.recorder.of(source)) > len(case.meant)

    async def _play_answer(self, case: Case) -> list[str]:
        """The origin says the case's bytes; then another request of the same client's follows."""
        source = self.next_source()
        target = b"/answers/" + source.encode()
        self.recorder.scripts[target] = case.data
        first = b"GET " + target + b" HTTP/1.1\r\nHost: test.example\r\n\r\n"
        wrong: list[str] = []
        async with Sender(self.sluice.address, source) as sender:
            try:
                await sender.send(first)
                await until_true(lambda: _answered(sender.told, 1), str(case), DECIDED_S)
                await sender.send(behind(source.encode()))
                await until_true(lambda: _answered(sender.told, 2), str(case), DECIDED_S)
                answers = sender.told.answers([])
            except NotStrict as why:
                return [Through(f"the client was sent {why}")]
            except TimeoutError:
                return [f"undecided: {sender.told.data[:200]!r}"]
        wrong += _judge_answers(case, answers, canary_of(source.encode()))
        carriers = self.recorder.touched_by(source.encode())
        if case.expect[0] != "answered" and len(carriers) < 2:
            wrong.append(Through("its connection was used again"))
        return wrong


def _answered(told: Told, count: int) -> bool:
    try:
        return told.closed or len(told.answers([])) >= count
    except NotStrict:
        return True


def _reason(answer: Message) -> str:
    return answer.first(b"x-sluice-reason").decode()


def _judge_answers(case: Case, answers: list[Message], canary: bytes) -> list[str]:
    """What a client got whose origin said the case's bytes, and what it got next."""
    word, about = case.expect
    if len(answers) != 2:
        return [f"{len(answers)} answers"]
    first, second = answers
    wrong = []
    if word == "refused" and (first.status, _reason(first)) != (502, about):
        said = f"{first.status} {_reason(first)}"
        wrong.append(said if _reason(first) else Through(said))
    if word != "refused" and (_reason(first) or (about and first.status != int(about))):
        wrong.append(f"{first.status} {_reason(first)} for {about}")
    if second.status != 200 or second.body.split(b" ")[1:2] != [canary]:
        wrong.append(Through(f"the next answer is {second.status} {second.body!r}"))
    return wrong


def deviations(case: Case, outcome: Outcome) -> list[str]:
    """Of a request's case."""
    word, about = case.expect
    broken = [one.violation for one in outcome.touched if one.violation]
    wrong: list[str] = [Through(f"forwarded: {violation}") for violation in broken]
    meant = list(case.meant)
    if word == "answered":
        meant.append((b"GET", canary_of(outcome.source), b""))
    arrived = [(one.method, one.target, one.body) for one in outcome.arrived]
    halves = [one.partial for one in outcome.touched if one.early and one.partial]
    mine = [half for half in halves if half.first(b"x-forwarded-for") == outcome.source]
    arrived += [(half.method, half.target, b"") for half in mine]
    if arrived != meant:
        said = f"arrived {arrived}, meant {meant}"[:600]
        wrong.append(Through(said) if set(arrived) - set(meant) else said)
    canary = canary_of(outcome.source)
    if word != "answered" and any(canary in one.data for one in outcome.touched):
        wrong.append(Through("what stood behind it arrived"))
    if outcome.undecided:
        return [*wrong, f"undecided: {outcome.told.data[:200]!r}"]
    try:
        answers = outcome.told.answers([method for method, _, _ in meant])
    except NotStrict as why:
        return [*wrong, f"the client was sent {why}"]
    return wrong + _judge_told(word, about, outcome.told, answers, len(meant))


def _judge_told(
    word: str, about: str, told: Told, answers: list[Message], good: int
) -> list[str]:
    statuses = [(answer.status, _reason(answer)) for answer in answers]
    want = [(200, "")] * good
    if word == "last":
        want[-1:] = [(int(about), "")]
    refusal = statuses[good:] if word == "refused" else []
    wrong = []
    if statuses[:good] != want or len(statuses) != good + (word == "refused"):
        wrong.append(f"answers {statuses}")
    if word == "refused" and [reason for _, reason in refusal] != [about]:
        wrong.append(f"refused with {refusal}, not {about}")
    if word == "refused" and answers and answers[-1].options() != {b"close"}:
        wrong.append("the refusal does not say close")
    if word != "answered" and not told.closed:
        wrong.append("the connection stays")
    return wrong
