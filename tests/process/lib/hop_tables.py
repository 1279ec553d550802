"""What of a message's fields may pass a gateway: tables of what is sent and what must arrive.

In the wants, PEER is the address that speaks to us, PORT the port that it reached.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .http1 import Fields

Wants = dict[str, list[str]]  # by field name in lower case; [] = absent


@dataclass(frozen=True)
class Refusal:
    status: int
    reason: str


@dataclass(frozen=True)
class Row:
    name: str
    sent: Fields
    want: Wants | Refusal


OURS: Wants = {
    "x-forwarded-for": ["PEER"],
    "x-forwarded-proto": ["http"],
    "x-forwarded-host": ["test.example"],
    "x-forwarded-port": ["PORT"],
}
BAD_NAME = Refusal(400, "bad_field_name")
BAD_CONNECTION = Refusal(400, "bad_connection_field")
GARBAGE = Refusal(502, "upstream_garbage")


@dataclass(frozen=True)
class Said:
    """What a peer says of its clients, and what of it stays when the peer is a trusted hop.

    Of anybody else nothing stays: OURS.
    """

    name: str
    sent: Fields
    trusted: Wants = field(default_factory=dict)


def chain(name: str, *values: str, stays: str = "") -> Said:
    want = f"{stays}, PEER" if stays else "PEER"
    sent = [("X-Forwarded-For", value) for value in values]
    return Said(f"for: {name}", sent, {"x-forwarded-for": [want]})


def proto(name: str, *values: str, stays: str = "http") -> Said:
    sent = [("X-Forwarded-Proto", value) for value in values]
    return Said(f"proto: {name}", sent, {"x-forwarded-proto": [stays]})


def host(name: str, *values: str, stays: str = "test.example") -> Said:
    sent = [("X-Forwarded-Host", value) for value in values]
    return Said(f"host: {name}", sent, {"x-forwarded-host": [stays]})


def port(name: str, *values: str, stays: str = "PORT") -> Said:
    sent = [("X-Forwarded-Port", value) for value in values]
    return Said(f"port: {name}", sent, {"x-forwarded-port": [stays]})


def hops(count: int) -> str:
    return ", ".join(f"192.0.2.{number}" for number in range(1, count + 1))


# The rest of the family, which proxies and frameworks read.
OTHERS = "Server Prefix Ssl Scheme Client-Cert Uri Method By User Email Path Tls X".split()

SAID: list[Said] = [
    chain("one address", "192.0.2.1", stays="192.0.2.1"),
    chain("two", "192.0.2.1, 192.0.2.2", stays="192.0.2.1, 192.0.2.2"),
    chain("two without a blank", "192.0.2.1,192.0.2.2", stays="192.0.2.1, 192.0.2.2"),
    chain("two with tabs", "192.0.2.1\t,\t192.0.2.2", stays="192.0.2.1, 192.0.2.2"),
    chain("two lines", "192.0.2.1", "192.0.2.2", stays="192.0.2.1, 192.0.2.2"),
    chain("three lines of two", *[hops(2)] * 3, stays=", ".join([hops(2)] * 3)),
    chain("empty elements", ", 192.0.2.1, ,, 192.0.2.2,", stays="192.0.2.1, 192.0.2.2"),
    chain("nothing", ""),
    chain("commas", ",,, ,"),
    chain("our own address", "127.0.0.1", stays="127.0.0.1"),
    chain("a word", "unknown"),
    chain("a hidden name", "_hidden"),
    chain("a word first", "unknown, 192.0.2.1", stays="192.0.2.1"),
    chain("a word last", "192.0.2.1, unknown"),
    chain("a word between", "192.0.2.1, evil, 192.0.2.2", stays="192.0.2.2"),
    chain("a word in the line before", "evil", "192.0.2.1", stays="192.0.2.1"),
    chain("a word in the line behind", "192.0.2.1", "evil"),
    chain("a port", "192.0.2.1:80", stays="192.0.2.1:80"),
    chain("port 0 and more", "192.0.2.1:99999"),
    chain("a port that is none", "192.0.2.1:x"),
    chain("no port behind a colon", "192.0.2.1:"),
    chain("IPv6", "2001:db8::1", stays="2001:db8::1"),
    chain("IPv6 in capitals", "2001:DB8::1", stays="2001:DB8::1"),
    chain("IPv6 in brackets", "[2001:db8::1]", stays="[2001:db8::1]"),
    chain("IPv6 with a port", "[2001:db8::1]:80", stays="[2001:db8::1]:80"),
    chain("IPv6 with a zone", "fe80::1%eth0"),
    chain("half a bracket", "[2001:db8::1"),
    chain("a mapped address", "::ffff:192.0.2.1", stays="::ffff:192.0.2.1"),
    chain("quoted", '"192.0.2.1"'),
    chain("a pair as in Forwarded", "for=192.0.2.1"),
    chain("a parameter", "192.0.2.1;proto=https"),
    chain("octal", "0300.0.2.1"),
    chain("three parts", "192.0.2"),
    chain("a number", "3221225985"),
    chain("hexadecimal", "0xc0.0.2.1"),
    chain("256", "192.0.2.256"),
    chain("a network", "192.0.2.0/24"),
    chain("32 hops", hops(32), stays=hops(32)),
    chain("33 hops", "198.51.100.1, " + hops(32), stays=hops(32)),
    chain("900 hops", *[hops(30)] * 30, stays="192.0.2.29, 192.0.2.30, " + hops(30)),
    proto("https", "https", stays="https"),
    proto("in capitals", "HTTPS", stays="https"),
    proto("http", "http"),
    proto("another", "ftp"),
    proto("websocket", "wss"),
    proto("a list", "https, http"),
    proto("twice", "https", "https"),
    proto("nothing", ""),
    proto("a word behind", "https x"),
    proto("quoted", '"https"'),
    host("a name", "shop.example", stays="shop.example"),
    host("in capitals with a port", "Shop.Example:8443", stays="Shop.Example:8443"),
    host("an address", "192.0.2.1:80", stays="192.0.2.1:80"),
    host("IPv6", "[2001:db8::1]:80", stays="[2001:db8::1]:80"),
    host("a last dot", "shop.example.", stays="shop.example."),
    host("a list", "shop.example, other.example"),
    host("twice", "shop.example", "shop.example"),
    host("nothing", ""),
    host("a blank", "shop example"),
    host("a path", "shop.example/x"),
    host("a user", "user@shop.example"),
    host("a scheme", "http://shop.example"),
    host("an empty label", "shop..example"),
    host("port 0 and more", "shop.example:65536"),
    host("no port behind a colon", "shop.example:"),
    host("254 bytes", "a" * 254),
    host("253 bytes", "a" * 253, stays="a" * 253),
    port("a port", "443", stays="443"),
    port("the last", "65535", stays="65535"),
    port("past the last", "65536"),
    port("0", "0"),
    port("signed", "+443"),
    port("negative", "-1"),
    port("a list", "443, 80"),
    port("twice", "443", "443"),
    port("nothing", ""),
    port("a word", "https"),
    Said("forwarded", [("Forwarded", "for=192.0.2.1;host=evil;proto=https")]),
    Said("forwarded, twice", [("Forwarded", "for=192.0.2.1"), ("FORWARDED", "for=_x")]),
    Said("real ip", [("X-Real-IP", "192.0.2.1")]),
    Said("real ip, twice", [("X-Real-IP", "192.0.2.1"), ("x-real-ip", "192.0.2.2")]),
    *(Said(f"other: {name}", [(f"X-Forwarded-{name}", "evil")]) for name in OTHERS),
    Said("other: capitals", [("X-FORWARDED-PREFIX", "/evil"), ("x-forwarded-prefix", "/evil")]),
    Said(
        "everything",
        [
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "shop.example"),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Server", "evil"),
            ("Forwarded", "for=evil"),
            ("X-Real-IP", "evil"),
        ],
        {
            "x-forwarded-for": ["192.0.2.1, PEER"],
            "x-forwarded-proto": ["https"],
            "x-forwarded-host": ["shop.example"],
            "x-forwarded-port": ["443"],
        },
    ),
]

# Names that a rule of ours or of the application relies on (CVE-2024-45410).
PROTECTED = """accept authorization content-length content-type cookie date expect forwarded host
proxy-authorization retry-after server set-cookie traceparent tracestate transfer-encoding via
x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix
x-forwarded-proto x-forwarded-server x-real-ip x-request-id""".split()

# One field each, dropped on both sides whether or not Connection names it.
HOP_FIELDS: Fields = [
    ("Keep-Alive", "timeout=5"),
    ("Proxy-Connection", "keep-alive"),
    ("Proxy-Authenticate", "Basic"),
    ("Proxy-Authentication-Info", "x=1"),
    ("Upgrade", "h2c"),
    ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
    ("TE", "gzip"),
]

END_TO_END: Fields = [
    ("Accept", "text/html"),
    ("Accept-Encoding", "gzip, br"),
    ("Cache-Control", "no-cache"),
    ("Content-Language", "de"),
    ("Cookie", "a=b"),
    ("Date", "Tue, 15 Nov 1994 08:12:31 GMT"),
    ("ETag", '"x"'),
    ("Max-Forwards", "3"),
    ("Pragma", "no-cache"),
    ("Range", "bytes=0-1"),
    ("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("Via", "1.1 other"),
    ("Warning", "199 - x"),
    ("X-Custom", "kept"),
    ("X-Custom", "a\tb"),
    ("X.Dotted.Name", "kept"),
    ("Proxy-Status", "other; error=x"),
]


def absent(name: str, value: str) -> Row:
    return Row(f"{name}: {value} is left out", [(name, value)], {name.lower(): []})


def named(option: str, *more: tuple[str, str], want: Wants | Refusal) -> Row:
    return Row(f"Connection: {option!r}", [("Connection", option), *more], want)


def option_rows(refusal: Refusal) -> list[Row]:
    """What Connection may and may not say, on either side."""
    x_one = ("X-One", "1")
    gone: Wants = {"x-one": [], "connection": []}
    rows = [named(name, want=refusal) for name in PROTECTED]
    rows += [named(name.title(), want=refusal) for name in PROTECTED[::5]]
    rows += [named(f"close, {name}", want=refusal) for name in PROTECTED[1::5]]
    rows += [named(value, want=refusal) for value in ("a b", '"x"', "x;q=1", "x:y", "x/y", "\xe4")]
    rows += [
        named("x-one", x_one, want=gone),
        named("X-ONE", x_one, want=gone),
        named("x-one, x-two", x_one, ("X-Two", "2"), want={**gone, "x-two": []}),
        named(" , x-one ,, ", x_one, want=gone),
        named("keep-alive, x-one", x_one, want=gone),
        named("x-one, x-one", x_one, x_one, want=gone),
        named("x-two", x_one, want={"x-one": ["1"], "connection": []}),
        named("x-on", x_one, want={"x-one": ["1"]}),
        named("", x_one, want={"x-one": ["1"], "connection": []}),
        named("trailer", want={"connection": []}),
        named("connection", want={"connection": []}),
        Row(
            "two Connection fields",
            [("Connection", "x-one"), x_one, ("connection", "x-two"), ("X-Two", "2")],
            {**gone, "x-two": []},
        ),
        Row(
            "the second Connection field",
            [("Connection", "keep-alive"), ("Connection", "Date")],
            refusal,
        ),
    ]
    return rows


def common_rows(refusal: Refusal) -> list[Row]:
    rows = option_rows(refusal)
    for name, value in HOP_FIELDS:
        rows.append(absent(name, value))
        rows.append(Row(f"{name} twice", [(name, value), (name.upper(), "x")], {name.lower(): []}))
        if name.lower() != "upgrade":  # named and sent it is a wish, which is refused
            rows.append(named(name, (name, value), want={name.lower(): []}))
    for name, value in END_TO_END:
        want = {name.lower(): [value, value]}
        rows.append(Row(f"{name} {value!r} twice", [(name, value), (name, value)], want))
    return rows


REQUESTS: list[Row] = [
    *common_rows(BAD_CONNECTION),
    absent("Proxy-Authorization", "Basic eDp5"),
    absent("Proxy", "http://evil/"),  # CVE-2016-5385: a CGI would take it for HTTP_PROXY
    absent("TE", "trailers"),
    absent("TE", "trailers, deflate;q=0.5"),
    Row("Authorization", [("Authorization", "Bearer x")], {"authorization": ["Bearer x"]}),
    Row("Trailer without chunks", [("Trailer", "X-Sum")], {"trailer": []}),
    named("close", want={"connection": []}),
    named("upgrade, x", ("Upgrade", "websocket"), want=Refusal(501, "upgrade_unsupported")),
    named("Upgrade, HTTP2-Settings", ("Upgrade", "h2c"), want=Refusal(501, "upgrade_unsupported")),
    named("Upgrade", want={"connection": [], "upgrade": []}),
    Row("X_Forwarded_For", [("X_Forwarded_For", "192.0.2.1")], BAD_NAME),
    Row("X-Forwarded_For", [("X-Forwarded_For", "192.0.2.1")], BAD_NAME),
    Row("X_Real_IP", [("X_Real_IP", "192.0.2.1")], BAD_NAME),
    Row("Content_Length", [("Content_Length", "5")], BAD_NAME),
    Row("Transfer_Encoding", [("Transfer_Encoding", "chunked")], BAD_NAME),
    Row("_", [("_", "1")], BAD_NAME),
    Row("X-Real-IP.", [("X-Real-IP.", "192.0.2.1")], BAD_NAME),
    Row("X-Forwarded-For.", [("X-Forwarded-For.", "192.0.2.1")], BAD_NAME),
    Row("Forwarded..", [("Forwarded..", "for=192.0.2.1")], BAD_NAME),
    Row("Expect twice", [("Expect", "100-continue")] * 2, Refusal(417, "bad_expectation")),
    Row("Expect of no body", [("Expect", "100-continue")], {"expect": []}),
]

RESPONSES: list[Row] = [
    *common_rows(GARBAGE),
    absent("Trailer", "X-Sum"),
    Row(
        "Set-Cookie twice",
        [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")],
        {"set-cookie": ["a=1", "b=2"]},
    ),
    Row("WWW-Authenticate", [("WWW-Authenticate", "Bearer")], {"www-authenticate": ["Bearer"]}),
    Row("Server", [("Server", "other")], {"server": ["other"]}),
    Row("X-Request-Id", [("X-Request-Id", "its")], {"x-request-id": ["its"]}),
    Row("Alt-Svc", [("Alt-Svc", 'h3=":443"')], {"alt-svc": ['h3=":443"']}),
    Row("X-Forwarded-For", [("X-Forwarded-For", "its")], {"x-forwarded-for": ["its"]}),
    Row("X_Underscore", [("X_Underscore", "1")], GARBAGE),
    Row("X-Dot.", [("X-Dot.", "1")], GARBAGE),
    Row("Upgrade named", [("Connection", "upgrade"), ("Upgrade", "h2c")], {"upgrade": []}),
]
