"""The harness against the simulator and itself: a wrong tool would make every other test lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib import origin as at
from lib.client import Client, fetch
from lib.docs import blocks_of, script_of
from lib.http1 import Closed, Malformed, chunked
from lib.load import Load
from lib.manifests import to_yaml
from lib.origin import Origin, refusing_address
from lib.programs import ModelSim
from lib.twosided import assert_no_duplicates, assert_same
from lib.waiting import until_true


async def test_load_counts_the_pods_of_a_simulator(tmp_path: Path) -> None:
    async with ModelSim(tmp_path, "pod-a") as sim:
        load = Load(sim.address, "/bench/x", connections=4)
        await load.run(requests=400)
        assert not load.failures
        assert load.pods() == {"pod-a": 400}
        assert await sim.metric("sim_connections_total") == 5  # the look itself is the fifth


async def test_client_reads_streams_and_cuts(tmp_path: Path) -> None:
    async with ModelSim(tmp_path, "pod-a") as sim:
        whole = await fetch(sim.address, "GET", "/bench/bytes/100000")
        assert len(whole.body) == 100000
        with pytest.raises(Closed) as cut:
            await fetch(sim.address, "GET", "/bench/x", [("x-sim-fault", "reset-before")])
        assert cut.value.reset
        with pytest.raises(Malformed):
            await fetch(sim.address, "GET", "/bench/x", [("x-sim-fault", "garbage")])


async def test_origin_records_bodies_ids_and_departures() -> None:
    async with Origin(at.in_turn(at.answer(), at.stall())) as origin:
        async with Client(origin.address) as client:
            body = chunked(b"ab", b"c", trailers=[("X-T", "1")])
            fields = [("Transfer-Encoding", "chunked"), ("X-Request-Id", "one")]
            assert (await client.request("POST", "/p", fields, body)).body == at.OK_BODY
            await client.send_request("GET", "/q")
            await until_true(lambda: len(origin.seen) == 2, "the second request arrived")
            left_at = client.abort()
        await until_true(lambda: origin.seen[1].gone_at is not None, "the departure was seen")
        first, second = origin.seen
        assert first.request.body == b"abc" and first.request.trailers == [("X-T", "1")]
        assert origin.ids() == ["one", ""]
        assert second.gone_at is not None and 0 <= second.gone_at - left_at < 1


async def test_origin_tells_of_malformed_requests() -> None:
    origin = Origin(at.answer())
    with pytest.raises(AssertionError, match="no Host"):
        async with origin, Client(origin.address) as client:
            await client.send(b"GET / HTTP/1.1\r\n\r\n")
            await client.closed_by_peer()


async def test_a_refusing_address_refuses() -> None:
    with pytest.raises(ConnectionRefusedError):
        await fetch(refusing_address(), "GET", "/")


async def test_two_sided_comparison_sees_what_differs() -> None:
    async with Origin(at.answer()) as origin:
        for name in ("a", "b", "b"):
            await fetch(origin.address, "GET", "/", [("X-Request-Id", name)])
        assert_same(["a", "b", "b"], [origin])
        with pytest.raises(AssertionError, match="only at origins"):
            assert_same(["a", "b"], [origin])
        with pytest.raises(AssertionError, match="more than once"):
            assert_no_duplicates([origin])


def test_manifests_are_the_yaml_they_stand_for() -> None:
    written = to_yaml({"a": [{"b": "x: y", "c": [1, True]}, "d"], "e": {}, "f": {"g": [[1]]}})
    assert written == """a:
  - b: "x: y"
    c:
      - 1
      - true
  - "d"
e: {}
f:
  g:
    - - 1"""


def test_docs_blocks_are_found_and_skips_keep_their_reason(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# T\n```sh\necho a\n```\n```console\n$ no\n```\n```sh skip needs a cluster\nx\n```\n"
        "```sh skip\ny\n```\n```shell\nz\n```\n"
    )
    blocks = blocks_of(page)
    assert [(block.line, block.skip_reason) for block in blocks] == [
        (2, None),
        (5, ""),
        (8, "needs a cluster"),
        (11, ""),
        (14, ""),
    ]
    assert script_of(blocks[:1]).endswith("echo a\n")
