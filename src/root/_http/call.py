"""One call, from its first attempt to its result or error: its state and decisions, without I/O."""

from __future__ import annotations

import logging
import random
import sys
from math import inf
from types import NoneType
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from .._concurrency.waiting import monotonic
from .._config import DEFAULT_TIMEOUT, MAX_BYTES, MAX_OBJECT_BYTES, NOT_GIVEN, NotGiven
from .._config.deadlines import Deadline, current_deadline
from .._config.validation import call_deadline, check_timeout, request_headers
from .._forks import import_lock
from .._schemas.meta import ResponseMeta
from .._secrets.redact import printable, redact
from ..errors import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    Attempt,
    ConfigurationError,
    InvalidRequestError,
    RequestInfo,
)
from .bodies import unusable_response
from .exceptions import ClientClosedError, UnusableResponseError
from .failures import Failure, broken_exchange
from .messages import Origin, RawResponse, Request, merged, redacted_headers
from .operation import Response, target
from .redirects import redirect_note
from .retry import (
    MAX_RETRY_AFTER,
    Budget,
    Outcome,
    backoff,
    is_idempotent,
    is_safe,
    may_retry,
    retry_after,
    status_outcome,
)
from .status_errors import TRY_AGAIN, status_error

if TYPE_CHECKING:
    from .._config import Timeout
    from .._config.config import Config
    from .._schemas.base import Facts
    from .logs import CallLog
    from .operation import Operation
    from .parsing import UnreadableError

__all__ = ["LARGE", "Call"]

LARGE = 128 * 1024
"""Bytes of a response body that are parsed at once. That takes up to 50 ms."""

T = TypeVar("T")

# Python's root logger is named `root`.
_logger = logging.getLogger("rootsignals")
# Without it, Python would print warnings where the program has not configured logging.
_logger.addHandler(logging.NullHandler())

_MAY_HAVE_SUCCEEDED = "The service may have processed it: check before you retry."
_MAY_HAVE_BEEN_CHARGED = (
    "The service may have processed it and charged for it: check before you retry."
)


