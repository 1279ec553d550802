"""The include rule of the design, as data: which folder may include which, and which libraries.

A folder includes itself and what stands in its row; nothing else. Third-party headers are named by
the first part of their path. The vocabulary of the hand-over (limits, reasons) is plain constants
that every part may name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Constants only, no behaviour: allowed everywhere.
VOCABULARY = {"table/limits.h", "table/reason.h"}

# Results as values: allowed everywhere (design, section 8).
EVERYWHERE = {"tl"}


@dataclass(frozen=True)
class Row:
    """What a folder may include: first-party folders or single headers, and libraries."""

    first: tuple[str, ...] = ()
    # Libraries in any file of the folder, and those that may appear in .cc files only.
    libraries: tuple[str, ...] = ()
    source_only: tuple[str, ...] = field(default=())


# The compiler sees the plain structs of a table, never bytes or sockets.
_TABLE_SPEC = ("table/spec.h", "table/key.h", "table/layout.h")

_EXCHANGE = (
    "table",
    "proxy/net",
    "proxy/http",
    "proxy/route",
    "proxy/ai",
    "proxy/filter",
    "proxy/balance",
    "proxy/live",
    "proxy/upstream",
)

ROWS: dict[str, Row] = {
    "table": Row(source_only=("flatbuffers",)),
    # controller: manifests in, tables and verdicts out
    "controller/model": Row(source_only=("nlohmann",)),
    "controller/files": Row(("controller/model",), source_only=("yaml-cpp",)),
    "controller/store": Row(("controller/model",)),
    "controller/compile": Row(("controller/model", *_TABLE_SPEC)),
    "controller/publish": Row(("table",)),
    "controller/admin": Row(source_only=("boost",)),
    "controller/loop": Row(
        (
            "table",
            "controller/model",
            "controller/files",
            "controller/store",
            "controller/compile",
            "controller/publish",
            "controller/admin",
        ),
        source_only=("spdlog",),
    ),
    "controller": Row(("controller/loop", "controller/compile"), source_only=("CLI", "spdlog")),
    # proxy: tables in, traffic out
    "proxy/net": Row(source_only=("openssl",)),
    "proxy/http": Row(("proxy/net/arena.h",), source_only=("boost",)),
    "proxy/route": Row(("table", "proxy/http"), source_only=("re2",)),
    "proxy/ai": Row(("proxy/http",), source_only=("simdjson",)),
    "proxy/filter": Row(("proxy/http", "table", "proxy/live")),
    "proxy/balance": Row(("table", "proxy/live")),
    "proxy/live": Row(),
    "proxy/upstream": Row(("proxy/net", "proxy/http")),
    "proxy/exchange": Row(_EXCHANGE),
    "proxy/worker": Row((*_EXCHANGE, "proxy/exchange", "proxy/notice")),
    "proxy/steward": Row(
        (
            "table",
            "proxy/live",
            "proxy/notice",
            "proxy/net",
            "proxy/http",
            "proxy/route",
            "proxy/filter",
            "proxy/balance",
        ),
        source_only=("boost", "prometheus", "spdlog"),
    ),
    # The supervisor's own folder stays small: docs/decisions/0005-supervisor-size.md.
    "proxy/notice": Row(),
    "proxy/listen": Row(("table/channel.h",)),
    "proxy/handover": Row(("proxy/live", "proxy/notice", "table/channel.h")),
    "proxy/supervisor": Row(("proxy/listen", "proxy/handover", "proxy/live", "table/channel.h")),
    "proxy/confine": Row(),
    "proxy/options": Row(
        ("proxy/supervisor", "proxy/listen", "proxy/http"), source_only=("CLI",)
    ),
    "proxy": Row(
        ("proxy/options", "proxy/supervisor", "proxy/confine", "proxy/steward", "proxy/worker"),
        source_only=("CLI",),
    ),
    # programs for people and tests
    "sluicectl": Row(
        ("controller/model", "controller/files", "controller/store", "controller/compile", "table"),
        source_only=("CLI",),
    ),
    "modelsim": Row(source_only=("simdjson", "CLI")),
    "bench": Row(("table", "controller", "proxy", "modelsim"), source_only=("benchmark",)),
    "bench/load": Row(("modelsim",), source_only=("CLI",)),
    # Tests wire things together, so they may include any part; libraries stay at the borders.
    "tests": Row(
        ("table", "controller", "proxy", "sluicectl", "modelsim"),
        libraries=("gtest", "gmock"),
        source_only=("yaml-cpp", "nlohmann", "simdjson", "boost", "flatbuffers", "re2"),
    ),
}

# Headers that the compiler or the kernel brings; a library is everything else that has a folder.
SYSTEM_FOLDERS = {"sys", "netinet", "net", "arpa", "linux", "asm", "bits", "sanitizer"}


def folder_of(path: str) -> str | None:
    """The longest row name that is a folder of `path`; None when no row covers it."""
    parts = path.split("/")[:-1]
    while parts:
        name = "/".join(parts)
        if name in ROWS:
            return name
        parts.pop()
    return None


def may_include_first(folder: str, header: str) -> bool:
    """Whether a file in `folder` may include the project's `header` (a path from the root)."""
    if header in VOCABULARY or _inside(header, folder, exact=folder in ("controller", "proxy")):
        return True
    return any(header == name or _inside(header, name) for name in ROWS[folder].first)


def may_include_library(folder: str, library: str, is_header: bool) -> bool:
    row = ROWS[folder]
    if library in EVERYWHERE or library in row.libraries:
        return True
    return not is_header and library in row.source_only


def _inside(header: str, folder: str, exact: bool = False) -> bool:
    if exact:
        return header.rpartition("/")[0] == folder
    return header.startswith(folder + "/")
