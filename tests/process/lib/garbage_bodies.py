"""Answers whose head is lawful: chunks, trailers, second answers behind the first, early ends."""

from __future__ import annotations

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

CHUNKED = head(b"Transfer-Encoding: chunked\r\n")
FIRST = b"5\r\nhello\r\n"
LAST = b"0\r\n\r\n"
HELLO = Cut(b"hello")
WHOLE = Passed(200, b"hello", reused=True)
POISONED = Passed(200, b"hello")

# Size lines, each where a chunk of six bytes, POISON, should begin.
SIZE_LINES = {
    "empty": (b"", "RFC 9112 7.1"),
    "no hex digit": (b"g", "RFC 9112 7.1"),
    "0x": (b"0x6", "RFC 9112 7.1"),
    "signed": (b"+6", "RFC 9112 7.1"),
    "negative": (b"-6", "CVE-2002-0392"),
    "a blank first": (b" 6", "RFC 9112 7.1"),
    "a blank last": (b"6 ", "RFC 9112 7.1"),
    "a tab last": (b"6\t", "RFC 9112 7.1"),
    "an underscore": (b"0_6", "RFC 9112 7.1"),
    "17 digits": (b"0" * 16 + b"6", "reliability 3b.6"),
    "2^64": (b"10000000000000006", "CVE-2013-2028"),
    "2^63": (b"8000000000000006", "CVE-2013-2028"),
    "2^64 - 1": (b"ffffffffffffffff", "CVE-2013-2028"),
    "over the cap": (b"10000000001", "reliability 3b.6"),
    "an extension alone": (b";ext", "RFC 9112 7.1.1"),
    "a comma": (b"6,7", "RFC 9112 7.1"),
    "quoted": (b'"6"', "RFC 9112 7.1"),
    "NUL": (b"6\0", "RFC 9112 7.1"),
    "CR inside": (b"6\rX", "RFC 9112 2.2"),
    "two CRs": (b"6\r", "RFC 9112 2.2"),
    "an extension of 257 bytes": (b"6;" + b"x" * 256, "CVE-2015-3183; reliability 3b.6"),
    "an extension of 100 kB": (b"6;" + b"x" * 100_000, "CVE-2015-3183"),
    "NUL in the extension": (b"6;x\0y", "RFC 9112 7.1.1"),
    "CR in the extension": (b"6;x\ry", "RFC 9112 7.1.1"),
    "LF in the extension": (b"6;x\ny", "RFC 9112 7.1.1; chunk-ext smuggling"),
}

TRAILERS = {
    "no colon": b"X-Sum\r\n",
    "no name": b": 1\r\n",
    "a blank before the colon": b"X-Sum : 1\r\n",
    "folded": b"X-Sum: 1\r\n 2\r\n",
    "NUL": b"X-Sum: a\0b\r\n",
    "LF alone": b"X-Sum: 1\n",
    "CR alone": b"X-Sum: 1\rX-B: 2\r\n",
    "a control": b"X-Sum: \x01\r\n",
    "33 of them": b"X-Sum: 1\r\n" * 33,
    "over 8 KiB": b"X-Sum: " + b"a" * 8192 + END,
    "an underscore": b"X_Sum: 1\r\n",
    "a second first line": b"HTTP/1.1 200 OK\r\n",
}

# Lawful lines of a kind that means something only in front of the content: left out.
FRAMING_TRAILERS = (
    b"Content-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Set-Cookie: POISON=1\r\n",
    b"Connection: close\r\n",
    b"Trailer: X-Sum\r\n",
    b"Host: POISON\r\n",
    b"Location: http://POISON/\r\n",
    b"Cache-Control: max-age=9\r\n",
    b"Content-Type: text/POISON\r\n",
)


