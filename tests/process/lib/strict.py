"""HTTP/1.1 out of bytes by the grammar of RFC 9110 and 9112, where only one reading is possible.

Written from the grammar, not from Sluice's gate: what the two disagree on is a mistake of one of
them. Nothing here knows Sluice's limits or tastes; check_forwarded() knows what a gateway must not
pass on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TEXT = rb"[!-~\x80-\xff]"
# RFC 3986 lets fewer bytes stand in a target; all visible ones are read alike but '#'.
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb') ([!"$-~]+) (HTTP/1\.[01])')
STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([1-5][0-9]{2}) ([\t -~\x80-\xff]*)")
FIELD_LINE = re.compile(
    rb"(" + TOKEN + rb"):[ \t]*((?:" + _TEXT + rb"(?:[ \t]*" + _TEXT + rb")*)?)[ \t]*"
)
# What an extension says has a grammar of its own; nobody's framing needs more than where it ends.
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[\t -~\x80-\xff]*)?)")
AUTHORITY = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)

# RFC 9110 6.5.1: framing, routing, authentication, modifiers, how to read the content.
HEAD_ONLY = {
    b"accept", b"authorization", b"cache-control", b"connection", b"content-encoding",
    b"content-length", b"content-range", b"content-type", b"cookie", b"expect", b"host",
    b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since",
    b"keep-alive", b"max-forwards", b"pragma", b"proxy-authorization", b"range", b"set-cookie",
    b"te", b"trailer", b"transfer-encoding", b"upgrade", b"x-forwarded-for", b"x-real-ip",
}  # fmt: skip
HOP_BY_HOP = {
    b"connection", b"expect", b"keep-alive", b"proxy-authorization", b"proxy-connection", b"te",
    b"upgrade",
}  # fmt: skip

Fields = list[tuple[bytes, bytes]]  # names in lower case


class NotStrict(Exception):
    """These bytes are no message, or more than one message depending on the reader."""


@dataclass
class Message:
    """A request or an answer; `end` is the offset behind it, 0 while its body is not complete."""

    first_line: tuple[bytes, ...] = ()
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    extensions: int = 0  # chunks that had any
    head_end: int = 0
    end: int = 0

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    def first(self, name: bytes) -> bytes:
        return next(iter(self.all(name)), b"")

    def options(self) -> set[bytes]:
        """What Connection says."""
        said = b",".join(self.all(b"connection")).lower().split(b",")
        return {option.strip(b" \t") for option in said}

    @property
    def method(self) -> bytes:
        return self.first_line[0]

    @property
    def target(self) -> bytes:
        return self.first_line[1]

    @property
    def status(self) -> int:
        return int(self.first_line[1])

    @property
    def version(self) -> bytes:
        return self.first_line[0 if self.first_line[0].startswith(b"HTTP/") else 2]


class _Incomplete(Exception):
    pass


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    feed = data.find(b"\n", at)
    if feed < 0:
        raise _Incomplete
    if feed == at or data[feed - 1 : feed] != b"\r":
        raise NotStrict(f"line feed without return at {feed}")
    return data[at : feed - 1], feed + 1


def _fields(data: bytes, at: int) -> tuple[Fields, int]:
    found: Fields = []
    while True:
        line, at = _line(data, at)
        if not line:
            return found, at
        match = FIELD_LINE.fullmatch(line)
        if match is None:
            raise NotStrict(f"field line {line[:80]!r}")
        found.append((match[1].lower(), match[2]))


def _chunks(data: bytes, at: int, message: Message) -> int:
    while True:
        line, at = _line(data, at)
        match = CHUNK_LINE.fullmatch(line)
        if match is None:
            raise NotStrict(f"chunk line {line[:80]!r}")
        message.extensions += bool(match[2])
        size = int(match[1], 16)
        if size == 0:
            message.trailers, at = _fields(data, at)
            return at
        message.body += data[at : at + size]
        at += size
        if not b"\r\n".startswith(data[at : at + 2]):
            raise NotStrict(f"chunk ends with {data[at : at + 2]!r}")
        if len(data) < at + 2:
            raise _Incomplete
        at += 2


def _framing(message: Message) -> int | None:
    """Bytes of the body; -1: chunked; None: neither is said."""
    lengths, codings = message.all(b"content-length"), message.all(b"transfer-encoding")
    if lengths and codings:
        raise NotStrict("a length and a coding")
    if codings:
        if [coding.lower() for coding in codings] != [b"chunked"]:
            raise NotStrict(f"codings {codings}")
        if message.version != b"HTTP/1.1":
            raise NotStrict("a coding in HTTP/1.0")
        return -1
    if not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch(rb"[0-9]+", lengths[0]):
        raise NotStrict(f"lengths {lengths}")
    return int(lengths[0])


def _body(data: bytes, at: int, message: Message, framing: int) -> int:
    if framing < 0:
        return _chunks(data, at, message)
    message.body = data[at : at + framing]
    if len(message.body) < framing:
        raise _Incomplete
    return at + framing


def _check_target(message: Message) -> None:
    method, target = message.method, message.target
    if method == b"CONNECT":
        if not AUTHORITY.fullmatch(target) or b":" not in target:
            raise NotStrict(f"target {target[:80]!r} of CONNECT")
        return
    absolute = re.match(rb"https?://([^/?]+)", target, re.IGNORECASE)
    asterisk = target == b"*" and method == b"OPTIONS"
    if not (target.startswith(b"/") or absolute or asterisk):
        raise NotStrict(f"target {target[:80]!r}")
    if absolute and absolute[1].lower() != message.first(b"host").lower():
        raise NotStrict("Host is not the target's authority")


def _check_host(message: Message) -> None:
    hosts = message.all(b"host")
    if len(hosts) > 1 or (not hosts and message.version == b"HTTP/1.1"):
        raise NotStrict(f"hosts {hosts}")
    if hosts and not AUTHORITY.fullmatch(hosts[0]):
        raise NotStrict(f"host {hosts[0][:80]!r}")


def read_request(data: bytes, at: int = 0) -> Message | None:
    """The request that starts at `at`. None: no head yet; `end` 0: no whole body yet."""
    message = Message()
    try:
        line, next_at = _line(data, at)
        match = REQUEST_LINE.fullmatch(line)
        if match is None:
            raise NotStrict(f"request line {line[:80]!r}")
        message.first_line = match.groups()
        message.fields, message.head_end = _fields(data, next_at)
    except _Incomplete:
        return None
    _check_host(message)
    _check_target(message)
    framing = _framing(message)
    try:
        message.end = _body(data, message.head_end, message, framing or 0)
    except _Incomplete:
        pass
    return message


def read_answer(data: bytes, at: int, method: bytes, closed: bool) -> Message | None:
    """The answer that starts at `at`, interim ones included one by one. None: no head yet."""
    message = Message()
    try:
        line, next_at = _line(data, at)
        match = STATUS_LINE.fullmatch(line)
        if match is None:
            raise NotStrict(f"status line {line[:80]!r}")
        message.first_line = match.groups()
        message.fields, message.head_end = _fields(data, next_at)
    except _Incomplete:
        return None
    framing = _framing(message)
    bodiless = message.status < 200 or message.status in (204, 304) or method == b"HEAD"
    if framing is None and not bodiless:
        message.body = data[message.head_end :]
        message.end = len(data) if closed else 0
        return message
    try:
        size = 0 if bodiless else framing or 0
        message.end = _body(data, message.head_end, message, size)
    except _Incomplete:
        pass
    return message


def check_forwarded(message: Message) -> None:
    """What a gateway passes on is 1.1, starts with one Host, and holds nothing of the last hop."""
    if message.version != b"HTTP/1.1":
        raise NotStrict(f"forwarded as {message.version!r}")
    if [name for name, _ in message.fields[:1]] != [b"host"]:
        raise NotStrict("Host does not come first")
    if message.method == b"CONNECT":
        raise NotStrict("CONNECT was forwarded")
    if not message.target.startswith(b"/") and message.target != b"*":
        raise NotStrict(f"forwarded target {message.target[:80]!r}")
    for name, _ in message.fields:
        if name in HOP_BY_HOP or b"_" in name:
            raise NotStrict(f"{name!r} was forwarded")
    for name, _ in message.trailers:
        if name in HEAD_ONLY or b"_" in name:
            raise NotStrict(f"trailer {name!r} was forwarded")
    if message.extensions:
        raise NotStrict("a chunk extension was forwarded")
