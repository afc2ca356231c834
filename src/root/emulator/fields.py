"""The fields of resources: what request bodies may contain, and how they are described.

The leniency of Django REST Framework is kept (`"900"` is an integer, `1.5` is a string, surrounding
white space is removed), and so are its error messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

__all__ = [
    "MAX_INTEGER",
    "BooleanField",
    "Field",
    "Fields",
    "IntegerField",
    "InvalidValueError",
    "StringField",
    "Value",
]

Value: TypeAlias = str | int | bool | None
"""The value of a validated field."""

MAX_INTEGER = 2_147_483_647
"""The largest 32-bit integer, which PostgreSQL's integer columns hold."""

# "1.0" is an integer and "1.2" is not.
_ZERO_FRACTION = re.compile(r"\.0*\s*$")

# Longer strings are rejected before they are parsed as a number, which takes quadratic time.
_MAX_NUMBER_LENGTH = 1000

# The white space that Python's str.strip() removes.
_SPACE = r"\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ANY = r"[^\u0000]"
_INK = rf"[^\u0000{_SPACE}]"


class InvalidValueError(Exception):
    """An invalid value of a field; the arguments are the error messages."""


@dataclass(frozen=True, kw_only=True)
class _Field:
    """What all fields have.

    Attributes:
        required: Whether bodies that create an object must contain it.
        nullable: Whether it may be null.
        default: The value if it is omitted.
        description: The description in the OpenAPI document.
        is_secret: Whether it is neither stored nor returned, and masked in the history.
    """

    required: bool = False
    nullable: bool = False
    default: Value = None
    description: str = ""
    is_secret: bool = False

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        return {}


@dataclass(frozen=True, kw_only=True)
class StringField(_Field):
    """A string field."""

    allow_blank: bool = False
    max_length: int | None = None

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "string"

    @property
    def column(self) -> str:
        """The type of its column in the database."""
        return "TEXT"

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        return {} if self.max_length is None else {"max_length": self.max_length}

    def clean(self, value: object) -> str:
        """Return the string without surrounding white space.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidValueError("Not a valid string.")
        text = str(value).strip()
        if not text and not self.allow_blank:
            raise InvalidValueError("This field may not be blank.")
        errors: list[str] = []
        if self.max_length is not None and len(text) > self.max_length:
            errors.append(f"Ensure this field has no more than {self.max_length} characters.")
        if "\0" in text:
            errors.append("Null characters are not allowed.")
        surrogate = re.search("[\ud800-\udfff]", text)
        if surrogate:
            code_point = f"{ord(surrogate[0]):X}"
            errors.append(f"Surrogate characters are not allowed: U+{code_point}.")
        if errors:
            raise InvalidValueError(*errors)
        return text

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        if self.max_length is None:
            pattern = f"{_ANY}*" if self.allow_blank else f"{_ANY}*{_INK}{_ANY}*"
        else:
            # A single character, or two with others between them.
            pattern = _INK
            if self.max_length > 1:
                pattern = f"{_INK}(?:{_ANY}{{0,{self.max_length - 2}}}{_INK})?"
            pattern = f"[{_SPACE}]*{f'(?:{pattern})?' if self.allow_blank else pattern}[{_SPACE}]*"
        return {**_types(self, "string", "number"), "pattern": f"^{pattern}$"}

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        schema = _types(self, "string")
        if not self.allow_blank:
            schema["minLength"] = 1
        if self.max_length is not None:
            schema["maxLength"] = self.max_length
        return schema


@dataclass(frozen=True, kw_only=True)
class IntegerField(_Field):
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
            **_types(self, "integer", "string"),
            "minimum": self.minimum,
            "maximum": self.maximum,
            "pattern": rf"^ *{_integers(self.minimum, self.maximum)}(?:\.0{{0,9}})? *$",
        }

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return {**_types(self, "integer"), "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, kw_only=True)
class BooleanField(_Field):
    """A boolean field."""

    default: Value = False

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "boolean"

    @property
    def column(self) -> str:
        """The type of its column in the database, which holds 0 or 1."""
        return "INTEGER"

    def clean(self, value: object) -> bool:
        """Return the boolean.

        Raises:
            InvalidValueError: The value is invalid.
        """
        # A number such as 1.0 is equal to its integer.
        text = value.lower() if isinstance(value, str) else value
        if text in (*_TRUE_TEXTS, 1):
            return True
        if text in (*_FALSE_TEXTS, 0):
            return False
        raise InvalidValueError("Must be a valid boolean.")

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        texts = map(_in_any_case, (*_TRUE_TEXTS, *_FALSE_TEXTS))
        return {
            "anyOf": [
                {"type": ["boolean", "null"] if self.nullable else "boolean"},
                {"enum": [0, 1]},
                {"type": "string", "pattern": f"^(?:{'|'.join(texts)})$"},
            ]
        }

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return _types(self, "boolean")


_TRUE_TEXTS = ("t", "y", "yes", "true", "on", "1")
_FALSE_TEXTS = ("f", "n", "no", "false", "off", "0")

Field: TypeAlias = StringField | IntegerField | BooleanField

Fields: TypeAlias = Mapping[str, Field]
"""The fields of a request body by name."""


def _types(field: Field, *names: str) -> dict[str, JsonValue]:
    types: list[JsonValue] = [*names, "null"] if field.nullable else [*names]
    return {"type": types[0] if len(types) == 1 else types}


def _in_any_case(text: str) -> str:
    return "".join(f"[{char.upper()}{char}]" if char.isalpha() else char for char in text)


def _integers(minimum: int, maximum: int) -> str:
    """Return a pattern of the integers of a range, with signs and zeros before them."""
    signed: list[str] = []
    if maximum >= 0:
        signed.append(rf"\+?0{{0,9}}(?:{'|'.join(_range(max(minimum, 0), maximum))})")
    if minimum < 0:
        signed.append(f"-0{{0,9}}(?:{'|'.join(_range(max(-maximum, 1), -minimum))})")
    if minimum <= 0 <= maximum:
        signed.append("-0{1,9}")
    return f"(?:{'|'.join(signed)})"


def _range(minimum: int, maximum: int) -> list[str]:
    """Return patterns of the digits of the numbers of a range."""
    patterns: list[str] = []
    for length in range(len(str(minimum)), len(str(maximum)) + 1):
        lowest = max(minimum, 0 if length == 1 else 10 ** (length - 1))
        highest = min(maximum, 10**length - 1)
        patterns += _same_length(str(lowest), str(highest))
    return patterns


def _same_length(lowest: str, highest: str) -> list[str]:
    """Return patterns of the numbers between two numbers of the same length."""
    first, last, rest = lowest[0], highest[0], len(lowest) - 1
    if lowest.strip("0") == highest.strip("9") == "":
        return [f"[0-9]{{{len(lowest)}}}"]
    if not rest:
        return [f"[{first}-{last}]"]
    if first == last:
        return [f"{first}{digits}" for digits in _same_length(lowest[1:], highest[1:])]
    patterns = [f"{first}{digits}" for digits in _same_length(lowest[1:], "9" * rest)]
    if int(last) - int(first) > 1:
        patterns.append(f"[{int(first) + 1}-{int(last) - 1}][0-9]{{{rest}}}")
    return patterns + [f"{last}{digits}" for digits in _same_length("0" * rest, highest[1:])]
