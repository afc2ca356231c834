"""Output of records and text in every format."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

from .._secrets.redact import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..errors import JSONValue

__all__ = ["Format", "write", "write_one", "write_text"]

Record: TypeAlias = "Mapping[str, JSONValue]"
Format: TypeAlias = Literal["table", "json", "jsonl", "csv", "yaml", "markdown"]

# Spreadsheets execute a cell that begins with one of these as a formula, also in other widths.
_SIGNS = ("=", "+", "-", "@")

# They may ignore one of these at the beginning of a cell.
_BREAKS = ("\t", "\r", "\n")

# The width of output that is not for a terminal.
_UNLIMITED = 100_000


def write(
    records: Iterable[Record], columns: Sequence[str] | None, format: Format, *, color: bool
) -> list[str]:
    """Print records, one by one if the format allows it.

    Args:
        records: The records.
        columns: The columns of a table or of CSV; the fields of the first record if None.
        format: The output format.
        color: Whether to use colors on a terminal.

    Returns:
        The columns that were hidden because the terminal is too narrow.
    """
    if format == "jsonl":
        for record in records:
            _print(f"{_json(record)}\n")
    elif format == "csv":
        for line in _csv(records, columns):
            _print(line)
    elif format == "markdown":
        _print_markdown(records, columns)
    elif format == "table":
        return _print_table(list(records), columns, color=color)
    else:
        _print_document(list(records), format)
    return []


def write_one(record: Record, format: Format, *, color: bool) -> None:
    """Print a single record: one line for each field, or in JSON and YAML an object."""
    if format == "table":
        _print_fields([record])
    elif format == "markdown":
        _print_markdown(({"field": name, "value": record[name]} for name in record), None)
    elif format in ("json", "yaml"):
        _print_document(record, format)
    else:
        write([record], None, format, color=color)


def write_text(text: str, styles: Mapping[str, str], *, color: bool, stream: TextIO) -> None:
    """Print text.

    Args:
        text: The text.
        styles: The style of lines on a terminal, by the beginning of the line.
        color: Whether to use colors on a terminal.
        stream: Where to print it: stdout or stderr.
    """
    text = printable(text, keep="\n")
    if not stream.isatty():
        _print(f"{text}\n", stream)
        return
    from rich.text import Text

    for line in text.split("\n"):
        style = next((styles[mark] for mark in styles if line.startswith(mark)), "")
        # With a soft wrap by the terminal itself, a copied line contains no line breaks.
        _print_rich(Text(line, style=style), stream, color=color, soft_wrap=True)


def _print(text: str, stream: TextIO | None = None, *, is_styled: bool = False) -> None:
    target: TextIO = sys.stdout if stream is None else stream
    if not is_styled and target.isatty():
        # Names from the service must not control the terminal.
        text = printable(text, keep="\n")
    try:
        target.write(text)
    except UnicodeEncodeError:
        # The terminal's encoding is not UTF-8.
        encoding = target.encoding
        target.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _json(content: object, indent: int | None = None) -> str:
    text = json.dumps(content, ensure_ascii=False, indent=indent)
    if _is_printable(text):
        return text
    # With JSON's escapes, for files as well as for terminals. YAML reads an escape of a character
    # above U+FFFF as two characters.
    return "".join(
        one if _is_printable(one) or one > "\uffff" else json.dumps(one).strip('"') for one in text
    )


def _is_printable(text: str) -> bool:
    return text.replace("\n", "").isprintable()


def _print_document(content: Record | list[Record], format: Format) -> None:
    if format == "json":
        _print(f"{_json(content, indent=2)}\n")
        return
    import yaml

    # The YAML dumper supports dicts, but no other mappings.
    plain = json.loads(_json(content))
    text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)
    if not _is_printable(text):
        text = yaml.safe_dump(plain, sort_keys=False)
    _print(text)


def _print_markdown(records: Iterable[Record], columns: Sequence[str] | None) -> None:
    from .markdown import table

    names, rows = _with_columns(records, columns)
    for line in table(names, ([_cell(record.get(name)) for name in names] for record in rows)):
        _print(line)


def _with_columns(
    records: Iterable[Record], columns: Sequence[str] | None
) -> tuple[Sequence[str], Iterable[Record]]:
    """Return the columns, those of the first record if there are none, and the records."""
    if columns is not None:
        return columns, records
    rows = iter(records)
    first = next(rows, None)
    return list(first or ()), chain([] if first is None else [first], rows)


def _csv(records: Iterable[Record], columns: Sequence[str] | None) -> Iterator[str]:
    columns, rows = _with_columns(records, columns)
    yield _csv_line([_csv_text(name) for name in columns])
    for record in rows:
        yield _csv_line([_csv_cell(record.get(name)) for name in columns])


def _csv_line(cells: Sequence[str]) -> str:
    import csv
    import io

    buffer = io.StringIO(newline="")
    # With any other line terminator, a carriage return in a cell is not quoted.
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _csv_cell(value: JSONValue) -> str:
    cell = _cell(value)
    return _csv_text(cell) if isinstance(value, (str, dict)) else cell


def _csv_text(text: str) -> str:
    """Return a text with a quote in front of it if a spreadsheet may execute it."""
    import unicodedata

    first = next((one for one in text if one.isprintable() and not one.isspace()), "")
    is_formula = unicodedata.normalize("NFKC", first) in _SIGNS or text.startswith(_BREAKS)
    return f"'{text}" if is_formula else text


def _cell(value: JSONValue) -> str:
    """Return a value as the text of a cell: of an owner, a provider or an objective, its name."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        name = value.get("name") or value.get("email") or value.get("intent")
        return name if isinstance(name, str) else _json(value)
    return _json(value)


