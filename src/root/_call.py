"""One call, from its first attempt to its result or error: what is known of it, without I/O."""

from __future__ import annotations

import logging
import random
import sys
from time import monotonic
from typing import TYPE_CHECKING, TypeVar, overload
from urllib.parse import urlencode

from ._failures import ClientClosedError, UnusableAnswerError, broken_exchange, unusable
from ._http import Address, Answer, Request, ResponseMeta, holds_json, read, scrubbed_headers
from ._redaction import scrub
from ._retry import LONGEST_HINT, Budget, Outcome, hinted_wait, may_repeat, of_status, wait_before
from .errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    Attempt,
    ConfigurationError,
    InvalidRequestError,
    RequestInfo,
    RootSignalsError,
    from_response,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from ._config import Timeout

    S = TypeVar("S", bound=BaseModel)

__all__ = ["Call"]

# `root` alone would be the root logger of all Python.
_log = logging.getLogger("root.client")

_LOOK = "The service may have done it all the same: look before you repeat it."

_JSON = (b"Content-Type", b"application/json")


class Call:
    """What is known of a call while it lasts.

    Attributes:
        until: When it must be over, on the clock of `time.monotonic`, or None.
    """

    def __init__(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None,
        body: bytes,
        address: Address,
        deadline: float | None,
        max_retries: int,
        budget: Budget,
        once: bool,
        secrets: tuple[str, ...],
        most_bytes: int,
    ) -> None:
        _check(method, path, body)
        self._method = method
        self._path = path
        self._address = address
        self._target = address.path + path + (f"?{_encoded(query)}" if query else "")
        self._body = body
        self._deadline = deadline
        self._max_retries = max_retries
        self._budget = budget
        self._once = once
        self._secrets = secrets
        self._most_bytes = most_bytes
        self._key = ""
        # What the caller was handling when it called is no cause of what goes wrong here.
        self._handled = sys.exception()
        self._started = monotonic()
        self.until = None if deadline is None else self._started + deadline
        self._attempts: list[Attempt] = []
        self._spent = 0
        self._ambiguous = False

    def left(self) -> float | None:
        """Return the seconds that are left of the deadline."""
        return None if self.until is None else max(0.0, self.until - monotonic())

    def request(self, headers: list[tuple[bytes, bytes]], key: str) -> Request:
        """Return the request of the next attempt, with the API key of the moment."""
        headers = [*headers, (b"Authorization", b"Api-Key " + key.encode("ascii"))]
        if self._body:
            headers += [_JSON, (b"Content-Length", b"%d" % len(self._body))]
        self._key = key
        return Request(
            self._method, self._address, self._target, headers, self._body, self._most_bytes
        )

    @overload
    def result(self, answer: Answer, schema: type[S]) -> S: ...
    @overload
    def result(self, answer: Answer, schema: None) -> None: ...
    def result(self, answer: Answer, schema: type[S] | None) -> S | None:
        """Return what an answer says.

        Raises:
            APIStatusError: The service refused or failed.
            APIResponseError: The answer is not what the API says it is.
        """
        if not 200 <= answer.status < 300:
            # Whoever deletes what an earlier try has deleted has what they wanted.
            if answer.status == 404 and self._method == "DELETE" and self._ambiguous:
                self._succeed(answer)
                return None
            raise from_response(
                self._info,
                answer.status,
                answer.content,
                secrets=self.hidden,
                note=_note(answer, self.hidden),
            )
        if schema is None:
            if answer.content and not holds_json(answer.content):
                raise unusable(self._info, answer, "is no JSON", self.hidden)
            self._succeed(answer)
            return None
        result = read(schema, self._info, answer, self.hidden)
        from ._schemas import Answered, hide_secrets, set_meta

        elapsed = self._succeed(answer)
        if isinstance(result, Answered):
            secrets = self.hidden
            hide_secrets(result, secrets)
            headers = scrubbed_headers(answer.headers, secrets)
            set_meta(result, ResponseMeta(answer.status, tuple(self._attempts), elapsed, headers))
        return result

    def failure(
        self, exc: Exception, answer: Answer | None, timeout: Timeout, *, closed: bool = False
    ) -> tuple[RootSignalsError, float | None]:
        """Return the error that an attempt came to, and the seconds to wait before the next one.

        None says that there is to be no next one. An exception that is no trouble of the
        network or the service is raised again.

        Args:
            exc: What was raised.
            answer: The answer, if there was one.
            timeout: What the attempt was given.
            closed: Whether the client was closed meanwhile, which breaks its connections.
        """
        hint = None
        cause: str | None = None
        error: RootSignalsError
        if answer is not None and isinstance(exc, APIStatusError):
            error = exc
            hint = exc.retry_after = hinted_wait(answer.header)
            outcome = of_status(answer.status, has_hint=hint is not None)
        elif answer is not None and isinstance(exc, APIResponseError):
            error, cause = exc, "unusable answer"
            outcome = Outcome.FINAL if holds_json(answer.content) else Outcome.AMBIGUOUS
            # A status in the 200s says that something was done, whatever came of the words.
            self._ambiguous = True
        else:
            broken = broken_exchange(
                exc,
                self._info,
                self._address,
                bound=self._bound(timeout),
                secrets=self.hidden,
                handled=self._handled,
            )
            if broken is None:
                told = self._told(exc)
                if told is exc:
                    raise exc
                raise told from None
            error, outcome, cause = broken
            if closed:
                error, cause = self._closed(), "the client was closed"
            # It was too large, so there was one, whatever came before.
            self._ambiguous = self._ambiguous or isinstance(error, APIResponseError)
        self._ambiguous = self._ambiguous or outcome is Outcome.AMBIGUOUS
        wait, reason = (None, None) if closed else self._wait(outcome, hint)
        self._attempts.append(Attempt(answer.status if answer else None, cause, wait))
        if wait is None:
            self._complete(error, answer, reason)
        else:
            _log.debug(
                "%s %s is repeated in %.2f s: %s",
                self._method,
                self._path,
                wait,
                cause or f"status {answer.status if answer else None}",
            )
        return error, wait

    def _told(self, exc: Exception) -> Exception:
        """Return what ends the call and is no trouble of the network, with what came before it."""
        if isinstance(exc, ClientClosedError):
            if not self._attempts:
                return InvalidRequestError("This client was closed while it was making this call.")
            closed = self._closed()
            self._complete(closed, None, None)
            return closed
        if self._attempts and isinstance(exc, ConfigurationError):
            self._complete(exc, None, None)
        elif self._may_have_been_processed:
            exc.add_note(_LOOK)
        return exc

    def _closed(self) -> APIConnectionError:
        error = APIConnectionError(f"{self._info} failed: the client was closed meanwhile.")
        error.request = self._info
        return error

    def cause(self, exc: Exception, error: RootSignalsError) -> Exception | None:
        """Return what the error may show as its cause: not what quotes a secret, as h11 does.

        What it shows has no frames. They are of the libraries below, whose variables hold what
        was sent and what came, and some print these with a traceback.
        """
        if exc is error:
            return None
        if isinstance(exc, UnusableAnswerError):
            # It holds the answer as it came.
            return None
        chain: list[BaseException] = [exc]
        for found in chain:
            if scrub(str(found), self.hidden) != str(found):
                return None
            found.__traceback__ = None
            chain += [
                inner
                for inner in (found.__cause__, found.__context__)
                if inner is not None and inner is not self._handled and inner not in chain
            ]
        return exc

    def _wait(self, outcome: Outcome, hint: float | None) -> tuple[float | None, str | None]:
        """Return how long to wait before the next attempt, or None and why there is none."""
        if not may_repeat(self._method, outcome, once=self._once):
            return None, None
        if len(self._attempts) >= self._max_retries:
            return None, None
        if hint is not None and hint > LONGEST_HINT:
            return None, f"The server asks to wait {hint:.0f} s, which is left to you."
        wait = wait_before(len(self._attempts), hint, random.random)
        if self.until is not None and monotonic() + wait >= self.until:
            return None, f"The deadline of {self._deadline:g} s leaves no time to try again."
        cost = self._budget.take(outcome)
        if not cost:
            return (
                None,
                "It was not tried again: so many calls failed that the retry budget is empty.",
            )
        self._spent += cost
        return wait, None

    def _succeed(self, answer: Answer) -> float:
        """Note the success; return the seconds that the call took."""
        self._attempts.append(Attempt(answer.status))
        self._budget.give_back(self._spent)
        elapsed = monotonic() - self._started
        if _log.isEnabledFor(logging.INFO):
            _log.info("%s %s %d %.0f ms", self._method, self._path, answer.status, elapsed * 1000)
        return elapsed

    def _complete(self, error: RootSignalsError, answer: Answer | None, reason: str | None) -> None:
        """Tell the error all that is known of the call."""
        error.attempts = tuple(self._attempts)
        error.elapsed = monotonic() - self._started
        error.may_have_been_processed = self._may_have_been_processed
        if answer is not None:
            request_id = answer.header(b"x-request-id")
            error.request_id = request_id and scrub(request_id, self.hidden)
        parts = [str(error), reason]
        if error.may_have_been_processed:
            parts.append(_LOOK)
        if len(self._attempts) > 1:
            parts.append(f"({len(self._attempts)} attempts in {error.elapsed:.1f} s)")
        error.args = (" ".join(part for part in parts if part),)
        _log.info(
            "%s %s %s %.0f ms",
            self._method,
            self._path,
            answer.status if answer else "failed",
            error.elapsed * 1000,
        )

    @property
    def _may_have_been_processed(self) -> bool:
        return self._ambiguous and self._method != "GET"

    @property
    def _info(self) -> RequestInfo:
        return RequestInfo(self._method, self._address.origin + self._target)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What must not show: the API key of the last attempt, and the secrets of the call."""
        return (self._key, *self._secrets)

    def _bound(self, timeout: Timeout) -> str | None:
        """Return the bound that a time-out ran into: its name, and its seconds if it has some."""
        if self._deadline is not None and (self.left() or 0) < 0.005:
            return f"deadline of {self._deadline:g} s"
        if timeout is None:
            return None
        return f"timeout of {timeout:g} s" if isinstance(timeout, (int, float)) else "timeout"


def _check(method: str, path: str, body: bytes) -> None:
    """Refuse what is no request, before anything is sent.

    Raises:
        InvalidRequestError: This is none.
    """
    if not (method.isascii() and method.isalpha() and method.isupper()):
        raise InvalidRequestError(f"{method!r} is no HTTP method: write it in capitals, as 'GET'.")
    # Without the slash it would go on with the host's name.
    if not (path.startswith("/") and path.isascii() and path.isprintable() and " " not in path):
        raise InvalidRequestError(
            f"{path!r} is no path: it begins with a slash, and all but ASCII is escaped"
            " (urllib.parse.quote)."
        )
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(f"The body is bytes, not {type(body).__name__}: encode it.")


def _encoded(query: Mapping[str, str]) -> str:
    try:
        return urlencode(query)
    except UnicodeEncodeError as exc:
        raise InvalidRequestError(
            f"The query {', '.join(query)} holds characters that UTF-8 cannot write."
        ) from exc


def _note(answer: Answer, secrets: tuple[str, ...]) -> str | None:
    """Return what a redirect says that is not followed."""
    location = answer.header(b"location")
    if not 300 <= answer.status < 400 or location is None:
        return None
    return (
        f"It redirects to {scrub(location, secrets)[:200]!r}, which is not followed: a request"
        " goes on neither to another host nor from https to http, a changing one not at all, and"
        " none in circles. Check the base URL."
    )
