"""The commands in README.md and docs, run by a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from root.emulator import Server
from tests.docs.blocks import blocks

pytestmark = [
    pytest.mark.docs,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell"),
]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "ci"
WORKFLOW = (EXAMPLE / "answers.yml").read_text(encoding="utf-8")
CI_PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")

BLOCKS = blocks("bash")


def run_in_shell(commands: str, folder: Path, **environment: str) -> None:
    """Run commands, as the shell of a CI job does; they succeed and show no key."""
    command = folder / "bin" / "root-signals"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m root "$@"\n')
    command.chmod(0o755)

    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", commands],
        capture_output=True,
        env={
            **os.environ,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "PROVIDER_KEY": "sk-the-key-of-the-provider",
            **environment,
        },
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "sk-the-key" not in done.stdout + done.stderr


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_blocks(
    block: str, at_emulator: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every block of commands succeeds and shows no key."""
    monkeypatch.chdir(tmp_path)

    run_in_shell(block, tmp_path)


def test_blocks_are_found() -> None:
    """The blocks of several documents are found."""
    assert len(BLOCKS) >= 5
    assert len({place.partition(":")[0] for place in BLOCKS}) >= 2


def test_no_command_is_left_out() -> None:
    """Commands in docs are in blocks that are run."""
    not_run = {
        place
        for language in ("console", "sh", "shell")
        for place, block in blocks(language).items()
        if not place.startswith("README.md:") and re.search(r"^root-signals ", block, re.MULTILINE)
    }
    assert not_run == set()


def test_ci_job(at_emulator: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps of the workflow in examples/ succeed, and write its summary in Markdown."""
    monkeypatch.chdir(tmp_path)
    steps = yaml.safe_load(WORKFLOW)["jobs"]["evaluate"]["steps"]
    shutil.copy(EXAMPLE / "models.yaml", tmp_path)

    for step in steps:
        if "run" in step and step["name"] != "Install":
            run_in_shell(step["run"], tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))

    summary = Path("summary.md").read_text(encoding="utf-8")
    assert "\n| score | " in summary
    assert "\n```diff\n+ ollama/llama3\n" in summary


def test_ci_job_fails_with_a_part_of_a_pipe() -> None:
    """GitHub runs the steps of the workflow with pipefail, which it does if the shell is named."""
    assert yaml.safe_load(WORKFLOW)["jobs"]["evaluate"]["defaults"]["run"]["shell"] == "bash"


def test_ci_page() -> None:
    """docs/ci.md shows the workflow in examples/, without the comment that names the page."""
    (job,) = re.findall(r"^```yaml\n(.*?)^```", CI_PAGE, re.DOTALL | re.MULTILINE)

    assert job == WORKFLOW.partition("\n")[2]
