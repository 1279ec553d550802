"""A pod whose standard error nobody reads any more: it says less and does as much."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from lib.programs import command_line, descendants, program
from lib.waiting import until_true


def full_pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


def workers_of(pid: int) -> list[int]:
    found = []
    for child in descendants(pid):
        try:
            if "worker" in command_line(child):
                found.append(child)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


async def test_a_blocked_standard_error_stops_neither_restarts_nor_a_drain(tmp_path: Path) -> None:
    reader, writer = full_pipe()
    arguments = [program("sluice-proxy"), "--listen", "127.0.0.1:0", "--access-log", "off"]
    proxy = subprocess.Popen(
        [*arguments, "--socket", tmp_path / "s", "--workers", "1"],
        stdout=subprocess.PIPE,
        stderr=writer,
    )
    try:
        assert proxy.stdout is not None
        assert proxy.stdout.readline().startswith(b"listening ")
        await until_true(lambda: len(workers_of(proxy.pid)) == 1, "the worker")
        first = workers_of(proxy.pid)
        os.kill(first[0], signal.SIGKILL)
        await until_true(lambda: workers_of(proxy.pid) not in ([], first), "its successor")
        proxy.send_signal(signal.SIGTERM)
        await until_true(lambda: proxy.poll() == 0, "a clean end")
    finally:
        proxy.kill()
        proxy.wait()
        os.close(reader)
        os.close(writer)
