"""Parsing of response bodies. Imports pydantic, so it is imported when the first body arrives."""

from __future__ import annotations

import json
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, PydanticUserError, ValidationError

from .._schemas.base import ResponseModel, set_meta
from .._schemas.pages import description, redact_echoes
from ..errors import InvalidRequestError
from .bodies import begins_as_json, plain_json
from .messages import RawResponse
from .operation import decode

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

    from .._schemas.meta import ResponseMeta

__all__ = [
    "NotJSONError",
    "UnreadableError",
    "annotate",
    "check_schema",
    "parse",
    "redact",
    "shape_error",
]

T = TypeVar("T")

# By name, since this is below them, and a client loads only its own.
_STREAMS = {
    "Stream": "the stream of blocking methods",
    "AsyncStream": "the stream of async methods",
}


class UnreadableError(Exception):
    """A body does not have the expected shape. Its text completes 'The response ...'.

    Attributes:
        is_json: Whether it is JSON.
    """

    is_json = True


class NotJSONError(UnreadableError):
    """A body is not JSON as pydantic reads it."""

    is_json = False


def parse(schema: type[T], response: RawResponse) -> T:
    """Return a response body as a value.

    Args:
        schema: What to parse it into; see `Operation`.
        response: The response.

    Raises:
        UnreadableError: It is not JSON, or has a different shape.
    """
    try:
        return _parse(schema, response)
    except NotJSONError as exc:
        problem = str(exc)
    if schema is NoneType:
        raise NotJSONError(problem)
    # pydantic reads neither byte order marks, nor UTF-16 and UTF-32, nor lone surrogates.
    content = plain_json(response.content)
    if content is not None:
        try:
            return _parse(schema, RawResponse(response.status, response.headers, content))
        except NotJSONError as exc:
            # It is nested too deeply for pydantic.
            raise UnreadableError(str(exc)) from None
    raise NotJSONError(problem)


def _parse(schema: type[T], response: RawResponse) -> T:
    content = response.content
    # `list[Model]` and the like are not classes.
    kind: Any = schema
    try:
        if isinstance(kind, type):
            if issubclass(kind, ResponseModel):
                return cast("T", kind.from_json(content))
            if issubclass(kind, BaseModel):
                return cast("T", kind.model_validate_json(content))
        if kind is NoneType:
            if content.strip() and not begins_as_json(content):
                raise NotJSONError("is not JSON")
            return cast("T", None)
        if kind is bytes:
            return cast("T", content)
        if kind is str:
            return cast("T", decode(content, response.header(b"content-type")))
        if kind is object:
            return cast("T", json.loads(content) if content.strip() else None)
        return cast("T", _adapter(cast("Any", schema)).validate_json(content))
    except ValidationError as exc:
        # pydantic's own text contains the input, so only locations and kinds are used.
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
    except (ValueError, RecursionError):
        problems = []
    if not content.strip():
        raise NotJSONError("is empty")
    if not problems or problems[0]["type"] == "json_invalid":
        raise NotJSONError("is not JSON")
    raise shape_error(schema, problems)


def shape_error(
    schema: object, problems: list[ErrorDetails], place: tuple[str | int, ...] = ()
) -> UnreadableError:
    """Return the error for JSON that is not valid.

    Args:
        schema: What it was parsed into.
        problems: What pydantic reports.
        place: Where in the body that was.
    """
    places = "; ".join(
        f"{'.'.join(map(str, (*place, *problem['loc']))) or 'the whole'}: {problem['msg']}"
        for problem in problems[:3]
    )
    return UnreadableError(f"does not have the shape of {description(schema)} ({places})")


def check_schema(schema: type[object], stream: type[object]) -> None:
    """Check that a response body can be parsed into this schema.

    Args:
        schema: The schema.
        stream: The class of streams of the client.

    Raises:
        InvalidRequestError: It is the class of streams of the other kind of client, or pydantic
            cannot validate it.
    """
    kind: Any = schema
    if getattr(kind, "__name__", None) in _STREAMS and kind.__module__.startswith("root._"):
        raise InvalidRequestError(
            f"Nothing was sent. root.{kind.__name__} is {_STREAMS[kind.__name__]}: pass"
            f" schema=root.{stream.__name__} to this method."
        )
    try:
        validator: Any = _adapter(kind).validator
        # pydantic reports names that are not defined when this is used first.
        _ = validator.validate_json
    except (PydanticUserError, TypeError, NameError) as exc:
        raise InvalidRequestError(
            f"Nothing was sent. The schema {schema!r} is not a type that pydantic can validate:"
            f" {str(exc).partition(chr(10))[0]}"
        ) from exc


@cache
def _adapter(schema: Any) -> TypeAdapter[Any]:
    # Imported late: the classes of this package need none.
    from pydantic import TypeAdapter

    return TypeAdapter(schema)


def redact(value: object, secrets: tuple[str, ...]) -> None:
    """Redact echoes of secrets in what was parsed."""
    if isinstance(value, ResponseModel):
        redact_echoes(value, secrets)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            redact(one, secrets)


def annotate(value: object, meta: ResponseMeta) -> None:
    """Attach the metadata of the response to what was parsed."""
    if isinstance(value, ResponseModel):
        set_meta(value, meta)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            annotate(one, meta)
