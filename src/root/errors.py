"""Everything that can go wrong, under one base.

```
RootSignalsError
├── ConfigurationError        the client cannot be made as asked (also a ValueError)
├── InvalidRequestError       refused by the SDK before anything was sent (also a ValueError)
├── APIConnectionError        no answer: refused, DNS, TLS, broken off
│   └── APITimeoutError       no answer in time (also a TimeoutError)
├── APIResponseError          an answer that is not what the API says it is
├── APIStatusError            an answer with an error status
│   ├── BadRequestError       400, 422, with `.fields`
│   ├── AuthenticationError   401
│   ├── PermissionDeniedError 403
│   ├── NotFoundError         404
│   ├── ConflictError         409
│   ├── RateLimitError        429, with `.retry_after`
│   └── ServerError           5xx
├── PaginationError           a listing that cannot go on
├── VerificationError         `ModelVerification.raise_for_failure()` on a failure
├── BulkError                 some of many calls failed, with `.results`
├── ApplyError                a plan was applied in part, with what was done and what was not
└── RegistryError             a file of models is not as it should be (also a ValueError)
```

Every error pickles and copies, and none shows an API key or a model's `default_key`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from ._redaction import scrub

if TYPE_CHECKING:
    from ._html import Mark
    from ._plans import Change

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
]

JSONValue: TypeAlias = "dict[str, JSONValue] | list[JSONValue] | str | int | float | bool | None"
"""What a JSON document can hold."""

_EXCERPT = 200

MOST_TEXT = 1024 * 1024
"""Bytes of a body that an error keeps."""


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The request that an error is about: its method and its URL."""

    method: str
    url: str

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call.

    Attributes:
        status: The status that was answered, or None if there was no answer.
        cause: Why there was no usable answer, or None if there was one.
        wait: Seconds waited after this try, or None if it was the last.
    """

    status: int | None = None
    cause: str | None = None
    wait: float | None = None


class RootSignalsError(Exception):
    """The base of every error that this package raises.

    Attributes:
        request: The request that failed: method and URL.
        status_code: The HTTP status that was answered.
        detail: The server's own words.
        body: The answer's body: parsed if it is JSON, else as text (of its first MiB).
        request_id: The service's name for the request; quote it to support.
        attempts: One entry per try: its status or cause, and the wait after it.
        elapsed: Seconds from the start of the call to this error.
        may_have_been_processed: Whether the service may have done what was asked although
            the call failed. Look before you repeat it.
        cursor: Where a listing can go on: pass it to `list(cursor=...)`.
    """

    request: RequestInfo | None = None
    status_code: int | None = None
    detail: str | None = None
    body: JSONValue = None
    request_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    elapsed: float | None = None
    may_have_been_processed: bool = False
    cursor: str | None = None

    def __reduce__(
        self,
    ) -> tuple[
        Callable[..., RootSignalsError],
        tuple[type[RootSignalsError], tuple[object, ...], dict[str, object]],
    ]:
        return _restore, (type(self), self.args, dict(self.__dict__))

    def _repr_html_(self) -> str:
        from ._html import Mark, table

        facts = {
            "request": self.request and str(self.request),
            "status_code": self.status_code,
            "request_id": self.request_id,
            "attempts": len(self.attempts) or None,
            "elapsed": self.elapsed and f"{self.elapsed:.3g} s",
            "may_have_been_processed": self.may_have_been_processed or None,
            "cursor": self.cursor,
        }
        return table(
            Mark(type(self).__name__, "bad"),
            [(name, value) for name, value in facts.items() if value is not None],
            told=str(self),
        )


def _restore(
    kind: type[RootSignalsError], args: tuple[object, ...], state: dict[str, object]
) -> RootSignalsError:
    error = kind(*args)
    error.__dict__.update(state)
    return error


class ConfigurationError(RootSignalsError, ValueError):
    """The client cannot be made, or cannot go on, with what it was given."""


class InvalidRequestError(RootSignalsError, ValueError):
    """The SDK refused what was asked, before anything was sent, or at least changed."""


class APIConnectionError(RootSignalsError):
    """There was no answer: the service was not reached, or the exchange broke off."""


class APITimeoutError(APIConnectionError, TimeoutError):
    """There was no answer in time: `timeout`, `deadline` or `_request_timeout` ran out."""


class APIResponseError(RootSignalsError):
    """The answer is no JSON, is cut off, or does not have the shape that the API promises."""


class APIStatusError(RootSignalsError):
    """The service answered with an error status.

    Attributes:
        status_code: The HTTP status.
        retry_after: Seconds that the server asks to wait, if it said so (RFC 9110, 10.2.3).
    """

    # Unlike in the base, there always is one.
    status_code: int  # pyright: ignore[reportIncompatibleVariableOverride]
    retry_after: float | None = None


class BadRequestError(APIStatusError):
    """400 or 422: the service refused what was sent.

    Attributes:
        fields: The server's complaints by field name; what concerns no single field stands
            under `non_field_errors`, as Django REST Framework has it.
    """

    fields: dict[str, list[str]]

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.fields = {}


class AuthenticationError(APIStatusError):
    """401: the API key is missing or unknown."""


class PermissionDeniedError(APIStatusError):
    """403: the API key may not do this, or is unknown."""


class NotFoundError(APIStatusError):
    """404: there is no such thing, or the key may not see it."""


class ConflictError(APIStatusError):
    """409: what was asked collides with what is there."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` says how long to wait, in seconds."""


