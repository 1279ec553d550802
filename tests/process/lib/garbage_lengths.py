"""Answers that lie about their length, short ones and such as pass inside the kernel."""

from __future__ import annotations

from .garbage import (
    END,
    SECOND,
    SECRET,
    Case,
    Close,
    Cut,
    Passed,
    Pause,
    Reset,
    answer,
    head,
    of_kind,
)
from .garbage_bodies import CHUNKED, FIRST, LAST, POISONED

INCOMPLETE = Cut(b"hello", "upstream_incomplete")


def lengths_that_lie() -> list[Case]:
    make = of_kind("lie", "RFC 9112 8")
    short = head(b"Content-Length: 10\r\n") + b"hello"
    return [
        make("short, then close", short, Close(), want=INCOMPLETE),
        make(
            "short, then reset", short, Pause(0.05), Reset(), want=Cut(b"hello", "upstream_reset")
        ),
        make(
            "short, then silence",
            short,
            want=Cut(b"hello", "upstream_idle_timeout"),
            clocks="short",
        ),
        make(
            "short, in pieces",
            short[:-5],
            Pause(),
            b"he",
            Pause(),
            b"llo",
            Close(),
            want=INCOMPLETE,
        ),
        make(
            "a length and nothing",
            head(b"Content-Length: 10\r\n"),
            Close(),
            want=Cut(b"", "upstream_incomplete"),
        ),
        make(
            "1 GB and nothing",
            head(b"Content-Length: 1000000000\r\n"),
            Close(),
            want=Cut(b"", "upstream_incomplete"),
        ),
        make("long by a byte", answer(b"hello") + b"P", want=POISONED),
        make("long by a word", answer(b"hello") + SECRET, want=POISONED),
        make("long by a line end", answer(b"hello") + END, want=POISONED),
        make("long by 100 kB", answer(b"hello") + SECRET * 16_000, want=POISONED),
        make("none, and a body", answer(b"") + SECRET, want=Passed(200, b"")),
        make(
            "HEAD with a body",
            answer(SECRET),
            method="HEAD",
            want=Passed(200),
            source="RFC 9110 9.3.2",
        ),
        make(
            "HEAD with chunks",
            CHUNKED + FIRST + LAST,
            method="HEAD",
            want=Passed(200),
            source="RFC 9110 9.3.2",
        ),
        make(
            "204 with a length",
            answer(SECRET, b"HTTP/1.1 204 No\r\n"),
            want=Passed(204),
            source="RFC 9112 6.1",
        ),
        make(
            "204 with bytes",
            b"HTTP/1.1 204 No\r\n\r\n" + SECRET,
            want=Passed(204),
            source="RFC 9112 6.3",
        ),
        make(
            "204 with chunks",
            b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n" + FIRST + LAST,
            want=Passed(204),
            source="RFC 9112 6.1",
        ),
        make(
            "204 that claims a length",
            b"HTTP/1.1 204 No\r\nContent-Length: 6\r\n\r\n",
            want=Passed(204),
            source="RFC 9112 6.1",
        ),
        make(
            "204 that claims chunks",
            b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
            want=Passed(204),
            source="RFC 9112 6.1",
        ),
        make(
            "304 with bytes",
            b"HTTP/1.1 304 Same\r\n\r\n" + SECRET,
            want=Passed(304),
            source="RFC 9112 6.3",
        ),
        make(
            "304 with its length sent",
            answer(SECRET, b"HTTP/1.1 304 Same\r\n"),
            want=Passed(304),
            source="RFC 9112 6.3",
        ),
        make(
            "304 with chunks",
            b"HTTP/1.1 304 Same\r\nTransfer-Encoding: chunked\r\n\r\n" + FIRST + LAST,
            want=Passed(304),
            source="RFC 9112 6.3",
        ),
        make(
            "304 that states a length",
            b"HTTP/1.1 304 Same\r\nContent-Length: 6\r\n\r\n",
            want=Passed(304, reused=True),
            source="RFC 9110 8.6",
        ),
    ]


def long_bodies() -> list[Case]:
    """Long enough to go past the gateway inside the kernel."""
    make = of_kind("long body", "RFC 9112 6.3 and 8")
    long = b"long " * 60_000
    first = head(b"Content-Length: %d\r\n" % len(long))
    passed = Passed(200, long)
    incomplete = Cut(long[:-1], "upstream_incomplete")
    reset = Cut(long[:-1], "upstream_reset")
    silence = Cut(long[:-1], "upstream_idle_timeout")
    half = len(long) // 2
    return [
        make("whole", first + long, want=Passed(200, long, reused=True)),
        make("short by a byte, closed", first + long[:-1], Close(), want=incomplete),
        make("short by a byte, reset", first + long[:-1], Pause(0.05), Reset(), want=reset),
        make("short by a byte, silent", first + long[:-1], want=silence, clocks="short"),
        make("half of it, closed", first, Pause(), long[:half], Close(), want=incomplete),
        make("half of it, silent", first, Pause(), long[:half], want=silence, clocks="short"),
        make("and a byte", first + long + b"P", want=passed),
        make(
            "and a byte, in pieces",
            first,
            Pause(),
            long[:half],
            Pause(),
            long[half:] + b"P",
            want=passed,
        ),
        make("and 100 kB", first + long + SECRET * 16_000, want=passed),
        make("and a second answer", first + long + SECOND, want=passed),
        make(
            "and a second answer, in pieces",
            first + long[:half],
            Pause(),
            long[half:] + SECOND,
            want=passed,
        ),
        make("and an interim answer", first + long + b"HTTP/1.1 100 C\r\n\r\n", want=passed),
        make("behind HEAD", first + long, method="HEAD", want=Passed(200)),
        make(
            "behind 304",
            head(b"Content-Length: %d\r\n" % len(long), b"HTTP/1.1 304 S\r\n") + long,
            want=Passed(304),
        ),
        make(
            "in one bad chunk",
            CHUNKED + b"%x\r\n" % (len(long) + 1) + long,
            Close(),
            want=Cut(long, "upstream_incomplete"),
        ),
    ]


LENGTHS: list[Case] = [*lengths_that_lie(), *long_bodies()]
