"""A memory cgroup with a limit, as a container has one: what the kernel kills is really dead."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import TracebackType

ROOT = Path("/sys/fs/cgroup/memory")  # v1, as on the machines that run these tests
STOP_S = 5


class MemoryGroup:
    """`with MemoryGroup(name, limit) as group:`; what `group.prefix(program)` starts is in it."""

    def __init__(self, name: str, limit_bytes: int) -> None:
        self.folder = ROOT / f"sluice-test-{name}-{os.getpid()}"
        self.limit_bytes = limit_bytes

    @staticmethod
    def available() -> bool:
        return os.geteuid() == 0 and os.access(ROOT / "cgroup.procs", os.W_OK)

    def __enter__(self) -> "MemoryGroup":
        self.folder.mkdir()
        (self.folder / "memory.limit_in_bytes").write_text(str(self.limit_bytes))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        deadline = time.monotonic() + STOP_S
        while pids := (self.folder / "cgroup.procs").read_text().split():
            if time.monotonic() > deadline:
                os.kill(int(pids[0]), signal.SIGKILL)
            time.sleep(0.01)  # a process leaves its group a moment after it was reaped
        self.folder.rmdir()

    def prefix(self, name: str) -> list[str]:
        """Stands before a command line; only the program of that name moves into the group."""
        script = f'case $1 in */{name}) echo $$ >{self.folder}/cgroup.procs;; esac; exec "$@"'
        return ["/bin/sh", "-c", script, "sh"]

    def most_bytes(self) -> int:
        return int((self.folder / "memory.max_usage_in_bytes").read_text())

    def kills(self) -> int:
        words = (self.folder / "memory.oom_control").read_text().split()
        return int(words[words.index("oom_kill") + 1])
