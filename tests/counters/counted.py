"""The counters of preload.cc, as numbers by name, and how the shims are built."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
IO_CALLS = (
    "recv", "read", "send", "write", "epoll_wait", "epoll_ctl", "accept", "connect", "sockopt",
    "other", "splice",
)  # fmt: skip
NAMES = (*IO_CALLS, "allocations")


def build_shim(source: str, directory: Path) -> Path:
    """A shim is compiled where it is used: it is a test's, not the product's."""
    library = directory / f"{source}.so"
    compiler = os.environ.get("CXX", "clang++-19")
    command = [compiler, "-std=c++20", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC"]
    command += ["-o", str(library), str(HERE / f"{source}.cc"), "-ldl"]
    subprocess.run(command, check=True, timeout=120)
    return library


class Counters:
    """A file that the worker maps; reading it costs the worker nothing."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "counters"
        self.path.write_bytes(b"\0" * mmap.PAGESIZE)
        self._preload = build_shim("preload", directory)

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "LD_PRELOAD": str(self._preload),
            "SLUICE_COUNTERS_FILE": str(self.path),
        }

    def read(self) -> dict[str, int]:
        words = struct.unpack_from(f"={len(NAMES)}Q", self.path.read_bytes())
        return dict(zip(NAMES, words, strict=True))
