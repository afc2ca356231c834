"""How results are printed: one way for every form."""

from __future__ import annotations

import json
import re
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

# What JSON may hold as it is, but terminals obey, and YAML 1.1 refuses or folds.
_RAW = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(
    records: Iterable[Record], columns: Sequence[str] | None, form: Form, *, color: bool
) -> list[str]:
    """Print records, as they come where the form allows it.

    Returns:
        The columns for which a terminal is too narrow.
    """
    if form == "jsonl":
        for record in records:
            _put(f"{_json(record)}\n")
    elif form == "csv":
        for line in _csv(records, columns):
            _put(line)
    elif form == "table":
        return _put_table(list(records), columns, color=color)
    else:
        _put_document(list(records), form)
    return []


def write_one(record: Record, form: Form, *, color: bool) -> None:
    """Print a single record: a line for each field, and in JSON and YAML no list."""
    if form == "table":
        _put_fields([record])
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
    written = json.dumps(content, ensure_ascii=False, indent=indent)
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


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


def _put_table(
    records: Sequence[Record], columns: Sequence[str] | None, *, color: bool
) -> list[str]:
    """Print a table, and return the columns for which a terminal is too narrow."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    if not records:
        return []
    names = columns or list(records[0])
    cells = [[printable(_cell(record.get(name))) for name in names] for record in records]
    # A column of which nothing is known only takes room.
    filled = [at for at in range(len(names)) if any(row[at] for row in cells)]
    # So wide is a column in which no word is broken.
    whole = [max(_longest_word(row[at]) for row in [names, *cells]) for at in range(len(names))]
    left_out: list[str] = []
    if "id" in names:
        # A listing is for its ids and names. Its last columns go before a name is broken; the third
        # only before all but the longest would be.
        for kept, most in ((3, _UNFOLDED), (2, 40)):
            while len(filled) > kept and _taken(min(whole[at], most) for at in filled) > _width():
                left_out.insert(0, names[filled.pop()])
    if _taken(whole[at] for at in filled) > _width():
        # An id that is broken in two cannot be copied.
        whole = [whole[at] if names[at] == "id" else min(whole[at], 20) for at in range(len(names))]
    if _taken(whole[at] for at in filled) > _width():
        _put_fields([{names[at]: row[at] for at in filled if row[at]} for row in cells])
        return left_out
    table = Table(box=SIMPLE, pad_edge=False, header_style="bold")
    for at in filled:
        table.add_column(names[at], overflow="fold", min_width=whole[at])
    for row in cells:
        table.add_row(*(Text(row[at]) for at in filled))
    _put_rich(table, color=color)
    return left_out


def _put_fields(records: Sequence[Record]) -> None:
    """Print records one below the other, each of their fields on a line that is not folded."""
    for number, record in enumerate(records):
        fields = {f"{name}:": printable(_cell(record[name])) for name in record}
        column = max(map(len, fields), default=0)
        if column + 1 + max(map(len, fields.values()), default=0) > _width():
            column = 0
        lines = [f"{name:<{column}} {fields[name]}".rstrip() for name in fields]
        _put("\n".join([*([""] if number else []), *lines, ""]))


def _longest_word(text: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, text.split()), default=0)


def _taken(widths: Iterable[int]) -> int:
    """Return how wide a table with such columns is."""
    # Three spaces between columns, and one on either side.
    return sum(3 + width for width in widths) - 1


def _width() -> int:
    """Return how wide what is printed may be."""
    # What is read by a program is not folded to the width of a page.
    return get_terminal_size().columns if sys.stdout.isatty() else _UNFOLDED


_UNFOLDED = 100_000


def _put_rich(what: RenderableType, *, color: bool, soft_wrap: bool = False) -> None:
    import io

    from rich.console import Console

    page = io.StringIO()
    # Not straight to stdout: rich has a way of its own with dead pipes.
    Console(
        file=page,
        width=_width(),
        # Without it, rich takes a terminal that TERM=dumb names for 80 columns wide.
        height=get_terminal_size().lines,
        force_terminal=sys.stdout.isatty(),
        no_color=None if color else True,
    ).print(what, soft_wrap=soft_wrap)
    _put(page.getvalue(), styled=True)
