"""What is measured: the requests, and what every candidate must do with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOSTS = 100
PREFIXES = 11
ENDPOINTS = 4
DIRECT = "direct"  # the candidate that is no proxy
SCRIPT_BYTES = 8 << 20  # of requests that the load holds ready


@dataclass(frozen=True)
class Workload:
    """One kind of traffic; every connection walks all routes."""

    name: str
    connections: int  # streams, where the answers are streams
    method: str
    path_tail: str  # behind the prefix; the simulator answers it
    body_bytes: int = 0
    new_connections: bool = False  # one a request
    events_per_second: int = 0  # of a stream; 0: answers end
    seconds: int = 1  # of one round
    nginx: str = ""  # lines of its http section, beside those that all workloads have
    bulk: bool = False  # beside the peers at their best: nginx at its defaults, HAProxy splicing

    @property
    def body(self) -> str:
        return "x" * self.body_bytes

    def hosts(self) -> list[str]:
        return [f"h{index:02d}.example" for index in range(HOSTS)]

    def prefixes(self) -> list[str]:
        """Of equal length, so that no candidate gains by a prefix of a prefix."""
        return [f"/bench/p{index:02d}" for index in range(PREFIXES)]

    def target(self, prefix: str) -> str:
        return prefix + self.path_tail

    def finite_target(self, prefix: str) -> str:
        """The same, or five quick events of it: what can be compared as a whole."""
        return prefix + "/events/1000/5" if self.events_per_second else self.target(prefix)

    def routes(self) -> list[tuple[str, str]]:
        """(host, target) in the order of asking; fewer of them where bodies are large."""
        everything = [(host, self.target(p)) for host in self.hosts() for p in self.prefixes()]
        # 367 is prime to 1,100: neighbours in time are not neighbours in the table.
        shuffled = [everything[at * 367 % len(everything)] for at in range(len(everything))]
        return shuffled[: SCRIPT_BYTES // self.body_bytes] if self.body_bytes else shuffled

    def write_lua(self, path: Path) -> None:
        """A wrk script that builds the requests once."""
        close = ', Connection = "close"' if self.new_connections else ""
        requests = [
            f"wrk.format({_lua(self.method)}, {_lua(target)}, "
            f"{{Host = {_lua(host)}{close}}}, {'body' if self.body_bytes else 'nil'})"
            for host, target in self.routes()
        ]
        path.write_text(
            "local requests = {}\nlocal at = 0\n"
            f'init = function(args)\n  local body = string.rep("x", {self.body_bytes})\n'
            "  requests = {\n    "
            + ",\n    ".join(requests)
            + "\n  }\nend\n"
            + "request = function()\n  at = at % #requests + 1\n  return requests[at]\nend\n"
        )

    def write_routes(self, path: Path) -> None:
        """For bench_load: "host target" a line."""
        path.write_text("".join(f"{host} {target}\n" for host, target in self.routes()))


def _lua(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_NGINX_STREAM = "proxy_buffering off;       # an event goes on as it comes"
_NGINX_BODY = """proxy_buffer_size 64k;     # its best of what was measured (docs/benchmarks.md):
    proxy_buffers 8 64k;       # one read takes what Sluice's takes, and
    proxy_busy_buffers_size 128k;
    proxy_max_temp_file_size 0;    # nothing goes by a file"""
_NGINX_UPLOAD = """client_max_body_size 0;     # its default refuses more than 1 MiB
    proxy_request_buffering off;    # the body goes on as it comes: cheaper than its default, a file
    client_body_buffer_size 64k;    # what one read takes"""

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("small-get", 64, "GET", "/x"),
        Workload("post-4k", 64, "POST", "/x", body_bytes=4096),
        Workload(
            "sse", 200, "GET", "/events/40/0", events_per_second=40, seconds=2, nginx=_NGINX_STREAM
        ),
        Workload("body-64k", 16, "GET", "/bytes/65536", nginx=_NGINX_BODY, bulk=True),
        Workload("body-1m", 4, "GET", "/bytes/1048576", nginx=_NGINX_BODY, bulk=True),
        Workload("upload", 16, "POST", "/echo-size", 64 << 10, nginx=_NGINX_UPLOAD),
        Workload("upload-1m", 4, "POST", "/echo-size", 1 << 20, nginx=_NGINX_UPLOAD),
        Workload("connections", 64, "GET", "/x", new_connections=True),
    )
}