def _print_table(
    records: Sequence[Record], columns: Sequence[str] | None, *, color: bool
) -> list[str]:
    """Print a table, and return the columns that the terminal is too narrow for."""
    if not records:
        return []
    names = columns or list(records[0])
    cells = [[printable(_cell(record.get(name))) for name in names] for record in records]
    if not sys.stdout.isatty():
        _print_lines([names, *cells])
        return []
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    # The width at which no word of a column is broken.
    widths = [max(_longest_word(row[at]) for row in [names, *cells]) for at in range(len(names))]
    shown = list(range(len(names)))
    if _table_width(widths) > _width():
        # Empty columns are hidden first.
        shown = [at for at in shown if any(row[at] for row in cells)]
    if "id" in names:
        # IDs and names matter most in a listing. The last columns are hidden before a name is
        # broken, but the third column only if no name of up to 40 characters would fit.
        for kept, limit in ((3, _UNLIMITED), (2, 40)):
            while len(shown) > kept and _table_width(min(widths[at], limit) for at in shown) > (
                _width()
            ):
                shown.pop()
    hidden = [name for at, name in enumerate(names) if at not in shown]
    if _table_width(widths[at] for at in shown) > _width():
        # A broken ID could not be copied.
        widths = [
            widths[at] if names[at] == "id" else min(widths[at], 20) for at in range(len(names))
        ]
    if _table_width(widths[at] for at in shown) > _width():
        _print_fields([{names[at]: row[at] for at in shown if row[at]} for row in cells])
        return hidden
    table = Table(box=SIMPLE, pad_edge=False, header_style="bold")
    for at in shown:
        table.add_column(names[at], overflow="fold", min_width=widths[at])
    for row in cells:
        table.add_row(*(Text(row[at]) for at in shown))
    _print_rich(table, sys.stdout, color=color)
    return hidden


def _print_lines(rows: Sequence[Sequence[str]]) -> None:
    """Print a table for a pipe: a line for each row, with columns below each other."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        _print(f"{'   '.join(cells).rstrip()}\n")


def _print_fields(records: Sequence[Record]) -> None:
    """Print records one below the other, with one unbroken line for each field."""
    for number, record in enumerate(records):
        # The service may send fields of any name.
        fields = {f"{printable(name)}:": printable(_cell(record[name])) for name in record}
        column = max(map(len, fields), default=0)
        if column + 1 + max(map(len, fields.values()), default=0) > _width():
            column = 0
        lines = [f"{name:<{column}} {fields[name]}".rstrip() for name in fields]
        _print("\n".join([*([""] if number else []), *lines, ""]))


def _longest_word(text: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, text.split()), default=0)


def _table_width(widths: Iterable[int]) -> int:
    """Return the width of a table with columns of these widths."""
    # Three spaces between columns, and one on each side.
    return sum(3 + width for width in widths) - 1


def _width() -> int:
    """Return the width of the terminal; output for programs is not limited."""
    return get_terminal_size().columns if sys.stdout.isatty() else _UNLIMITED


def _print_rich(
    renderable: RenderableType, stream: TextIO, *, color: bool, soft_wrap: bool = False
) -> None:
    import io

    from rich.console import Console

    buffer = io.StringIO()
    # Not directly to stdout, because rich handles broken pipes itself.
    Console(
        file=buffer,
        width=_width(),
        # Without a height, rich assumes 80 columns if TERM=dumb.
        height=get_terminal_size().lines,
        force_terminal=stream.isatty(),
        no_color=None if color else True,
    ).print(renderable, soft_wrap=soft_wrap)
    _print(buffer.getvalue(), stream, is_styled=True)
