"""Fields with numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pydantic import JsonValue

from root.emulator.fields import Field, InvalidValueError, json_types
from root.emulator.patterns import integers

__all__ = ["MAX_INTEGER", "FloatField", "IntegerField"]

MAX_INTEGER = 2_147_483_647
"""The largest 32-bit integer, which PostgreSQL's integer columns hold."""


# "1.0" is an integer and "1.2" is not.
_ZERO_FRACTION = re.compile(r"\.0*\s*$")


# Longer strings are rejected before they are parsed as a number, which takes quadratic time.
_MAX_NUMBER_LENGTH = 1000


@dataclass(frozen=True, kw_only=True)
class IntegerField(Field):
    """An integer field."""

    minimum: int
    maximum: int = MAX_INTEGER

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "integer"

    @property
    def column(self) -> str:
        """The type of its column in the database."""
        return "INTEGER"

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        return {"min_value": self.minimum, "max_value": self.maximum}

    def clean(self, value: object) -> int:
        """Return the integer.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if isinstance(value, str) and len(value) > _MAX_NUMBER_LENGTH:
            raise InvalidValueError("String value too large.")
        try:
            # Converted by way of a string, as in the original, so that true is not an integer.
            number = int(_ZERO_FRACTION.sub("", str(value)))
        except ValueError:
            raise InvalidValueError("A valid integer is required.") from None
        if number > self.maximum:
            raise InvalidValueError(f"Ensure this value is less than or equal to {self.maximum}.")
        if number < self.minimum:
            raise InvalidValueError(
                f"Ensure this value is greater than or equal to {self.minimum}."
            )
        return number

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return {
            **json_types(self, "integer", "string"),
            "minimum": self.minimum,
            "maximum": self.maximum,
            "pattern": rf"^ *{integers(self.minimum, self.maximum)}(?:\.0{{0,9}})? *$",
        }

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return {**json_types(self, "integer"), "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, kw_only=True)
class FloatField(Field):
    """A field with a number."""

    minimum: float | None = None
    maximum: float | None = None

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "float"

    @property
    def column(self) -> str:
        """The type of its column in the database."""
        return "REAL"

    def clean(self, value: object) -> float:
        """Return the number.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if isinstance(value, str) and len(value) > _MAX_NUMBER_LENGTH:
            raise InvalidValueError("String value too large.")
        try:
            number = float(value) if isinstance(value, str | int | float) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        # Neither JSON nor SQLite has other numbers.
        if isinstance(value, bool) or not math.isfinite(number):
            raise InvalidValueError("A valid number is required.")
        if self.maximum is not None and number > self.maximum:
            raise InvalidValueError(f"Ensure this value is less than or equal to {self.maximum}.")
        if self.minimum is not None and number < self.minimum:
            raise InvalidValueError(
                f"Ensure this value is greater than or equal to {self.minimum}."
            )
        return number

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values; strings with a number are accepted too."""
        return self.response_schema()

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        schema = json_types(self, "number")
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        return schema
