"""The shell blocks of README, CONTRIBUTING and docs/, run from a fresh clone in an empty HOME."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lib.docs import Block, blocks_of, script_of
from lib.programs import ROOT

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
# Documents none of whose blocks a test can run.
NOT_RUN = {"docs/benchmarks.md": "measuring beside nginx and HAProxy wants an idle machine"}
BUILD_AND_RUN_S = 1200  # a clone has nothing built


def runnable(document: Path) -> list[Block]:
    return [block for block in blocks_of(document) if block.skip_reason is None]


def test_every_block_that_is_not_run_says_why() -> None:
    for document in DOCUMENTS:
        name = str(document.relative_to(ROOT))
        for block in blocks_of(document):
            if block.skip_reason is None:
                continue
            reason = NOT_RUN.get(name) or block.skip_reason
            print(f"not run: {name}:{block.line}: {reason}")
            assert reason, f"{name}:{block.line} is not run, without a reason"


def test_the_documents_that_people_start_with_are_run() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docs/quickstart.md"):
        assert runnable(ROOT / name), f"{name} has no block that is run"


def test_what_counts_as_a_block(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "```sh\ntrue\n```\n```sh until ^up\nserve\n```\n```sh skip it is long\nwait\n```\n"
        "```console\n$ forgotten\n```\n```\n$ unlabelled\n```\n```text\nup\n```\n"
        "- an item\n\n  ```sh skip it is in a list\n  wait\n  ```\n"
    )
    found = [(block.line, block.skip_reason, block.until) for block in blocks_of(document)]
    assert found == [
        (1, None, None),
        (4, None, "^up"),
        (7, "it is long", None),
        (10, "", None),
        (13, "", None),
        (21, "it is in a list", None),
    ]


def test_a_block_is_run_until_its_line_appears(tmp_path: Path) -> None:
    def run(text: str) -> int:
        script = script_of([Block(tmp_path, 1, text, until="^up$")])
        return subprocess.run(["bash", "-c", script], timeout=60, check=False).returncode

    assert run("echo up; sleep 1000") == 0
    assert run("echo down") == 1


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
