"""An operation: one call to the API as a value, from the resource that makes it to the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast
from urllib.parse import urlencode

from .._config import NOT_GIVEN, NotGiven
from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from .._config import Timeout
    from .._config.deadlines import Deadline
    from .._schemas.meta import ResponseMeta
    from .._schemas.requests import Body

__all__ = ["Operation", "Query", "Response", "decode", "target"]

T = TypeVar("T")

_METHOD = re.compile(r"[A-Z]+")

# Without the slash, it would be a part of the host name.
_PATH = re.compile(r"/[!-\"$->@-~]*")

Query = Mapping[str, str | Sequence[str]]
"""The parameters of a query; a sequence repeats its parameter."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One call to the API: what is sent, what comes back, and when it may be sent again.

    Attributes:
        method: The HTTP method, in capitals.
        path: The path below the base URL, percent-encoded, with a leading slash: `/v1/models/`.
        schema: What the response body is parsed into: a pydantic class or another type that
            pydantic can validate, `str` for text, `bytes`, `object` for any JSON, `NoneType` to
            ignore JSON, or the class of a stream, which is read while it arrives.
        query: The query.
        body: The body.
        headers: Headers in addition to the client's.
        timeout: Seconds for one attempt (or an `httpx.Timeout`), instead of the client's.
        slow_timeout: Seconds for one attempt of a call that is known to be slow. It applies unless
            the client's `timeout` is shorter than its default, or longer than this.
        deadline: Seconds for the whole call, or None for no limit, instead of the client's; or a
            `Deadline`, in addition to the client's.
        is_idempotent: Whether it may be sent again although the service may have processed it.
            None derives it from the method (RFC 9110, 9.2.2).
        costs_money: Whether the service may charge for it, which errors mention.
        once: Whether the service must not receive it twice, even if it refused it.
    """

    method: str
    path: str
    schema: type[T]
    _: KW_ONLY
    query: Query | None = None
    body: Body | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    timeout: Timeout | NotGiven = NOT_GIVEN
    slow_timeout: float | None = None
    deadline: float | Deadline | NotGiven | None = NOT_GIVEN
    is_idempotent: bool | None = None
    costs_money: bool = False
    once: bool = False

    def __hash__(self) -> int:
        # Equal operations are equal in these, and the other attributes may not be hashable.
        return hash((self.method, self.path, self.schema))


@dataclass(frozen=True, slots=True)
class Response(Generic[T]):
    """The response to a call that succeeded.

    Attributes:
        value: The response body, parsed.
        meta: Status, headers, request ID, attempts and seconds.
        content: The response body as bytes, decompressed; empty if it is streamed.
    """

    value: T
    meta: ResponseMeta
    content: bytes = field(default=b"", repr=False)

    def __hash__(self) -> int:
        # Equal responses are equal in these, and the value may be a list or a dict.
        return hash((self.meta, self.content))

    @property
    def text(self) -> str:
        """The response body as text, in the charset of its Content-Type or else UTF-8."""
        return decode(self.content, self.meta.headers.get("content-type"))


def target(operation: Operation[T]) -> str:
    """Return the path of an operation with its query, below the base URL.

    Raises:
        InvalidRequestError: The method, the path or the query is not valid.
    """
    method, path = cast("tuple[object, object]", (operation.method, operation.path))
    if not (isinstance(method, str) and _METHOD.fullmatch(method)):
        raise InvalidRequestError(
            f"Nothing was sent. {method!r} is not an HTTP method. Write it in capitals, such as"
            " 'GET'."
        )
    if not (isinstance(path, str) and _PATH.fullmatch(path)):
        raise InvalidRequestError(
            f"Nothing was sent. {path!r} is not a path: it must begin with a slash and have no"
            " query (pass `query`) or fragment, and all but ASCII must be percent-encoded"
            " (urllib.parse.quote)."
        )
    query = operation.query and _encode(operation.query)
    return f"{path}?{query}" if query else path


def _encode(query: Query) -> str:
    given = cast("object", query)
    if not isinstance(given, Mapping):
        raise InvalidRequestError(
            "Nothing was sent. The query must be a dict of names to values, not"
            f" {type(given).__name__}."
        )
    for name, value in cast("Mapping[object, object]", given).items():
        values = cast("Sequence[object]", value if isinstance(value, (list, tuple)) else [value])
        if not all(isinstance(text, str) for text in (name, *values)):
            raise InvalidRequestError(
                f"Nothing was sent. The query parameter {name!r} must be a string or a list of"
                " strings. Omit it, or convert its value with str()."
            )
    try:
        return urlencode(query, doseq=True)
    except UnicodeEncodeError as exc:
        raise InvalidRequestError(
            f"Nothing was sent. The query ({', '.join(query)}) contains characters that UTF-8"
            " cannot encode."
        ) from exc


def decode(content: bytes, content_type: str | None) -> str:
    """Return a body as text, in the charset of its media type (RFC 9110, 8.3.1) or else UTF-8."""
    charset = "utf-8"
    if content_type and "charset" in content_type.lower():
        # Imported late: most bodies are JSON, which has no charset.
        from email.message import Message

        message = Message()
        message["content-type"] = content_type
        charset = message.get_content_charset("utf-8")
    try:
        return content.decode(charset, "replace")
    # There is no such charset, or it is not one of texts, such as "idna".
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")
