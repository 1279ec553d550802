"""Other protocols on the port, interim answers, and answers that come slowly or never."""

from __future__ import annotations

import random

from .garbage import (
    END,
    OK,
    SECOND,
    SECRET,
    Case,
    Close,
    Cut,
    Passed,
    Pause,
    Refused,
    Reset,
    answer,
    head,
    of_kind,
)

EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
TOO_MANY = Refused(502, "too_many_interim")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\n"

GREETINGS = {
    "a TLS alert": b"\x15\x03\x03\x00\x02\x02\x46",
    "a TLS alert, handshake failure": b"\x15\x03\x01\x00\x02\x02\x28",
    "a TLS server hello": b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d\x03\x03" + b"\x2a" * 42,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2 SETTINGS": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00\x03\x00\x00\x00\x64" * 3,
    "HTTP/2 GOAWAY": b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + b"\x00" * 8,
    "HTTP/0.9": b"<html><body>POISON</body></html>\n",
    "JSON": b'{"error":"POISON"}\n',
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "SMTP": b"220 mail.example ESMTP\r\n",
    "FTP": b"220 Welcome\r\n",
    "IMAP": b"* OK IMAP4rev1 ready\r\n",
    "POP3": b"+OK ready\r\n",
    "Redis": b"-ERR wrong number of arguments for 'get' command\r\n",
    "memcached": b"ERROR\r\n",
    "MySQL": b"\x4a\x00\x00\x00\x0a8.0.36\x00" + b"\x01" * 40,
    "PostgreSQL": b"E\x00\x00\x00\x2bSFATAL\x00C0A000\x00Munsupported frontend\x00\x00",
    "MQTT": b"\x20\x02\x00\x00",
    "AMQP": b"AMQP\x00\x00\x09\x01",
    "a WebSocket frame": b"\x81\x06POISON",
    "SIP": b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "RTSP": b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "ICY": b"ICY 200 OK\r\n\r\n",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03POISON",
    "a shell's prompt": b"$ ",
    "an empty line": b"\r\n",
    "zeros": b"\0" * 4096,
    "ones": b"\xff" * 4096,
    "100 kB of one letter": b"H" * 100_000,
}


def other_protocols() -> list[Case]:
    make = of_kind("protocol", "an endpoint that serves something else on its port")
    cases = [make(name, said, Close()) for name, said in GREETINGS.items()]
    noise = random.Random(20261124)
    for number in range(8):
        said = noise.randbytes(2 ** (number + 4))
        cases.append(make(f"noise of {len(said)} bytes", said, Close()))
    return cases


def interim() -> list[Case]:
    make = of_kind("interim", "RFC 9110 15.2; reliability 3b.10")
    last = answer(b"hello")
    good = Passed(200, b"hello", reused=True)
    return [
        make("8 of them", EARLY * 8 + last, want=good),
        make("9 of them", EARLY * 9 + last, want=TOO_MANY),
        make("a storm", EARLY * 5000 + last, want=TOO_MANY),
        make("a storm without an answer", EARLY * 200, want=TOO_MANY),
        make(
            "9 of them, slowly",
            *(step for _ in range(9) for step in (EARLY, Pause())),
            want=TOO_MANY,
        ),
        make("101 unasked", SWITCH + END + SECRET, source="RFC 9110 7.8"),
        make(
            "101 to websocket",
            SWITCH + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x06POISON",
            source="CVE-2026-2833",
        ),
        make(
            "101 to h2c",
            SWITCH + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + GREETINGS["HTTP/2 SETTINGS"],
            source="CVE-2026-2833",
        ),
        make("101, then an answer", SWITCH + END + SECOND, source="RFC 9110 7.8"),
        make(
            "101 with a length", SWITCH + b"Content-Length: 6\r\n\r\nPOISON", source="RFC 9112 6.1"
        ),
        make("an unknown one", b"HTTP/1.1 199 Odd\r\n\r\n" + last, want=good),
        make("100 that nobody waits for", b"HTTP/1.1 100 Continue\r\n\r\n" + last, want=good),
        make(
            "100 with a body",
            b"HTTP/1.1 100 Continue\r\nContent-Length: 6\r\n\r\nPOISON",
            source="RFC 9112 6.3",
        ),
        make("103, then garbage", EARLY + b"HTTP/1.1 2x0\r\n\r\n"),
        make("103, then a close", EARLY, Close(), want=Refused(502, "upstream_closed")),
        make("103, then a reset", EARLY, Pause(0.02), Reset(), want=Refused(502, "upstream_reset")),
        make("103, then silence", EARLY, want=Refused(504, "first_byte_timeout"), clocks="short"),
        make("103 with a folded field", b"HTTP/1.1 103 E\r\nA: 1\r\n 2\r\n\r\n" + last),
        make(
            "103 with two lengths",
            b"HTTP/1.1 103 E\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" + last,
        ),
        make(
            "103 that hides a field",
            b"HTTP/1.1 103 E\r\nConnection: content-length\r\n\r\n" + last,
            source="CVE-2024-45410",
        ),
        make("103 with 101 fields", b"HTTP/1.1 103 E\r\n" + b"X-A: 1\r\n" * 101 + END + last),
        make("1xx of HTTP/1.0", b"HTTP/1.0 103 E\r\n\r\n" + last, want=good),
    ]


