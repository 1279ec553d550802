"""A canary by editing a file under load: exact splits, nothing lost, traffic moves at once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from lib.load import Load
from lib.manifests import Object, ingress_class, model_route, rule, service
from lib.programs import ModelSim
from lib.sluice import Sluice
from lib.waiting import until_true

REQUESTS = 20_000
ALLOWED_ERROR = 0.001
MOVES_WITHIN_S = 0.1  # twice the mark of 50 ms, for a machine with other work


def objects(stable: ModelSim, canary: ModelSim, weights: tuple[int, int]) -> list[Object]:
    split = rule({"stable": weights[0], "canary": weights[1]})
    return [
        ingress_class(),
        *service("stable", [stable.address]),
        *service("canary", [canary.address]),
        model_route("chat", "test.example", [split]),
    ]


async def test_canary_under_load(tmp_path: Path) -> None:
    async with ModelSim(tmp_path, "stable") as stable, ModelSim(tmp_path, "canary") as canary:
        async with Sluice(tmp_path, objects(stable, canary, (100, 0))) as sluice:
            load = Load(sluice.address, "/bench/x", [("Host", "test.example")])
            running = asyncio.create_task(load.run())
            await until_true(lambda: len(load.answered) >= 2000, "some load at 100/0", timeout_s=60)
            assert set(load.pods()) == {"stable"}

            edited_at = time.monotonic()
            sluice.apply(objects(stable, canary, (90, 10)))
            await until_true(lambda: "canary" in load.pods(edited_at), "the canary gets traffic")
            first = next(item for item in load.answered if item.pod == "canary")
            # Ten requests may pass before the first one in ten: a few ms of the time.
            report_move("100/0 -> 90/10", first.received_at - edited_at)

            start = len(load.answered)
            await until_true(
                lambda: len(load.answered) >= start + REQUESTS, "the split's load", timeout_s=90
            )
            window = load.answered[start : start + REQUESTS]
            share = sum(item.pod == "canary" for item in window) / REQUESTS
            print(f"canary's share of {REQUESTS} requests at 90/10: {share:.4%}")
            assert abs(share - 0.10) <= ALLOWED_ERROR

            edited_at = time.monotonic()
            sluice.apply(objects(stable, canary, (0, 100)))
            await until_true(lambda: quiet_for(load, "stable", 500), "stable gets no more traffic")
            last = max(item.sent_at for item in load.answered if item.pod == "stable")
            report_move("90/10 -> 0/100", max(0.0, last - edited_at))

            load.stop()
            await running
        assert not load.failures, load.failures[:5]
        pods = load.pods()
        assert (
            pods["stable"] == await stable.metric("sim_requests_total") - 1
        )  # less the look itself
        assert pods["canary"] == await canary.metric("sim_requests_total") - 1


def quiet_for(load: Load, pod: str, requests: int) -> bool:
    tail = load.answered[-requests:]
    return len(tail) == requests and all(item.pod != pod for item in tail)


def report_move(what: str, took_s: float) -> None:
    print(f"{what}: traffic moved {took_s * 1000:.1f} ms after the edit")
    assert took_s <= MOVES_WITHIN_S


async def test_an_edit_that_does_not_parse_changes_nothing(tmp_path: Path) -> None:
    async with ModelSim(tmp_path, "stable") as stable, ModelSim(tmp_path, "canary") as canary:
        async with Sluice(tmp_path, objects(stable, canary, (100, 0))) as sluice:
            good = sluice.manifest.read_text()
            sluice.manifest.write_text(
                good.replace('"backendRefs"', "backendRefs: [", 1) + "\n: : :\n"
            )
            other = (
                sluice.manifest_dir / "other.yaml"
            )  # a second file is the proof that the edit was looked at
            other.write_text(
                good.replace('"test.example"', '"other.example"').replace('"chat"', '"chat2"')
            )
            await until_true(
                lambda: "all.yaml" in sluice.controller.text(), "the problem is printed"
            )
            for host in ("test.example",):
                response = await sluice.fetch("GET", "/bench/x", [("Host", host)])
                assert response.get("x-sim-pod") == "stable"
