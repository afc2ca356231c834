"""Conversion of rows to pandas and polars frames, with the same columns whatever the rows hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..__about__ import install_advice

if TYPE_CHECKING:
    import pandas
    import polars
    from pydantic import JsonValue

__all__ = ["Columns", "Kind", "Row", "check_installed", "to_pandas", "to_polars"]

Kind: TypeAlias = Literal["text", "whole", "number", "truth", "time"]
"""What a column holds."""

Columns: TypeAlias = Mapping[str, Kind]
"""The columns that a frame always has; others follow them."""

Row: TypeAlias = "Mapping[str, JsonValue]"


def check_installed(package: Literal["pandas", "polars"]) -> None:
    """Raise an error unless a package is installed.

    Raises:
        ImportError: It is not installed; the message has the extra that contains it.
    """
    try:
        import_module(package)
    except ImportError as exc:
        raise ImportError(
            f"This requires the package {package!r}. {install_advice(package)}"
        ) from exc


def to_pandas(rows: Iterable[Row], columns: Columns) -> pandas.DataFrame:
    """Return a pandas frame with nullable types."""
    check_installed("pandas")
    import pandas

    # pandas would infer types that depend on the rows: integers become floats where one is
    # missing, and an empty column has no type.
    types = {
        "text": "string",
        "whole": "Int64",
        "number": "Float64",
        "truth": "boolean",
        "time": "datetime64[us, UTC]",
    }
    return pandas.DataFrame(
        {
            name: pandas.Series(values, dtype=types[kind])
            for name, (kind, values) in _by_column(rows, columns).items()
        }
    )


def to_polars(rows: Iterable[Row], columns: Columns) -> polars.DataFrame:
    """Return a polars frame."""
    check_installed("polars")
    import polars

    types = {
        "text": polars.String(),
        "whole": polars.Int64(),
        "number": polars.Float64(),
        "truth": polars.Boolean(),
        "time": polars.Datetime("us", "UTC"),
    }
    return polars.DataFrame(
        [
            polars.Series(name, values, dtype=types[kind])
            for name, (kind, values) in _by_column(rows, columns).items()
        ]
    )


def _by_column(rows: Iterable[Row], columns: Columns) -> Mapping[str, tuple[Kind, list[Any]]]:
    rows = list(rows)
    # In their order, and each once.
    names = dict.fromkeys(columns) | dict.fromkeys(name for row in rows for name in row)
    return {
        name: _column([row.get(name) for row in rows], columns.get(name, "text")) for name in names
    }


_FITS: dict[Kind, Callable[[JsonValue], bool]] = {
    "truth": lambda value: isinstance(value, bool),
    # The integers of both libraries have 64 bits.
    "whole": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "number": lambda value: type(value) is float or (type(value) is int and abs(value) <= 2**53),
    "text": lambda value: isinstance(value, str),
}


def _column(values: list[JsonValue], expected: Kind) -> tuple[Kind, list[Any]]:
    """Return the kind and the values of a column; mixed and nested values are JSON."""
    if expected == "time":
        try:
            return "time", [None if value is None else _time(value) for value in values]
        except (ValueError, OverflowError):
            expected = "text"
    present = [value for value in values if value is not None]
    # A column without values has the expected kind.
    kinds: Sequence[Kind] = (expected, *_FITS)
    for kind in kinds:
        if all(map(_FITS[kind], present)):
            return kind, values
    return "text", [None if value is None else json.dumps(value) for value in values]


def _time(value: JsonValue) -> datetime:
    """Return a time in UTC; one without a zone is in UTC, too.

    Raises:
        ValueError: The value is not a time.
        OverflowError: It is out of the range of times.
    """
    if not isinstance(value, str):
        raise ValueError
    time = datetime.fromisoformat(value)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
