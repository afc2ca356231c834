"""The errors of this package: one tree under `RootSignalsError`.

```
RootSignalsError
├── ConfigurationError        invalid or missing settings (also a ValueError)
│   └── MissingKeyError       no API key was found
├── InvalidRequestError       refused by the SDK before anything was sent (also a ValueError)
├── APIConnectionError        no response: connection refused, DNS, TLS, connection lost
│   └── APITimeoutError       no response in time (also a TimeoutError)
├── APIResponseError          a response that is not what the API promises
├── APIStatusError            a response with an error status
│   ├── BadRequestError       400, 422, with `.fields`
│   ├── AuthenticationError   401
│   ├── PermissionDeniedError 403
│   ├── NotFoundError         404
│   ├── ConflictError         409
│   ├── RateLimitError        429, with `.retry_after`
│   └── ServerError           5xx
├── PaginationError           a listing that cannot continue
├── VerificationError         raised by `ModelVerification.raise_for_failure()`
├── WorkFailedError           work in the background failed, with `.work`
├── BulkError                 some of many calls failed, with `.results`
├── ApplyError                a plan was applied in part, with what was done and what was not
└── RegistryError             an invalid file of models (also a ValueError)
```

Errors can be pickled and copied, and never contain an API key or a model's `default_key`.

The constructors accept the attributes, for tests with mocks:
`RateLimitError("Slow down.", retry_after=5)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from os.path import dirname, join
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, TypeAlias, cast

if TYPE_CHECKING:
    from types import TracebackType

    from ._changes import Change

__all__ = [
    "NOT_STARTED",
    "APIConnectionError",
    "APIResponseError",
    "APIStatusError",
    "APITimeoutError",
    "ApplyError",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "BulkError",
    "ConfigurationError",
    "ConflictError",
    "InvalidRequestError",
    "JSONValue",
    "MissingKeyError",
    "NotFoundError",
    "NotStarted",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "RegistryError",
    "RequestInfo",
    "RootSignalsError",
    "ServerError",
    "VerificationError",
    "WorkFailedError",
]

JSONValue: TypeAlias = "dict[str, JSONValue] | list[JSONValue] | str | int | float | bool | None"
"""The value of a JSON document."""


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The method and the URL of a request."""

    method: str
    url: str

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a call.

    Attributes:
        status: The HTTP status, or None if there was no response.
        cause: Why there was no usable response, or None if there was one.
        wait: Seconds waited after this attempt, or None if it was the last.
    """

    status: int | None = None
    cause: str | None = None
    wait: float | None = None


class RootSignalsError(Exception):
    """The base class of all errors that this package raises.

    The arguments are the message and the attributes.

    Attributes:
        request: The method and the URL of the request that failed.
        status_code: The HTTP status of the response.
        detail: The message of the service.
        data: The response body: parsed if it is JSON, else as text (its first MiB). Secrets in it
            are redacted.
        request_id: The service's ID of the request; include it in support requests.
        attempts: One entry for each attempt: its status or cause, and the wait after it.
        elapsed: Seconds from the start of the call to this error.
        may_have_been_processed: Whether the service may have processed the request although the
            call failed. Check before you retry.
        cursor: Where a listing can continue: pass it to `list(cursor=...)`.
    """

    request: RequestInfo | None
    status_code: int | None
    detail: str | None
    data: JSONValue
    request_id: str | None
    attempts: tuple[Attempt, ...]
    elapsed: float | None
    may_have_been_processed: bool
    cursor: str | None

    def __init__(
        self,
        *args: object,
        request: RequestInfo | None = None,
        status_code: int | None = None,
        detail: str | None = None,
        body: JSONValue = None,
        request_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
        elapsed: float | None = None,
        may_have_been_processed: bool = False,
        cursor: str | None = None,
        data: JSONValue = None,
    ) -> None:
        super().__init__(*args)
        self.request = request
        self.status_code = status_code
        self.detail = detail
        self.data = body if data is None else data
        self.request_id = request_id
        self.attempts = attempts
        self.elapsed = elapsed
        self.may_have_been_processed = may_have_been_processed
        self.cursor = cursor

    @property
    def body(self) -> str | None:
        """The response body as text, from `data`: JSON serialized again, with secrets redacted."""
        if self.data is None or isinstance(self.data, str):
            return self.data
        import json

        return json.dumps(self.data, ensure_ascii=False)

    def __str__(self) -> str:
        """Return the message; characters that are not printable are escaped, line breaks too."""
        text = super().__str__()
        if text.isprintable():
            return text
        # Imported late, because hardly any message needs it.
        from ._secrets.redact import printable

        return printable(text)

    def __reduce__(
        self,
    ) -> tuple[
        Callable[..., RootSignalsError],
        tuple[type[RootSignalsError], tuple[object, ...], dict[str, object]],
    ]:
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(
    kind: type[RootSignalsError], args: tuple[object, ...], state: dict[str, object]
) -> RootSignalsError:
    # A subclass may require arguments that are not in `args`, so only the built-in class below this
    # tree is initialized.
    error = kind.__new__(kind, *args)
    super(RootSignalsError, error).__init__(*args)
    error.__dict__.update(state)
    return error


class ConfigurationError(RootSignalsError, ValueError):
    """A setting of the client is missing or invalid."""


class MissingKeyError(ConfigurationError):
    """No API key was found: in the arguments, in the environment, or in the file `.env`."""


class InvalidRequestError(RootSignalsError, ValueError):
    """The SDK refused a request before it was sent, or at least before anything was changed.

    Attributes:
        path_to_item: The place in the data that it concerns, if it was constructed with one, as in
            the old SDK; the message ends with it.
    """

    path_to_item: Sequence[str | int] | None

    def __init__(
        self,
        *args: object,
        path_to_item: Sequence[str | int] | None = None,
        request: RequestInfo | None = None,
        status_code: int | None = None,
        detail: str | None = None,
        body: JSONValue = None,
        request_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
        elapsed: float | None = None,
        may_have_been_processed: bool = False,
        cursor: str | None = None,
        data: JSONValue = None,
    ) -> None:
        if path_to_item is None and len(args) == 2 and isinstance(args[1], (list, tuple)):
            path_to_item = cast("Sequence[str | int]", args[1])
            args = args[:1]
        super().__init__(
            *placed(args, path_to_item),
            request=request,
            status_code=status_code,
            detail=detail,
            body=body,
            request_id=request_id,
            attempts=attempts,
            elapsed=elapsed,
            may_have_been_processed=may_have_been_processed,
            cursor=cursor,
            data=data,
        )
        self.path_to_item = path_to_item


def placed(args: tuple[object, ...], path: Sequence[str | int] | None) -> tuple[object, ...]:
    """Return the arguments of an error, with a place in the data at the end of the message."""
    if not args or not path:
        return args
    place = "".join(f"[{one!r}]" for one in path)
    return (f"{args[0]} at {place}", *args[1:])


class APIConnectionError(RootSignalsError):
    """There was no response: the service could not be reached, or the connection was lost."""


class APITimeoutError(APIConnectionError, TimeoutError):
    """There was no response in time: `timeout`, `deadline` or `_request_timeout` was exceeded."""


class APIResponseError(RootSignalsError):
    """The response is not JSON, is truncated, or does not have the shape that the API promises."""


class APIStatusError(RootSignalsError):
    """The service responded with an error status.

    The constructor accepts status and reason as that of the old SDK does, too:
    `NotFoundError(404, "Not Found")`, `NotFoundError(status=404, reason="Not Found")`.

    Attributes:
        status_code: The HTTP status. If it is not passed, the one of the class; of several, the
            first (400, 500). None only if `APIStatusError` is constructed with neither status nor
            message, as the old SDK allows.
        retry_after: Seconds that the service asks to wait, if it does (RFC 9110, 10.2.3).
    """

    # Unlike in the base class, it is never None.
    status_code: int  # pyright: ignore[reportIncompatibleVariableOverride]
    retry_after: float | None

    _default_status: ClassVar[int | None] = None
    _reason: str | None = None
    _headers: Sequence[tuple[bytes, bytes]] = ()

    def __init__(
        self,
        *args: object,
        request: RequestInfo | None = None,
        status_code: int | None = None,
        detail: str | None = None,
        body: JSONValue = None,
        request_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
        elapsed: float | None = None,
        may_have_been_processed: bool = False,
        cursor: str | None = None,
        retry_after: float | None = None,
        status: int | None = None,
        reason: str | None = None,
        data: JSONValue = None,
        http_resp: object = None,
    ) -> None:
        has_message = bool(args)
        if args and (args[0] is None or isinstance(args[0], int)):
            # As in the old SDK: status, reason, response.
            has_message = False
            old = cast("tuple[int | None, str | None, object]", (*args, None, None)[:3])
            status, reason, http_resp = old[0], reason or old[1], http_resp or old[2]
            args = ()
        if status_code is None:
            status_code = status or getattr(http_resp, "status", None) or self._default_status
        if status_code is None and has_message:
            raise TypeError(f"{type(self).__name__}() requires the argument 'status_code'")
        if http_resp is not None:
            reason, body = self._read_old(http_resp, reason, body)
        if reason is not None:
            self._reason = reason
            args = args or (f"({status_code}) {reason}",)
        super().__init__(
            *args,
            request=request,
            status_code=status_code,
            detail=detail,
            body=body,
            data=data,
            request_id=request_id,
            attempts=attempts,
            elapsed=elapsed,
            may_have_been_processed=may_have_been_processed,
            cursor=cursor,
        )
        self.retry_after = retry_after

    def _read_old(
        self, http_resp: object, reason: str | None, body: JSONValue
    ) -> tuple[str | None, JSONValue]:
        """Take the headers of a response of the old SDK, and return its reason and its body."""
        get_headers = getattr(http_resp, "getheaders", None)
        headers = cast("Mapping[str, str]", (get_headers and get_headers()) or {})
        self._headers = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in headers.items()
        ]
        content: object = getattr(http_resp, "data", None)
        if body is None and isinstance(content, bytes):
            body = content.decode("utf-8", "replace")
        return getattr(http_resp, "reason", None) if reason is None else reason, body

    @classmethod
    def from_response(cls, *, http_resp: object, body: str | None, data: JSONValue) -> NoReturn:
        """Raise the error for a response, as in the old SDK.

        Args:
            http_resp: An object with the attributes `status`, `reason` and `data`, and the method
                `getheaders`.
            body: The response body as text.
            data: The parsed response body.
        """
        status: int | None = getattr(http_resp, "status", None)
        kind = cls if status is None or status > 599 else class_of(status, cls)
        raise kind(http_resp=http_resp, body=body, data=data)

    @property
    def status(self) -> int:
        """The HTTP status, by the name that it has in the old SDK."""
        return self.status_code

    @property
    def reason(self) -> str | None:
        """The words for the HTTP status, such as `Not Found`; None if it has none."""
        if self._reason is not None:
            return self._reason
        from http import HTTPStatus

        try:
            return HTTPStatus(self.status_code).phrase
        except ValueError:
            return None

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers; their names are case-insensitive. Secrets in them are redacted."""
        import httpx

        headers: httpx.Headers = httpx.Headers(self._headers)
        return headers


