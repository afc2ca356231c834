"""The fields of resources: what request bodies may contain, and how they are described.

The leniency of Django REST Framework is kept (`"900"` is an integer, `1.5` is a string, surrounding
white space is removed), and so are its error messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from pydantic import JsonValue

__all__ = [
    "SPACE",
    "BooleanField",
    "ChoiceField",
    "DateTimeField",
    "Field",
    "Fields",
    "InvalidValueError",
    "StringField",
    "UUIDField",
    "Value",
    "clean_fields",
    "json_types",
]

Value: TypeAlias = JsonValue
"""The value of a validated field."""


SPACE = r"\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""The white space that Python's str.strip() removes, as in a class of characters of a pattern."""

_ANY = r"[^\u0000]"
_INK = rf"[^\u0000{SPACE}]"


_UUID = "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"


# Larger numbers of repetitions are left out of patterns, since not all engines accept them.
_MAX_REPETITIONS = 10_000


class InvalidValueError(Exception):
    """An invalid value of a field.

    The arguments are the error messages, or one dictionary with those of the parts of the value.
    """

    @property
    def details(self) -> JsonValue:
        """The errors as in responses."""
        details: list[JsonValue] = [*self.args]
        return details[0] if details and isinstance(details[0], dict) else details


@dataclass(frozen=True, kw_only=True)
class Field:
    """What all fields have.

    Attributes:
        required: Whether bodies that create an object must contain it.
        nullable: Whether it may be null.
        default: The value if it is omitted.
        description: The description in the OpenAPI document.
        is_secret: Whether it is neither stored nor returned, and masked in the history.
        is_stored: Whether it has a column, unless it is secret; else it is for one request only.
        former_name: A name that older clients send instead, or None.
    """

    required: bool = False
    nullable: bool = False
    default: Value = None
    description: str = ""
    is_secret: bool = False
    is_stored: bool = True
    former_name: str | None = None

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        raise NotImplementedError

    @property
    def column(self) -> str:
        """The type of its column in the database."""
        return "TEXT"

    def clean(self, value: object) -> Value:
        """Return the validated value.

        Raises:
            InvalidValueError: The value is invalid.
        """
        raise NotImplementedError

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        raise NotImplementedError

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        raise NotImplementedError

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        return {}

    def as_filter(self) -> Field:
        """Return the field of the parameter that lists objects with a value."""
        return self


@dataclass(frozen=True, kw_only=True)
class StringField(Field):
    """A string field."""

    allow_blank: bool = False
    min_length: int = 1
    max_length: int | None = None

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "string"

    @property
    def _types(self) -> tuple[type, ...]:
        # JSON Schema cannot describe how long a number is as a string.
        return (str,) if self.min_length > 1 else (str, int, float)

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        limits: dict[str, JsonValue] = {}
        if self.min_length > 1:
            limits["min_length"] = self.min_length
        if self.max_length is not None:
            limits["max_length"] = self.max_length
        return limits

    def as_filter(self) -> Field:
        """Return the field of the parameter, for a text of any length."""
        return replace(self, min_length=1, max_length=None)

    def clean(self, value: object) -> str:
        """Return the string without surrounding white space.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if not isinstance(value, self._types) or isinstance(value, bool):
            raise InvalidValueError("Not a valid string.")
        text = str(value).strip()
        if not text and not self.allow_blank:
            raise InvalidValueError("This field may not be blank.")
        errors: list[str] = []
        if text and len(text) < self.min_length:
            errors.append(f"Ensure this field has at least {self.min_length} characters.")
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
        longest = self.max_length
        schema = json_types(self, "string", *(("number",) if float in self._types else ()))
        if longest is not None and longest > _MAX_REPETITIONS:
            schema["maxLength"] = longest
            longest = None
        if longest is None and self.min_length < 2:
            pattern = f"{_ANY}*" if self.allow_blank else f"{_ANY}*{_INK}{_ANY}*"
        else:
            # A single character, or two with others between them.
            pattern = _INK
            if longest != 1:
                most = "" if longest is None else longest - 2
                least = max(self.min_length - 2, 0)
                pattern = f"{_INK}(?:{_ANY}{{{least},{most}}}{_INK})"
                pattern += "?" if self.min_length < 2 else ""
            pattern = f"[{SPACE}]*{f'(?:{pattern})?' if self.allow_blank else pattern}[{SPACE}]*"
        return {**schema, "pattern": f"^{pattern}$"}

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        schema = json_types(self, "string")
        if not self.allow_blank:
            schema["minLength"] = self.min_length
        if self.max_length is not None:
            schema["maxLength"] = self.max_length
        return schema


@dataclass(frozen=True, kw_only=True)
class BooleanField(Field):
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
        return json_types(self, "boolean")


_TRUE_TEXTS = ("t", "y", "yes", "true", "on", "1")
_FALSE_TEXTS = ("f", "n", "no", "false", "off", "0")


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Field):
    """A field with one of some strings."""

    choices: tuple[str, ...]

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "choice"

    def clean(self, value: object) -> str:
        """Return the string.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if isinstance(value, str) and value in self.choices:
            return value
        raise InvalidValueError(f'"{value}" is not a valid choice.')

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return {"enum": [*self.choices, None] if self.nullable else [*self.choices]}

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return self.request_schema()


