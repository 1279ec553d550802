"""What reaches an origin, and what a client gets when nothing is routed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib import origin as at
from lib.http1 import Response
from lib.manifests import ingress, ingress_class, model_route, one_route, rule, service
from lib.origin import Origin
from lib.sluice import Sluice

HOST = ("Host", "test.example")


async def test_ingress_and_model_route_side_by_side(tmp_path: Path) -> None:
    async with Origin(at.answer(body=b"web"), "web") as web, Origin(
        at.answer(body=b"llm"), "llm"
    ) as llm:
        objects = [
            ingress_class(),
            *service("web", [web.address]),
            *service("llm", [llm.address]),
            ingress("site", "test.example", {"/": "web"}),
            model_route("chat", "test.example", [rule({"llm": 1}, path="/v1")]),
        ]
        async with Sluice(tmp_path, objects) as sluice:
            assert (await sluice.fetch("GET", "/page?q=1", [HOST])).body == b"web"
            assert (await sluice.fetch("GET", "/v1/models", [HOST])).body == b"llm"
            assert (
                await sluice.fetch("GET", "/v10", [HOST])
            ).body == b"web", "a prefix ends at an element"
        assert [seen.request.target for seen in web.seen] == ["/page?q=1", "/v10"]


async def test_forwarded_fields_are_ours_and_hops_end_here(tmp_path: Path) -> None:
    async with Origin(
        at.answer(fields=[("X-App", "1"), ("Connection", "x-hop"), ("X-Hop", "1")])
    ) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            response = await sluice.fetch(
                "GET",
                "/",
                [
                    HOST,
                    ("X-Forwarded-For", "6.6.6.6"),
                    ("X-Forwarded-Proto", "https"),
                    ("X-Forwarded-Host", "evil"),
                    ("Forwarded", "for=6.6.6.6"),
                    ("X-Real-IP", "6.6.6.6"),
                    ("Connection", "keep-alive, x-secret-hop"),
                    ("X-Secret-Hop", "1"),
                    ("Keep-Alive", "timeout=5"),
                    ("Proxy-Connection", "keep-alive"),
                    ("TE", "gzip"),
                    ("Authorization", "Bearer abc"),
                    ("Cookie", "a=b"),
                    ("X-Custom", "kept"),
                ],
            )
            port = sluice.address[1]
        request = origin.seen[0].request
        assert request.get("x-forwarded-for") == "127.0.0.1"
        assert request.get("x-forwarded-proto") == "http"
        assert request.get("x-forwarded-host") == "test.example"
        assert request.get("x-forwarded-port") == str(port)
        assert request.get("host") == "test.example"
        for gone in (
            "forwarded",
            "x-real-ip",
            "x-secret-hop",
            "keep-alive",
            "proxy-connection",
            "te",
        ):
            assert request.get(gone) is None, gone
        assert request.get("authorization") == "Bearer abc"
        assert request.get("cookie") == "a=b"
        assert request.get("x-custom") == "kept"
        assert response.get("x-app") == "1"
        assert response.get("x-hop") is None


async def test_request_ids_are_kept_or_made_and_traces_pass(tmp_path: Path) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with Origin(at.answer()) as origin:
        async with Sluice(tmp_path, one_route([origin.address])) as sluice:
            await sluice.fetch("GET", "/", [("X-Request-Id", "my-id"), ("traceparent", trace)])
            await sluice.fetch("GET", "/")
            await sluice.fetch("GET", "/")
            await sluice.fetch("GET", "/", [("X-Request-Id", "x" * 129)])
            nowhere = await sluice.fetch(
                "GET", "/", [("Host", "no.example"), ("X-Request-Id", "lost-1")]
            )
        assert nowhere.get("x-request-id") == "lost-1", "a local answer can be found in logs too"
        kept, made, other, replaced = origin.ids()
        assert kept == "my-id"
        assert origin.seen[0].request.get("traceparent") == trace
        for name in (made, other, replaced):
            assert len(name) == 32 and set(name) <= set("0123456789abcdef"), name
        assert len({made, other, replaced}) == 3


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1/embeddings"])
async def test_misses_on_ai_paths_have_openais_shape(tmp_path: Path, path: str) -> None:
    async with Sluice(tmp_path, one_route([], host="known.example")) as sluice:
        response = await sluice.fetch("GET", path, [("Host", "unknown.example")])
    assert (response.status, response.reason) == (404, "no_host")
    error = json.loads(response.body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == "no_host"
    assert "unknown.example" in error["message"], "it says what was asked for"


async def test_misses_elsewhere_are_problems_that_name_the_near_miss(tmp_path: Path) -> None:
    objects = [
        ingress_class(),
        *service("app", []),
        ingress("site", "known.example", {"/shop": "app"}),
    ]
    async with Sluice(tmp_path, objects) as sluice:
        response = await sluice.fetch("GET", "/shoop", [("Host", "known.example")])
    assert (response.status, response.reason) == (404, "no_route")
    assert response.get("content-type") == "application/problem+json"
    problem = json.loads(response.body)
    assert problem["status"] == 404
    assert "/shop" in problem["detail"], "it names what came closest"


async def test_a_service_without_endpoints_and_one_that_does_not_exist(tmp_path: Path) -> None:
    objects = [
        ingress_class(),
        *service("empty", []),
        model_route(
            "r", "test.example", [rule({"empty": 1}, "/empty"), rule({"missing": 1}, "/missing")]
        ),
    ]
    async with Sluice(tmp_path, objects) as sluice:
        assert outcome(await sluice.fetch("GET", "/empty", [HOST])) == (503, "no_endpoints")
        assert outcome(await sluice.fetch("GET", "/missing", [HOST])) == (500, "backend_not_found")


async def test_rewrites_redirects_and_header_filters(tmp_path: Path) -> None:
    rewrite = {
        "type": "URLRewrite",
        "urlRewrite": {
            "hostname": "inner.example",
            "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/api"},
        },
    }
    set_fields = {
        "type": "RequestHeaderModifier",
        "requestHeaderModifier": {"set": [{"name": "X-Set", "value": "new"}], "remove": ["X-Gone"]},
    }
    on_response = {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"add": [{"name": "X-Added", "value": "1"}], "remove": ["X-App"]},
    }
    redirect = {
        "type": "RequestRedirect",
        "requestRedirect": {"scheme": "https", "statusCode": 301},
    }
    rules = [
        rule({"app": 1}, "/old", filters=[rewrite, set_fields, on_response]),
        {"matches": [{"path": {"type": "Exact", "value": "/moved"}}], "filters": [redirect]},
    ]
    async with Origin(at.answer(fields=[("X-App", "1")])) as origin:
        objects = [
            ingress_class(),
            *service("app", [origin.address]),
            model_route("r", "test.example", rules),
        ]
        async with Sluice(tmp_path, objects) as sluice:
            response = await sluice.fetch(
                "GET", "/old/a?b=1", [HOST, ("X-Set", "old"), ("X-Gone", "1")]
            )
            moved = await sluice.fetch("GET", "/moved?x=1", [HOST])
        request = origin.seen[0].request
        assert request.target == "/api/a?b=1"
        assert request.get("host") == "inner.example"
        assert request.get("x-set") == "new" and request.get("x-gone") is None
        assert response.get("x-added") == "1" and response.get("x-app") is None
        assert moved.status == 301
        assert moved.get("location") == "https://test.example/moved?x=1"


def outcome(response: Response) -> tuple[int, str | None]:
    return response.status, response.reason