def slow() -> list[Case]:
    make = of_kind("slow", "reliability rows 14 and 15")
    timeout = Refused(504, "first_byte_timeout")

    def drip(data: bytes) -> tuple[bytes | Pause, ...]:
        return tuple(step for byte in data for step in (bytes([byte]), Pause(0.001)))

    return [
        make("nothing at all", want=timeout, clocks="short"),
        make("a byte, then silence", b"H", want=timeout, clocks="short"),
        make("half a status line, then silence", OK[:12], want=timeout, clocks="short"),
        make("half a field, then silence", OK + b"Content-", want=timeout, clocks="short"),
        make("a head without its end", OK + b"Content-Length: 6\r\n", want=timeout, clocks="short"),
        make(
            "a chunk, then silence",
            head(b"Transfer-Encoding: chunked\r\n") + b"5\r\nhello\r\n",
            want=Cut(b"hello", "upstream_idle_timeout"),
            clocks="short",
        ),
        make(
            "no last chunk's end",
            head(b"Transfer-Encoding: chunked\r\n") + b"5\r\nhello\r\n0\r\n",
            want=Cut(b"hello", "upstream_idle_timeout"),
            clocks="short",
        ),
        make(
            "a chunk size without end",
            head(b"Transfer-Encoding: chunked\r\n") + b"5",
            want=Cut(b"", "first_byte_timeout"),
            clocks="short",
        ),
        make(
            "a lawful answer by the byte",
            *drip(answer(b"hello")),
            want=Passed(200, b"hello", reused=True),
        ),
        make("garbage by the byte", *drip(b"HTTP/1.1 200 OK\r\nX-A : 1\r\n\r\n")),
        make(
            "a storm of fields by the line",
            OK,
            *(step for i in range(101) for step in (b"X-%d: 1\r\n" % i, Pause(0.001))),
            END,
        ),
        make(
            "bad chunks by the byte",
            *drip(head(b"Transfer-Encoding: chunked\r\n") + b"5\r\nhello\r\n-6\r\nPOISON"),
            want=Cut(b"hello"),
        ),
        make(
            "a short length by the byte",
            *drip(head(b"Content-Length: 6\r\n") + b"hello"),
            Close(),
            want=Cut(b"hello", "upstream_incomplete"),
        ),
    ]


# What an endpoint says on a connection that waits for its next request.
UNASKED: dict[str, tuple[bytes | Close | Reset, ...]] = {
    "an answer": (SECOND,),
    "two answers": (SECOND * 2,),
    "half an answer": (SECOND[:-3],),
    "an answer, then a close": (SECOND, Close()),
    "an answer, then a reset": (SECOND, Reset()),
    "a time-out as servers say it": (answer(SECRET, b"HTTP/1.1 408 Request Timeout\r\n"), Close()),
    "an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n",),
    "hints": (EARLY,),
    "chunks": (head(b"Transfer-Encoding: chunked\r\n") + b"6\r\nPOISON\r\n0\r\n\r\n",),
    "the body that HEAD left out": (SECRET,),
    "a line end": (END,),
    "one byte": (b"P",),
    "a TLS alert": (GREETINGS["a TLS alert"],),
    "100 kB": (SECRET * 16_000,),
    "a close": (Close(),),
    "a reset": (Reset(),),
}

PEERS: list[Case] = [*other_protocols(), *interim(), *slow()]
