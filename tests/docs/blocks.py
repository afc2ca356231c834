"""The code in README.md and docs."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.ipynb"

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def blocks(language: str) -> dict[str, str]:
    """Return the blocks in a language by document and line."""
    return {
        f"{document.name}:{text[: match.start()].count(chr(10)) + 2}": match[1]
        for document in DOCUMENTS
        for text in [document.read_text(encoding="utf-8")]
        for match in re.finditer(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    }


BLOCKS = blocks("python")
"""The Python code by document and line."""


def tutorial() -> str:
    """Return the code of the tutorial as one module; a notebook awaits outside of functions."""
    cells = json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return f"async def main() -> None:\n{textwrap.indent(code, '    ')}\n"
