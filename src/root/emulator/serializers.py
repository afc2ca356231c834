"""Parsing and validation of request bodies, as in Django REST Framework.

A response has the errors of all invalid fields.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Callable
from email.message import Message
from functools import lru_cache
from typing import cast

from root.emulator.fields import Fields, InvalidValueError, Value, clean_fields
from root.emulator.problems import Problem, detail_problem, unsupported_media_type

YAML_TYPE = "text/yaml"
"""The media type of YAML."""

_JSON_TYPES = {"application/json", "application/*", "*/json", "*/*"}


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
    try:
        text = _reader(content_type)(io.BytesIO(content)).read()
        if text.startswith("\ufeff"):
            raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
        return cast("object", _DECODER.decode(text))
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
    try:
        return clean_fields(cast("dict[str, object]", data), fields, partial=partial)
    except InvalidValueError as invalid:
        raise Problem(400, cast("dict[str, object]", invalid.details)) from None


@lru_cache
def _reader(content_type: str) -> Callable[[io.BytesIO], codecs.StreamReader]:
    message = Message()
    message["Content-Type"] = content_type
    # A stream reader requires a byte order mark where decode() uses the machine's byte order.
    return codecs.getreader(_encoding(message.get_content_charset("utf-8")))


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


# Making one takes longer than it takes to parse a small body.
_DECODER = json.JSONDecoder(parse_constant=_reject_constant)
