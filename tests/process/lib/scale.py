"""Thousands of routes over hundreds of manifest files, and the controller's own numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from .client import Address
from .http1 import read_response, render
from .manifests import ingress, service, write
from .sluice import Sluice

ROUTES_PER_FILE = 25


def host_of(number: int) -> str:
    return f"h{number}.example"


def write_routes(directory: Path, count: int, service_name: str) -> list[Path]:
    """`count` Ingresses with a host of their own, to one Service, 25 a file."""
    directory.mkdir(exist_ok=True)
    files: list[Path] = []
    for first in range(0, count, ROUTES_PER_FILE):
        path = directory / f"routes-{first // ROUTES_PER_FILE:04d}.yaml"
        numbers = range(first, min(first + ROUTES_PER_FILE, count))
        write(path, [ingress(f"r{n}", host_of(n), {"/": service_name}) for n in numbers])
        files.append(path)
    return files


def write_service(directory: Path, name: str, endpoints: Sequence[Address]) -> None:
    """The Service in one file and its slices in another: slices change on their own."""
    made = service(name, endpoints)
    write(directory / f"{name}.yaml", made[:1])
    write_slices(directory, name, endpoints)


def write_slices(directory: Path, name: str, endpoints: Sequence[Address]) -> None:
    write(directory / f"{name}-slices.yaml", service(name, endpoints)[1:])


async def admin_page(sluice: Sluice, path: str) -> str:
    """A page of the controller's admin socket."""
    reader, writer = await asyncio.open_unix_connection(str(sluice.admin_socket), limit=1 << 24)
    try:
        writer.write(render(f"GET {path} HTTP/1.1", [("Host", "admin"), ("Connection", "close")]))
        return (await read_response(reader, "GET")).body.decode()
    finally:
        writer.close()


class Figures(dict[str, float]):
    """Samples of the controller's /metrics by name and labels, without their common prefix."""

    def since(self, before: "Figures", name: str) -> int:
        return int(self[name] - before[name])


async def figures(sluice: Sluice) -> Figures:
    found = Figures()
    for line in (await admin_page(sluice, "/metrics")).splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name.removeprefix("sluice_controller_")] = float(value)
    return found
