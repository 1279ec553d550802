#!/usr/bin/env python3
"""The oracle of `differential` is worth something: with any one of these rules of the gate switched
off (proxy/http/rule.h), it finds in its corpus what we accept and may not, or read otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FUZZER = ROOT / "build/instrumented/differential"
SEEDS = ROOT / "build/fuzz/seeds/differential"
# Those about what a message means. The others are limits, or opinions that harm nobody alone.
RULES = """
    leading_line method_token method_connect request_line target_bytes target_form version
    bare_line_feed bare_return folding field_colon field_name field_value
    host_missing host_repeated host_form host_mismatch
    length_form length_limit length_repeated framing_conflict
    coding_exact coding_repeated coding_on_1_0
    chunk_size chunk_digits chunk_line_end chunk_end chunk_extension
    trailer_name trailer_value trailer_line_end
""".split()


def finds(rule: str | None) -> bool:
    """Whether the fuzzer stops over its own inputs."""
    environment = dict(os.environ)
    if rule is not None:
        environment["SLUICE_GATE_WITHOUT"] = rule
    done = subprocess.run(
        [FUZZER, *sorted(SEEDS.iterdir())],
        env=environment, capture_output=True, text=True, errors="replace", check=False,
    )
    by_oracle = any(word in done.stderr for word in ("the oracle does not", "differs: "))
    if done.returncode != 0 and not by_oracle:
        print(f"{rule}: the fuzzer fails by itself:\n{done.stderr[-2000:]}")
    return done.returncode != 0 and by_oracle


def main() -> int:
    subprocess.run([sys.executable, ROOT / "tests/fuzz/seeds.py", SEEDS.parent], check=True)
    failed = []
    if finds(None):
        failed.append("with all rules: it finds what it should not")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for rule, found in zip(RULES, pool.map(finds, RULES), strict=True):
            if not found:
                failed.append(f"without {rule}: not noticed")
    for line in failed:
        print(line)
    print(f"{1 + len(RULES) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
