"""Thousands of routes over hundreds of manifest files, origins to tell them apart by, and the
controller's own numbers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


HOSTS_PER_INGRESS = 5
INGRESSES_PER_FILE = 5
PATHS = 10


@dataclass
class Estate:
    """A large cluster's objects: hosts with ten paths each, over as many Services as are given, in
    hundreds of files. Host h's path p goes to Service `service_of(h, p)`."""

    directory: Path
    hosts: int
    services: int

    def service_of(self, host: int, path: int) -> int:
        return (host * 13 + path * 7) % self.services

    def path_of(self, host: int, path: int) -> str:
        return f"/v{path}/area{(host * 7 + path) % 100}"

    def write_routes(self) -> None:
        self.directory.mkdir(exist_ok=True)
        per_file = HOSTS_PER_INGRESS * INGRESSES_PER_FILE
        for number in range(-(-self.hosts // per_file)):
            self.write_file(number, self.service_of)

    def file_of(self, host: int) -> int:
        return host // (HOSTS_PER_INGRESS * INGRESSES_PER_FILE)

    def write_file(self, number: int, service_of: Callable[[int, int], int]) -> None:
        """Replaces one file, with other Services if `service_of` says so."""
        first = number * INGRESSES_PER_FILE
        objects = [
            self._ingress(ingress_number, service_of)
            for ingress_number in range(first, first + INGRESSES_PER_FILE)
        ]
        path = self.directory / f"estate-{number:05d}.yaml"
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text("---\n".join(objects))
        os.replace(temporary, path)

    def _ingress(self, number: int, service_of: Callable[[int, int], int]) -> str:
        lines = [
            "apiVersion: networking.k8s.io/v1",
            "kind: Ingress",
            f"metadata:\n  name: web-{number}\n  namespace: test",
            "spec:\n  ingressClassName: sluice\n  rules:",
        ]
        first = number * HOSTS_PER_INGRESS
        for host in range(first, min(first + HOSTS_PER_INGRESS, self.hosts)):
            lines.append(f"  - host: {host_of(host)}\n    http:\n      paths:")
            for path in range(PATHS):
                lines.append(
                    f"      - path: {self.path_of(host, path)}\n"
                    "        pathType: Prefix\n"
                    "        backend:\n"
                    "          service:\n"
                    f"            name: s{service_of(host, path)}\n"
                    "            port:\n"
                    "              name: http"
                )
        return "\n".join(lines) + "\n"

    def write_services(self, per_service: int, port: int, per_file: int = 50) -> None:
        """Each with endpoints on loopback addresses of its own, all on one port: who listens there
        on every address sees by the address which Service was asked."""
        for first in range(0, self.services, per_file):
            numbers = range(first, min(first + per_file, self.services))
            text = "---\n".join(_service_text(number) for number in numbers)
            (self.directory / f"services-{first:05d}.yaml").write_text(text)
            for number in numbers:
                self.write_slice(number, per_service, port)

    def write_slice(self, number: int, per_service: int, port: int) -> None:
        path = self.directory / f"slice-{number:05d}.yaml"
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(_slice_text(number, per_service, port))
        os.replace(temporary, path)


def address_of(service: int, endpoint: int) -> str:
    return f"127.{1 + service // 250}.{1 + service % 250}.{1 + endpoint}"


def service_at(address: str) -> int:
    """The other way round."""
    _, high, low, _ = (int(part) for part in address.split("."))
    return (high - 1) * 250 + low - 1


def _service_text(number: int) -> str:
    return (
        "apiVersion: v1\nkind: Service\n"
        f"metadata:\n  name: s{number}\n  namespace: test\n"
        "spec:\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n"
    )


def _slice_text(number: int, endpoints: int, port: int) -> str:
    lines = [
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        f"metadata:\n  name: s{number}-1\n  namespace: test\n"
        f"  labels:\n    kubernetes.io/service-name: s{number}\n"
        f"addressType: IPv4\nports:\n- name: http\n  port: {port}\n  protocol: TCP\nendpoints:"
    ]
    for endpoint in range(endpoints):
        lines.append(
            f"- addresses:\n  - {address_of(number, endpoint)}\n"
            "  conditions:\n    ready: true\n"
            f"  targetRef:\n    kind: Pod\n    namespace: test\n    name: s{number}-{endpoint}"
        )
    return "\n".join(lines) + "\n"


class Everywhere:
    """An origin on every loopback address: answers with the address that it was asked at."""

    async def __aenter__(self) -> "Everywhere":
        self._server = await asyncio.start_server(self._serve, "0.0.0.0", 0, backlog=4096)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = writer.get_extra_info("sockname")[0].encode()
        answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()


def cpu_ms(pid: int) -> float:
    """CPU time of a process's threads so far, exact to the nanosecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int(task.read_text().split()[0])
    return total / 1e6
