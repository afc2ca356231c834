"""Tables for notebooks: HTML with no script in it, and nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Literal, NamedTuple

__all__ = ["Mark", "table"]

_MOST_ROWS = 100

# The page decides what is dark and what is light: text takes its colour, and lines are a grey that
# shows on both. A mark's colour is JupyterLab's own, or goes by the page's colour scheme; where a
# browser knows neither, it is the text's. Nothing is told by colour alone. `!important`, because
# notebooks align tables to the right, as is best for numbers.
_STYLE = """<style>
.root-sdk { overflow-x: auto; }
.root-sdk > p { margin: .3em .6em; max-width: 60em; white-space: pre-wrap; }
.root-sdk table { border-collapse: collapse; margin: 0; color: inherit; }
.root-sdk table th, .root-sdk table td { text-align: left !important; vertical-align: top;
  padding: .3em .6em; white-space: pre-wrap; overflow-wrap: break-word; max-width: 40em;
  border: 0 solid rgba(128, 128, 128, .35); border-bottom-width: 1px; }
.root-sdk .good { color: var(--jp-success-color1, light-dark(#1a7f37, #4ac26b)); }
.root-sdk .bad { color: var(--jp-error-color1, light-dark(#c62828, #ff7b72)); }
</style>"""


class Mark(NamedTuple):
    """A word in colour."""

    text: str
    tone: Literal["good", "bad", "plain"]


def table(
    heading: str | Mark,
    rows: Iterable[Sequence[object]],
    *,
    columns: Sequence[str] = (),
    told: str = "",
) -> str:
    """Return a table, or the heading and what is told alone if there are no rows.

    Args:
        heading: What it is.
        rows: The cells: marks, text, or what JSON can hold; None is an empty cell.
        columns: The headings of the columns. Without any, the first cell of a row is its heading.
        told: What is said below the heading.
    """
    rows = iter(rows)
    body = [_row(row, headed=not columns) for row in islice(rows, _MOST_ROWS)]
    left = sum(1 for _ in rows)
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    parts = (
        f'<div class="root-sdk">{_STYLE}<p><b>{_shown(heading)}</b></p>',
        # No caption, which would be no wider than the table.
        told and f"<p>{_text(told)}</p>",
        f"<table>{head and f'<thead><tr>{head}</tr></thead>'}" if body else "",
        f"<tbody>{''.join(body)}</tbody></table>" if body else "",
        f"<p>and {left} more</p>" if left else "",
        "</div>",
    )
    return "".join(parts)


def _row(cells: Sequence[object], *, headed: bool) -> str:
    written = [f"<td>{_shown(cell)}</td>" for cell in cells]
    if headed:
        written[0] = f'<th scope="row">{_shown(cells[0])}</th>'
    return f"<tr>{''.join(written)}</tr>"


def _shown(cell: object) -> str:
    if isinstance(cell, Mark):
        return f'<span class="{cell.tone}">{_text(cell.text)}</span>'
    if cell is None:
        return ""
    return _text(cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False))


def _text(text: str) -> str:
    """Return text as HTML, in which what would not show is escaped as a repr does it.

    A name could be read backwards otherwise. Line ends and tabs stay, as parts of longer texts.
    """
    return escape(
        "".join(
            one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode()
            for one in text
        )
    )
