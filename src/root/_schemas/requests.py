"""Request bodies: JSON that is validated before it is sent, bytes, forms, and files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Self, TypeVar, cast, get_args
from uuid import uuid4

from pydantic import ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from .._forks import import_lock
from .._secrets.secret import Secret, SecretBytes, as_secret, shown
from ..errors import InvalidRequestError, shorten_traceback
from .base import PlainModel

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from .files import FilePart

__all__ = [
    "Body",
    "RequestModel",
    "Sensitive",
    "bytes_body",
    "describe_problem",
    "file_body",
    "given",
    "json_body",
    "multipart_body",
    "settings_of",
    "validate_each",
    "validate_settings",
    "validated_body",
]

T = TypeVar("T")
C = TypeVar("C")

_JSON = "application/json"

# Enough to keep it on its line in a form.
_MEDIA_TYPE = re.compile(r"[\x21-\x7e]+/[\x20-\x7e]+")

# Invalid items that a message describes.
_MAX_PROBLEMS = 10


class Sensitive:
    """Marks a field whose value is a secret, which a repr hides: `Annotated[str, Sensitive]`."""


class RequestModel(PlainModel):
    """A JSON object that the API accepts.

    Strict: True is not accepted as a number, nor 12 as a name. Only fields that were given are
    sent, so the defaults of the fields never are.
    """

    # pydantic 2.9 reserves names like `model_params`, which are the API's.
    model_config: ClassVar[ConfigDict] = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )

    is_partial: ClassVar[bool] = False
    """Whether it is a part of another object, and must have at least one field."""

    def __repr_args__(self) -> Iterable[tuple[str | None, object]]:
        secrets = self.sensitive_fields()
        return [(name, value) for name, value in super().__repr_args__() if name not in secrets]

    @classmethod
    def from_json(cls, content: bytes | str) -> Self:
        """Return an object with the fields of a JSON document.

        Raises:
            pydantic.ValidationError: It is not JSON, or a field is invalid.
        """
        return cls.model_validate_json(content)

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> Self:
        """Return an object with these fields.

        Raises:
            pydantic.ValidationError: A field is invalid.
        """
        return cls.model_validate(fields)

    @classmethod
    @cache
    def sensitive_fields(cls) -> frozenset[str]:
        """Return the names of the fields whose values are secret."""
        return frozenset(
            name for name, field in cls.model_fields.items() if Sensitive in field.metadata
        )

    @classmethod
    @cache
    def plain_fields(cls) -> frozenset[str]:
        """Return the names of the fields whose values are not secret."""
        return frozenset(cls.model_fields.keys() - cls.sensitive_fields())

    @classmethod
    @cache
    def nullable_fields(cls) -> frozenset[str]:
        """Return the names of the fields that None clears."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if NoneType in get_args(field.annotation)
        )


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request.

    Attributes:
        content_type: Its media type.
        parts: Bytes and files that follow each other.
        secrets: Values in it that must never be shown.
    """

    content_type: str
    parts: tuple[bytes | FilePart, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not isinstance(cast("object", self.parts), tuple):
            raise InvalidRequestError(
                "Nothing was sent. The parts of a body must be a tuple: (b'...',) for bytes."
            )
        if self.content_type is not _JSON:
            _check_media_type(self.content_type)

    @property
    def length(self) -> int | None:
        """Its length in bytes, or None if unknown: then it is sent in chunks."""
        total = 0
        for part in self.parts:
            size = len(part) if isinstance(part, bytes) else part.size
            if size is None:
                return None
            total += size
        return total

    @property
    def is_once(self) -> bool:
        """Whether it can be read only once."""
        return any(not isinstance(part, bytes) and part.is_once for part in self.parts)

    @property
    def is_spent(self) -> bool:
        """Whether it was read from and cannot be sent again."""
        return any(not isinstance(part, bytes) and part.is_spent for part in self.parts)


def bytes_body(content: bytes, content_type: str, secrets: tuple[str, ...] = ()) -> Body:
    """Return a body of bytes."""
    return Body(content_type, (SecretBytes(content),), secrets)


def file_body(source: str | os.PathLike[str] | BinaryIO, content_type: str) -> Body:
    """Return a body that is a file, read in pieces while it is sent.

    Raises:
        InvalidRequestError: There is no such file, or it is not a binary one.
    """
    # Imported late: few programs send files.
    with import_lock:
        from .files import FilePart

    return Body(content_type, (FilePart(source),))


def multipart_body(
    fields: Mapping[str, str | Sequence[str]],
    files: Mapping[str, tuple[str, bytes | FilePart, str]],
) -> Body:
    """Return a form with files (multipart/form-data, RFC 7578).

    Args:
        fields: The values of plain fields by name; a sequence repeats its field.
        files: The name, content and media type of each file, by field name.

    Raises:
        InvalidRequestError: A media type is invalid, or a text cannot be encoded.
    """
    boundary = uuid4().hex
    parts: list[bytes | FilePart] = []
    text = ""
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            text += (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
                f"\r\n\r\n{value}\r\n"
            )
    for name, (file_name, content, content_type) in files.items():
        _check_media_type(content_type)
        text += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}";'
            f' filename="{_quoted(file_name)}"\r\nContent-Type: {content_type}\r\n\r\n'
        )
        parts += [_encoded(text), content]
        text = "\r\n"
    parts.append(_encoded(f"{text}--{boundary}--\r\n"))
    return Body(f"multipart/form-data; boundary={boundary}", tuple(parts))


def _check_media_type(content_type: str) -> None:
    if not (isinstance(cast("object", content_type), str) and _MEDIA_TYPE.fullmatch(content_type)):
        raise InvalidRequestError(
            f"Nothing was sent. {content_type!r} is not a media type, such as 'text/csv'."
        )


def _quoted(name: str) -> str:
    # As browsers do it (the HTML standard, 4.10.21.8).
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _encoded(text: str) -> SecretBytes:
    try:
        return SecretBytes(text.encode())
    except UnicodeEncodeError as exc:
        raise InvalidRequestError(
            "Nothing was sent. A field of the form contains characters that UTF-8 cannot encode."
        ) from exc


def given(omitted: object, /, **fields: object) -> dict[str, object]:
    """Return the fields that were given.

    Args:
        omitted: The value of a field that was omitted.
        fields: The fields by name.
    """
    return {name: value for name, value in fields.items() if value is not omitted}


def json_body(schema: type[RequestModel], omitted: object, /, **fields: object) -> Body:
    """Build and validate a JSON request body.

    Args:
        schema: What the API accepts.
        omitted: The value of a field that was omitted.
        fields: The fields by name.

    Raises:
        InvalidRequestError: A field is invalid; the message names the field and the limit, and
            contains no value.
    """
    content = {name: value for name, value in fields.items() if value is not omitted}
    if not content and schema.is_partial:
        raise InvalidRequestError(f"Nothing was sent. Pass at least one of {', '.join(fields)}.")
    try:
        return validated_body(schema, content, fields)
    except InvalidRequestError as error:
        shorten_traceback(error)
        raise


def validated_body(
    schema: type[RequestModel], content: Mapping[str, object], fields: Mapping[str, object] = {}
) -> Body:
    """Validate the content of a JSON request body and return it.

    Args:
        schema: What the API accepts.
        content: The fields that were given, by name.
        fields: All fields by name; one that is None and required was omitted.

    Raises:
        InvalidRequestError: A field is invalid.
    """
    try:
        model = schema.model_validate(content)
        text = SecretBytes(model.model_dump_json(exclude_unset=True).encode())
    except ValidationError as exc:
        # pydantic's own text may contain the input, which may be a key.
        problems = exc.errors(include_url=False, include_input=False)
    except PydanticSerializationError:
        raise InvalidRequestError(f"Nothing was sent. {_not_json(content)}") from None
    else:
        names = schema.sensitive_fields() & content.keys()
        secrets = [Secret(value) for name in names if isinstance(value := content[name], str)]
        return Body(_JSON, (text,), tuple(secrets))
    raise InvalidRequestError(
        "Nothing was sent. "
        + " ".join(
            f"{place} cannot be None."
            if fields.get(place, ...) is None
            else f"{place} {describe_problem(problem)}."
            if place
            else f"{problem['msg'].removeprefix('Value error, ')}."
            for problem in problems
            for place in (".".join(map(str, problem["loc"])),)
        )
    )


def _not_json(fields: Mapping[str, object]) -> str:
    """Return which field JSON cannot express, and why."""
    for name, value in fields.items():
        try:
            to_json(value)
        except PydanticSerializationError as exc:
            problem = str(exc)
            if "utf-8" in problem:
                return f"{name} {_PROBLEMS['string_unicode']}."
            if "Circular" in problem or "depth" in problem:
                return f"{name} contains itself, or is nested too deeply."
            return f"{name} contains an object that JSON cannot express."
    return "A field contains an object that JSON cannot express."


# What is wrong with a field, by the type of pydantic's error, in words for users of the API.
_PROBLEMS = {
    "extra_forbidden": "is not a setting",
    "missing": "is required",
    "string_type": "must be a string",
    "string_unicode": "contains characters that UTF-8 cannot encode",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "literal_error": "must be {expected}",
    "int_type": "must be an integer",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be True or False",
    "list_type": "must be a list",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "dict_type": "must be a dict",
    "model_type": "must be a dict or an instance of {class_name}",
    "invalid_key": "must have a string as its name",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


def describe_problem(problem: ErrorDetails) -> str:
    """Return what is wrong with a field, to follow its name."""
    words = _PROBLEMS.get(problem["type"])
    if words is None:
        return f"is invalid: {problem['msg']}"
    limits = problem.get("ctx", {})
    if limits.get("min_length") == 1:
        return "must not be empty"
    return words.format(**limits)


def settings_of(schema: type[RequestModel], settings: Mapping[str, object]) -> dict[str, object]:
    """Return a user's mapping, which may be hidden, as a dict in which secrets are hidden.

    Raises:
        InvalidRequestError: It is not a mapping, or a name is not a plain string.
    """
    if not isinstance(shown(cast("object", settings)), Mapping):
        kind = type(shown(settings)).__name__
        raise InvalidRequestError(f"Nothing was sent. Settings must be a dict, not {kind}.")
    names = cast("list[object]", list(shown(settings)))
    if not all(isinstance(name, str) and name.isprintable() for name in names):
        raise InvalidRequestError("Nothing was sent. The names of settings must be plain strings.")
    # An unknown field may be a misspelt one that is a secret.
    plain = schema.plain_fields()
    return {
        name: shown(settings)[name] if name in plain else as_secret(shown(settings)[name])
        for name in cast("list[str]", names)
    }


def validate_settings(
    schema: type[RequestModel], settings: Mapping[str, object], omitted: object = None
) -> Body:
    """Build and validate a JSON request body from a user's mapping, which may be hidden.

    Raises:
        InvalidRequestError: It is not a mapping, or a field is invalid.
    """
    return json_body(schema, omitted, **settings_of(schema, settings))


def validate_each(items: Iterable[T], validate: Callable[[T], C]) -> list[C]:
    """Return the result of a validation for each item. If the items are hidden, each one is.

    Raises:
        InvalidRequestError: Some items are invalid, or `items` is not a list; the message has the
            position of each, from 0.
    """
    kind = type(shown(cast("object", items)))
    if issubclass(kind, (str, bytes, Mapping)) or not issubclass(kind, Iterable):
        raise InvalidRequestError("Nothing was sent. Pass a list, even for one item.")
    validated: list[C] = []
    problems: list[str] = []
    for position, item in enumerate(items):
        try:
            validated.append(validate(item))
        except InvalidRequestError as error:
            problem = str(error).removeprefix("Nothing was sent. ")
            problems.append(f"At position {position} (from 0): {problem}")
    if not problems:
        return validated
    more = len(problems) - _MAX_PROBLEMS
    if more > 0:
        problems[_MAX_PROBLEMS:] = [f"{more} more {'are' if more > 1 else 'is'} invalid."]
    raise InvalidRequestError(" ".join(["Nothing was sent.", *problems]))
