"""Each rule of the gate, switched off alone, lets at least three cases of the corpus through.

So each rule is needed, and those cases are stopped by it and by nothing else. With all rules on
they are stopped (here, and in test_smuggling.py). Only the instrumented programs can do without a
rule (proxy/http/rule.h), so this file is for them.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from lib import corpus
from lib.corpus import Case
from lib.hostile import Stage, Through, any_host
from lib.programs import ROOT
from lib.recorder import Recorder
from lib.sluice import Sluice
from lib.trial import play_all

LEAST_CASES = 3
MUTATION_SEED = 5
MUTATIONS = 1_000
PATIENCE_S = 2.0  # a gate that lacks a rule may wait for what never comes
AT_ONCE = 4  # gates without a rule, side by side: most of a run is their start

HEADER = (ROOT / "proxy/http/rule.h").read_text()
LIST = HEADER.partition("#define SLUICE_GATE_RULES(X)")[2].partition("enum class")[0]
RULES = re.findall(r"\bX\((\w+)\)", LIST)
CASES: dict[str, list[Case]] = {rule: [] for rule in RULES}
for each in corpus.read_all():
    if each.rule:
        CASES[each.rule].append(each)


def test_every_rule_has_its_cases() -> None:
    assert len(RULES) == len(set(RULES)) >= 40
    few = {rule: len(cases) for rule, cases in CASES.items() if len(cases) < LEAST_CASES}
    assert not few, f"rules with fewer than {LEAST_CASES} cases: {few}"


def test_every_rule_is_asked_for() -> None:
    """A rule of the list that no code asks about would be a name and nothing more."""
    sources = [*ROOT.glob("proxy/**/*.cc"), ROOT / "proxy/http/waive.h"]
    text = "\n".join(path.read_text() for path in sources)
    idle = [rule for rule in RULES if f"GateRule::{rule}" not in text]
    assert not idle, f"rules that nothing enforces: {idle}"


async def stopped_without(work_dir: Path, rule: str) -> list[str]:
    """Cases of a rule that are stopped although it is switched off."""
    work_dir.mkdir()
    environment = {**os.environ, "SLUICE_GATE_WITHOUT": rule}
    async with Recorder() as recorder:
        objects = any_host(recorder.address)
        async with Sluice(work_dir, objects, proxy_env=environment) as sluice:
            front = Stage(sluice, recorder)
            return [f"{rule}: {case}" for case in CASES[rule] if not await passes(front, case)]


async def passes(front: Stage, case: Case) -> bool:
    return any(isinstance(what, Through) for what in await front.play(case))


@pytest.mark.parametrize("first", range(0, len(RULES), AT_ONCE))
async def test_without_a_rule_its_cases_get_through(tmp_path: Path, first: int) -> None:
    several = RULES[first : first + AT_ONCE]
    runs = await asyncio.gather(*(stopped_without(tmp_path / rule, rule) for rule in several))
    stopped = [case for run in runs for case in run]
    assert not stopped, f"stopped by something else too: {stopped}"


@pytest.mark.parametrize("rule", ["framing_conflict", "length_form", "bare_return"])
async def test_mutations_find_what_is_missing(tmp_path: Path, rule: str) -> None:
    """The generator and its oracle see a gate that lacks a rule, knowing nothing of the rule."""
    environment = {**os.environ, "SLUICE_GATE_WITHOUT": rule}
    with pytest.raises(AssertionError, match="deviations"):
        await play_all(tmp_path, MUTATION_SEED, range(MUTATIONS), environment, PATIENCE_S)


async def test_with_all_rules_they_do_not(tmp_path: Path) -> None:
    async with Recorder() as recorder:
        async with Sluice(tmp_path, any_host(recorder.address)) as sluice:
            front = Stage(sluice, recorder)
            for cases in CASES.values():
                for case in cases:
                    assert await front.play(case) == [], case
        assert not recorder.violations()
