"""What is measured: the requests, and what every candidate must do with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOSTS = 100
PREFIXES = 11
ENDPOINTS = 4


@dataclass(frozen=True)
class Workload:
    """`lua` is a wrk script that sends the requests in rotation."""

    name: str
    connections: int
    method: str
    path_tail: str  # behind the prefix; the simulator answers it
    body: str = ""

    def hosts(self) -> list[str]:
        return [f"h{index:02d}.example" for index in range(HOSTS)]

    def prefixes(self) -> list[str]:
        """Of equal length, so that no candidate gains by a prefix of a prefix."""
        return [f"/bench/p{index:02d}" for index in range(PREFIXES)]

    def target(self, prefix: str) -> str:
        return prefix + self.path_tail

    def write_lua(self, path: Path) -> None:
        """Requests are built once; every connection then walks all hosts and prefixes."""
        requests = [
            f"wrk.format({_lua(self.method)}, {_lua(self.target(prefix))}, "
            f"{{Host = {_lua(host)}}}, {_lua(self.body) if self.body else 'nil'})"
            for host in self.hosts()
            for prefix in self.prefixes()
        ]
        path.write_text(
            "local requests = {}\nlocal at = 0\n"
            "init = function(args)\n  requests = {\n    "
            + ",\n    ".join(requests)
            + "\n  }\nend\n"
            # 367 is prime to 1,100: neighbours in time are not neighbours in the table.
            "request = function()\n  at = (at + 367) % #requests\n  return requests[at + 1]\nend\n"
        )


def _lua(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("small-get", connections=64, method="GET", path_tail="/x"),
        Workload("small-post", 64, "POST", "/x", body="x" * 4096),
    )
}