class BadRequestError(APIStatusError):
    """400 or 422: the service did not accept the request.

    Attributes:
        fields: The service's messages by field name; those that concern no single field are under
            `non_field_errors`, as in Django REST Framework.
    """

    fields: dict[str, list[str]]

    _default_status = 400

    def __init__(
        self,
        *args: object,
        request: RequestInfo | None = None,
        status_code: int | None = None,
        detail: str | None = None,
        body: JSONValue = None,
        request_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
        elapsed: float | None = None,
        may_have_been_processed: bool = False,
        cursor: str | None = None,
        retry_after: float | None = None,
        status: int | None = None,
        reason: str | None = None,
        data: JSONValue = None,
        http_resp: object = None,
        fields: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(
            *args,
            request=request,
            status_code=status_code,
            detail=detail,
            body=body,
            request_id=request_id,
            attempts=attempts,
            elapsed=elapsed,
            may_have_been_processed=may_have_been_processed,
            cursor=cursor,
            retry_after=retry_after,
            status=status,
            reason=reason,
            data=data,
            http_resp=http_resp,
        )
        self.fields = {} if fields is None else fields


class AuthenticationError(APIStatusError):
    """401: the API key is missing or unknown."""

    _default_status = 401


class PermissionDeniedError(APIStatusError):
    """403: the API key does not have the permission, or is unknown."""

    _default_status = 403


class NotFoundError(APIStatusError):
    """404: it does not exist, or the API key has no access to it."""

    _default_status = 404


class ConflictError(APIStatusError):
    """409: the request conflicts with what exists."""

    _default_status = 409


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` has the seconds to wait."""

    _default_status = 429


class ServerError(APIStatusError):
    """5xx: the service, or a proxy in front of it, failed."""

    _default_status = 500


def class_of(status: int, default: type[APIStatusError] = APIStatusError) -> type[APIStatusError]:
    """Return the class of the error for a status."""
    if status >= 500:
        return ServerError
    return {
        400: BadRequestError,
        401: AuthenticationError,
        403: PermissionDeniedError,
        404: NotFoundError,
        409: ConflictError,
        422: BadRequestError,
        429: RateLimitError,
    }.get(status, default)


class PaginationError(RootSignalsError):
    """A listing cannot continue, or may never end.

    A cursor repeats, is too long or is missing, or there are only empty pages. The `cursor` is
    where the listing can continue, and an empty string if it cannot.
    """


class VerificationError(RootSignalsError):
    """A model's configuration does not work; `detail` has the reason."""


class WorkFailedError(RootSignalsError):
    """Work that the service does in the background, such as a batch, failed.

    Attributes:
        work: The work as it ended, with the reasons.
    """

    work: object

    def __init__(self, *args: object, work: object = None) -> None:
        super().__init__(*args)
        self.work = work


class NotStarted(Enum):
    """The type of `NOT_STARTED`."""

    NOT_STARTED = "NOT_STARTED"

    def __repr__(self) -> str:
        return self.value


NOT_STARTED: Final = NotStarted.NOT_STARTED
"""The entry in `BulkError.results` of a call that was not started."""


class BulkError(RootSignalsError):
    """Some of many calls failed; its cause is the error of the first one that did.

    Attributes:
        results: The outcome of each call in the order of the input: its result, its error, or
            `NOT_STARTED`.
    """

    results: tuple[object, ...]

    def __init__(
        self,
        *args: object,
        results: tuple[object, ...] = (),
        may_have_been_processed: bool = False,
    ) -> None:
        super().__init__(*args, may_have_been_processed=may_have_been_processed)
        self.results = results

    @property
    def succeeded(self) -> int:
        """Number of calls that succeeded."""
        return len(self.results) - self.failed - self.not_started

    @property
    def failed(self) -> int:
        """Number of calls that failed."""
        return sum(isinstance(result, RootSignalsError) for result in self.results)

    @property
    def not_started(self) -> int:
        """Number of calls that were not started."""
        return sum(result is NOT_STARTED for result in self.results)


class ApplyError(RootSignalsError):
    """A plan was applied in part. A new plan contains the rest.

    Attributes:
        done: The changes that were made, with the IDs of the models that were created.
        failed: The changes that failed, each with its error. If that error's
            `may_have_been_processed` is true, the change may have been made.
        not_started: The changes that were not started.
    """

    done: tuple[Change, ...]
    failed: tuple[tuple[Change, RootSignalsError], ...]
    not_started: tuple[Change, ...]

    def __init__(
        self,
        *args: object,
        done: tuple[Change, ...] = (),
        failed: tuple[tuple[Change, RootSignalsError], ...] = (),
        not_started: tuple[Change, ...] = (),
        may_have_been_processed: bool = False,
    ) -> None:
        super().__init__(*args, may_have_been_processed=may_have_been_processed)
        self.done = done
        self.failed = failed
        self.not_started = not_started


class RegistryError(RootSignalsError, ValueError):
    """A file of models is invalid, or cannot be read or written.

    Attributes:
        problems: All problems, one sentence each, with file, line and entry. They contain no
            values of the file, which may be keys.
    """

    problems: tuple[str, ...]

    def __init__(self, *args: object, problems: tuple[str, ...] = ()) -> None:
        super().__init__(*args)
        self.problems = problems

    def __str__(self) -> str:
        """Return the message, which has a line for each problem."""
        # Imported late, as in the base class.
        from ._secrets.redact import printable

        return printable(Exception.__str__(self), keep="\n")


_PACKAGE = join(dirname(__file__), "")


def shorten_traceback(error: BaseException) -> None:
    """Remove the frames of this package below the current one from the traceback of an error.

    A user sees the line that made the call, and not the parts that it went through. The frames of
    others remain, such as those of a subclass that overrides `send`.
    """
    link = error.__traceback__ if isinstance(error, RootSignalsError) else None
    while link is not None:
        following = link.tb_next
        while following is not None and _is_ours(following):
            following = following.tb_next
        link.tb_next = following
        link = following


class _ShortTraceback:
    """A context manager that shortens the tracebacks of errors that leave it."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None:
            shorten_traceback(exc)


short_traceback: _ShortTraceback = _ShortTraceback()


def _is_ours(link: TracebackType) -> bool:
    return link.tb_frame.f_code.co_filename.startswith(_PACKAGE)
