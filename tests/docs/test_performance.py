"""docs/performance.md has the figures of the benchmarks."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.tools import NO_TOOL, TOOLS

TEXT = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")


def test_tools() -> None:
    """The table of tools has a row for each one that the benchmark measures, in its order."""
    rows = re.findall(r"^\| (.+) \| \d+\.\d \|$", TEXT, re.MULTILINE)

    assert rows == [tool for tool in TOOLS if tool != NO_TOOL]
    assert "benchmarks/tools.py" in TEXT
