"""Twelve sets of routes, each on a host of its own, as the oracle reads them and as manifests."""

from __future__ import annotations

from collections.abc import Mapping

from .client import Address
from .manifests import Object, ingress_class, metadata, model_route, service
from .path_oracle import OracleRule

Rules = list[OracleRule]


def exact(name: str, path: str, **more: object) -> OracleRule:
    return OracleRule(name, "exact", path, **more)  # type: ignore[arg-type]


def prefix(name: str, path: str, **more: object) -> OracleRule:
    return OracleRule(name, "prefix", path.rstrip("/"), **more)  # type: ignore[arg-type]


def regex(name: str, pattern: str, **more: object) -> OracleRule:
    return OracleRule(name, "regex", pattern, **more)  # type: ignore[arg-type]


ROUTE_SETS: dict[str, Rules] = {
    "all": [prefix("all", "/")],
    "nested": [
        prefix("root", "/"),
        prefix("a", "/a"),
        prefix("ab", "/a/b"),
        prefix("abc", "/a/b/c"),
        prefix("x", "/x"),
    ],
    "gaps": [prefix("a", "/a"), prefix("public", "/public"), prefix("v1", "/v1")],
    "exact": [
        exact("a", "/a"),
        exact("a-slash", "/a/"),
        exact("root", "/"),
        prefix("below-a", "/a"),
        exact("admin", "/admin"),
        exact("completions", "/v1/chat/completions"),
    ],
    "patterns": [
        regex("version", "/v[0-9]+/.*"),
        regex("one-element", "/a/[^/]+"),
        regex("json", r".*\.json"),
        regex("upper", "/[A-Z].*"),
        exact("a", "/a"),
        prefix("rest", "/"),
    ],
    "guard": [prefix("deny", "/admin"), prefix("public", "/public"), prefix("rest", "/")],
    "new-prefix": [
        prefix("shorter", "/api", rewrite=("prefix", "/")),
        prefix("longer", "/a", rewrite=("prefix", "/x/y")),
        prefix("renamed", "/public", rewrite=("prefix", "/admin/")),
        prefix("added", "/", rewrite=("prefix", "/base")),
    ],
    "new-path": [
        exact("a", "/a", rewrite=("full", "/fixed")),
        prefix("below-a", "/a", rewrite=("full", "/fixed/caf%C3%A9")),
        prefix("rest", "/", rewrite=("full", "/")),
    ],
    "redirects": [
        prefix("moved", "/a", redirect=("prefix", "/b")),
        prefix("cut", "/api", redirect=("prefix", "/")),
        exact("one", "/public", redirect=("full", "/fixed")),
        prefix("rest", "/"),
    ],
    "escapes": [
        prefix("cafe", "/caf%C3%A9"),
        exact("blank", "/a%20b"),
        prefix("home", "/~user"),
        prefix("semicolon", "/x%3By"),
        exact("plain-semicolon", "/a;b"),
        exact("percent", "/a%25b"),
        prefix("rest", "/"),
    ],
    "conditions": [
        prefix("v1", "/a", query=("v", "1")),
        prefix("v2", "/a", query=("v", "2")),
        prefix("post", "/a", method="POST"),
        prefix("a", "/a"),
        exact("canary", "/b", header=("x-canary", "1")),
        prefix("rest", "/"),
    ],
    "ingress": [
        prefix("one", "/"),
        prefix("two", "/a/"),
        exact("three", "/a/b"),
        prefix("three", "/v1"),
    ],
}


def host_of(name: str) -> str:
    return f"{name}.example"


def modifier(kind: str, value: str) -> Object:
    if kind == "full":
        return {"type": "ReplaceFullPath", "replaceFullPath": value}
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}


def rule_object(rule: OracleRule) -> Object:
    """A ModelRoute rule that tells the origin its name in `x-rule`."""
    types = {"exact": "Exact", "prefix": "PathPrefix", "regex": "RegularExpression"}
    match: Object = {"path": {"type": types[rule.kind], "value": rule.path or "/"}}
    if rule.method:
        match["method"] = rule.method
    if rule.header:
        match["headers"] = [{"name": rule.header[0], "value": rule.header[1]}]
    if rule.query:
        match["queryParams"] = [{"name": rule.query[0], "value": rule.query[1]}]
    if rule.redirect:
        redirect = {"path": modifier(*rule.redirect), "statusCode": 308}
        return {
            "matches": [match],
            "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
        }
    named = {"set": [{"name": "x-rule", "value": rule.name}]}
    filters: list[Object] = [{"type": "RequestHeaderModifier", "requestHeaderModifier": named}]
    if rule.rewrite:
        rewrite = {"path": modifier(*rule.rewrite)}
        filters.append({"type": "URLRewrite", "urlRewrite": rewrite})
    return {
        "matches": [match],
        "filters": filters,
        "backendRefs": [{"kind": "Service", "name": "one", "port": 80, "weight": 1}],
    }


def ingress_object(name: str, rules: Rules) -> Object:
    """The backend's name is the rule's: an Ingress has no filter that could tell it."""
    types = {"exact": "Exact", "prefix": "Prefix"}
    paths = [
        {
            "path": rule.path or "/",
            "pathType": types[rule.kind],
            "backend": {"service": {"name": rule.name, "port": {"name": "http"}}},
        }
        for rule in rules
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name),
        "spec": {
            "ingressClassName": "sluice",
            "rules": [{"host": host_of(name), "http": {"paths": paths}}],
        },
    }


def route_objects(origins: Mapping[str, Address]) -> list[Object]:
    """All sets in one table; `origins` are the Services "one", "two" and "three"."""
    objects = [ingress_class()]
    for name, address in origins.items():
        objects += service(name, [address])
    for name, rules in ROUTE_SETS.items():
        if name == "ingress":
            objects.append(ingress_object(name, rules))
        else:
            objects.append(model_route(name, host_of(name), [rule_object(rule) for rule in rules]))
    return objects
