"""Lets tests be coroutines, each with a time limit of its own, without a plugin."""

from __future__ import annotations

import asyncio
import inspect
import os

import pytest

TEST_TIMEOUT_S = float(os.environ.get("SLUICE_TEST_TIMEOUT_S", "120"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), TEST_TIMEOUT_S))
    return True
