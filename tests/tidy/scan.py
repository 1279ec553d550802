"""Reading C++ well enough for the checks: text without comments and strings, places of functions.

Not a parser: a scanner that counts braces. It errs towards silence, and test_tidy.py holds the
shapes that it must see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r'R"(?P<mark>[^()\\\s]{0,16})\((?s:.*?)\)(?P=mark)"'  # raw string
    r"|//[^\n]*"
    r"|/\*(?s:.*?)\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'"  # not the separator of 1'000'000
)


def strip(text: str) -> str:
    """`text` with comments blanked and literals emptied; every line stays where it was."""

    def blank(match: re.Match[str]) -> str:
        token = match.group(0)
        newlines = "\n" * token.count("\n")
        if token.startswith("/"):
            return " " + newlines
        return ('""' if '"' in token[:2] else "' '") + newlines

    return _TOKEN.sub(blank, text)


@dataclass(frozen=True)
class Function:
    name: str
    line: int  # of the opening brace's statement, from 1
    lines: int  # from there to the closing brace


_TYPE_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b|extern\s*\"\"")
_CONTROL = re.compile(r"^\s*(if|for|while|switch|catch|else|do|try|return|case)\b")
_NAME = re.compile(r"([~\w:]+|operator\s*\S{1,3})\s*\($")


def functions(text: str) -> list[Function]:
    """Function bodies at namespace or class scope; lambdas count as part of their function."""
    code = _without_directives(strip(text))
    found: list[Function] = []
    scopes: list[bool] = []  # True: a namespace or type, in which functions may be
    start = 0
    body: tuple[str, int, int] | None = None  # name, line, depth
    for index, char in enumerate(code):
        if char == "{":
            head = code[start:index]
            if body is None and all(scopes) and not _opens_scope(head):
                name = _function_name(head)
                if name is not None:
                    body = (name, _line_of_head(code, start), len(scopes))
            scopes.append(body is None and _opens_scope(head))
            start = index + 1
        elif char == "}":
            if scopes:
                scopes.pop()
            if body is not None and len(scopes) == body[2]:
                end = code.count("\n", 0, index) + 1
                found.append(Function(body[0], body[1], end - body[1] + 1))
                body = None
            start = index + 1
        elif char == ";":
            start = index + 1
    return found


def _without_directives(code: str) -> str:
    """Preprocessor lines blanked: a macro's braces are no function."""
    lines = code.split("\n")
    continued = False
    for index, line in enumerate(lines):
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.endswith("\\")
        if directive:
            lines[index] = ""
    return "\n".join(lines)


def _opens_scope(head: str) -> bool:
    if "(" in re.sub(r"\b(alignas|__attribute__|decltype)\s*\([^)]*\)", "", head):
        return False
    return bool(_TYPE_SCOPE.search(head))


def _function_name(head: str) -> str | None:
    if "(" not in head or _CONTROL.match(head):
        return None
    open_at = head.index("(")
    if "=" in re.sub(r"[=!<>]=|operator\s*=", "", head[:open_at]):
        return None  # an initialiser
    match = _NAME.search(head[: open_at + 1])
    return match.group(1) if match else None


def _line_of_head(code: str, start: int) -> int:
    """The line of the first character after `start` that is not white space."""
    while start < len(code) and code[start].isspace():
        start += 1
    return code.count("\n", 0, start) + 1


_AWAIT = re.compile(r"\bco_await\b")
_CAPTURE = re.compile(r"\[(?=[^\]\[]*[&=\w])[^\]\[]*\]\s*(?:\(|\{|mutable)")
_LAMBDA = re.compile(
    r"(?<![\w\])])\[([^\[\]]*)\]\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?[^;{}()]*\{"
)
_AGGREGATE = re.compile(r"[(,=]\s*\{|\b[A-Z]\w*(?:<[^<>;]*>)?\s*\{")


def awaits(text: str) -> list[tuple[int, str]]:
    """(line, operand) of each co_await, up to the end of its expression."""
    code = strip(text)
    found = []
    for match in _AWAIT.finditer(code):
        end = _end_of_expression(code, match.end())
        found.append((code.count("\n", 0, match.start()) + 1, code[match.end() : end]))
    return found


def _end_of_expression(code: str, start: int) -> int:
    depth = 0
    for index in range(start, len(code)):
        char = code[index]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return index
        elif char in ";," and depth == 0:
            return index
    return len(code)


def has_temporary(operand: str) -> bool:
    """A lambda or an aggregate made inside the operand: g++ 12 destroys those twice."""
    return bool(_CAPTURE.search(operand) or _AGGREGATE.search(operand))


def capturing_coroutines(text: str) -> list[int]:
    """Lines of lambdas that capture and suspend: their captures die with the lambda object."""
    code = strip(text)
    found = []
    for match in _LAMBDA.finditer(code):
        if not match.group(1).strip():
            continue
        end = _end_of_block(code, match.end())
        if re.search(r"\bco_(await|return|yield)\b", code[match.end() : end]):
            found.append(code.count("\n", 0, match.start()) + 1)
    return found


def _end_of_block(code: str, start: int) -> int:
    depth = 1
    for index in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return index
    return len(code)