class ServerError(APIStatusError):
    """5xx: the service, or a proxy in front of it, failed."""


class PaginationError(RootSignalsError):
    """A listing cannot go on: its cursor repeats, or leads to another host."""


class VerificationError(RootSignalsError):
    """A model's configuration does not work: `detail` holds the reason."""


class NotStarted(Enum):
    """The type of `NOT_STARTED`."""

    NOT_STARTED = "NOT_STARTED"

    def __repr__(self) -> str:
        return self.value


NOT_STARTED: Final = NotStarted.NOT_STARTED
"""Stands in `BulkError.results` for what was not asked of the service any more."""


class BulkError(RootSignalsError):
    """Some of many calls failed; its cause is the first of their errors.

    Attributes:
        results: What came of each, in the order of the input: a result, an error, or
            `NOT_STARTED`.
    """

    results: tuple[object, ...] = ()

    def _repr_html_(self) -> str:
        from ._html import Mark, table

        # What failed goes first: it is what one looks for, and a long table is cut off.
        rows = sorted(
            enumerate(self.results), key=lambda row: not isinstance(row[1], RootSignalsError)
        )
        return table(
            Mark(type(self).__name__, "bad"),
            [
                (
                    position,
                    _marked(result),
                    None if result is None or result is NOT_STARTED else str(result),
                )
                for position, result in rows
            ],
            columns=("position", "outcome", "result"),
            told=str(self),
        )

    @property
    def succeeded(self) -> int:
        """How many calls succeeded."""
        return len(self.results) - self.failed - self.not_started

    @property
    def failed(self) -> int:
        """How many calls failed."""
        return sum(isinstance(result, RootSignalsError) for result in self.results)

    @property
    def not_started(self) -> int:
        """How many calls were not started."""
        return sum(result is NOT_STARTED for result in self.results)


class ApplyError(RootSignalsError):
    """A plan was applied in part. A new plan holds what is left to do.

    Attributes:
        done: The changes that were made, with the ids of the models that they made.
        failed: The changes that failed, each with its error. Where that error's
            `may_have_been_processed` is true, the change may have been made all the same.
        not_started: The changes that were not begun.
    """

    done: tuple[Change, ...] = ()
    failed: tuple[tuple[Change, RootSignalsError], ...] = ()
    not_started: tuple[Change, ...] = ()

    def _repr_html_(self) -> str:
        from ._html import Mark, table

        rows: list[tuple[Change, RootSignalsError | NotStarted | None]] = [
            *self.failed,
            *((change, None) for change in self.done),
            *((change, NOT_STARTED) for change in self.not_started),
        ]
        return table(
            Mark(type(self).__name__, "bad"),
            [
                (
                    _marked(outcome),
                    change.action,
                    change.name,
                    str(outcome) if isinstance(outcome, RootSignalsError) else None,
                )
                for change, outcome in rows
            ],
            columns=("outcome", "action", "name", "error"),
            told=str(self),
        )


