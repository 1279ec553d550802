"""Sluice itself: controller and proxy over a directory, ready when the table is in force."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from .client import Address, Client, fetch
from .http1 import Fields, Response, read_response, render
from .manifests import Object, write
from .metrics import Metrics
from .programs import Program, command_line, program
from .waiting import until


class Sluice:
    """`async with Sluice(tmp_path, objects) as sluice:`; `sluice.address` takes client traffic."""

    def __init__(
        self,
        work_dir: Path,
        objects: Sequence[Object],
        *,
        prefix: Sequence[str] = (),
        proxy_env: dict[str, str] | None = None,
        workers: int = 1,
        access_log: str = "off",
        proxy_options: Sequence[str] = (),
    ) -> None:
        """`prefix` stands before both command lines (taskset …)."""
        self.work_dir = work_dir
        self.manifest_dir = work_dir / "manifests"
        self.manifest_dir.mkdir()
        self.manifest = self.manifest_dir / "all.yaml"
        self.apply(objects)
        # Socket paths are short by law (107 bytes); pytest's directories are not.
        self._sockets = tempfile.TemporaryDirectory(prefix="sluice-")
        sockets = Path(self._sockets.name)
        self.proxy_socket = sockets / "proxy.sock"
        self.admin_socket = sockets / "admin.sock"
        self.proxy_admin_socket = sockets / "proxy-admin.sock"
        self.proxy = Program(
            work_dir / "proxy.log",
            *prefix,
            program("sluice-proxy"),
            "--listen",
            "127.0.0.1:0",
            "--socket",
            self.proxy_socket,
            "--admin-socket",
            self.proxy_admin_socket,
            "--workers",
            str(workers),
            "--access-log",
            access_log,
            *proxy_options,
            env=proxy_env,
        )
        self.controller = Program(
            work_dir / "controller.log",
            *prefix,
            program("sluice-controller"),
            "--files",
            self.manifest_dir,
            "--proxy-socket",
            self.proxy_socket,
            "--admin-socket",
            self.admin_socket,
            "--allow-loopback-endpoints",
        )
        self.address: Address = ("", 0)
        self.table_timeout_s = 10.0  # from the controller's start to its first table
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Sluice":
        try:
            await self._stack.enter_async_context(self.proxy)
            self.address = await self.proxy.listening()
            await self._stack.enter_async_context(self.controller)
            await until(self._has_table, "the proxy runs a table", self.table_timeout_s)
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._stack.__aexit__(kind, error, trace)
        finally:
            self._sockets.cleanup()

    def apply(self, objects: Sequence[Object]) -> None:
        write(self.manifest, objects)

    def client(self, read_limit: int = 1 << 20) -> Client:
        return Client(self.address, read_limit)

    async def fetch(
        self,
        method: str,
        target: str,
        fields: Fields | None = None,
        body: bytes | None = None,
        timeout_s: float = 10,
    ) -> Response:
        return await fetch(self.address, method, target, fields, body, timeout_s)

    def worker_pid(self) -> int:
        workers = self.worker_pids()
        assert len(workers) == 1, f"workers: {workers}"
        return workers[0]

    def worker_pids(self) -> list[int]:
        """Those alive, by index."""
        found: dict[int, int] = {}
        for pid in self.proxy.descendants():
            try:
                words = command_line(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if "worker" in words:
                found[int(words[words.index("--index") + 1])] = pid
        return [found[index] for index in sorted(found)]

    async def ask_steward(self, target: str) -> Response:
        """One request to the proxy's admin socket."""
        reader, writer = await asyncio.open_unix_connection(self.proxy_admin_socket)
        try:
            writer.write(render(f"GET {target} HTTP/1.1", [("Host", "steward")], b""))
            return await asyncio.wait_for(read_response(reader, "GET"), 10)
        finally:
            writer.close()

    async def metrics(self) -> Metrics:
        page = await self.ask_steward("/metrics")
        assert page.status == 200, page.status
        return Metrics(page.body.decode())

    async def all_workers_up(self) -> None:
        """Every worker has been heard from and takes requests by the table."""

        async def up() -> bool:
            page = await self.ask_steward("/metrics")
            seen = Metrics(page.body.decode()).series("sluice_worker_up")
            return bool(seen) and all(value == 1 for _, value in seen)

        await until(up, "all workers are up")

    async def _has_table(self) -> bool:
        for part in (self.proxy, self.controller):
            if not part.running():
                raise RuntimeError(f"{part.arguments[0]} ended:\n{part.text()}")
        answer = await self.fetch("GET", "/", [("Host", "is-the-table-there.invalid")])
        return answer.reason != "table_absent"


async def proxied_address(sluice: Sluice) -> Address:
    """Where the other listener of `--listen-proxy` stands."""
    found: list[Address] = []

    async def printed() -> bool:
        lines = re.findall(r"^listening (\S+):(\d+)", sluice.proxy.text(), re.MULTILINE)
        addresses = [(host.strip("[]"), int(port)) for host, port in lines]
        found[:] = [address for address in addresses if address != sluice.address]
        return bool(found)

    await until(printed, "the PROXY listener's address is printed")
    return found[0]
