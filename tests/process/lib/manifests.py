"""Manifests as Kubernetes writes them, for endpoints on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .client import Address

Object = dict[str, Any]
NAMESPACE = "test"


def metadata(name: str, **more: Any) -> Object:
    return {"name": name, "namespace": NAMESPACE, **more}


def ingress_class(name: str = "sluice") -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name},
        "spec": {"controller": "sluice.dev/ingress-controller"},
    }


def service(name: str, endpoints: Sequence[Address]) -> list[Object]:
    """A Service and its slices, one an endpoint: on loopback each has a port of its own."""
    objects: list[Object] = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(name),
            "spec": {
                "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
            },
        }
    ]
    for index, (host, port) in enumerate(endpoints):
        objects.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": metadata(
                    f"{name}-{index}", labels={"kubernetes.io/service-name": name}
                ),
                "addressType": "IPv6" if ":" in host else "IPv4",
                "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
                "endpoints": [
                    {
                        "addresses": [host],
                        "conditions": {"ready": True, "serving": True, "terminating": False},
                        "targetRef": {
                            "kind": "Pod",
                            "namespace": NAMESPACE,
                            "name": f"{name}-{index}",
                        },
                    }
                ],
            }
        )
    return objects


def ingress(name: str, host: str, paths: Mapping[str, str]) -> Object:
    """Prefix paths to Services, all on their port "http"."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name),
        "spec": {
            "ingressClassName": "sluice",
            "rules": [
                {
                    "host": host,
                    "http": {
                        "paths": [
                            {
                                "path": path,
                                "pathType": "Prefix",
                                "backend": {"service": {"name": target, "port": {"name": "http"}}},
                            }
                            for path, target in paths.items()
                        ]
                    },
                }
            ],
        },
    }


def rule(weights: Mapping[str, int], path: str = "/", **more: Any) -> Object:
    """A ModelRoute rule: prefix to Services by weight. `more`: timeouts, filters …"""
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "backendRefs": [
            {"kind": "Service", "name": name, "port": 80, "weight": weight}
            for name, weight in weights.items()
        ],
        **more,
    }


def model_route(name: str, host: str, rules: Sequence[Object]) -> Object:
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "ModelRoute",
        "metadata": metadata(name),
        "spec": {"ingressClassName": "sluice", "hostnames": [host], "rules": list(rules)},
    }


def to_yaml(value: Any, indent: int = 0) -> str:
    """Block style as kubectl prints it; strings are quoted, so no scalar is misread."""
    pad = "  " * indent
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            nested = isinstance(item, (dict, list)) and item
            text = "\n" + to_yaml(item, indent + 1) if nested else " " + _scalar(item)
            lines.append(f"{pad}{key}:{text}")
    else:
        for item in value:
            nested = isinstance(item, (dict, list)) and item
            text = to_yaml(item, indent + 1).lstrip() if nested else _scalar(item)
            lines.append(f"{pad}- {text}")
    return "\n".join(lines)


def _scalar(value: Any) -> str:
    return json.dumps(value)  # YAML takes JSON's scalars, [] and {}


def write(path: Path, objects: Sequence[Object]) -> None:
    """One multi-document file, replaced atomically as editors and tools do."""
    text = "---\n".join(to_yaml(item) + "\n" for item in objects)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    os.replace(temporary, path)


def one_route(
    endpoints: Sequence[Address], host: str = "test.example", **rule_fields: Any
) -> list[Object]:
    """The smallest set: one Service behind one ModelRoute that takes everything of the host."""
    return [
        ingress_class(),
        *service("app", endpoints),
        model_route("route", host, [rule({"app": 1}, **rule_fields)]),
    ]
