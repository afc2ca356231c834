"""Models as the rows of a table: flat, with the same columns whatever was listed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import pandas
    import polars
    from pydantic import JsonValue

    from ._schemas import Model

__all__ = ["check_installed", "flat", "to_pandas", "to_polars"]

_Kind: TypeAlias = Literal["text", "whole", "number", "truth"]

COLUMNS: dict[str, _Kind] = {
    "id": "text",
    "name": "text",
    "model": "text",
    "max_output_token_count": "whole",
    "max_token_count": "whole",
    "url": "text",
    "owner.email": "text",
    "owner.full_name": "text",
    "provider.id": "text",
    "provider.name": "text",
    "provider.logo_light": "text",
    "provider.logo_dark": "text",
    "provider.is_gdpr_compliant": "truth",
    "visibility": "text",
}
"""The columns that are always there; fields that this release does not know come after them."""

_NESTED = ("owner", "provider")


def check_installed(package: Literal["pandas", "polars"]) -> None:
    """Refuse to go on without a package.

    Raises:
        ImportError: It is not installed; the text names the extra that brings it.
    """
    try:
        import_module(package)
    except ImportError as exc:
        raise ImportError(
            f"This needs the package {package!r}, which the extra brings:"
            f' pip install "root-sdk[{package}]"'
        ) from exc


def flat(model: Model) -> dict[str, JsonValue]:
    """Return a model's fields, those of its owner and provider with names such as `owner.email`."""
    fields = model.to_dict()
    row: dict[str, JsonValue] = {}
    for name in _NESTED:
        part = fields.pop(name, None)
        if isinstance(part, dict):
            row |= {f"{name}.{inner}": value for inner, value in part.items()}
    known = fields | row
    return {name: known[name] for name in (*COLUMNS, *known) if name in known}


def to_pandas(models: Iterable[Model]) -> pandas.DataFrame:
    """Return a pandas frame with a row for each model; its types know what is missing."""
    check_installed("pandas")
    import pandas

    # pandas' own guesses would differ with what was listed: numbers become floats where one is
    # missing, and an empty column is of no type.
    types = {"text": "string", "whole": "Int64", "number": "Float64", "truth": "boolean"}
    return pandas.DataFrame(
        {
            name: pandas.Series(values, dtype=types[kind])
            for name, (kind, values) in _columns(models).items()
        }
    )


def to_polars(models: Iterable[Model]) -> polars.DataFrame:
    """Return a polars frame with a row for each model."""
    check_installed("polars")
    import polars

    types = {
        "text": polars.String(),
        "whole": polars.Int64(),
        "number": polars.Float64(),
        "truth": polars.Boolean(),
    }
    return polars.DataFrame(
        [
            polars.Series(name, values, dtype=types[kind])
            for name, (kind, values) in _columns(models).items()
        ]
    )


def _columns(models: Iterable[Model]) -> Mapping[str, tuple[_Kind, list[JsonValue]]]:
    rows = [flat(model) for model in models]
    # In the order in which they come, and each once.
    names = dict.fromkeys(COLUMNS) | dict.fromkeys(name for row in rows for name in row)
    return {name: _column(name, [row.get(name) for row in rows]) for name in names}


_FITS: dict[_Kind, Callable[[JsonValue], bool]] = {
    "truth": lambda value: isinstance(value, bool),
    # What both libraries count with has 64 bits.
    "whole": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "number": lambda value: type(value) is float or (type(value) is int and abs(value) <= 2**53),
    "text": lambda value: isinstance(value, str),
}


def _column(name: str, values: list[JsonValue]) -> tuple[_Kind, list[JsonValue]]:
    """Return a column's kind and values; what is mixed or nested is told as JSON."""
    present = [value for value in values if value is not None]
    for kind in _kinds(name):
        if all(map(_FITS[kind], present)):
            return kind, values
    return "text", [None if value is None else json.dumps(value) for value in values]


def _kinds(name: str) -> Sequence[_Kind]:
    # Of a column without values, the first is taken.
    return (COLUMNS.get(name, "text"), *_FITS)
