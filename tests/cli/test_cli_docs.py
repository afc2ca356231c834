"""The commands in docs/cli.md, run by a shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server

pytestmark = pytest.mark.docs

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")

BLOCKS = [
    pytest.param(match[1], id=f"{DOCUMENT[: match.start()].count(chr(10)) + 2}")
    for match in re.finditer(r"^```bash\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
]


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("block", BLOCKS)
def test_blocks(block: str, at_emulator: Server, tmp_path: Path) -> None:
    """Every block of commands succeeds and shows no key."""
    command = tmp_path / "bin" / "root-signals"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m root "$@"\n')
    command.chmod(0o755)

    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block],
        capture_output=True,
        env={
            **os.environ,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "PROVIDER_KEY": "sk-the-key-of-the-provider",
        },
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "sk-the-key" not in done.stdout + done.stderr


def test_blocks_are_found() -> None:
    """The document has blocks of commands."""
    assert len(BLOCKS) >= 5
