"""What clients saw must equal what origins saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .origin import Origin


def request_id(number: int) -> str:
    return f"test-{number:06d}"


def assert_no_duplicates(origins: Iterable[Origin]) -> None:
    """No request reached origins more than once."""
    counts = Counter(name for origin in origins for name in origin.ids())
    twice = {name: count for name, count in counts.items() if count > 1}
    assert not twice, f"sent more than once: {twice}"


def assert_same(succeeded: Sequence[str], origins: Sequence[Origin]) -> None:
    """Every success that a client saw was one answer of one origin, and there was no other."""
    answered = Counter(
        seen.request.get("x-request-id") or ""
        for origin in origins
        for seen in origin.seen
        if seen.answered
    )
    client = Counter(succeeded)
    assert (
        answered == client
    ), f"only at origins: {answered - client}; only at clients: {client - answered}"