@dataclass(frozen=True, kw_only=True)
class UUIDField(Field):
    """A field with the ID of an object."""

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "string"

    def clean(self, value: object) -> str:
        """Return the ID in the usual format.

        Raises:
            InvalidValueError: The value is invalid.
        """
        try:
            if isinstance(value, str):
                return str(UUID(value))
        except ValueError:
            pass
        raise InvalidValueError("Must be a valid UUID.")

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values; other formats of a UUID are accepted too."""
        return {**json_types(self, "string"), "format": "uuid", "pattern": _UUID}

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return {**json_types(self, "string"), "format": "uuid"}


@dataclass(frozen=True, kw_only=True)
class DateTimeField(Field):
    """A field with a time, which is stored in UTC."""

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "datetime"

    def clean(self, value: object) -> str:
        """Return the time in UTC, in ISO 8601.

        Raises:
            InvalidValueError: The value is invalid.
        """
        try:
            if isinstance(value, str):
                # In a query, a plus sign that was not escaped is a space.
                time = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", value))
                time = time if time.tzinfo else time.replace(tzinfo=UTC)
                return time.astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            pass
        raise InvalidValueError(
            "Datetime has wrong format. Use one of these formats instead:"
            " YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
        )

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return {**json_types(self, "string"), "format": "date-time"}

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return self.request_schema()


Fields: TypeAlias = Mapping[str, Field]
"""The fields of a request body by name."""


def clean_fields(body: Mapping[str, object], fields: Fields, *, partial: bool) -> dict[str, Value]:
    """Return the validated values of an object; unknown fields are ignored.

    Raises:
        InvalidValueError: Some fields are invalid; the argument has the errors of each.
    """
    values: dict[str, Value] = {}
    errors: dict[str, JsonValue] = {}
    for name, field in fields.items():
        given = name
        if name not in body and field.former_name is not None:
            given = field.former_name
        if given not in body:
            if field.required and not partial:
                errors[name] = ["This field is required."]
        elif body[given] is None:
            if field.nullable:
                values[name] = None
            else:
                errors[name] = ["This field may not be null."]
        else:
            try:
                values[name] = field.clean(body[given])
            except InvalidValueError as invalid:
                errors[name] = invalid.details
    if errors:
        raise InvalidValueError(errors)
    return values


def json_types(field: Field, *names: str) -> dict[str, JsonValue]:
    """Return the JSON Schema of the types of a field."""
    types: list[JsonValue] = [*names, "null"] if field.nullable else [*names]
    return {"type": types[0] if len(types) == 1 else types}


def _in_any_case(text: str) -> str:
    return "".join(f"[{char.upper()}{char}]" if char.isalpha() else char for char in text)
