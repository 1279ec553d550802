"""The load of one round: wrk for answers that end, bench_load for streams."""

from __future__ import annotations

import asyncio
import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lib.client import Address
from lib.programs import program

from .workloads import Workload


@dataclass(frozen=True)
class Outcome:
    units: int  # requests, or events of streams
    requests: int
    errors: int
    cpu_ns: int
    merged: int = 0  # events that came in one read with the one before them
    delays_us: Counter[int] = field(default_factory=Counter)  # of events, on their whole way


class Load(ABC):
    """A program that loads an address for some seconds; `cpu` is read around what is counted."""

    def __init__(self, workload: Workload, prefix: Sequence[str], seconds: int) -> None:
        self.workload = workload
        self.prefix = prefix
        self.seconds = seconds

    @abstractmethod
    async def run(self, address: Address, times: int, cpu: Callable[[], int]) -> Outcome:
        """`times`: how many times the workload's connections."""


class Wrk(Load):
    def __init__(
        self, workload: Workload, prefix: Sequence[str], seconds: int, work_dir: Path
    ) -> None:
        super().__init__(workload, prefix, seconds)
        self.script = work_dir / "load.lua"
        workload.write_lua(self.script)

    async def run(self, address: Address, times: int, cpu: Callable[[], int]) -> Outcome:
        host, port = address
        connections = self.workload.connections * times
        command = [*self.prefix, "wrk", "-t1", f"-c{connections}", f"-d{self.seconds}s"]
        command += ["-s", str(self.script), f"http://{host}:{port}"]
        before = cpu()
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output = (await process.communicate())[0].decode()
        spent_ns = cpu() - before
        found = re.search(r"(\d+) requests in", output)
        if process.returncode != 0 or found is None:
            raise RuntimeError(f"wrk failed: {output}")
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        broken = re.search(
            r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output
        )
        errors = int(wrong[1]) if wrong else 0
        errors += sum(int(number) for number in broken.groups()) if broken else 0
        return Outcome(int(found[1]), int(found[1]), errors, spent_ns)


class Streams(Load):
    """The streams are open before what is counted begins, and after it has ended."""

    def __init__(
        self, workload: Workload, prefix: Sequence[str], seconds: int, work_dir: Path
    ) -> None:
        super().__init__(workload, prefix, seconds)
        self.routes = work_dir / "routes"
        workload.write_routes(self.routes)

    async def run(self, address: Address, times: int, cpu: Callable[[], int]) -> Outcome:
        host, port = address
        streams = self.workload.connections * times
        command = [*self.prefix, str(program("bench_load")), host, str(port)]
        command += ["--routes", str(self.routes), "--streams", str(streams)]
        command += ["--milliseconds", str(1000 * self.seconds)]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,  # the line of delays
        )
        assert process.stdin is not None and process.stdout is not None
        started = await process.stdout.readline()
        before = cpu()
        line = await process.stdout.readline()
        spent_ns = cpu() - before
        process.stdin.close()
        if await process.wait() != 0 or started != b"started\n":
            raise RuntimeError("bench_load failed")
        seen = json.loads(line)
        delays = Counter({us: count for us, count in seen["delays_us"]})
        return Outcome(seen["events"], streams, seen["errors"], spent_ns, seen["merged"], delays)


def load_of(workload: Workload, prefix: Sequence[str], seconds: int, work_dir: Path) -> Load:
    kind = Streams if workload.events_per_second else Wrk
    return kind(workload, prefix, seconds, work_dir)
