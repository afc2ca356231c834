"""How often to poll work in the background: plain functions without I/O."""

from __future__ import annotations

from collections.abc import Callable

from .retry import backoff

__all__ = ["MAX_FAILED_POLLS", "last_poll", "poll_wait"]

MAX_FAILED_POLLS = 5
"""Maximum number of polls that fail in a row: the work continues without them."""

_FIRST_WAIT = 1.0
_MAX_WAIT = 10.0


def last_poll(elapsed: float | None) -> float:
    """Return how many seconds before the deadline the last poll begins, so that it ends in time.

    Args:
        elapsed: Seconds that the latest successful poll took; None if there was none.
    """
    return 1.0 if elapsed is None else 0.1 + 1.5 * elapsed


def poll_wait(poll: int, hint: float | None, random: Callable[[], float]) -> float:
    """Return the seconds to wait before the next poll.

    Args:
        poll: 0 after the first poll, 1 after the second, ...
        hint: Seconds that the server asked to wait, which are waited in full.
        random: Returns a random number in [0, 1).
    """
    # The exponent is limited because a float cannot hold 2**1024.
    wait = min(_MAX_WAIT, _FIRST_WAIT * 1.5 ** min(poll, 10))
    # So that many programs that began together do not poll together.
    wait *= 1 - 0.2 * random()
    return wait if hint is None else max(wait, backoff(0, hint, random))
