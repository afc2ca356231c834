"""Whether to try again, and when: plain functions of what is known, without I/O.

The rule for a POST: it is repeated only when it cannot have happened. What is never repeated
and what always is stands in `may_repeat`; the waits are full jitter unless the server gave a
hint (RFC 9110, 10.2.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import ClassVar

__all__ = [
    "LONGEST_HINT",
    "Budget",
    "Outcome",
    "hinted_wait",
    "may_repeat",
    "of_status",
    "wait_before",
]

LONGEST_HINT = 60.0
"""Seconds: a server that asks for a longer wait is not waited for; the caller decides."""

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0

_Header = Callable[[bytes], str | None]


class Outcome(Enum):
    """What one try came to, as far as trying again goes."""

    NOT_SENT = "not sent"
    """No byte of the request can have reached the service."""
    REFUSED = "refused"
    """The service said that it did not do it: 429, or 503 with Retry-After."""
    AMBIGUOUS = "ambiguous"
    """The service may or may not have done it."""
    FINAL = "final"
    """Trying again would come to the same."""


def of_status(status: int, *, has_hint: bool) -> Outcome:
    """Return what an error status says about trying again."""
    if status == 429 or (status == 503 and has_hint):
        return Outcome.REFUSED
    if status in (408, 500, 502, 503, 504):
        return Outcome.AMBIGUOUS
    return Outcome.FINAL


def may_repeat(method: str, outcome: Outcome, *, once: bool = False) -> bool:
    """Return whether a request may be sent again after this outcome.

    Args:
        method: The request's method.
        outcome: What the last try came to.
        once: The service must not see the request twice, even if it refused it.
    """
    if outcome is Outcome.NOT_SENT:
        return True
    if once or outcome is Outcome.FINAL:
        return False
    # RFC 9110, 9.2.2: these are idempotent, so a second time changes nothing.
    return outcome is Outcome.REFUSED or method in ("GET", "PUT", "DELETE")


def hinted_wait(header: _Header) -> float | None:
    """Return the seconds that a server asks to wait, or None if it gave no usable hint.

    Args:
        header: Looks up a response header by its lower-case name.
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
    # Measured against the answer's own clock, so that ours may be wrong.
    now = _date(header(b"date")) or datetime.now(UTC)
    wait = (moment - now).total_seconds()
    return wait if wait >= 0 else None


def wait_before(repetition: int, hint: float | None, random: Callable[[], float]) -> float:
    """Return the seconds to wait before a repetition.

    Args:
        repetition: 0 before the first repetition, 1 before the second, ...
        hint: What the server asked for, if it did: waited in full, plus up to 10 % and at
            most a second, so that clients which were sent away together do not come back
            together.
        random: Draws a number in [0, 1).
    """
    if hint is not None:
        return hint + random() * min(0.1 * hint, 1.0)
    # The exponent is capped because a float cannot hold 2**1024.
    return random() * min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(repetition, 10))


class Budget:
    """What a client and its copies may spend on repetitions, so that retries end a storm.

    500 tokens; a repetition costs 14, or 5 after a refusal. A clean success gives 1 back, and
    a success after repetitions gives back what they cost. So a client whose every call fails
    stops repeating after 35 repetitions and starts again as calls succeed.

    There is no lock: a count that is off by a few under threads does no harm, and a lock that
    another thread holds would hang a forked child.
    """

    CAPACITY: ClassVar[int] = 500

    def __init__(self) -> None:
        self.tokens: int = self.CAPACITY

    def take(self, outcome: Outcome) -> int:
        """Pay for a repetition; return what it cost, or 0 if there is not enough left."""
        cost = 5 if outcome is Outcome.REFUSED else 14
        if self.tokens < cost:
            return 0
        self.tokens -= cost
        return cost

    def give_back(self, spent: int) -> None:
        """Note a success whose repetitions cost so much."""
        if self.tokens < self.CAPACITY:
            self.tokens = min(self.CAPACITY, self.tokens + (spent or 1))


def _number(value: str | None) -> float | None:
    """Return a sensible number of seconds or milliseconds; NaN, -1 and 1_000 are none."""
    number = re.fullmatch(r"\s*([0-9]{1,12}(\.[0-9]*)?)\s*", value or "")
    return float(number[1]) if number else None


def _date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    # "-0000" says that the zone is unknown; HTTP dates are in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
