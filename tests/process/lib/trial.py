"""Mutations played against Sluice and a recording origin, and what deviates from the verdict."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from .client import Address
from .hostile import any_host, behind
from .mutations import mutate
from .recorder import Recorder
from .sluice import Sluice
from .strict import Message, NotStrict
from .verdict import Verdict, differences, judge, read_answers, refused_on_purpose

BATCH = 500  # cases whose traces are looked at together, each from an address of its own
AT_ONCE = 32
DECIDED_S = 20.0


class Trial:
    """One case: what was sent, what must become of it, what came back."""

    def __init__(self, seed: int, number: int) -> None:
        self.name = f"SLUICE_MUTATION={seed}:{number}"
        place = number % BATCH
        self.source = f"127.1.{place // 250}.{1 + place % 250}"
        self.sent = mutate(seed, number) + behind(self.source.encode())
        self.verdict: Verdict = judge(self.sent)
        self.told = b""
        self.closed = False
        self.late = False

    def taste(self) -> tuple[int, str]:
        """Index of the first request that may be refused on purpose, and why; all, if none."""
        for index, message in enumerate(self.verdict.requests):
            raw = self.sent[message.head_end : message.end]
            if why := refused_on_purpose(message, raw):
                return index, why
        return len(self.verdict.requests), ""

    def answers(self) -> list[Message]:
        methods = [message.method for message in self.verdict.requests]
        return read_answers(self.told, methods, self.closed)

    def decided(self) -> bool:
        """It ended, or all that a strict reader finds is answered and no end has to come."""
        ends = self.verdict.end in ("violation", "closed")
        return self.closed or (not ends and len(self.answers()) >= len(self.verdict.requests))

    async def play(self, address: Address, patience_s: float) -> None:
        reader, writer = await asyncio.open_connection(*address, local_addr=(self.source, 0))
        writer.write(self.sent)
        try:
            async with asyncio.timeout(patience_s):
                while not self.decided():
                    piece = await reader.read(1 << 16)
                    self.told += piece
                    self.closed = not piece
        except ConnectionResetError:
            self.closed = True
        except TimeoutError:
            self.late = True
        except NotStrict:
            pass  # deviations() reads it again
        finally:
            writer.close()


def deviations(trial: Trial, arrived: list[Message]) -> list[str]:
    must, taste = trial.taste()
    lawful = trial.verdict.requests
    try:
        answers = trial.answers()
    except NotStrict as why:
        return [f"the client was sent {why}"]
    good = [answer for answer in answers if answer.status == 200]
    wrong = _agree(lawful, arrived, must, bool(taste))
    if len(good) != len(arrived):
        wrong.append(f"{len(good)} answers to {len(arrived)} requests that arrived")
    for answer, message in zip(good, arrived):
        said = answer.body.split(b" ")[1:]
        if message.method != b"HEAD" and said != [message.target[:200], b"%d" % len(message.body)]:
            wrong.append(f"the answer to {message.target!r} is {answer.body!r}")
    if trial.late:
        wrong.append(f"{trial.verdict.end} ({trial.verdict.why}), but nothing came of it")
    if not taste and trial.verdict.end == "violation" and len(answers) != len(good) + 1:
        wrong.append(f"not refused: {trial.verdict.why}")
    return wrong


def _agree(lawful: list[Message], arrived: list[Message], must: int, more: bool) -> list[str]:
    """Everything up to the first one that may be refused arrived, in order, and unchanged."""
    if len(arrived) < must:
        return [f"{len(arrived)} arrived of {must} that are lawful"]
    if len(arrived) > len(lawful) or (len(arrived) > must and not more):
        return [f"{len(arrived)} arrived, {len(lawful)} were sent: {arrived[must:]}"]
    pairs = zip(lawful[:must], arrived)
    return [what for meant, got in pairs for what in differences(meant, got)]


async def play_all(
    work_dir: Path,
    seed: int,
    numbers: range,
    proxy_env: dict[str, str] | None = None,
    patience_s: float = DECIDED_S,
) -> Counter[str]:
    """How many ended in which way; fails with the first batch that has deviations."""
    ends: Counter[str] = Counter()
    turns = asyncio.Semaphore(AT_ONCE)
    async with Recorder() as recorder:
        objects = any_host(recorder.address)
        async with Sluice(work_dir, objects, proxy_env=proxy_env) as sluice:

            async def play(trial: Trial) -> None:
                async with turns:
                    await trial.play(sluice.address, patience_s)

            for first in range(numbers.start, numbers.stop, BATCH):
                batch = range(first, min(first + BATCH, numbers.stop))
                trials = [Trial(seed, number) for number in batch]
                await asyncio.gather(*(play(trial) for trial in trials))
                assert (await sluice.fetch("GET", "/between")).status == 200
                wrong = [
                    f"{trial.name}: {what}\n   {trial.sent[:600]!r}"
                    for trial in trials
                    for what in deviations(trial, recorder.by_source.get(trial.source.encode(), []))
                ]
                wrong += recorder.violations()
                assert not wrong, f"{len(wrong)} deviations\n" + "\n".join(wrong[:20])
                ends.update(trial.taste()[1] or trial.verdict.end for trial in trials)
                recorder.forget()
    return ends
