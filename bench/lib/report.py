"""The result as JSON (the contract of `bench/compare`) and as a table for people."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from . import delays
from .rounds import Series
from .workloads import DIRECT

NOISY = 0.1  # two runs whose ratios differ by more say nothing


def ratios(ours: Series, other: Series) -> list[float]:
    """Round by round: what the machine does to one round it does to both."""
    pairs = zip(ours.rounds, other.rounds, strict=True)
    return [a.cpu_us / b.cpu_us for a, b in pairs]


@dataclass(frozen=True)
class Result:
    """The keys of the JSON; `envoy_us` and `ratio_to_envoy` only where Envoy was asked for."""

    workload: str
    sluice_us: float
    nginx_us: float
    haproxy_us: float
    ratio_to_best: float  # median over the rounds, each against the peer that is better by median
    rounds: int
    errors: int
    envoy_us: float | None = None
    ratio_to_envoy: float | None = None

    @staticmethod
    def of(workload: str, series: Sequence[Series]) -> "Result":
        by_name = {item.name: item for item in series}
        ours, envoy = by_name["sluice"], by_name.get("envoy")
        return Result(
            workload,
            round(ours.median_us(), 2),
            round(by_name["nginx"].median_us(), 2),
            round(by_name["haproxy"].median_us(), 2),
            round(statistics.median(ratios(ours, better_peer(series))), 3),
            len(ours.rounds),
            sum(item.errors() for item in series),
            round(envoy.median_us(), 2) if envoy else None,
            round(statistics.median(ratios(ours, envoy)), 3) if envoy else None,
        )

    def as_json(self) -> dict[str, str | float | int]:
        return {key: value for key, value in asdict(self).items() if value is not None}


def better_peer(series: Sequence[Series]) -> Series:
    """nginx or HAProxy; what splices or is much slower anyway is printed beside them."""
    peers = [item for item in series if item.name in ("nginx", "haproxy")]
    return min(peers, key=Series.median_us)


def two_runs(series: Sequence[Series]) -> tuple[float, float]:
    """The ratio in the first and in the second half of the rounds: one run after the other."""
    ours = next(item for item in series if item.name == "sluice")
    all_ratios = ratios(ours, better_peer(series))
    half = len(all_ratios) // 2
    first, second = all_ratios[:half] or all_ratios, all_ratios[half:]
    return statistics.median(first), statistics.median(second)


def table(result: Result, series: Sequence[Series]) -> str:
    """Medians, best and worst rounds, amounts and reuse of each candidate."""
    first, second = two_runs(series)
    noisy = "noisy: " if abs(first - second) > NOISY else ""
    to_envoy = f", to Envoy {result.ratio_to_envoy:.2f}" if result.ratio_to_envoy else ""
    lines = [
        f"{result.workload}: {result.rounds} rounds, ratio to the better peer "
        f"{result.ratio_to_best:.2f} ({noisy}{first:.2f} in the first half of the rounds, "
        f"{second:.2f} in the second){to_envoy}, {result.errors} errors",
        "| candidate | median us | best | worst | units a round | origin us "
        "| upstream connections per 1,000 requests |",
        "|---|---|---|---|---|---|---|",
    ]
    for item in series:
        units = statistics.median(entry.units for entry in item.rounds)
        times = f"{item.median_us():.2f} | {item.best_us():.2f} | {item.worst_us():.2f}"
        lines.append(
            f"| {item.name} | {times if item.name != DIRECT else '- | - | -'} | {units:.0f} "
            f"| {item.origin_us():.2f} | {item.connections_per_thousand():.2f} |"
        )
    return "\n".join(lines)


@dataclass(frozen=True)
class Measured:
    """One workload: its result, all rounds, KiB per idle connection where that was measured."""

    result: Result
    series: list[Series]
    idle_kib: dict[str, float]

    def text(self) -> str:
        parts = [table(self.result, self.series), delays.table(self.series)]
        for name, kib in self.idle_kib.items():
            parts.append(f"{name}: {kib:.2f} KiB an idle connection")
        return "\n".join(part for part in parts if part)
