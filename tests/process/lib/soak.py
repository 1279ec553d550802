"""Tests marked `soak` are long forms: `make soak` runs them, every other run leaves them out."""

from __future__ import annotations

import os

import pytest

SOAKING = os.environ.get("SLUICE_SOAK") == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long = [] if SOAKING else [item for item in items if item.get_closest_marker("soak")]
    if long:  # left out rather than skipped: a skip is red in CI
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
