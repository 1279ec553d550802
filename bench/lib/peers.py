"""The candidates: each is started once, told where the endpoints are, and measured in its turns."""

from __future__ import annotations

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from lib.client import Address, Client
from lib.manifests import ingress, ingress_class, service
from lib.programs import Program, descendants
from lib.sluice import Sluice
from lib.waiting import until

from .workloads import DIRECT, Workload

TEMPLATES = Path(__file__).resolve().parent.parent / "peers"
ROOT = TEMPLATES.parent.parent


@dataclass(frozen=True)
class Setting:
    work_dir: Path
    workload: Workload
    endpoints: Sequence[Address]
    prefix: Sequence[str]  # taskset, nice: before each command line
    logging: bool = True


def pinned(core: int) -> list[str]:
    """Before every command line: one core for all, and first in line where we may ask for it."""
    polite = ["nice", "-n", "-15"] if os.geteuid() == 0 else []
    return ["taskset", "-c", str(core), *polite]


class Candidate(ABC):
    name: str
    address: Address
    connections: int = 1  # how many times the workload's
    routes: bool = True  # knows which hosts and paths are served

    @abstractmethod
    async def start(self, setting: Setting, stack: AsyncExitStack) -> None:
        """Ready when it returns; the stack ends it."""

    @abstractmethod
    def pids(self) -> list[int]:
        """All processes that are part of it: parents before children."""


class Direct(Candidate):
    """No proxy at all: the way that delays are held against."""

    name = DIRECT
    routes = False

    async def start(self, setting: Setting, stack: AsyncExitStack) -> None:
        self.address = setting.endpoints[0]

    def pids(self) -> list[int]:
        return []


class SluiceCandidate(Candidate):
    name = "sluice"

    def __init__(self, workers: int = 1, connections: int = 1) -> None:
        """`connections`: how many times the workload's."""
        self.connections = connections
        self.workers = workers
        if (workers, connections) != (1, 1):
            self.name = f"sluice, {workers} workers, {connections} times the connections"

    async def start(self, setting: Setting, stack: AsyncExitStack) -> None:
        paths = {prefix: "app" for prefix in setting.workload.prefixes()}
        objects = [ingress_class(), *service("app", setting.endpoints)]
        objects += [
            ingress(f"site-{index}", host, paths)
            for index, host in enumerate(setting.workload.hosts())
        ]
        work_dir = setting.work_dir / self.name.replace(" ", "-").replace(",", "")
        # Not beside the manifests: the controller would be told of every line.
        log_dir = work_dir.with_name(work_dir.name + "-log")
        for directory in (work_dir, log_dir):
            directory.mkdir()
        log = f"file:{log_dir}/access.log" if setting.logging else "off"
        self._sluice = Sluice(
            work_dir, objects, prefix=setting.prefix, workers=self.workers, access_log=log
        )
        await stack.enter_async_context(self._sluice)
        self.address = self._sluice.address

    def pids(self) -> list[int]:
        pids = [self._sluice.controller.pid, self._sluice.proxy.pid]
        return pids + [child for pid in pids for child in descendants(pid)]


class Peer(Candidate):
    """A program with a config file from a template."""

    template: str
    program: str

    async def start(self, setting: Setting, stack: AsyncExitStack) -> None:
        self.address = free_address()
        self.directory = setting.work_dir / self.name.replace(", ", "-").replace(" ", "-")
        self.directory.mkdir()
        setting.work_dir.chmod(0o711)  # nginx's worker is another user, with files of its own
        config = self.directory / self.template.removesuffix(".in")
        text = (TEMPLATES / self.template).read_text()
        for name, value in self.values(setting).items():
            text = text.replace(f"@{name}@", value)
        config.write_text(text)
        arguments = [self.program, *self.options(config)]
        self._program = Program(self.directory / "output", *setting.prefix, *arguments)
        await stack.enter_async_context(self._program)
        await until(self._accepts, f"{self.name} accepts connections")

    async def _accepts(self) -> bool:
        if not self._program.running():
            raise RuntimeError(f"{self.name} ended:\n{self._program.text()}")
        try:
            async with Client(self.address):
                return True
        except ConnectionRefusedError:
            return False

    def pids(self) -> list[int]:
        return [self._program.pid, *descendants(self._program.pid)]

    @abstractmethod
    def values(self, setting: Setting) -> dict[str, str]:
        """What stands for @NAME@ in the template."""

    @abstractmethod
    def options(self, config: Path) -> list[str]: ...


class Nginx(Peer):
    name = "nginx"
    template = "nginx.conf.in"
    program = "/usr/sbin/nginx"
    tuned = True  # for the workload

    def values(self, setting: Setting) -> dict[str, str]:
        host, port = self.address
        locations = "".join(
            f"        location {prefix}/ {{ proxy_pass http://app; }}\n"
            for prefix in setting.workload.prefixes()
        )
        servers = [
            f"    server {{\n        listen {host}:{port};\n        server_name {name};\n"
            f"{locations}    }}"
            for name in setting.workload.hosts()
        ]
        log = f"{self.directory}/access.log json buffer=64k" if setting.logging else "off"
        return {
            "DIR": str(self.directory),
            "ACCESS_LOG": log,
            "WORKLOAD": setting.workload.nginx if self.tuned else "",
            "SERVERS": "\n".join(f"        server {h}:{p};" for h, p in setting.endpoints),
            "VIRTUAL_HOSTS": "\n".join(servers),
        }

    def options(self, config: Path) -> list[str]:
        return ["-c", str(config), "-e", str(config.with_name("start.log"))]


