"""Delays of events through each candidate, held against the way without a proxy."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .rounds import Series
from .workloads import DIRECT

HELD_US = 2000  # an event is held when it comes this much later than direct p99.9


def quantile(delays_us: Mapping[int, int], share: float) -> int:
    """The shortest delay that `share` of the events do not exceed; 0 when there are none."""
    wanted = share * sum(delays_us.values())
    seen = 0
    for us in sorted(delays_us):
        seen += delays_us[us]
        if seen >= wanted:
            return us
    return 0


@dataclass(frozen=True)
class Delays:
    name: str
    p50_us: float  # medians over the rounds
    p99_us: float
    added_p50_us: float  # over the direct stream of the same round
    held_per_million: float
    merged_per_million: float

    @staticmethod
    def of(item: Series, direct: Series) -> "Delays":
        everything: Counter[int] = Counter()
        for entry in item.rounds:
            everything.update(entry.delays_us)
        straight: Counter[int] = Counter()
        for entry in direct.rounds:
            straight.update(entry.delays_us)
        limit_us = quantile(straight, 0.999) + HELD_US
        total = max(everything.total(), 1)
        held = sum(count for us, count in everything.items() if us > limit_us)
        merged = sum(entry.merged for entry in item.rounds)
        halves = [quantile(entry.delays_us, 0.5) for entry in item.rounds]
        direct_halves = [quantile(entry.delays_us, 0.5) for entry in direct.rounds]
        return Delays(
            item.name,
            statistics.median(halves),
            statistics.median(quantile(entry.delays_us, 0.99) for entry in item.rounds),
            statistics.median(a - b for a, b in zip(halves, direct_halves, strict=True)),
            1e6 * held / total,
            1e6 * merged / total,
        )


def table(series: Sequence[Series]) -> str:
    """Empty when nothing was streamed."""
    direct = next((item for item in series if item.name == DIRECT), None)
    if direct is None:
        return ""
    lines = [
        "| stream through | p50 us | p99 us | added p50 us | held per million "
        "| merged per million |",
        "|---|---|---|---|---|---|",
    ]
    for item in series:
        seen = Delays.of(item, direct)
        lines.append(
            f"| {seen.name} | {seen.p50_us:.0f} | {seen.p99_us:.0f} | {seen.added_p50_us:.0f} "
            f"| {seen.held_per_million:.0f} | {seen.merged_per_million:.0f} |"
        )
    return "\n".join(lines)