def _marked(outcome: object) -> Mark:
    from ._html import Mark

    if outcome is NOT_STARTED:
        return Mark("not started", "plain")
    if isinstance(outcome, RootSignalsError):
        return Mark("may be done" if outcome.may_have_been_processed else "failed", "bad")
    return Mark("done", "good")


class RegistryError(RootSignalsError, ValueError):
    """A file of models is not as it should be, or cannot be read or written.

    Attributes:
        problems: All that is wrong, a sentence each, with file, line and entry. No value of the
            file stands in them, for it may be a key.
    """

    problems: tuple[str, ...] = ()


_BY_STATUS: dict[int, tuple[type[APIStatusError], str]] = {
    400: (BadRequestError, "Correct what was sent and try again."),
    401: (AuthenticationError, "Check the API key (argument, ROOTSIGNALS_API_KEY or .env)."),
    403: (PermissionDeniedError, "Check that the API key is right and may do this."),
    404: (NotFoundError, "Check what was asked for, and that this API key may see it."),
    409: (ConflictError, "Look at what is there before trying again."),
    422: (BadRequestError, "Correct what was sent and try again."),
    429: (RateLimitError, "Slow down and try again later."),
}


def from_response(
    request: RequestInfo,
    status: int,
    body: bytes,
    *,
    secrets: Iterable[str] = (),
    note: str | None = None,
) -> APIStatusError:
    """Return the error that an answer with an error status stands for.

    Args:
        request: The request that was answered so.
        status: The HTTP status.
        body: The answer's body, in any of Django REST Framework's forms or none of them.
        secrets: Strings that must not show in the error even if the server echoes them.
        note: What the SDK knows about this answer beyond its status.
    """
    kind, advice = _BY_STATUS.get(
        status,
        (ServerError, "The service has a problem; try again later.")
        if status >= 500
        else (APIStatusError, ""),
    )
    text = scrub(body[:MOST_TEXT].decode("utf-8", "replace"), secrets)
    content = _parse(text)
    fields = _fields(content)
    detail = _detail(content, fields)
    said = f": {detail}" if detail else "."
    if detail and detail[-1] not in ".!?":
        said += "."
    error = kind(
        " ".join(part for part in (f"{request} answered {status}{said}", note, advice) if part)
    )
    error.request = request
    error.status_code = status
    error.body = content
    error.detail = detail
    if isinstance(error, BadRequestError):
        error.fields = fields
    return error


def excerpt(text: str) -> str:
    """Return the text's first 200 characters, on one line."""
    short = " ".join(text[: 2 * _EXCERPT].split())
    return short if len(short) <= _EXCERPT else short[:_EXCERPT] + "..."


def _parse(text: str) -> JSONValue:
    try:
        content: JSONValue = json.loads(text)
    except (ValueError, RecursionError):
        # A proxy's HTML page, or nothing at all.
        return text
    # What is nested deeper can be neither pickled nor copied.
    return content if _is_shallow(content, 100) else text


def _is_shallow(content: JSONValue, levels: int) -> bool:
    if isinstance(content, dict):
        content = list(content.values())
    if not isinstance(content, list):
        return True
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in content)


def _fields(content: JSONValue) -> dict[str, list[str]]:
    """Return Django REST Framework's complaints by field."""
    if isinstance(content, list):
        return {"non_field_errors": [_words(item) for item in content]} if content else {}
    if not isinstance(content, dict):
        return {}
    return {
        name: [_words(item) for item in said] if isinstance(said, list) else [_words(said)]
        for name, said in content.items()
        if name != "detail"
    }


def _detail(content: JSONValue, fields: dict[str, list[str]]) -> str | None:
    if isinstance(content, dict) and content.get("detail"):
        return excerpt(_words(content["detail"]))
    if fields:
        general = " ".join(fields.get("non_field_errors", ()))
        named = [
            f"{name}: {' '.join(said)}"
            for name, said in fields.items()
            if name != "non_field_errors"
        ]
        return excerpt("; ".join(part for part in (general, *named) if part))
    if isinstance(content, str) and not content.lstrip().startswith("<"):
        return excerpt(content) or None
    return None


def _words(said: JSONValue) -> str:
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
