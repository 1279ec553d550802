"""Borrows the harness of the process tests and the workload of the benches."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "process"), str(ROOT)]

from lib.coroutines import pytest_pyfunc_call  # noqa: E402, F401
