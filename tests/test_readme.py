"""What the documents show, run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server

TOP = Path(__file__).parent.parent

BLOCKS = [
    pytest.param(match[1], id=f"{document.name}:{text[: match.start()].count(chr(10)) + 2}")
    for document in [TOP / "README.md", *sorted((TOP / "docs").glob("**/*.md"))]
    for text in [document.read_text(encoding="utf-8")]
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks(block: str, emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python block runs as a program of its own, without a warning."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    # A bar is drawn where warnings would stand.
    monkeypatch.setenv("TQDM_DISABLE", "1")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_there_are_blocks() -> None:
    """The blocks are found at all."""
    assert len(BLOCKS) >= 5


def test_demo() -> None:
    """The demo does what it says, and ends well."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(TOP / "examples" / "demo.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ollama/llama3" in done.stdout
    assert "answered 404" in done.stdout
    assert not done.stderr
