"""What must become of any bytes that a client sends, by the strict grammar and a list of tastes.

The oracle of the mutations: it reads the bytes as an origin of its own would that stands beside the
one behind Sluice, and both sides' counts and bytes have to agree with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .strict import HOP_BY_HOP, Fields, Message, NotStrict, read_answer, read_request

METHODS = [b"GET", b"POST", b"PUT", b"HEAD", b"PATCH", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE"]
# What the gateway says itself, or takes out of a head on its way.
OURS = HOP_BY_HOP | {
    b"host", b"content-length", b"transfer-encoding", b"trailer", b"x-request-id", b"forwarded",
    b"x-real-ip", b"proxy", b"proxy-authenticate", b"proxy-authentication-info", b"http2-settings",
}  # fmt: skip
PROTECTED = {
    b"accept", b"authorization", b"content-length", b"content-type", b"cookie", b"date", b"expect",
    b"forwarded", b"host", b"proxy-authorization", b"retry-after", b"server", b"set-cookie",
    b"traceparent", b"tracestate", b"transfer-encoding", b"via", b"x-real-ip", b"x-request-id",
}  # fmt: skip
TOKEN_BYTES = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")


@dataclass
class Verdict:
    """Of the bytes of one connection."""

    requests: list[Message] = field(default_factory=list)
    end: str = "clean"  # or violation, incomplete, closed: the last request was the last
    why: str = ""


def judge(data: bytes) -> Verdict:
    verdict = Verdict()
    at = 0
    while at < len(data):
        try:
            message = read_request(data, at)
        except NotStrict as why:
            verdict.end, verdict.why = "violation", str(why)
            return verdict
        if message is None or message.end == 0:
            verdict.end = "incomplete"
            return verdict
        verdict.requests.append(message)
        if b"close" in message.options() or message.version == b"HTTP/1.0":
            verdict.end = "closed"
            return verdict
        at = message.end
    return verdict


def _taste_in_line(message: Message) -> str:
    path = re.sub(rb"^https?://[^/?]*", b"", message.target, flags=re.IGNORECASE).split(b"?")[0]
    if message.method == b"CONNECT":
        return "CONNECT is not served"
    if message.method not in METHODS and message.method.upper() in METHODS:
        return "a known method in other letters: a careless origin takes it for the known one"
    if len(message.method) > 24 or len(message.target) > 8192:
        return "over a limit"
    if re.search(rb"%|\\|//|/\.", path):
        return "a path with more than one spelling is rewritten or refused"
    return ""


def _taste_in_fields(message: Message) -> str:
    sizes = [(len(name), len(value)) for name, value in message.fields]
    if len(sizes) > 100 or any(name > 128 or value > 8192 for name, value in sizes):
        return "over a limit"
    if any(b"_" in name or name.endswith(b".") for name, _ in message.fields):
        return "an underscore in a name, or a dot at its end: some origins take it for another name"
    if message.all(b"host") and not re.fullmatch(
        rb"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?",
        message.first(b"host"),
    ):
        return "a Host that is a lawful reg-name and no name of the DNS, or none"
    length = message.first(b"content-length")
    if re.match(rb"0[0-9]", length) or int(length or b"0") > 1 << 40:
        return "a length with a leading zero, or over the limit"
    return ""


def _taste_in_hop(message: Message) -> str:
    expectations = [value.lower() for value in message.all(b"expect")]
    if expectations not in ([], [b"100-continue"]):
        return "an expectation nobody knows"
    named = message.options()
    if named & PROTECTED or any(name.startswith(b"x-forwarded-") for name in named):
        return "Connection names what it must not take out"
    if any(not TOKEN_BYTES.fullmatch(name) for name in named):
        return "Connection names what is no name"
    upgrades = b"upgrade" in named and message.all(b"upgrade") and message.version != b"HTTP/1.0"
    return "upgrades are not served" if upgrades else ""


def _taste_in_body(message: Message, raw: bytes) -> str:
    if re.search(rb"(?m)^[0-9A-Fa-f]+[ \t]", raw):
        return "blanks behind a chunk's size, which a recipient may take out"
    names = [name for name, _ in message.trailers]
    if any(b"_" in name or name.endswith(b".") or len(name) > 128 for name in names):
        return "a trailer's name"
    trailer_bytes = sum(len(name) + len(value) + 4 for name, value in message.trailers)
    if len(message.trailers) > 32 or trailer_bytes > 8000 or re.search(rb";[^\r]{256}", raw):
        return "over a limit"
    return ""


def refused_on_purpose(message: Message, raw: bytes) -> str:
    """Why a lawful, unambiguous request may be refused all the same; empty: it must be answered.
    `raw`: its body as it came.
    """
    return (
        _taste_in_line(message)
        or _taste_in_fields(message)
        or _taste_in_hop(message)
        or _taste_in_body(message, raw)
    )


def forwarded_target(message: Message) -> bytes:
    absolute = re.match(rb"https?://[^/?]*(.*)", message.target, re.IGNORECASE | re.DOTALL)
    if absolute is None:
        return message.target
    if not absolute[1]:
        return b"*" if message.method == b"OPTIONS" else b"/"
    return absolute[1] if absolute[1].startswith(b"/") else b"/" + absolute[1]


def _end_to_end(message: Message, fields: Fields, taken_out: set[bytes]) -> Fields:
    return [(name, value) for name, value in fields
            if name not in taken_out and not name.startswith(b"x-forwarded-")]  # fmt: skip


def differences(meant: Message, arrived: Message) -> list[str]:
    """Between a request as it was sent and as it was forwarded."""
    wrong = []
    if (meant.method, forwarded_target(meant)) != (arrived.method, arrived.target):
        wrong.append(f"forwarded as {arrived.method!r} {arrived.target!r}")
    if meant.body != arrived.body:
        wrong.append(f"body {meant.body!r} forwarded as {arrived.body!r}")
    gone = OURS | meant.options()
    sent, got = (_end_to_end(each, each.fields, gone) for each in (meant, arrived))
    if sent != got:
        wrong.append(f"fields {sent} forwarded as {got}")
    ours, theirs = (
        [line for line in each.trailers if is_kept(line[0])] for each in (meant, arrived)
    )
    sent_ones = iter(meant.trailers)
    in_order = all(line in sent_ones for line in arrived.trailers)
    if ours != theirs or not in_order:
        wrong.append(f"trailers {meant.trailers} forwarded as {arrived.trailers}")
    return wrong


def is_kept(name: bytes) -> bool:
    """Of a trailer: names that no standard gives a meaning. Most others belong into a head."""
    return name.startswith(b"x-") and name not in OURS and not name.startswith(b"x-forwarded-")


def read_answers(data: bytes, methods: list[bytes], closed: bool) -> list[Message]:
    """Final answers in order, read strictly; those behind `methods` are to a GET."""
    found: list[Message] = []
    at = 0
    while at < len(data):
        method = methods[len(found)] if len(found) < len(methods) else b"GET"
        answer = read_answer(data, at, method, closed)
        if answer is None or answer.end == 0:
            break
        at = answer.end
        if answer.status >= 200:
            found.append(answer)
    return found
