"""User instructions of the worker per request, each one logged: what no noisy neighbour moves."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from bench.lib.workloads import WORKLOADS, Workload
from counted import build_shim
from lib.client import Address, Client
from lib.manifests import ingress, ingress_class, service
from lib.programs import ModelSim, program
from lib.sluice import Sluice

BUDGET = Path(__file__).resolve().parent / "budget.json"
TOLERANCE = 1.03
ROUNDS = (10, 40)  # of one request on each of the connections


async def test_small_get_stays_within_its_budget(tmp_path: Path) -> None:
    workload = WORKLOADS["small-get"]
    totals = []
    for rounds in ROUNDS:
        directory = tmp_path / str(rounds)
        directory.mkdir()
        totals.append(await instructions_of_worker(directory, workload, rounds))
    # The slope: what starting, compiling the table and ending cost is in both.
    per_request = (totals[1] - totals[0]) / ((ROUNDS[1] - ROUNDS[0]) * workload.connections)
    budget = json.loads(BUDGET.read_text())["small-get"]["user_instructions"]
    print(f"{per_request:.0f} user instructions a request; budget {budget}")
    assert per_request <= budget * TOLERANCE
    assert per_request >= budget / 2, "half of it gained: lower the budget"


async def instructions_of_worker(directory: Path, workload: Workload, rounds: int) -> int:
    # Valgrind 3.19 gives up on the debug information of clang 19, so it gets a binary without.
    stripped = directory / "sluice-proxy"
    subprocess.run(["strip", "-o", stripped, program("sluice-proxy")], check=True)
    profile = directory / "callgrind.out"
    command = [
        f"{shutil.which('valgrind')} --tool=callgrind --callgrind-out-file={profile}",
        f"--log-file={directory}/valgrind.log {stripped}",
    ]
    environment = {
        **os.environ,
        "LD_PRELOAD": str(build_shim("worker_exec", directory)),
        "SLUICE_WORKER_PREFIX": " ".join(command),
    }
    async with ModelSim(directory, "origin") as origin:
        paths = {prefix: "app" for prefix in workload.prefixes()}
        objects = [ingress_class(), *service("app", [origin.address])]
        objects += [ingress(f"s{i}", host, paths) for i, host in enumerate(workload.hosts())]
        log = f"file:{directory}/access.log"
        async with Sluice(directory, objects, proxy_env=environment, access_log=log) as sluice:
            await load(sluice.address, workload, rounds)
    return total_instructions(profile)


async def load(address: Address, workload: Workload, rounds: int) -> None:
    """All connections send, then all read: the worker gets batches as under a full load."""
    clients = [await Client(address).__aenter__() for _ in range(workload.connections)]
    hosts, prefixes = workload.hosts(), workload.prefixes()
    for number in range(rounds):
        for index, client in enumerate(clients):
            at = number * workload.connections + index
            host, prefix = hosts[at % len(hosts)], prefixes[at % len(prefixes)]
            await client.send_request("GET", workload.target(prefix), [("Host", host)])
        answers = await asyncio.gather(*(client.response(timeout_s=60) for client in clients))
        assert {answer.status for answer in answers} == {200}
    for client in clients:
        client.close()


def total_instructions(profile: Path) -> int:
    found = re.search(r"^totals: (\d+)$", profile.read_text(errors="replace"), re.MULTILINE)
    assert found, f"{profile} has no totals: did the worker end in order?"
    return int(found[1])
