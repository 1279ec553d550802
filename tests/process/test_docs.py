"""The shell blocks of README and docs/, run from a fresh clone in an empty HOME."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lib.docs import Block, blocks_of, script_of
from lib.programs import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
BUILD_AND_RUN_S = 1200  # a clone has nothing built


def runnable(document: Path) -> list[Block]:
    return [block for block in blocks_of(document) if block.skip_reason is None]


def test_every_skipped_block_says_why() -> None:
    for document in DOCUMENTS:
        for block in blocks_of(document):
            if block.skip_reason is not None:
                print(f"not run: {document.name}:{block.line}: {block.skip_reason}")
                assert (
                    block.skip_reason
                ), f"{document.name}:{block.line} is skipped without a reason"


def test_there_is_something_to_run() -> None:
    assert any(runnable(document) for document in DOCUMENTS)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is committed, and nothing else."""
    target = tmp_path_factory.mktemp("docs") / "sluice"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True, timeout=120)
    return target


@pytest.mark.parametrize(
    "document",
    [document for document in DOCUMENTS if runnable(document)],
    ids=lambda document: str(document.relative_to(ROOT)),
)
def test_the_blocks_of(document: Path, clone: Path, tmp_path: Path) -> None:
    committed = clone / document.relative_to(ROOT)
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        # The compiler cache is not part of what is promised, and saves minutes.
        **{name: value for name, value in os.environ.items() if name.startswith("CCACHE_")},
    }
    environment.setdefault("CCACHE_DIR", str(Path.home() / ".cache" / "ccache"))
    done = subprocess.run(
        ["bash", "-c", script_of(runnable(committed))],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_AND_RUN_S,
        check=False,
    )
    print(done.stdout[-6000:])
    assert done.returncode == 0, f"{document.name}: exit code {done.returncode}"
