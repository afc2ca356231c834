"""HTML tables for notebooks, without scripts and external resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Literal, NamedTuple

from .._secrets.redact import printable

__all__ = ["Mark", "table"]


_MAX_ROWS = 100

# The page decides whether it is dark or light: text inherits its color, and lines are a gray that
# is visible on both. The color of a mark is JupyterLab's, or depends on the page's color scheme;
# a browser that supports neither uses the color of the text. No information is in a color alone.
# `!important`, because notebooks align tables to the right, as is best for numbers.
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
    """A colored word."""

    text: str
    tone: Literal["good", "bad", "plain"]


def table(
    heading: str | Mark,
    rows: Iterable[Sequence[object]],
    *,
    columns: Sequence[str] = (),
    caption: str = "",
) -> str:
    """Return a table, or only the heading and the caption if there are no rows.

    Args:
        heading: The heading above the table.
        rows: The cells: marks, text or JSON values; None is an empty cell.
        columns: The headings of the columns. Without any, the first cell of a row is its heading.
        caption: The text below the heading.
    """
    rows = iter(rows)
    body = [_row(row, headed=not columns) for row in islice(rows, _MAX_ROWS)]
    hidden = sum(1 for _ in rows)
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    parts = (
        f'<div class="root-sdk">{_STYLE}<p><b>{_cell(heading)}</b></p>',
        # Not a <caption>, which would be no wider than the table.
        caption and f"<p>{_text(caption)}</p>",
        f"<table>{head and f'<thead><tr>{head}</tr></thead>'}" if body else "",
        f"<tbody>{''.join(body)}</tbody></table>" if body else "",
        f"<p>and {hidden} more</p>" if hidden else "",
        "</div>",
    )
    return "".join(parts)


def _row(cells: Sequence[object], *, headed: bool) -> str:
    written = [f"<td>{_cell(cell)}</td>" for cell in cells]
    if headed:
        written[0] = f'<th scope="row">{_cell(cells[0])}</th>'
    return f"<tr>{''.join(written)}</tr>"


def _cell(cell: object) -> str:
    if isinstance(cell, Mark):
        return f'<span class="{cell.tone}">{_text(cell.text)}</span>'
    if cell is None:
        return ""
    return _text(cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False))


def _text(text: str) -> str:
    """Return text as HTML, with characters that are not printable escaped as in a repr.

    Some of them would reverse the text. Line ends and tabs are kept, as parts of longer texts.
    """
    return escape(printable(text, keep="\n\t"))