class Call(Generic[T]):
    """The state of a call.

    Args:
        operation: The operation.
        origin: Where the API is.
        config: The client's settings.
        budget: The retry budget that the client and its copies share.
        stream: The class of streams of the client.

    Attributes:
        is_streamed: Whether the caller reads the body of the response.
        timeout: The limits of each attempt.
        until: When the call must end, on the clock of `monotonic`, or None.
        secrets: What must never be shown: the API key of the last attempt, and secrets in the body.

    Raises:
        InvalidRequestError: The operation is not a valid request.
        APITimeoutError: A deadline is over.
    """

    def __init__(
        self,
        operation: Operation[T],
        origin: Origin,
        config: Config,
        budget: Budget,
        stream: type[object],
    ) -> None:
        self._operation = operation
        self._headers = operation.headers and request_headers(operation.headers)
        self._origin = origin
        self._config = config
        self._budget = budget
        self._target = origin.path + target(operation)
        own: Deadline | None = None
        self._deadline = config.deadline
        if isinstance(operation.deadline, Deadline):
            own = operation.deadline
        elif not isinstance(operation.deadline, NotGiven):
            self._deadline = call_deadline(operation.deadline, "deadline")
        self.timeout = _timeout(operation, config.timeout)
        try:
            self.secrets = () if operation.body is None else operation.body.secrets
        except AttributeError:
            raise InvalidRequestError(
                "Nothing was sent. The body of an operation must be a root.Body. `request` accepts"
                " bytes, text and files."
            ) from None
        self.is_streamed = operation.schema is stream
        # Also checks the schema.
        max_bytes = _max_bytes(operation.schema, stream)
        self._max_bytes = config.max_response_bytes or max_bytes
        # The exception that the caller was handling is not a cause of what fails here.
        self._handled = sys.exception()
        self._started = monotonic()
        self.until = None if self._deadline is None else self._started + self._deadline
        for bound in (current_deadline(), config.bound, own):
            if bound is not None and bound.until < (inf if self.until is None else self.until):
                self._deadline, self.until = bound.seconds, bound.until
        if self.until is not None and self.until <= self._started:
            raise APITimeoutError(
                f"{self._info} was not sent: the deadline of {self._deadline:g} s is over.",
                request=self._info,
            )
        self._attempts: list[Attempt] = []
        self._spent = 0
        self._is_ambiguous = False
        self._is_logged = False

    def remaining(self) -> float | None:
        """Return the seconds that remain of the deadline."""
        return None if self.until is None else max(0.0, self.until - monotonic())

    def request(self, key: str) -> Request:
        """Return the request of the next attempt.

        Args:
            key: The API key for this attempt.
        """
        operation = self._operation
        body = operation.body
        headers = [*self._config.headers, (b"Authorization", b"Api-Key " + key.encode("ascii"))]
        if body is not None:
            length = body.length
            headers += (
                (b"Content-Type", body.content_type.encode("latin-1")),
                (b"Transfer-Encoding", b"chunked")
                if length is None
                else (b"Content-Length", b"%d" % length),
            )
        elif operation.method in ("POST", "PUT", "PATCH"):
            # RFC 9110, 8.6. Some proxies reject it otherwise.
            headers.append((b"Content-Length", b"0"))
        if self._headers:
            headers = merged(headers, self._headers)
        if self.is_streamed:
            # It is not decompressed on the way.
            headers = merged(headers, {"accept-encoding": "identity"})
        self.secrets = (key,) if body is None else (key, *body.secrets)
        # Once for each attempt: what is not logged costs no more than this.
        self._is_logged = _logger.isEnabledFor(logging.INFO)
        if self._is_logged:
            self._log(len(self._attempts) + 1).request()
        return Request(
            operation.method,
            self._origin,
            self._target,
            headers,
            body,
            self._max_bytes,
            self.is_streamed,
        )

    def read(self, response: RawResponse) -> T | UnreadableError:
        """Return the value of a large response, or why there is none.

        It runs in a thread, which may take longer than the attempt: it changes nothing.
        """
        with import_lock:
            from .large import parse_large
            from .parsing import UnreadableError

        try:
            return parse_large(self._operation.schema, response, self.secrets)
        except UnreadableError as exc:
            return exc

    def conclude(
        self, response: RawResponse, read: T | UnreadableError | NotGiven = NOT_GIVEN
    ) -> Response[T] | Failure:
        """Return the outcome of an attempt that got a response.

        Args:
            response: The response.
            read: What `read` has returned for it, if it is large.
        """
        status = response.status
        if not 200 <= status < 300:
            # Deleting what an earlier attempt has deleted is a success.
            if (
                status == 404
                and self._operation.method == "DELETE"
                and self._is_ambiguous
                and self._operation.schema in (NoneType, object)
            ):
                return Response(cast("T", None), self.succeed(response))
            error = status_error(
                self._info,
                status,
                response.content,
                content_type=response.header(b"content-type"),
                secrets=self.secrets,
                note=redirect_note(response, self.secrets),
            )
            error._headers = redacted_headers(response.headers, self.secrets)  # pyright: ignore[reportPrivateUsage]
            hint = error.retry_after = retry_after(response.header)
            # See Other: the result of what was done is elsewhere (RFC 9110, 15.4.4).
            self._is_ambiguous |= status == 303
            outcome = status_outcome(
                status, has_hint=hint is not None, server=response.header(b"server")
            )
            return self._response_failure(Failure(error, outcome, hint=hint), response)
        # Imported late: pydantic takes 80 ms. A relative import would look up its package.
        import root._http.parsing as parsing

        try:
            if isinstance(read, NotGiven):
                value = parsing.parse(self._operation.schema, response)
                parsing.redact(value, self.secrets)
            elif isinstance(read, parsing.UnreadableError):
                raise read
            else:
                value = read
        except parsing.UnreadableError as exc:
            # The status reports success, whatever the body is.
            self._is_ambiguous = True
            failure = Failure(
                unusable_response(self._info, response, str(exc), self.secrets),
                Outcome.FINAL if exc.is_json else Outcome.AMBIGUOUS,
                "unusable response",
            )
            return self._response_failure(failure, response)
        meta = self.succeed(response)
        parsing.annotate(value, meta)
        return Response(value, meta, response.content)

    def _response_failure(self, failure: Failure, response: RawResponse) -> Failure:
        request_id = response.header(b"x-request-id")
        failure.error.request_id = request_id and printable(redact(request_id, self.secrets))
        return failure._replace(status=response.status)

    def failed(self, exc: Exception, *, closed: str | None = None) -> Failure | None:
        """Return the outcome of an attempt that got no response.

        None is returned for an exception that is a failure of neither the network nor the
        service: the caller raises it again.

        Args:
            exc: The exception that ended the attempt.
            closed: What was closed meanwhile (`client`, `stream`), which breaks the connection.
        """
        if isinstance(exc, ClientClosedError):
            error = InvalidRequestError("The client was closed while it was making this call.")
            return Failure(self._closed_error("client") if self._attempts else error, None)
        if isinstance(exc, ConfigurationError) and self._attempts:
            return Failure(exc, None)
        # Imported late: few programs send files.
        with import_lock:
            from .._schemas.files import BodyError

        if isinstance(exc, BodyError):
            error = InvalidRequestError(
                f"{self._info} was aborted: a file of its body could not be read: {exc}."
            )
            error.request = self._info
            cause = "a file of the body could not be read"
            return Failure(error, Outcome.FINAL, cause, source=exc.source)
        failure = broken_exchange(
            exc,
            self._info,
            self._origin,
            limit=self._limit(),
            secrets=self.secrets,
            handled=self._handled,
        )
        if failure is None:
            if self._may_have_been_processed:
                exc.add_note(self._warning)
            return None
        # There was a response, even if it was too large or not usable.
        self._is_ambiguous |= isinstance(failure.error, APIResponseError)
        if closed:
            failure = failure._replace(
                error=self._closed_error(closed), cause=f"the {closed} was closed", is_final=True
            )
        return failure._replace(source=self._presentable(exc))

    def settle(self, failure: Failure) -> float | None:
        """Record a failed attempt and return the seconds until the next one.

        None means that there is no other attempt, and that `failure.error` must be raised.
        """
        if failure.outcome is None:
            # The attempt was not begun.
            if self._attempts:
                self._complete(failure, None)
            return None
        self._is_ambiguous |= failure.outcome is Outcome.AMBIGUOUS
        wait, reason = self._wait(failure, failure.outcome)
        self._attempts.append(Attempt(failure.status, failure.cause, wait))
        if wait is None:
            self._complete(failure, reason)
        elif self._is_logged:
            self._log().retry(failure.error, failure.status, failure.cause, wait)
        return wait

    def settle_stream(
        self, exc: Exception, meta: ResponseMeta, *, closed: str | None
    ) -> Failure | None:
        """Return the failure of a streamed response that had begun; None as for `failed`."""
        self._is_ambiguous = True
        failure = self.failed(exc, closed=closed)
        if failure is not None:
            self._attempts[-1] = Attempt(meta.status_code, failure.cause)
            failure.error.request_id = meta.request_id
            self._complete(failure, None)
        return failure

    def succeed(self, response: RawResponse) -> ResponseMeta:
        """Record a success, and return the metadata of the response."""
        self._attempts.append(Attempt(response.status))
        self._budget.give_back(self._spent)
        elapsed = monotonic() - self._started
        headers = redacted_headers(response.headers, self.secrets)
        meta = ResponseMeta(response.status, tuple(self._attempts), elapsed, headers)
        if self._is_logged:
            self._log().response(response.status, meta.request_id)
        return meta

    def _wait(self, failure: Failure, outcome: Outcome) -> tuple[float | None, str | None]:
        """Return the seconds until the next attempt, or None and why there is none."""
        operation = self._operation
        idempotent = operation.is_idempotent
        if idempotent is None:
            idempotent = is_idempotent(operation.method)
        if failure.is_final or not may_retry(outcome, idempotent=idempotent, once=operation.once):
            return None, None
        if len(self._attempts) >= self._config.max_retries:
            return None, None
        if operation.body is not None and operation.body.is_spent:
            return None, "It was not retried: a file of its body cannot be read a second time."
        hint = failure.hint
        if hint is not None and hint > MAX_RETRY_AFTER:
            return (
                None,
                f"The server asks to wait {hint:.0f} s, longer than the SDK waits: retry later.",
            )
        wait = backoff(len(self._attempts), hint, random.random)
        if self.until is not None and monotonic() + wait >= self.until:
            return None, f"The deadline of {self._deadline:g} s leaves no time for a retry."
        cost = self._budget.take(outcome)
        if not cost:
            return (
                None,
                "It was not retried: the retry budget is exhausted because many calls failed.",
            )
        self._spent += cost
        return wait, None

    def _complete(self, failure: Failure, reason: str | None) -> None:
        """Add to the error what is known of the call."""
        error = failure.error
        error.attempts = tuple(self._attempts)
        error.elapsed = monotonic() - self._started
        error.may_have_been_processed = self._may_have_been_processed
        parts = [str(error), reason]
        if error.may_have_been_processed:
            # Other advice would contradict it.
            parts[0] = str(error).removesuffix(TRY_AGAIN).removesuffix(" Try again.")
            parts.append(self._warning)
        if len(self._attempts) > 1:
            parts.append(f"({len(self._attempts)} attempts in {error.elapsed:.1f} s)")
        error.args = (" ".join(part for part in parts if part),)
        if _logger.isEnabledFor(logging.WARNING):
            self._log().failure(error, failure.status, failure.cause)

    def _log(self, attempts: int | None = None) -> CallLog:
        """Return the log of this call, with the number of attempts if one is not recorded yet."""
        elapsed = monotonic() - self._started
        # Imported late: most programs do not log calls.
        with import_lock:
            from .logs import CallLog

        return CallLog(
            self._operation.method,
            self._operation.path,
            self._origin,
            attempts=len(self._attempts) if attempts is None else attempts,
            elapsed=elapsed,
        )

    def _closed_error(self, closed: str) -> APIConnectionError:
        error = APIConnectionError(f"{self._info} failed: the {closed} was closed meanwhile.")
        error.request = self._info
        return error

    def _presentable(self, exc: Exception) -> Exception | None:
        """Return an exception as the cause of an error: without frames, and without secrets.

        The frames belong to the libraries, whose local variables contain what was sent and
        received, and some tools print these with a traceback.
        """
        if isinstance(exc, UnusableResponseError):
            # It holds the response.
            return None
        chain: list[BaseException] = [exc]
        for found in chain:
            # h11 quotes what it cannot parse. A server may have sent secrets or control characters.
            if printable(redact(str(found), self.secrets), keep="\n") != str(found):
                return None
            found.__traceback__ = None
            chain += [
                inner
                for inner in (found.__cause__, found.__context__)
                if inner is not None and inner is not self._handled and inner not in chain
            ]
        for outer in chain:
            # Libraries wrap an exception in one of their own that reads the same.
            if str(outer.__cause__ or outer.__context__) == str(outer):
                outer.__cause__ = outer.__context__ = None
        return exc

    @property
    def _may_have_been_processed(self) -> bool:
        return self._is_ambiguous and not is_safe(self._operation.method)

    @property
    def _warning(self) -> str:
        return _MAY_HAVE_BEEN_CHARGED if self._operation.costs_money else _MAY_HAVE_SUCCEEDED

    @property
    def _info(self) -> RequestInfo:
        return RequestInfo(self._operation.method, self._origin.url + self._target)

    def _limit(self) -> str | None:
        """Return the limit that a timeout exceeded, in words."""
        if self._deadline is not None and (self.remaining() or 0) < 0.005:
            return f"deadline of {self._deadline:g} s"
        if self.timeout is None:
            return None
        if isinstance(self.timeout, (int, float)):
            return f"timeout of {self.timeout:g} s"
        return "timeout"


