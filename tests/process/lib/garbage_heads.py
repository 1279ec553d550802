"""Heads that are none: first lines, field lines, and framing that can be read in two ways."""

from __future__ import annotations

from .garbage import END, OK, SECRET, Case, Close, Passed, answer, head, of_kind

LENGTH = b"Content-Length: 6\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
WHOLE = b"6\r\nPOISON\r\n0\r\n\r\n"

FIRST_LINES = {
    "status below 100": b"HTTP/1.1 099 Low",
    "status 000": b"HTTP/1.1 000 Zero",
    "status 600": b"HTTP/1.1 600 High",
    "status 999": b"HTTP/1.1 999 Highest",
    "two digits": b"HTTP/1.1 20 Short",
    "four digits": b"HTTP/1.1 2000 Long",
    "a letter in the status": b"HTTP/1.1 2x0 Hex",
    "a signed status": b"HTTP/1.1 +20 Signed",
    "a negative status": b"HTTP/1.1 -20 Negative",
    "a wide digit": b"HTTP/1.1 20\xb2 Wide",
    "no status": b"HTTP/1.1",
    "no blank behind the status": b"HTTP/1.1 200",
    "no blank before the status": b"HTTP/1.1200 OK",
    "two blanks before the status": b"HTTP/1.1  200 OK",
    "a tab before the status": b"HTTP/1.1\t200 OK",
    "a tab behind the status": b"HTTP/1.1 200\tOK",
    "a comma behind the status": b"HTTP/1.1 200,OK",
    "version 1.2": b"HTTP/1.2 200 OK",
    "version 1.10": b"HTTP/1.10 200 OK",
    "version 2.0": b"HTTP/2.0 200 OK",
    "version 2": b"HTTP/2 200 OK",
    "version 0.9": b"HTTP/0.9 200 OK",
    "version 3": b"HTTP/3 200 OK",
    "version without minor": b"HTTP/1 200 OK",
    "version without dot": b"HTTP/11 200 OK",
    "version with a third part": b"HTTP/1.1.1 200 OK",
    "lower case": b"http/1.1 200 OK",
    "mixed case": b"Http/1.1 200 OK",
    "another protocol's name": b"HTTPS/1.1 200 OK",
    "a leading blank": b" HTTP/1.1 200 OK",
    "a byte order mark": b"\xef\xbb\xbfHTTP/1.1 200 OK",
    "turned around": b"200 OK HTTP/1.1",
    "a request": b"GET / HTTP/1.1",
    "NUL in the phrase": b"HTTP/1.1 200 O\0K",
    "a control in the phrase": b"HTTP/1.1 200 O\x01K",
    "DEL in the phrase": b"HTTP/1.1 200 OK\x7f",
    "CR in the phrase": b"HTTP/1.1 200 O\rK",
    "an escape sequence in the phrase": b"HTTP/1.1 200 \x1b[31mOK",
    "a phrase of 9000 bytes": b"HTTP/1.1 200 " + b"O" * 9000,
}

LEADING = {
    "an empty line first": b"\r\n",
    "an empty LF line first": b"\n",
    "NUL first": b"\0",
    "a blank line of blanks first": b"  \r\n",
}

# Each stands in front of a lawful Content-Length.
FIELD_LINES = {
    "no colon": (b"no colon here", "RFC 9112 5"),
    "no name": (b": empty", "CVE-2023-25725"),
    "a blank before the colon": (b"X-A : 1", "RFC 9112 5.1; CVE-2021-22959"),
    "a tab before the colon": (b"X-A\t: 1", "RFC 9112 5.1"),
    "a blank in the name": (b"X A: 1", "RFC 9110 5.1"),
    "an underscore in the name": (b"X_A: 1", "reliability 3b.3"),
    "a NUL in the name": (b"X\0A: 1", "RFC 9110 5.6.2"),
    "a high byte in the name": (b"X\xe9: 1", "RFC 9110 5.6.2"),
    "a name of 129 bytes": (b"X" * 129 + b": 1", "CVE-2021-40346"),
    "a value of 8193 bytes": (b"X-A: " + b"a" * 8193, "reliability 3b.3"),
    "folded by a blank": (b"X-A: 1\r\n folded", "RFC 9112 5.2"),
    "folded by a tab": (b"X-A: 1\r\n\tfolded", "RFC 9112 5.2"),
    "folded into nothing": (b"X-A:\r\n \r\nX-B: 1", "RFC 9112 5.2; CVE-2022-32214"),
    "a fold that makes a length": (b"Content-Length:\r\n 6", "RFC 9112 5.2"),
    "CR in a value": (b"X-A: 1\rSet-Cookie: POISON", "RFC 9112 2.2; CVE-2016-2216"),
    "LF in a value": (b"X-A: 1\nSet-Cookie: POISON", "RFC 9112 2.2; CVE-2016-2216"),
    "CR CR LF": (b"X-A: 1\r", "RFC 9112 2.2"),
    "the first line repeated": (b"HTTP/1.1 200 OK", "RFC 9112 5"),
    "a quoted name": (b'"X-A": 1', "RFC 9110 5.6.2"),
}

