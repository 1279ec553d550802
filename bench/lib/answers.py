"""Before anything is timed: every candidate gives the same answers."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence

from lib.client import fetch
from lib.http1 import Response

from .peers import Candidate
from .workloads import Workload

SAMPLE = 40
COMPARED = ("content-type", "content-length", "x-sim-pod")
# What an event says of its own time differs; its size and number do not.
STAMP = re.compile(rb'"ns":\d+')


class Differs(Exception):
    """The candidates do not do the same work, so their times say nothing."""


def essence(response: Response) -> tuple[int, str, tuple[str | None, ...]]:
    """Status, digest of the body, fields."""
    body = hashlib.sha256(STAMP.sub(b"", response.body)).hexdigest()
    return response.status, body, tuple(response.get(name) for name in COMPARED)


async def compare(candidates: Sequence[Candidate], workload: Workload) -> None:
    """A sample of hosts and prefixes, the last ones included, and one that is not routed."""
    hosts, prefixes = workload.hosts(), workload.prefixes()
    pairs = random.sample([(h, p) for h in hosts for p in prefixes], SAMPLE)
    for host, prefix in [*pairs, (hosts[-1], prefixes[-1])]:
        body = workload.body.encode() or None
        target = workload.finite_target(prefix)
        answers = {
            item.name: essence(
                await fetch(item.address, workload.method, target, [("Host", host)], body)
            )
            for item in candidates
        }
        if len(set(answers.values())) != 1 or next(iter(answers.values()))[0] != 200:
            raise Differs(f"{host}{target}: {answers}")
    for item in candidates:
        if not item.routes:
            continue
        unrouted = await fetch(item.address, "GET", "/elsewhere", [("Host", hosts[0])])
        if unrouted.status == 200:
            raise Differs(f"{item.name} answers what is not routed")
