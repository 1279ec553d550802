"""The quickstart as a newcomer meets it: one command, words stream, an edit moves traffic."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lib.client import Address, Client, fetch
from lib.http1 import read_chunk
from lib.programs import ROOT, Program, program
from lib.waiting import until

SECOND_START_S = 5.0  # the mark for a second `make run`, building included; here it is only started
MOVES_WITHIN_S = 0.1
QUESTION = {
    "model": "chat",
    "stream": True,
    "max_tokens": 6,
    "messages": [{"role": "user", "content": "Hello"}],
}


def copy_with_own_ports(target: Path) -> None:
    """The example's fixed ports are for people; two tests at a time need ports of their own."""
    shutil.copytree(ROOT / "examples" / "quickstart", target)
    services = target / "services.yaml"
    text = services.read_text()
    for port in sorted(set(re.findall(r"port: (18\d{3})", text))):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            text = text.replace(f"port: {port}", f"port: {probe.getsockname()[1]}")
    services.write_text(text)


@asynccontextmanager
async def quickstart(tmp_path: Path) -> AsyncIterator[tuple[Address, Path]]:
    manifests = tmp_path / "quickstart"
    copy_with_own_ports(manifests)
    command = [program("sluicectl"), "run", manifests, "--simulate", "--listen", "127.0.0.1:0"]
    started = time.monotonic()
    async with Program(tmp_path / "run.log", *command) as run:
        await run.line(r"^stop ")
        gateway = await run.line(r"^gateway\s+http://(\S+):(\d+)")
        took_s = time.monotonic() - started
        print(f"started in {took_s:.2f} s; it says:\n{run.text()}")
        assert took_s <= SECOND_START_S
        yield (gateway[1], int(gateway[2])), manifests


async def test_words_stream_one_by_one(tmp_path: Path) -> None:
    async with quickstart(tmp_path) as (gateway, _), Client(gateway) as client:
        await client.send_request("POST", "/v1/chat/completions", [], json.dumps(QUESTION).encode())
        head = await client.response_head()
        assert head.status == 200
        assert (head.get("content-type") or "").startswith("text/event-stream")
        assert head.get("x-sim-pod") == "llama-stable-0"
        words, times = [], []
        while event := await asyncio.wait_for(read_chunk(client.reader), 10):
            times.append(time.monotonic())
            for line in event.decode().split("\n\n"):
                if line.startswith("data: {"):
                    choice = json.loads(line.removeprefix("data: "))["choices"][0]
                    words.append(choice["delta"].get("content", ""))
        text = "".join(words)
        print(f"the model says: {text!r}")
        assert len(text.split()) == 6
        assert times[-1] - times[0] > 0.05, "they come one by one, not all at the end"


async def test_an_edit_moves_traffic_at_once(tmp_path: Path) -> None:
    async with quickstart(tmp_path) as (gateway, manifests):

        async def pod() -> str | None:
            return (await fetch(gateway, "GET", "/v1/models")).get("x-sim-pod")

        assert {await pod() for _ in range(20)} == {"llama-stable-0"}
        route = manifests / "route.yaml"
        text = route.read_text()
        swapped = text.replace("weight: 100", "weight: -").replace("weight: 0", "weight: 100")
        edited_at = time.monotonic()
        route.write_text(swapped.replace("weight: -", "weight: 0"))

        async def moved() -> bool:
            return await pod() == "llama-canary-0"

        await until(moved, "the canary answers", timeout_s=5)
        took_s = time.monotonic() - edited_at
        print(f"traffic moved {took_s * 1000:.1f} ms after the edit")
        assert took_s <= MOVES_WITHIN_S
        assert {await pod() for _ in range(20)} == {"llama-canary-0"}


async def test_the_embeddings_have_their_own_service(tmp_path: Path) -> None:
    async with quickstart(tmp_path) as (gateway, _):
        body = b'{"model":"embed","input":"a sluice gate"}'
        answer = await fetch(gateway, "POST", "/v1/embeddings", [], body)
        assert answer.status == 200 and answer.get("x-sim-pod") == "embed-0"