NO_TOKEN = '()<>@,;\\/[]?={}"'
CONTROLS = (0x00, 0x01, 0x08, 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0x7F)

LENGTHS = {
    "empty": (b"Content-Length:", "RFC 9112 6.3; CVE-2023-40225"),
    "signed": (b"Content-Length: +6", "RFC 9110 8.6"),
    "negative": (b"Content-Length: -6", "RFC 9110 8.6"),
    "hexadecimal": (b"Content-Length: 0x6", "RFC 9110 8.6"),
    "leading zero": (b"Content-Length: 06", "reliability 3b.5"),
    "with a fraction": (b"Content-Length: 6.0", "RFC 9110 8.6"),
    "with an exponent": (b"Content-Length: 6e0", "RFC 9110 8.6"),
    "two numbers": (b"Content-Length: 6 6", "RFC 9110 8.6"),
    "a list of equals": (b"Content-Length: 6, 6", "RFC 9110 8.6"),
    "a list that differs": (b"Content-Length: 6, 7", "RFC 9112 6.3"),
    "a comma behind it": (b"Content-Length: 6,", "RFC 9110 8.6"),
    "quoted": (b'Content-Length: "6"', "RFC 9110 8.6"),
    "a word": (b"Content-Length: six", "RFC 9110 8.6"),
    "2^64": (b"Content-Length: 18446744073709551616", "integer overflow"),
    "2^64 + 6": (b"Content-Length: 18446744073709551622", "integer overflow"),
    "2^63": (b"Content-Length: 9223372036854775808", "integer overflow"),
    "forty digits": (b"Content-Length: " + b"6" * 40, "integer overflow"),
    "twice, equal": (b"Content-Length: 6\r\nContent-Length: 6", "RFC 9112 6.3"),
    "twice, different": (b"Content-Length: 6\r\nContent-Length: 7", "RFC 9112 6.3"),
    "twice, other case": (b"Content-Length: 6\r\ncontent-LENGTH: 0", "RFC 9112 6.3"),
    "and chunked": (b"Content-Length: 6\r\nTransfer-Encoding: chunked", "RFC 9112 6.3"),
    "behind chunked": (b"Transfer-Encoding: chunked\r\nContent-Length: 6", "RFC 9112 6.3"),
    "of nothing, and chunked": (b"Content-Length: 0\r\nTransfer-Encoding: chunked", "RFC 9112 6.3"),
}

CODINGS = {
    "gzip": (b"gzip", "RFC 9112 6.1"),
    "gzip, then chunked": (b"gzip, chunked", "RFC 9112 6.1"),
    "chunked, then gzip": (b"chunked, gzip", "RFC 9112 6.3"),
    "chunked twice in a list": (b"chunked, chunked", "RFC 9112 6.1"),
    "identity": (b"identity", "RFC 7230 withdrew it"),
    "chunked, then identity": (b"chunked, identity", "http-garden"),
    "an unknown name": (b"xchunked", "http-garden"),
    "a longer name": (b"chunkedx", "http-garden"),
    "quoted": (b'"chunked"', "http-garden"),
    "with a parameter": (b"chunked;q=1", "RFC 9112 7"),
    "a comma first": (b",chunked", "http-garden"),
    "a comma last": (b"chunked,", "http-garden"),
    "empty": (b"", "RFC 9112 6.1"),
    "a vertical tab first": (b"\x0bchunked", "CVE-2019-18277"),
    "a no-break space first": (b"\xa0chunked", "http-garden"),
    "0xff behind": (b"chunked\xff", "http-garden"),
    "NUL behind": (b"chunked\0", "http-garden"),
    "two words": (b"chunked chunked", "http-garden"),
    "twice": (b"chunked\r\nTransfer-Encoding: chunked", "CVE-2020-8287"),
    "twice, the second unknown": (b"chunked\r\nTransfer-Encoding: cow", "CVE-2020-8287"),
}

# Naming these in Connection would take away what frames or routes the answer (CVE-2024-45410).
PROTECTED = (
    "content-length",
    "transfer-encoding",
    "set-cookie",
    "content-type",
    "x-request-id",
    "date",
    "retry-after",
)


def first_lines() -> list[Case]:
    make = of_kind("first line", "RFC 9112 4")
    cases = [make(name, answer(SECRET, line + END)) for name, line in FIRST_LINES.items()]
    cases += [make(name, before + answer(SECRET)) for name, before in LEADING.items()]
    cases.append(make("LF alone", answer(SECRET, b"HTTP/1.1 200 OK\n")))
    cases.append(make("LF alone everywhere", answer(SECRET).replace(b"\r\n", b"\n")))
    return cases