def chunks() -> list[Case]:
    make = of_kind("chunk", "RFC 9112 7.1")
    cases = [
        make(name, CHUNKED + FIRST + line + END + SECRET + END + LAST, want=HELLO, source=source)
        for name, (line, source) in SIZE_LINES.items()
    ]
    cases += [
        make("LF behind the size", CHUNKED + FIRST + b"6\nPOISON\r\n" + LAST, want=HELLO),
        make("LF behind the data", CHUNKED + b"5\r\nhello\n6\r\nPOISON\r\n" + LAST, want=HELLO),
        make("more data than its size", CHUNKED + b"5\r\nhelloPOISON\r\n" + LAST, want=HELLO),
        make("nothing behind the data", CHUNKED + b"5\r\nhello6\r\nPOISON\r\n" + LAST, want=HELLO),
        make("CR alone behind the data", CHUNKED + b"5\r\nhello\rPOISON", want=HELLO),
        make("a length instead of chunks", CHUNKED + b"hello", want=Cut()),
        make("all on one line", CHUNKED + b"5 hello 0\r\n\r\n", want=Cut()),
        make("in pieces", CHUNKED, Pause(), FIRST, Pause(), b"-6\r\nPOISON", want=HELLO),
        make("LF as the last line", CHUNKED + FIRST + b"0\r\n\n", want=HELLO),
        make("CR CR as the last line", CHUNKED + FIRST + b"0\r\n\r\r", want=HELLO),
        make("leading zeros", CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n", want=WHOLE),
        make("extensions", CHUNKED + b'5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n', want=WHOLE),
        make(
            "of one byte each",
            CHUNKED + b"".join(b"1\r\n%c\r\n" % c for c in b"hello") + LAST,
            want=WHOLE,
        ),
    ]
    return cases


def trailers() -> list[Case]:
    make = of_kind("trailer", "RFC 9112 7.1.2")
    cases = [
        make(name, CHUNKED + FIRST + b"0\r\n" + lines + END, want=HELLO)
        for name, lines in TRAILERS.items()
    ]
    for line in FRAMING_TRAILERS:
        name = line.partition(b":")[0].decode()
        want = WHOLE
        cases.append(
            make(
                f"{name} is left out",
                CHUNKED + FIRST + b"0\r\n" + line + END,
                want=want,
                source="RFC 9110 6.5.1",
            )
        )
    return cases


def second_answers() -> list[Case]:
    """Behind the first one, in the same write: response splitting as an endpoint would do it."""
    make = of_kind("second answer", "RFC 9112 6.3; reliability row 19")
    chunked = CHUNKED + FIRST + LAST
    no = b"HTTP/1.1 204 No\r\n\r\n"
    same = b"HTTP/1.1 304 Same\r\n\r\n"
    return [
        make("behind a length", answer(b"hello") + SECOND, want=POISONED),
        make("behind a length, twice", answer(b"hello") + SECOND * 2, want=POISONED),
        make("behind no body", answer(b"") + SECOND, want=Passed(200)),
        make("behind chunks", chunked + SECOND, want=POISONED),
        make("behind trailers", CHUNKED + FIRST + b"0\r\nX-A: 1\r\n\r\n" + SECOND, want=POISONED),
        make("behind 204", no + SECOND, want=Passed(204)),
        make("behind 304", same + SECOND, want=Passed(304)),
        make("behind HEAD", answer(b"") + SECOND, method="HEAD", want=Passed(200)),
        make(
            "as the body of HEAD",
            head(b"Content-Length: %d\r\n" % len(SECOND)) + SECOND,
            method="HEAD",
            want=Passed(200),
        ),
        make(
            "as the body of 304",
            head(b"Content-Length: %d\r\n" % len(SECOND), b"HTTP/1.1 304 S\r\n") + SECOND,
            want=Passed(304),
        ),
        make("half of one", answer(b"hello") + SECOND[:25], want=POISONED),
        make("its status line alone", answer(b"hello") + OK, want=POISONED),
        make("an interim one", answer(b"hello") + b"HTTP/1.1 100 Continue\r\n\r\n", want=POISONED),
        make(
            "that switches protocols", answer(b"hello") + b"HTTP/1.1 101 S\r\n\r\n", want=POISONED
        ),
        make(
            "behind an error",
            answer(b"no", b"HTTP/1.1 500 Oops\r\n") + SECOND,
            want=Passed(500, b"no"),
        ),
        make(
            "with Connection: close",
            answer(b"hello", fields=b"Connection: close\r\n") + SECOND,
            Close(),
            want=POISONED,
        ),
        make("inside one field", head(b"X-A: 1\r\r\n\r\n" + SECOND), want=Refused()),
    ]


def ends() -> list[Case]:
    """Closed and reset at each place where an answer changes its meaning."""
    make = of_kind("end", "RFC 9112 8")
    whole = OK + b"X-A: 1\r\n" + b"Transfer-Encoding: chunked\r\n\r\n" + FIRST + LAST
    body_at = whole.index(b"5\r\n")
    names = {
        1: "in the protocol's name",
        8: "behind the version",
        11: "in the status",
        15: "in the phrase",
        16: "inside the first line end",
        17: "behind the first line",
        20: "in a name",
        21: "behind a colon",
        24: "inside a field's line end",
        25: "behind a field",
        body_at - 3: "inside the blank line",
        body_at - 1: "before the last LF of the head",
    }
    cases = []
    for at, name in names.items():
        refused = Refused(502, "upstream_closed")
        cases.append(make(f"{name}, closed", whole[:at], Close(), want=refused))
        refused = Refused(502, "upstream_reset")
        cases.append(make(f"{name}, reset", whole[:at], Pause(0.02), Reset(), want=refused))
    for at in range(body_at, len(whole)):
        sent = whole[body_at:at]
        came = sent[3:8] if len(sent) > 3 else b""
        want = Cut(came, "upstream_incomplete")
        cases.append(
            make(f"{at - body_at} bytes into the chunks, closed", whole[:at], Close(), want=want)
        )
    for at in (body_at, body_at + 5, len(whole) - 1):
        came = whole[body_at:at][3:8]
        cases.append(
            make(
                f"{at - body_at} bytes into the chunks, reset",
                whole[:at],
                Pause(0.02),
                Reset(),
                want=Cut(came, "upstream_reset"),
            )
        )
    cases.append(make("before any byte, closed", Close(), want=Refused(502, "upstream_closed")))
    cases.append(make("before any byte, reset", Reset(), want=Refused(502, "upstream_reset")))
    return cases


BODIES: list[Case] = [*chunks(), *trailers(), *second_answers(), *ends()]
