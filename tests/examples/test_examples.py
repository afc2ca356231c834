"""The list of the examples."""

from __future__ import annotations

import re

from .running import EXAMPLES

README = (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_readme_lists_all() -> None:
    """The table has each example, and nothing that does not exist."""
    listed = re.findall(r"^\| \[.+?\]\((.+?)\)", README, re.MULTILINE)
    # Neither what a run leaves behind, nor caches.
    sources = {
        path.name
        for path in EXAMPLES.iterdir()
        if path.suffix == ".py" or any(path.glob("*.yml")) or any(path.glob("*.py"))
    }

    assert sources == {name for name in listed if not name.startswith("..")}
    assert all((EXAMPLES / name).exists() for name in listed)
