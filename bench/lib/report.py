"""The result as JSON (the contract of `bench/compare`) and as a table for people."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .rounds import Series


@dataclass(frozen=True)
class Result:
    workload: str
    sluice_us: float
    nginx_us: float
    haproxy_us: float
    ratio_to_best: float  # median over the rounds, each against the peer that is better by median
    rounds: int
    errors: int

    @staticmethod
    def of(workload: str, series: Sequence[Series]) -> "Result":
        by_name = {item.name: item for item in series}
        ours = by_name["sluice"]
        best = min((by_name["nginx"], by_name["haproxy"]), key=Series.median_us)
        ratios = [a.cpu_us / b.cpu_us for a, b in zip(ours.rounds, best.rounds, strict=True)]
        return Result(
            workload,
            round(ours.median_us(), 2),
            round(by_name["nginx"].median_us(), 2),
            round(by_name["haproxy"].median_us(), 2),
            round(statistics.median(ratios), 3),
            len(ours.rounds),
            sum(item.errors() for item in series),
        )

    def as_json(self) -> dict[str, str | float | int]:
        return asdict(self)


def table(result: Result, series: Sequence[Series]) -> str:
    """Medians, best rounds, requests and reuse of each candidate."""
    lines = [
        f"{result.workload}: {result.rounds} rounds, ratio to the better peer "
        f"{result.ratio_to_best:.2f}, {result.errors} errors",
        "| candidate | median us | best us | us, all rounds | requests a round "
        "| upstream connections per 1,000 |",
        "|---|---|---|---|---|---|",
    ]
    for item in series:
        times = " ".join(f"{entry.cpu_us:.1f}" for entry in item.rounds)
        requests = statistics.median(entry.requests for entry in item.rounds)
        lines.append(
            f"| {item.name} | {item.median_us():.2f} | {item.best_us():.2f} | {times} "
            f"| {requests:.0f} | {item.connections_per_thousand():.2f} |"
        )
    return "\n".join(lines)
