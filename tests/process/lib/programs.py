"""Programs under test: output in a file, waited for by condition, ended by pid."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .client import Address, fetch
from .waiting import until

ROOT = Path(__file__).resolve().parents[3]
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


def bin_dir() -> Path:
    return ROOT / os.environ.get("SLUICE_BIN_DIR", "build/release")


def program(name: str) -> Path:
    """The built binary; the error says how to get it."""
    path = bin_dir() / name
    if not path.is_file():
        raise FileNotFoundError(f"{name} is not in {bin_dir()}: build it, or set SLUICE_BIN_DIR")
    return path


class Program:
    """`async with` starts and stops it; a failing test prints the end of its log."""

    def __init__(
        self, log: Path, *arguments: str | Path, env: dict[str, str] | None = None
    ) -> None:
        self.log = log
        self.arguments = [str(argument) for argument in arguments]
        self.env = env
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Program":
        with self.log.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.env,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        descendants = self.descendants()
        try:
            await self.stop()
        finally:
            left = [pid for pid in descendants if await self._outlives(pid)]
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            if kind is not None:
                print(f"--- {self.log.name}: {' '.join(self.arguments)}\n{self.text()[-6000:]}")
        assert not left, f"{self.log.name}: processes outlived their parent: {left}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def send_signal(self, signal_number: int) -> None:
        assert self._process is not None
        self._process.send_signal(signal_number)

    def exit_code(self) -> int | None:
        """None while it runs."""
        assert self._process is not None
        return self._process.returncode

    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    async def line(self, pattern: str, timeout_s: float = START_TIMEOUT_S) -> re.Match[str]:
        """The first match of the pattern in what the program printed."""
        found: list[re.Match[str]] = []

        async def printed() -> bool:
            match = re.search(pattern, self.text(), re.MULTILINE)
            if match:
                found.append(match)
            elif not self.running():
                raise RuntimeError(
                    f"{self.arguments[0]} ended before it said {pattern!r}:\n{self.text()}"
                )
            return bool(found)

        await until(printed, f"{self.log.name} says {pattern!r}", timeout_s)
        return found[0]

    async def listening(self) -> Address:
        match = await self.line(r"^listening (\S+):(\d+)$")
        return match[1].strip("[]"), int(match[2])

    async def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Ends it in order; killing it is a failure of the program."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal_number)
        try:
            return await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except asyncio.TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise AssertionError(
                f"{self.arguments[0]} did not end on signal {signal_number}"
            ) from None

    def descendants(self) -> list[int]:
        return descendants(self.pid) if self.running() else []

    async def _outlives(self, pid: int) -> bool:
        async def gone() -> bool:
            return not alive(pid)

        try:
            await until(gone, f"process {pid} ends", timeout_s=5)
        except TimeoutError:
            return True
        return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def descendants(pid: int) -> list[int]:
    """Of a process that may be ending meanwhile."""
    children: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except (FileNotFoundError, ProcessLookupError):  # ended between its parent's word and ours
        return []
    for task in tasks:
        try:
            children += [int(child) for child in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return children + [deeper for child in children for deeper in descendants(child)]


def command_line(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]


def cpu_s(pid: int) -> float:
    """Of its main thread, user and system."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def anonymous_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise ValueError(f"no RssAnon of {pid}")


def rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ValueError(f"no VmRSS of {pid}")


class ModelSim(Program):
    """A simulated model server."""

    def __init__(
        self,
        log_dir: Path,
        name: str,
        *options: str,
        listen: str = "127.0.0.1:0",
        prefix: Sequence[str] = (),
    ) -> None:
        super().__init__(
            log_dir / f"{name}.log",
            *prefix,
            program("modelsim"),
            "--listen",
            listen,
            "--name",
            name,
            *options,
        )
        self.name = name
        self.address: Address = ("", 0)

    async def __aenter__(self) -> "ModelSim":
        await super().__aenter__()
        self.address = await self.listening()
        return self

    async def metric(self, name: str) -> float:
        """One sample of its own /metrics, asked directly."""
        page = await fetch(self.address, "GET", "/metrics")
        for line in page.body.decode().splitlines():
            if line.startswith(name + "{"):
                return float(line.rpartition(" ")[2])
        raise KeyError(name)
