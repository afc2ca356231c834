"""Whether to retry, and when: plain functions without I/O.

A request that may have been processed is sent again only if that does no harm. `may_retry` has the
whole rule. Waits are random up to an exponential limit (full jitter), unless the server sent
Retry-After (RFC 9110, 10.2.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import ClassVar

__all__ = [
    "MAX_RETRY_AFTER",
    "Budget",
    "Outcome",
    "backoff",
    "is_idempotent",
    "is_safe",
    "may_retry",
    "retry_after",
    "status_outcome",
]

MAX_RETRY_AFTER = 60.0
"""Seconds: if a server asks for a longer wait, the error is raised at once."""

_FIRST_WAIT = 0.5
_MAX_WAIT = 8.0

_Header = Callable[[bytes], str | None]


class Outcome(Enum):
    """The outcome of a failed attempt, as far as retries are concerned."""

    NOT_SENT = "not sent"
    """No byte of the request can have reached the service."""
    REFUSED = "refused"
    """It was refused for the time being, and not processed: 429, or 503 with Retry-After."""
    AMBIGUOUS = "ambiguous"
    """The service may have processed it."""
    FINAL = "final"
    """Another attempt would have the same outcome."""


# Misdirected Request (RFC 9110, 15.5.20), Too Early (RFC 8470, 5.2) and Too Many Requests (RFC
# 6585, 4): the request was not processed.
_REFUSALS = (421, 425, 429)

# Cloudflare made no connection to the origin, or no TLS connection.
_CLOUDFLARE_NOT_SENT = (521, 523, 525, 526)

# Request Timeout, and what load balancers report if they take the client for gone: AWS and nginx.
_AMBIGUOUS_4XX = (408, 460, 499)

# The method, the version of HTTP or an extension is not implemented (RFC 9110, 15.6; RFC 2774, 7),
# or a network requires a login before it lets requests through (RFC 6585, 6).
_NOT_PROCESSED_5XX = (501, 505, 510, 511)


def status_outcome(status: int, *, has_hint: bool, server: str | None = None) -> Outcome:
    """Return the outcome of a response with an error status: what it means for the service.

    The status may be that of a proxy in front of the service. One that is not known counts as the
    first of its class (RFC 9110, 15).

    Args:
        status: The HTTP status.
        has_hint: Whether the response has a usable Retry-After.
        server: The header Server.
    """
    if status in _REFUSALS or (status == 503 and has_hint):
        return Outcome.REFUSED
    is_cloudflare = (server or "").strip().lower() == "cloudflare"
    if is_cloudflare and status in _CLOUDFLARE_NOT_SENT:
        return Outcome.NOT_SENT
    if status in _AMBIGUOUS_4XX or (status >= 500 and status not in _NOT_PROCESSED_5XX):
        return Outcome.AMBIGUOUS
    return Outcome.FINAL


def is_safe(method: str) -> bool:
    """Return whether a method changes nothing (RFC 9110, 9.2.1)."""
    return method in ("GET", "HEAD", "OPTIONS", "TRACE")


def is_idempotent(method: str) -> bool:
    """Return whether a method is idempotent (RFC 9110, 9.2.2)."""
    return method in ("PUT", "DELETE") or is_safe(method)


def may_retry(outcome: Outcome, *, idempotent: bool, once: bool = False) -> bool:
    """Return whether a request may be sent again.

    Args:
        outcome: The outcome of the last attempt.
        idempotent: Whether processing it twice has the same effect as processing it once.
        once: Whether the service must not receive it twice, even if it refused it.
    """
    if outcome is Outcome.NOT_SENT:
        return True
    if once or outcome is Outcome.FINAL:
        return False
    return outcome is Outcome.REFUSED or idempotent


def retry_after(header: _Header) -> float | None:
    """Return the seconds that a server asks to wait, or None without a usable hint.

    Args:
        header: Returns a response header by its lower-case name.
    """
    milliseconds = _number(header(b"retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = header(b"retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    moment = _date(value)
    if moment is None:
        return None
    # Relative to the response's own Date, so that the local clock may be wrong.
    now = _date(header(b"date")) or datetime.now(UTC)
    wait = (moment - now).total_seconds()
    return wait if wait >= 0 else None


def backoff(retry: int, hint: float | None, random: Callable[[], float]) -> float:
    """Return the seconds to wait before a retry.

    Args:
        retry: 0 for the first retry, 1 for the second, ...
        hint: Seconds that the server asked to wait. They are waited in full, plus up to 10 % and
            at most one second, so that clients that were refused together do not return together.
        random: Returns a random number in [0, 1).
    """
    if hint is not None:
        return hint + random() * min(0.1 * hint, 1.0)
    # The exponent is limited because a float cannot hold 2**1024.
    return random() * min(_MAX_WAIT, _FIRST_WAIT * 2.0 ** min(retry, 10))


class Budget:
    """The retry budget of a client and its copies, so that retries do not prolong an outage.

    There are 500 tokens; a retry costs 14, or 5 after a refusal. A success without retries returns
    1, and a success after retries returns what they cost. So a client whose every call fails stops
    retrying after 35 retries, and starts again when calls succeed.

    There is no lock: a count that is slightly off under threads does no harm, and a lock that
    another thread holds would block a forked child forever.
    """

    CAPACITY: ClassVar[int] = 500

    def __init__(self) -> None:
        self.tokens: int = self.CAPACITY

    def take(self, outcome: Outcome) -> int:
        """Take the tokens for a retry; return their number, or 0 if there are not enough."""
        cost = 5 if outcome is Outcome.REFUSED else 14
        if self.tokens < cost:
            return 0
        self.tokens -= cost
        return cost

    def give_back(self, spent: int) -> None:
        """Return the tokens that the retries of a successful call cost."""
        if self.tokens < self.CAPACITY:
            self.tokens = min(self.CAPACITY, self.tokens + (spent or 1))


def _number(value: str | None) -> float | None:
    """Return a number of seconds or milliseconds; NaN, -1 and 1_000 are not accepted."""
    number = re.fullmatch(r"\s*([0-9]{1,12}(\.[0-9]*)?)\s*", value or "")
    return float(number[1]) if number else None


def _date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    # "-0000" means an unknown zone; HTTP dates are in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
