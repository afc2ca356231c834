"""Markdown of tables and text, as GitHub and GitLab display it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from .._secrets.redact import printable

__all__ = ["fenced", "table"]

# What would be formatting, a link or a formula.
_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return the lines of a table with these columns."""
    yield _line(map(_escaped, names))
    yield _line("---" for _ in names)
    for row in rows:
        yield _line(map(_escaped, row))


def fenced(text: str) -> str:
    """Return text as a block that is displayed as it is, with lines of + and - in color."""
    return f"```diff\n{text}\n```"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _escaped(text: str) -> str:
    lines = (_SPECIAL.sub(r"\\\g<0>", printable(line)) for line in text.strip().splitlines())
    return escape("\n".join(lines), quote=False).replace("\n", "<br>")
