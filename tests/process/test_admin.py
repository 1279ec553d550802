"""The steward's pages of a running proxy: what they say is what the proxy does."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lib import origin as at
from lib.client import Address, fetch
from lib.http1 import Fields
from lib.manifests import Object, ingress, ingress_class, model_route, one_route, service
from lib.origin import Origin
from lib.sluice import Sluice
from lib.waiting import until

HOST = ("Host", "test.example")
NAMES = ["a", "b", "c", "d", "e", "f"]
HOSTS = ["one.example", "two.example", "www.three.example", "nobody.example"]
ELEMENTS = ["v1", "v10", "chat", "models", "x"]


def question(method: str, target: str, fields: Fields) -> str:
    pairs = [("method", method), ("path", target)]
    for name, value in fields:
        pairs.append(("host", value) if name == "Host" else ("header", f"{name}:{value}"))
    return "/explain?" + urlencode(pairs)


async def ready(sluice: Sluice) -> None:
    """The supervisor says that workers run when it has heard from them, a beat after the table."""

    async def all_up() -> bool:
        page = await sluice.ask_steward("/readyz?verbose")
        return page.status == 200 and b"[-]" not in page.body

    await until(all_up, "the pod and all its workers are ready")


async def explained(sluice: Sluice, method: str, target: str, fields: Fields) -> dict[str, Any]:
    answer = await sluice.ask_steward(question(method, target, fields))
    assert answer.status == 200, answer.body
    told: dict[str, Any] = json.loads(answer.body)
    return told


def match(dice: random.Random) -> Object:
    path = "".join("/" + dice.choice(ELEMENTS) for _ in range(dice.randrange(3))) or "/"
    found: Object = {"path": {"type": dice.choice(["PathPrefix", "Exact"]), "value": path}}
    if dice.random() < 0.4:
        found["headers"] = [{"name": "x-team", "value": dice.choice(["red", "blue"])}]
    if dice.random() < 0.3:
        found["method"] = dice.choice(["GET", "POST"])
    return found


def generated(dice: random.Random, backends: dict[str, Address]) -> list[Object]:
    """One backend a rule, so that the origin tells which rule was chosen."""
    objects: list[Object] = [ingress_class()]
    for name, address in backends.items():
        objects += service(name, [address])
    for index, name in enumerate(NAMES):
        host = ["one.example", "two.example", "*.three.example"][index % 3]
        rules = [
            {
                "name": f"rule-{number}",
                "matches": [match(dice)],
                "backendRefs": [{"kind": "Service", "name": name, "port": 80}],
            }
            for number in range(4)
        ]
        objects.append(model_route(f"route-{name}", host, rules))
    objects.append(ingress("fallback", "one.example", {"/chat": "a"}))
    return objects


async def test_a_thousand_requests_go_where_explain_says(tmp_path: Path) -> None:
    dice = random.Random(4)
    async with AsyncExitStack() as stack:
        origins: dict[str, Origin] = {}
        for name in NAMES:
            behaviour = at.answer(body=name.encode())
            origins[name] = await stack.enter_async_context(Origin(behaviour, name))
        objects = generated(dice, {name: origin.address for name, origin in origins.items()})
        sluice = await stack.enter_async_context(Sluice(tmp_path, objects, workers=2))
        client = await stack.enter_async_context(sluice.client())
        outcomes = {"forwarded": 0, "refused": 0}
        for _ in range(1_000):
            method = dice.choice(["GET", "POST"])
            target = "".join("/" + dice.choice(ELEMENTS) for _ in range(dice.randrange(4))) or "/"
            if dice.random() < 0.1:
                target += "/../" + dice.choice(["%63hat", "v1", "%2e%2e", "a%2fb"])
            fields = [("Host", dice.choice(HOSTS))]
            if dice.random() < 0.5:
                fields.append(("X-Team", dice.choice(["red", "blue", "green"])))
            told = await explained(sluice, method, target, fields)
            outcomes[told["outcome"]] += 1
            body = b"" if method == "POST" else None
            answer = await client.request(method, target, fields, body)
            where = (method, target, fields, told)
            if told["outcome"] == "forwarded":
                assert answer.status == 200, where
                backend = f"Service/test/{answer.body.decode()}/http"
                assert told["upstream"]["backend"] == backend, where
            else:
                assert answer.reason == told["reason"], where
                if (answer.get("connection") or "").lower() == "close":
                    client = await stack.enter_async_context(sluice.client())
        assert min(outcomes.values()) > 100, outcomes


async def test_the_rule_that_explain_names_is_the_one_that_is_counted(tmp_path: Path) -> None:
    async with Origin(at.answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address]), workers=2) as sluice:
            told = await explained(sluice, "GET", "/x", [HOST])
            for _ in range(20):
                assert (await sluice.fetch("GET", "/x", [HOST])).status == 200
            rule = told["rule"]["name"]
            backend = told["upstream"]["backend"]

            async def all_counted() -> bool:
                seen = await sluice.metrics()
                labels = {"rule": rule, "backend": backend, "code": "2xx", "reason": "ok"}
                return seen.total("sluice_requests_total", **labels) == 20

            await until(all_counted, "20 requests are counted under the rule's name")


async def test_metrics_of_a_running_proxy_are_clean(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "make deps-test installs it"
    async with Origin(at.answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address]), workers=2) as sluice:
            await ready(sluice)
            await sluice.fetch("GET", "/", [HOST])
            await sluice.fetch("GET", "/", [("Host", "nobody.example")])
            seen = await sluice.metrics()
            lint = subprocess.run(
                [promtool, "check", "metrics"],
                input=seen.text.encode(),
                capture_output=True,
                check=False,
            )
            assert lint.returncode == 0 and not lint.stdout + lint.stderr, lint
            assert seen.total("sluice_worker_up") == 2
            processes = {
                labels["process"] for labels, _ in seen.series("process_resident_memory_bytes")
            }
            assert processes == {"worker-0", "worker-1", "steward", "supervisor"}


async def test_pages_over_tcp_and_who_may_see_them(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    async with Origin(at.answer()) as origin:
        options = ["--admin", "127.0.0.1:0", "--admin-token-file", str(token)]
        objects = one_route([origin.address])
        async with Sluice(tmp_path, objects, proxy_options=options) as sluice:
            await ready(sluice)
            bound = await sluice.proxy.line(r"^admin (\S+):(\d+)$")
            address = (bound[1], int(bound[2]))
            for page in ("/livez", "/readyz?verbose", "/metrics", "/snapshot"):
                assert (await fetch(address, "GET", page)).status == 200, page
            ask = question("GET", "/", [HOST])
            assert (await fetch(address, "GET", ask)).status == 401
            bearer = ("Authorization", "Bearer s3cret")
            assert (await fetch(address, "GET", ask, [HOST, bearer])).status == 200
            token.write_text("changed\n")
            assert (await fetch(address, "GET", ask, [HOST, bearer])).status == 401
            assert "s3cret" not in sluice.proxy.text()


async def test_snapshots_of_two_pods_sum_up(tmp_path: Path) -> None:
    async with Origin(at.answer()) as origin:
        sums: dict[str, int] = {}
        for pod in ("one", "two"):
            (tmp_path / pod).mkdir()
            async with Sluice(tmp_path / pod, one_route([origin.address])) as sluice:
                for _ in range(3):
                    await sluice.fetch("GET", "/", [HOST])

                async def ended(running: Sluice = sluice) -> dict[str, int]:
                    page = json.loads((await running.ask_steward("/snapshot")).body)
                    return {
                        slot["id"]: sum(count for reason, _, count in slot["ended"])
                        for slot in page["slots"]
                        if slot["id"] not in ("none", "other")
                    }

                async def all_ended() -> bool:
                    return sum((await ended()).values()) == 3

                await until(all_ended, "three requests ended")
                for identity, count in (await ended()).items():
                    sums[identity] = sums.get(identity, 0) + count
        assert list(sums.values()) == [6], "one identity, the same in both pods"