def _timeout(operation: Operation[T], timeout: Timeout) -> Timeout:
    """Return the limits of an attempt: the operation's own, or else the client's."""
    if not isinstance(operation.timeout, NotGiven):
        try:
            return check_timeout(operation.timeout)
        except ConfigurationError as exc:
            raise InvalidRequestError(f"Nothing was sent. {exc}") from None
    slow = operation.slow_timeout
    # A user who chose a shorter timeout than the default wants that one.
    if slow is not None and isinstance(timeout, (int, float)) and timeout >= DEFAULT_TIMEOUT:
        try:
            return max(slow, timeout)
        except TypeError:
            raise InvalidRequestError(
                f"Nothing was sent. slow_timeout must be a number of seconds, not {slow!r}."
            ) from None
    return timeout


def _max_bytes(schema: type[object], stream: type[object]) -> int:
    """Return the maximum size of a response that is parsed into this schema.

    Raises:
        InvalidRequestError: Nothing can be parsed into it.
    """
    # Not by its class: pydantic is imported when the first response arrives.
    facts: Facts | None = getattr(schema, "__facts__", None)
    if facts is not None:
        return facts.max_bytes
    if schema in (object, str, bytes):
        return MAX_BYTES
    if schema is not NoneType and schema is not stream:
        with import_lock:
            from .parsing import check_schema

        check_schema(schema, stream)
    return MAX_OBJECT_BYTES
