"""What a request path means, written from docs/paths.md and docs/routing.md alone.

It shares nothing with the gateway: it works on whole lists of segments where the gateway works on
bytes in place, and on Python's regular expressions where the gateway has RE2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

MOST_SEGMENTS = 256
MOST_TARGET_BYTES = 8192
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True)
class Refused:
    """400, 414 or 505: nothing reaches an origin."""


@dataclass(frozen=True)
class Unrouted:
    """404."""


@dataclass(frozen=True)
class Forwarded:
    rule: str
    target: str


@dataclass(frozen=True)
class Redirected:
    location: str


Verdict = Refused | Unrouted | Forwarded | Redirected


@dataclass(frozen=True)
class OracleRule:
    """One match of a route set; `path` in canonical form, a prefix without its last slash."""

    name: str
    kind: str  # "exact", "prefix", "regex"
    path: str
    method: str = ""
    header: tuple[str, str] | None = None
    query: tuple[str, str] | None = None
    rewrite: tuple[str, str] | None = None  # ("prefix" | "full", replacement)
    redirect: tuple[str, str] | None = None  # the same of a redirect

    def conditions(self) -> tuple[bool, bool, bool]:
        """Sorts the more specific first."""
        return not self.method, self.header is None, self.query is None


@dataclass(frozen=True)
class Asked:
    """A request as the oracle sees it."""

    method: str
    host: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)


def _escape(match: re.Match[str]) -> str:
    byte = int(match[1], 16)
    return chr(byte) if byte in UNRESERVED else f"%{byte:02X}"


def canonical(raw: str) -> str | None:
    """None: refused."""
    if not raw.startswith("/") or "\\" in raw:
        return None
    if re.search(r"%(?![0-9A-Fa-f]{2})", raw):
        return None
    for escape in re.findall(r"%(..)", raw):
        byte = int(escape, 16)
        if byte < 0x20 or byte == 0x7F or chr(byte) in "/\\":
            return None
    segments = re.sub(r"%(..)", _escape, raw)[1:].split("/")
    if any(re.match(r"\.\.?(;|%3B)", segment) for segment in segments):
        return None
    stack: list[str] = []
    for segment in segments:
        if segment in ("", "."):
            continue
        if segment == "..":
            if not stack:
                return None
            stack.pop()
        else:
            stack.append(segment)
    directory = segments[-1] in ("", ".", "..")
    path = "/" + "/".join(stack) + ("/" if directory and stack else "")
    return None if path.count("/") > MOST_SEGMENTS else path


def query_value(query: str, name: str) -> str | None:
    """Of the first parameter of that name; names and values after percent-decoding."""
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if unquote_to_bytes(key) == name.encode():
            return unquote_to_bytes(value).decode("latin-1")
    return None


def holds(rule: OracleRule, asked: Asked, query: str) -> bool:
    if rule.method and rule.method != asked.method:
        return False
    if rule.header and asked.headers.get(rule.header[0]) != rule.header[1]:
        return False
    return rule.query is None or query_value(query, rule.query[0]) == rule.query[1]


def under(path: str, prefix: str) -> bool:
    return prefix == "" or path == prefix or path.startswith(prefix + "/")


def choose(rules: list[OracleRule], asked: Asked, path: str, query: str) -> OracleRule | None:
    exact = [rule for rule in rules if rule.kind == "exact" and rule.path == path]
    regex = [rule for rule in rules if rule.kind == "regex" and re.fullmatch(rule.path, path)]
    prefix = [rule for rule in rules if rule.kind == "prefix" and under(path, rule.path)]
    regex.sort(key=lambda rule: (-len(rule.path), *rule.conditions()))
    prefix.sort(key=lambda rule: (-len(rule.path), *rule.conditions()))
    exact.sort(key=OracleRule.conditions)
    for rule in [*exact, *regex, *prefix]:
        if holds(rule, asked, query):
            return rule
    return None


def replaced(change: tuple[str, str], rule: OracleRule, path: str) -> str:
    kind, new = change
    if kind == "full":
        return new
    return (new.rstrip("/") + path[len(rule.path) :]) or "/"


def split_target(asked: Asked) -> tuple[str, str | None] | None:
    """Path and query of a target; None: refused."""
    target = asked.target
    if len(target) > MOST_TARGET_BYTES or re.search(r"[^\x21-\x7e]|#", target):
        return None
    absolute = re.match(r"(?i)https?://([^/?]*)", target)
    if absolute:
        if absolute[1].lower() != asked.host.lower():
            return None
        target = target[absolute.end() :]
        target = target if target.startswith("/") else "/" + target
    if not target.startswith("/"):
        return None
    path, mark, query = target.partition("?")
    return path, query if mark else None


def judge(rules: list[OracleRule], asked: Asked) -> Verdict:
    parts = split_target(asked)
    path = None if parts is None else canonical(parts[0])
    if parts is None or path is None:
        return Refused()
    query = parts[1]
    rule = choose(rules, asked, path, query or "")
    if rule is None:
        return Unrouted()
    rest = "" if query is None else "?" + query
    if rule.redirect:
        return Redirected(f"http://{asked.host.lower()}{replaced(rule.redirect, rule, path)}{rest}")
    new = replaced(rule.rewrite, rule, path) if rule.rewrite else path
    return Forwarded(rule.name, new + rest)


def hidden_separators(target: str) -> str:
    """What a server that decodes once and cuts parameters off could read differently; "" = nothing.

    This is the danger itself and not the form that the gateway chose against it.
    """
    path = unquote_to_bytes(target.partition("?")[0]).decode("latin-1")
    segments = path[1:].split("/")
    bare = [segment.partition(";")[0] for segment in segments]
    if "." in bare or ".." in bare:
        return "a dot segment"
    if "" in segments[:-1]:
        return "an empty segment"
    if re.search(r"[\\\x00-\x1f\x7f]", path):
        return "a backslash or a control"
    if len(segments) != target.partition("?")[0].count("/"):
        return "an escaped slash"
    return ""
