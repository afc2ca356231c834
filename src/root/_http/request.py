"""The operation of a request that the user composes."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, TypeVar, cast

from .._config import NotGiven
from .._schemas.requests import Body, bytes_body, file_body
from .._secrets.secret import shown
from ..errors import InvalidRequestError
from .operation import Operation, Query

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import BinaryIO

    from .._config import Timeout
    from .._config.deadlines import Deadline
    from ..errors import JSONValue

__all__ = ["operation"]

T = TypeVar("T")


def operation(
    method: str,
    path: str,
    *,
    query: Query | NotGiven,
    json: JSONValue | NotGiven,
    body: bytes | str | os.PathLike[str] | BinaryIO | NotGiven,
    headers: Mapping[str, str] | NotGiven,
    schema: type[T] | NotGiven,
    timeout: Timeout | NotGiven,
    deadline: float | Deadline | NotGiven | None,
    once: bool | NotGiven,
) -> Operation[T]:
    """Return the operation for the arguments of `client.request`, some of which may be hidden.

    Raises:
        InvalidRequestError: An argument is invalid.
    """
    if not isinstance(json, NotGiven) and not isinstance(body, NotGiven):
        raise InvalidRequestError("Nothing was sent. Pass json or body, not both.")
    if not isinstance(cast("object", once), (bool, NotGiven)):
        raise InvalidRequestError("Nothing was sent. once must be True or False.")
    return Operation(
        method,
        path,
        # Any JSON.
        cast("type[T]", object) if isinstance(schema, NotGiven) else schema,
        query=None if isinstance(query, NotGiven) else query,
        body=_body(json, body),
        headers=None if isinstance(headers, NotGiven) else shown(headers),
        timeout=timeout,
        deadline=deadline,
        once=not isinstance(once, NotGiven) and once,
    )


def _body(
    json: JSONValue | NotGiven, body: bytes | str | os.PathLike[str] | BinaryIO | NotGiven
) -> Body | None:
    if not isinstance(json, NotGiven):
        try:
            # NaN and infinity are not JSON (RFC 8259, 6).
            return _text_body(
                json_module.dumps(
                    shown(json), allow_nan=False, ensure_ascii=False, separators=(",", ":")
                ),
                "application/json",
            )
        except (TypeError, ValueError, RecursionError) as exc:
            problem = str(exc)
        # Outside of `except`: the frames of json, and the attributes of its exceptions, have the
        # value.
        raise InvalidRequestError(
            f"Nothing was sent. The value of json cannot be written as JSON: {problem}."
        )
    if isinstance(body, NotGiven):
        return None
    if isinstance(shown(body), (bytes, bytearray, memoryview)):
        return bytes_body(bytes(cast("bytes", shown(body))), "application/octet-stream")
    if isinstance(shown(body), str):
        try:
            return _text_body(cast("str", shown(body)), "text/plain; charset=utf-8")
        except UnicodeEncodeError:
            pass
        raise InvalidRequestError(
            "Nothing was sent. The body contains characters that UTF-8 cannot encode."
        )
    content: object = shown(body)
    if not (hasattr(content, "__fspath__") or callable(getattr(content, "read", None))):
        raise InvalidRequestError(
            "Nothing was sent. The body must be bytes, text, a pathlib.Path or a binary file"
            f" object, not {type(content).__name__}. Pass a value that is to be sent as JSON as"
            " json, and not as body."
        )
    return file_body(cast("BinaryIO", body), "application/octet-stream")


def _text_body(text: str, content_type: str) -> Body:
    return bytes_body(text.encode(), content_type)
