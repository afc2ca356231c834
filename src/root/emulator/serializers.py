"""Parsing and validation of request bodies, as in Django REST Framework.

Its leniency is kept (`"900"` is an integer, `1.5` is a string, surrounding white space is
removed), and so are its error messages, with all invalid fields in one response.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import TypeAlias, cast

from pydantic import JsonValue

from root.emulator.problems import Problem, detail_problem, unsupported_media_type

Value: TypeAlias = str | int | bool | None
"""The value of a validated field."""

MAX_INTEGER = 2_147_483_647
"""The largest 32-bit integer, which PostgreSQL's integer columns hold."""

# "1.0" is an integer and "1.2" is not.
_ZERO_FRACTION = re.compile(r"\.0*\s*$")

_JSON_TYPES = {"application/json", "application/*", "*/json", "*/*"}

# Longer strings are rejected before they are parsed as a number, which takes quadratic time.
_MAX_NUMBER_LENGTH = 1000


class _InvalidValue(Exception):
    """An invalid value of a field; the arguments are the error messages."""


@dataclass(frozen=True)
class StringField:
    """A string field."""

    required: bool = False
    nullable: bool = False
    allow_blank: bool = False
    max_length: int | None = None

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "string"

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        return {} if self.max_length is None else {"max_length": self.max_length}

    def clean(self, value: object) -> str:
        """Return the string without surrounding white space."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _InvalidValue("Not a valid string.")
        text = str(value).strip()
        if not text and not self.allow_blank:
            raise _InvalidValue("This field may not be blank.")
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
            raise _InvalidValue(*errors)
        return text


@dataclass(frozen=True)
class IntegerField:
    """An integer field."""

    minimum: int
    maximum: int = MAX_INTEGER
    required: bool = False
    nullable: bool = False

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "integer"

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        return {"min_value": self.minimum, "max_value": self.maximum}

    def clean(self, value: object) -> int:
        """Return the integer."""
        if isinstance(value, str) and len(value) > _MAX_NUMBER_LENGTH:
            raise _InvalidValue("String value too large.")
        try:
            # Converted by way of a string, as in the original, so that true is not an integer.
            number = int(_ZERO_FRACTION.sub("", str(value)))
        except ValueError:
            raise _InvalidValue("A valid integer is required.") from None
        if number > self.maximum:
            raise _InvalidValue(f"Ensure this value is less than or equal to {self.maximum}.")
        if number < self.minimum:
            raise _InvalidValue(f"Ensure this value is greater than or equal to {self.minimum}.")
        return number


@dataclass(frozen=True)
class BooleanField:
    """A boolean field."""

    required: bool = False
    nullable: bool = False

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "boolean"

    def limits(self) -> dict[str, JsonValue]:
        """Return the limits in responses to OPTIONS."""
        return {}

    def clean(self, value: object) -> bool:
        """Return the boolean."""
        # A number such as 1.0 is equal to its integer.
        text = value.lower() if isinstance(value, str) else value
        if text in _TRUE_VALUES:
            return True
        if text in _FALSE_VALUES:
            return False
        raise _InvalidValue("Must be a valid boolean.")


_TRUE_VALUES = ("t", "y", "yes", "true", "on", "1", 1)
_FALSE_VALUES = ("f", "n", "no", "false", "off", "0", 0)

Fields: TypeAlias = Mapping[str, StringField | IntegerField | BooleanField]
"""The fields of a request body by name."""


def field_metadata(fields: Fields) -> dict[str, JsonValue]:
    """Return the description of fields in responses to OPTIONS."""
    return {
        name: {
            "type": field.type_name,
            "required": field.required,
            "read_only": False,
            "label": name.replace("_", " ").capitalize(),
            **field.limits(),
        }
        for name, field in fields.items()
    }


def is_json(media_type: str) -> bool:
    """Return whether a media type, or a media range, includes JSON."""
    return media_type.partition(";")[0].strip().lower() in _JSON_TYPES


def parse_json(content: bytes, content_type: str) -> object:
    """Parse the body of a request; an empty body is an empty object.

    Raises:
        Problem: 415 if the media type is not JSON, 400 if the body is not valid JSON or its
            charset is not supported.
    """
    if not content:
        return {}
    if not is_json(content_type):
        raise unsupported_media_type(content_type)
    message = Message()
    message["Content-Type"] = content_type
    # A stream reader requires a byte order mark where decode() uses the machine's byte order.
    reader = codecs.getreader(_encoding(message.get_content_charset("utf-8")))
    try:
        text = reader(io.BytesIO(content)).read()
        return cast("object", json.loads(text, parse_constant=_reject_constant))
    except (ValueError, RecursionError) as exc:
        raise detail_problem(400, f"JSON parse error - {exc}") from exc


def validate(data: object, fields: Fields, *, partial: bool = False) -> dict[str, Value]:
    """Validate the fields of a body and return their values; unknown fields are ignored.

    Args:
        data: The parsed body.
        fields: The fields of the resource.
        partial: Whether required fields may be omitted.

    Raises:
        Problem: 400, with the errors of all invalid fields.
    """
    if data is None:
        raise Problem(400, {"non_field_errors": ["No data provided"]})
    if not isinstance(data, dict):
        text = f"Invalid data. Expected a dictionary, but got {type(data).__name__}."
        raise Problem(400, {"non_field_errors": [text]})
    body = cast("dict[str, object]", data)
    values: dict[str, Value] = {}
    errors: dict[str, list[str]] = {}
    for name, field in fields.items():
        if name not in body:
            if field.required and not partial:
                errors[name] = ["This field is required."]
        elif body[name] is None:
            if field.nullable:
                values[name] = None
            else:
                errors[name] = ["This field may not be null."]
        else:
            try:
                values[name] = field.clean(body[name])
            except _InvalidValue as invalid:
                errors[name] = list(invalid.args)
    if errors:
        raise Problem(400, errors)
    return values


def _encoding(charset: str) -> str:
    try:
        codecs.lookup(charset)
    except LookupError:
        return "utf-8"
    try:
        # Codecs such as bz2 can be looked up too, but only text codecs encode strings.
        "".encode(charset)
    except (LookupError, UnicodeError):
        text = f'Unsupported charset "{charset}" in request Content-Type header.'
        raise detail_problem(400, text) from None
    return charset


def _reject_constant(name: str) -> object:
    raise ValueError(f"Out of range float values are not JSON compliant: {name!r}")
