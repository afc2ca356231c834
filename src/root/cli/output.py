"""How results are printed: one way for every form."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..errors import JSONValue

__all__ = ["printable", "write", "write_one", "write_text"]

Record: TypeAlias = "Mapping[str, JSONValue]"
Form: TypeAlias = Literal["table", "json", "jsonl", "csv", "yaml"]

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(
    records: Iterable[Record], columns: Sequence[str] | None, form: Form, *, color: bool
) -> None:
    """Print records, as they come where the form allows it."""
    if form == "jsonl":
        for record in records:
            _put(f"{_json(record)}\n")
    elif form == "csv":
        for line in _csv(records, columns):
            _put(line)
    elif form == "table":
        _put_table(list(records), columns, color=color)
    else:
        _put_document(list(records), form)


def write_one(record: Record, form: Form, *, color: bool) -> None:
    """Print a single record: in a table a line for each field, in JSON and YAML no list."""
    if form == "table":
        rows: list[Record] = [{"field": name, "value": record[name]} for name in record]
        _put_table(rows, None, color=color)
    elif form in ("json", "yaml"):
        _put_document(record, form)
    else:
        write([record], None, form, color=color)


def write_text(text: str, styles: Mapping[str, str], *, color: bool) -> None:
    """Print text; a line that begins with a key of `styles` has its colour on a terminal."""
    if not sys.stdout.isatty():
        _put(f"{text}\n")
        return
    from rich.text import Text

    for line in text.splitlines():
        style = next((styles[mark] for mark in styles if line.startswith(mark)), "")
        # The terminal itself goes on in the next line: a line that is copied stays whole.
        _put_rich(Text(line, style=style), color=color, soft_wrap=True)


def printable(text: str) -> str:
    """Return text in which nothing moves a terminal's cursor or colours it."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def _put(text: str, *, styled: bool = False) -> None:
    if not styled and sys.stdout.isatty():
        # What a server calls things must not move the cursor.
        text = "\n".join(map(printable, text.split("\n")))
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        # The terminal's encoding is not UTF-8; better escaped than not at all.
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _json(content: object, indent: int | None = None) -> str:
    return json.dumps(content, ensure_ascii=False, indent=indent)


def _put_document(content: Record | list[Record], form: Form) -> None:
    if form == "json":
        _put(f"{_json(content, indent=2)}\n")
        return
    import yaml

    # YAML's dumper knows dicts, and no other mappings.
    plain = json.loads(_json(content))
    _put(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))


def _csv(records: Iterable[Record], columns: Sequence[str] | None) -> Iterator[str]:
    rows = iter(records)
    if columns is None:
        first = next(rows, None)
        columns = list(first or ())
        rows = chain([] if first is None else [first], rows)
    yield _line(columns)
    for record in rows:
        yield _line([_safe(record.get(name)) for name in columns])


def _line(cells: Sequence[str]) -> str:
    import csv
    import io

    page = io.StringIO(newline="")
    # With any other end of a line, a carriage return in a cell is not put into quotes.
    csv.writer(page, lineterminator="\r\n").writerow(cells)
    return page.getvalue().removesuffix("\r\n") + "\n"


def _safe(value: JSONValue) -> str:
    cell = _cell(value)
    return f"'{cell}" if isinstance(value, (str, dict)) and cell.startswith(_FORMULA) else cell


def _cell(value: JSONValue) -> str:
    """Return a value as it stands in a cell: of an owner or a provider the name."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        name = value.get("name") or value.get("email")
        return name if isinstance(name, str) else _json(value)
    return _json(value)


def _put_table(records: Sequence[Record], columns: Sequence[str] | None, *, color: bool) -> None:
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    if not records:
        return
    names = columns or list(records[0])
    cells = [[printable(_cell(record.get(name))) for name in names] for record in records]
    # A column of which nothing is known only takes room.
    filled = [at for at in range(len(names)) if any(row[at] for row in cells)]
    width = get_terminal_size().columns
    for spare in ("owner", "provider"):
        if sys.stdout.isatty() and sum(2 + _least(names[at], cells, at) for at in filled) > width:
            filled = [at for at in filled if names[at] != spare]
    table = Table(box=SIMPLE, pad_edge=False, header_style="bold")
    for at in filled:
        # An id that is broken in two cannot be copied, nor a heading be read.
        least = _least(names[at], cells, at)
        table.add_column(names[at], overflow="fold", no_wrap=names[at] == "id", min_width=least)
    for row in cells:
        table.add_row(*(Text(row[at]) for at in filled))
    _put_rich(table, color=color)


def _least(name: str, cells: Sequence[Sequence[str]], at: int) -> int:
    """Return how wide a column must be to be read."""
    widest = max(len(row[at]) for row in cells)
    most = {"id": widest, "name": min(widest, 20)}.get(name, 0)
    return max(len(name), most)


_UNFOLDED = 100_000


def _put_rich(what: RenderableType, *, color: bool, soft_wrap: bool = False) -> None:
    import io

    from rich.console import Console

    page = io.StringIO()
    # Not straight to stdout: rich has a way of its own with dead pipes.
    Console(
        file=page,
        # What is read by a program is not folded to the width of a page.
        width=None if sys.stdout.isatty() else _UNFOLDED,
        force_terminal=sys.stdout.isatty(),
        no_color=None if color else True,
    ).print(what, soft_wrap=soft_wrap)
    _put(page.getvalue(), styled=True)
