"""Hostile requests made by grammar (lib/mutations.py), held against an oracle (lib/verdict.py).

Both sides have to agree with it: what arrived at the origin is, byte by byte, what a strict reader
finds in what was sent; each answer belongs to its request; what is unlawful ends the connection;
and what is lawful and has one reading only is answered, but for the listed tastes of the gate.
A failure names its seed and number: SLUICE_MUTATION=SEED:NUMBER plays that one again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lib.mutations import mutate
from lib.trial import play_all

SEED = 5
CASES = 4_000
SOAK_CASES = 1_000_000
ONE = os.environ.get("SLUICE_MUTATION", "")


def test_a_case_is_the_same_everywhere() -> None:
    assert [mutate(1, 2), mutate(1, 3)] == [mutate(1, 2), mutate(1, 3)]
    assert len({mutate(SEED, number) for number in range(1000)}) > 950


async def test_mutations(tmp_path: Path) -> None:
    seed, _, number = ONE.partition(":")
    numbers = range(int(number), int(number) + 1) if ONE else range(CASES)
    ends = await play_all(tmp_path, int(seed or SEED), numbers)
    print(ends)
    if not ONE:
        assert ends["violation"] > CASES // 4, ends
        assert ends["clean"] > CASES // 10 and len(ends) > 10, ends


@pytest.mark.soak
async def test_a_million_mutations(tmp_path: Path) -> None:
    """A seed of its own each day, so that soaks do not repeat themselves."""
    seed = int(time.time()) // 86_400
    print(f"seed {seed}", await play_all(tmp_path, seed, range(SOAK_CASES)))
