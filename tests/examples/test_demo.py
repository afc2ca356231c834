"""The demo, which `nox -s demo` runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def test_demo() -> None:
    """The demo prints a score with its justification, its log, a model and an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(DEMO)], capture_output=True, text=True, check=True
    )

    assert "score          0.75\n" in done.stdout
    assert "justification  Relevance: 0.75, since" in done.stdout
    assert "       Relevance: 0.75\n" in done.stdout
    assert "\n   ollama/llama3\n" in done.stdout
    assert "404" in done.stdout
    assert not done.stderr
