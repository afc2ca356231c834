"""Filters of lists other than by the value of a column, as conditions in SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from root.emulator.fields import BooleanField, Field, StringField, Value

__all__ = ["Condition", "Filter", "any_of", "at_least", "at_most", "equal", "flag", "search"]

Condition: TypeAlias = tuple[str, tuple[Value, ...]]
"""A condition in SQL, and the values of its placeholders."""


def _unchanged(value: Value) -> Value:
    return value


@dataclass(frozen=True)
class Filter:
    """A parameter of a list.

    Attributes:
        field: What values it has.
        condition: The condition of rows in the list, with placeholders for the value.
        description: The description in the OpenAPI document.
        convert: Returns what placeholders stand for.
    """

    field: Field
    condition: str
    description: str
    convert: Callable[[Value], Value] = _unchanged

    def apply(self, value: Value) -> Condition:
        """Return the condition for a value."""
        return self.condition, (self.convert(value),) * self.condition.count("?")


def search(*columns: str, description: str) -> Filter:
    """Return a filter for rows that have a text in one of some columns, in any case."""
    found = " OR ".join(f"instr(casefold({column}), casefold(?))" for column in columns)
    return Filter(StringField(), f"({found})", description)


def equal(column: str, field: Field, description: str) -> Filter:
    """Return a filter for rows with this value."""
    return Filter(field, f"{column} = ?", description)


def at_least(column: str, field: Field, description: str) -> Filter:
    """Return a filter for rows whose value is not lower, nor null."""
    return Filter(field, f"{column} >= ?", description)


def at_most(column: str, field: Field, description: str) -> Filter:
    """Return a filter for rows whose value is not higher, nor null."""
    return Filter(field, f"{column} <= ?", description)


def any_of(column: str, description: str) -> Filter:
    """Return a filter for rows whose list has one of some texts, which commas separate."""
    condition = (
        f"EXISTS (SELECT 1 FROM json_each({column}) AS had, json_each(?) AS wanted"
        " WHERE had.value = wanted.value)"
    )
    return Filter(StringField(), condition, description, _split)


def flag(condition: str, description: str) -> Filter:
    """Return a filter that applies a condition if it is true, and has no effect if it is false."""
    return Filter(BooleanField(), f"(NOT ? OR {condition})", description)


def _split(value: Value) -> Value:
    return json.dumps([text.strip() for text in str(value).split(",") if text.strip()])