class NginxDefault(Nginx):
    name = "nginx, default buffers"
    tuned = False


# What Sluice's line says, in the same keys (nginx's stands in its template).
HAPROXY_LINE = (
    '{"time":"%Tl","request_id":"%ID","caller":"%ci","host":"%[capture.req.hdr(0)]",'
    '"rule":"%f","backend":"%b","endpoint":"%si:%sp","method":"%HM","path":"%HP","status":%ST,'
    '"reason":"%tsc","duration_ms":%Ta,"connect_ms":%Tc,"sent_ms":%Tw,"first_byte_ms":%Tr,'
    '"bytes_in":%U,"bytes_out":%B,"tries":%rc,"worker":0}'
)


# The same once more, as a field of its format; it goes behind the template's own indentation.
ENVOY_LOG = """access_log:
            - name: envoy.access_loggers.file
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                path: @DIR@/access.log
                log_format:
                  json_format:
                    time: "%START_TIME%"
                    request_id: "%REQ(X-REQUEST-ID)%"
                    caller: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
                    host: "%REQ(:AUTHORITY)%"
                    rule: "%VIRTUAL_CLUSTER_NAME%"
                    backend: "%UPSTREAM_CLUSTER%"
                    endpoint: "%UPSTREAM_HOST%"
                    method: "%REQ(:METHOD)%"
                    path: "%REQ(:PATH)%"
                    status: "%RESPONSE_CODE%"
                    reason: "%RESPONSE_CODE_DETAILS%"
                    duration_ms: "%DURATION%"
                    connect_ms: 0
                    sent_ms: "%REQUEST_DURATION%"
                    first_byte_ms: "%RESPONSE_DURATION%"
                    bytes_in: "%BYTES_RECEIVED%"
                    bytes_out: "%BYTES_SENT%"
                    tries: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"
                    worker: 0"""


class Haproxy(Peer):
    name = "haproxy"
    template = "haproxy.cfg.in"
    program = "/usr/sbin/haproxy"
    splice = ""

    def values(self, setting: Setting) -> dict[str, str]:
        workload = setting.workload
        routes = [
            f"{host}{prefix}/ app" for host in workload.hosts() for prefix in workload.prefixes()
        ]
        (self.directory / "routes.map").write_text("\n".join(routes) + "\n")
        logging = "\n".join(
            (
                "    log stdout format raw local0 info",
                f"    log-format '{HAPROXY_LINE}'",
            )
        )
        servers = [f"    server s{i} {h}:{p}" for i, (h, p) in enumerate(setting.endpoints)]
        return {
            "DIR": str(self.directory),
            "ADDRESS": "{}:{}".format(*self.address),
            "LOGGING": logging if setting.logging else "",
            "SPLICE": self.splice,
            "SERVERS": "\n".join(servers),
        }

    def options(self, config: Path) -> list[str]:
        return ["-db", "-f", str(config)]


class HaproxySplice(Haproxy):
    name = "haproxy, splice"
    splice = "option splice-response     # bytes pass by the kernel's pipe, unseen"


class Envoy(Peer):
    """From the package index (bench/requirements.txt), because Debian has none."""

    name = "envoy"
    template = "envoy.yaml.in"
    program = str(ROOT / "build" / "bench-venv" / "bin" / "envoy")

    def values(self, setting: Setting) -> dict[str, str]:
        host, port = self.address
        workload = setting.workload
        route = "route: {cluster: app, timeout: 0s}"  # a stream may last
        paths = "".join(
            f'                - {{match: {{prefix: "{prefix}/"}}, {route}}}\n'
            for prefix in workload.prefixes()
        )
        hosts = [
            f'              - name: {name}\n                domains: ["{name}", "{name}:*"]\n'
            f"                routes:\n{paths}"
            for name in workload.hosts()
        ]
        endpoints = [
            f"                - endpoint: {{address: {{socket_address: "
            f"{{address: {h}, port_value: {p}}}}}}}"
            for h, p in setting.endpoints
        ]
        log = ENVOY_LOG.replace("@DIR@", str(self.directory)) if setting.logging else ""
        return {
            "HOST": host,
            "PORT": str(port),
            "ACCESS_LOG": log,
            "VIRTUAL_HOSTS": "".join(hosts),
            "ENDPOINTS": "\n".join(endpoints),
        }

    def options(self, config: Path) -> list[str]:
        # One core as for all; no shared memory region with a predecessor that there is not.
        return ["-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]


def free_address() -> Address:
    """The peers cannot say which port the kernel gave them, so one is chosen just before."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
        return host, port


def candidates(workload: Workload, envoy: bool) -> list[Candidate]:
    """All that are measured under a workload."""
    found: list[Candidate] = [SluiceCandidate(), Nginx(), Haproxy()]
    if workload.bulk:
        found += [NginxDefault(), HaproxySplice()]
    if envoy:
        found.append(Envoy())
    if workload.events_per_second:
        found.append(Direct())
    return found
