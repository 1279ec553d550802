"""bench/compare, scaling and plot work end to end; what they measure is not judged here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from lib.programs import ROOT, bin_dir

sys.path.append(str(ROOT))

from bench.lib import delays, report, rounds  # noqa: E402  (found through the line above)
from bench.lib.workloads import DIRECT, WORKLOADS  # noqa: E402

CONTRACT = [
    "workload", "sluice_us", "nginx_us", "haproxy_us", "ratio_to_best", "rounds", "errors",
]  # fmt: skip
SHORT = ("--rounds", "1", "--warm-up", "0", "--seconds", "2")
PEERS = ("wrk", "/usr/sbin/nginx", "/usr/sbin/haproxy")

measuring = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in PEERS), reason="wrk, nginx, haproxy (make deps-test)"
)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@measuring
def test_a_short_comparison_gives_the_contracts_json(tmp_path: Path) -> None:
    result, details, plot = tmp_path / "r.json", tmp_path / "d.json", tmp_path / "p.svg"
    done = run(
        ROOT / "bench/compare", "post-4k", "sse", *SHORT, "--json", result, "--details", details
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(result.read_text())
    assert [item["workload"] for item in found] == ["post-4k", "sse"]
    for item in found:
        assert list(item) == CONTRACT
        assert item["errors"] == 0 and item["rounds"] == 1
        assert min(item["sluice_us"], item["nginx_us"], item["haproxy_us"]) > 0
        assert item["ratio_to_best"] > 0
    assert "upstream connections per 1,000 requests" in done.stdout
    check_streams(json.loads(details.read_text())[1])
    drawn = run(ROOT / "bench/plot", result, plot)
    assert drawn.returncode == 0, drawn.stderr
    words = " ".join(ElementTree.parse(plot).getroot().itertext())
    assert "post-4k" in words and "sse" in words and "HAProxy" in words


def check_streams(sse: dict[str, Any]) -> None:
    """Every stream got its events through everybody, and each event was timed."""
    names = [series["name"] for series in sse["series"]]
    assert names == ["sluice", "nginx", "haproxy", DIRECT]
    for series in sse["series"]:
        (only,) = series["rounds"]
        assert only["units"] == sum(only["delays_us"].values())
        # 200 streams of 40 a second; a busy machine may make them late, not lose them.
        assert only["units"] > WORKLOADS["sse"].connections
        assert only["requests"] == WORKLOADS["sse"].connections


def test_what_make_bench_builds_is_known_to_the_build() -> None:
    listed = subprocess.run(
        ["make", "-n", "bench"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    wanted = re.search(r"^scripts/build release (.+)$", listed, re.MULTILINE)
    assert wanted is not None, listed
    ninja = ["ninja", "-C", str(bin_dir()), "-t", "query", *wanted[1].split()]
    asked = subprocess.run(ninja, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stdout + asked.stderr


@measuring
def test_an_unknown_workload_is_refused_with_the_names_of_all() -> None:
    done = run(ROOT / "bench/compare", "small-gte")
    assert done.returncode == 2
    assert "small-gte" in done.stderr and all(name in done.stderr for name in WORKLOADS)


def a_series(name: str, *cpu_us: float, delays_us: dict[int, int] | None = None) -> rounds.Series:
    return rounds.Series(
        name, [rounds.Round(100, 10, 0, us, 1.0, 5, 0, delays_us or {}) for us in cpu_us]
    )


def test_the_ratio_is_the_median_of_pairs_against_the_better_peer() -> None:
    series = [
        a_series("sluice", 10, 20, 30),
        a_series("nginx", 20, 20, 40),
        a_series("haproxy", 50, 50, 50),
    ]
    result = report.Result.of("w", series)
    assert result.ratio_to_best == 0.75  # of 0.5, 1 and 0.75
    assert list(result.as_json()) == CONTRACT
    with_envoy = report.Result.of("w", [*series, a_series("envoy", 100, 100, 100)])
    assert list(with_envoy.as_json()) == [*CONTRACT, "envoy_us", "ratio_to_envoy"]
    assert with_envoy.ratio_to_envoy == 0.2


@pytest.mark.parametrize(("last", "noisy"), [(10, False), (12, True)])
def test_two_halves_that_disagree_are_called_noisy(last: float, noisy: bool) -> None:
    series = [
        a_series("sluice", 10, 10, last, last),
        a_series("nginx", 20, 20, 18, 18),
        a_series("haproxy", 30, 30, 30, 30),
    ]
    text = report.table(report.Result.of("w", series), series)
    assert ("noisy" in text) == noisy


def test_delays_are_held_against_the_direct_way() -> None:
    direct = a_series(DIRECT, 0, delays_us={20: 1000})
    proxied = a_series("sluice", 1, delays_us={60: 999, 20 + delays.HELD_US + 1: 1})
    seen = delays.Delays.of(proxied, direct)
    assert seen.added_p50_us == 40
    assert seen.held_per_million == 1000
    assert delays.quantile({1: 50, 2: 49, 3: 1}, 0.99) == 2


def test_every_workload_walks_many_routes_and_its_script_is_small() -> None:
    for workload in WORKLOADS.values():
        routes = workload.routes()
        assert len(set(routes)) == len(routes) >= 8, workload.name
        assert len(routes) * workload.body_bytes <= 8 << 20, workload.name
