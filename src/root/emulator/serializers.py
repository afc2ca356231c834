"""What a request may say: JSON read and checked as Django REST Framework does it.

Its kinds of leniency are kept (`"900"` is an integer, `1.5` is a string, white space around a
string goes away), and so is its wording, all wrong fields in one answer.
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

from root.emulator.problems import Problem, detail, unsupported_media_type

Value: TypeAlias = str | int | None
"""What a checked field holds."""

# The service's integers are PostgreSQL's, 32 bits wide. The API states this limit for
# max_token_count alone; without it for the other, a larger number would be an error 500.
_LARGEST = 2_147_483_647

# "1.0" is an integer and "1.2" is none.
_ZERO_FRACTION = re.compile(r"\.0*\s*$")

_JSON = {"application/json", "application/*", "*/json", "*/*"}

# A longer string is refused before it is read as a number, which takes quadratic time.
_LONGEST_NUMBER = 1000


class _Wrong(Exception):
    """A value that its field does not take; the arguments are the sentences about it."""


@dataclass(frozen=True)
class Text:
    """A string field."""

    required: bool = False
    nullable: bool = False
    may_be_blank: bool = False
    max_length: int | None = None

    def limits(self) -> dict[str, JsonValue]:
        """Return what OPTIONS says of its limits."""
        return {} if self.max_length is None else {"max_length": self.max_length}

    def clean(self, value: object) -> str:
        """Return the string, trimmed."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _Wrong("Not a valid string.")
        text = str(value).strip()
        if not text and not self.may_be_blank:
            raise _Wrong("This field may not be blank.")
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
            raise _Wrong(*errors)
        return text


@dataclass(frozen=True)
class Whole:
    """An integer field."""

    minimum: int
    maximum: int = _LARGEST
    required: bool = False
    nullable: bool = False

    def limits(self) -> dict[str, JsonValue]:
        """Return what OPTIONS says of its limits."""
        return {"min_value": self.minimum, "max_value": self.maximum}

    def clean(self, value: object) -> int:
        """Return the integer."""
        if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
            raise _Wrong("String value too large.")
        try:
            # Through its text, like the original: that is what makes true no integer.
            number = int(_ZERO_FRACTION.sub("", str(value)))
        except ValueError:
            raise _Wrong("A valid integer is required.") from None
        if number > self.maximum:
            raise _Wrong(f"Ensure this value is less than or equal to {self.maximum}.")
        if number < self.minimum:
            raise _Wrong(f"Ensure this value is greater than or equal to {self.minimum}.")
        return number


Fields: TypeAlias = Mapping[str, Text | Whole]

MODEL: Fields = {
    "name": Text(required=True, max_length=100),
    "model": Text(),
    "default_key": Text(nullable=True),
    "max_output_token_count": Whole(minimum=800),
    "max_token_count": Whole(minimum=0, nullable=True),
    "url": Text(nullable=True, may_be_blank=True, max_length=1024),
}

VERIFICATION: Fields = {
    "model": Text(required=True),
    "api_key": Text(),
    "url": Text(),
    "max_output_token_count": Whole(minimum=800),
}


def describe(fields: Fields) -> dict[str, JsonValue]:
    """Return what OPTIONS says of fields."""
    return {
        name: {
            "type": "string" if isinstance(field, Text) else "integer",
            "required": field.required,
            "read_only": False,
            "label": name.replace("_", " ").capitalize(),
            **field.limits(),
        }
        for name, field in fields.items()
    }


def means_json(media_type: str) -> bool:
    """Say whether a media type is that of JSON, or a range that it is in."""
    return media_type.partition(";")[0].strip().lower() in _JSON


def read(content: bytes, content_type: str) -> object:
    """Return what a body says, and no content as an empty object.

    Raises:
        Problem: 415 if the body is not announced as JSON, 400 if it is none, or in no charset.
    """
    if not content:
        return {}
    if not means_json(content_type):
        raise unsupported_media_type(content_type)
    message = Message()
    message["Content-Type"] = content_type
    # A reader wants a mark of the order of bytes where decode() takes the machine's own.
    reader = codecs.getreader(_encoding(message.get_content_charset("utf-8")))
    try:
        text = reader(io.BytesIO(content)).read()
        return cast("object", json.loads(text, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as exc:
        raise detail(400, f"JSON parse error - {exc}") from exc


def check(data: object, fields: Fields, *, partial: bool = False) -> dict[str, Value]:
    """Return the fields that were given, cleaned; what is no field is passed over.

    Raises:
        Problem: 400, with every wrong field.
    """
    if data is None:
        raise Problem(400, {"non_field_errors": ["No data provided"]})
    if not isinstance(data, dict):
        text = f"Invalid data. Expected a dictionary, but got {type(data).__name__}."
        raise Problem(400, {"non_field_errors": [text]})
    given = cast("dict[str, object]", data)
    values: dict[str, Value] = {}
    errors: dict[str, list[str]] = {}
    for name, field in fields.items():
        if name not in given:
            if field.required and not partial:
                errors[name] = ["This field is required."]
        elif given[name] is None:
            if field.nullable:
                values[name] = None
            else:
                errors[name] = ["This field may not be null."]
        else:
            try:
                values[name] = field.clean(given[name])
            except _Wrong as wrong:
                errors[name] = list(wrong.args)
    if errors:
        raise Problem(400, errors)
    return values


def _encoding(charset: str) -> str:
    try:
        codecs.lookup(charset)
    except LookupError:
        return "utf-8"
    try:
        # Codecs such as bz2 are found under a name too, but only those for text do this.
        "".encode(charset)
    except (LookupError, UnicodeError):
        text = f'Unsupported charset "{charset}" in request Content-Type header.'
        raise detail(400, text) from None
    return charset


def _refuse_constant(name: str) -> object:
    raise ValueError(f"Out of range float values are not JSON compliant: {name!r}")