def field_lines() -> list[Case]:
    make = of_kind("field", "RFC 9110 5")
    cases = [
        make(name, answer(SECRET, fields=line + END), source=source)
        for name, (line, source) in FIELD_LINES.items()
    ]
    for letter in NO_TOKEN:
        line = f"X{letter}A: 1\r\n".encode()
        cases.append(make(f"{letter} in the name", answer(SECRET, fields=line)))
    for code in CONTROLS:
        line = b"X-A: 1" + bytes([code]) + b"2\r\n"
        cases.append(make(f"0x{code:02x} in a value", answer(SECRET, fields=line)))
    cases.append(make("a fold as the first line", answer(SECRET, fields=b" X-A: 1\r\n")))
    return cases


def sizes() -> list[Case]:
    make = of_kind("size", "reliability 3b.3: 100 fields, 8 KiB each, 32 KiB in all")
    line = b"X-%05d: 1\r\n"
    many = b"".join(line % i for i in range(10_000))
    long = b"X-A: " + b"a" * 8000 + END
    return [
        make("101 fields", answer(SECRET, fields=b"".join(line % i for i in range(100)))),
        make("10,000 fields", answer(SECRET, fields=many)),
        make("a head of 33 KiB", answer(SECRET, fields=long * 4 + b"X-B: " + b"b" * 1500 + END)),
        make("a head of 1 MiB", answer(SECRET, fields=long * 130)),
        make("a head without end", OK + long * 200),
        make("a value without end", OK + b"X-A: " + b"a" * 100_000),
        make("a name without end", OK + b"X" * 100_000),
        make("a phrase without end", b"HTTP/1.1 200 " + b"O" * 100_000),
        make("a status without end", b"HTTP/1.1 2" + b"0" * 100_000),
    ]


def framing() -> list[Case]:
    make = of_kind("length", "RFC 9112 6.3")
    cases = [
        make(name, OK + line + END + END + SECRET, Close(), source=source)
        for name, (line, source) in LENGTHS.items()
    ]
    make = of_kind("coding", "RFC 9112 6.1")
    for name, (value, source) in CODINGS.items():
        line = b"Transfer-Encoding: " + value + END
        cases.append(make(name, head(line) + WHOLE, Close(), source=source))
    cases.append(make("chunked of HTTP/1.0", head(CHUNKED, b"HTTP/1.0 200 OK\r\n") + WHOLE))
    make = of_kind("connection", "CVE-2024-45410")
    for name in PROTECTED:
        fields = f"Connection: {name}\r\n{name}: 6\r\n".encode()
        if name == "content-length":
            fields = b"Connection: content-length\r\n"
        if name == "transfer-encoding":
            fields = b"Connection: transfer-encoding\r\n"
        cases.append(make(f"names {name}", answer(SECRET, fields=fields)))
    for name, value in {
        "names no token": b"clo se",
        "names a quoted word": b'"x"',
        "names an underscore": b"x-a@b",
    }.items():
        cases.append(make(name, answer(SECRET, fields=b"Connection: " + value + END)))
    return cases


def odd_but_lawful() -> list[Case]:
    """What looks like garbage and is none: refusing it would break working servers."""
    make = of_kind("lawful", "RFC 9112")
    chunks = b"2\r\nok\r\n0\r\n\r\n"
    good = Passed(200, b"ok", reused=True)
    return [
        make("no phrase", answer(b"ok", b"HTTP/1.1 200 \r\n"), want=good),
        make("a phrase with high bytes", answer(b"ok", b"HTTP/1.1 200 \xd6k\r\n"), want=good),
        make(
            "an unknown status",
            answer(b"ok", b"HTTP/1.1 599 Odd\r\n"),
            want=Passed(599, b"ok", True),
        ),
        make("CHUNKED", head(b"TRANSFER-ENCODING: CHUNKED\r\n") + chunks, want=good),
        make("blanks around a value", answer(b"ok", fields=b"X-A: \t 1 \t \r\n"), want=good),
        make("an empty value", answer(b"ok", fields=b"X-A:\r\n"), want=good),
        make("99 fields", answer(b"ok", fields=b"X-A: 1\r\n" * 97), want=good),
        make("HTTP/1.0", answer(b"ok", b"HTTP/1.0 200 OK\r\n"), Close(), want=Passed(200, b"ok")),
        make("until close", head(b"") + b"ok", Close(), want=Passed(200, b"ok")),
        make(
            "Connection: close",
            answer(b"ok", fields=b"Connection: close\r\n"),
            Close(),
            want=Passed(200, b"ok"),
        ),
        make(
            "Upgrade offered",
            answer(b"ok", fields=b"Connection: upgrade\r\nUpgrade: h2c\r\n"),
            want=good,
        ),
        make("a name of 128 bytes", answer(b"ok", fields=b"X" * 128 + b": 1\r\n"), want=good),
        make(
            "a value of 8192 bytes", answer(b"ok", fields=b"X-A: " + b"a" * 8192 + END), want=good
        ),
    ]


HEADS: list[Case] = [
    *first_lines(),
    *field_lines(),
    *sizes(),
    *framing(),
    *odd_but_lawful(),
]
