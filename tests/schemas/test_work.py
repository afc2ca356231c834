"""Waiting for work in the background: what is decided without I/O."""

from __future__ import annotations

import pytest

from root import InvalidRequestError
from root._concurrency.bulk import check_callback
from root._http.polling import last_poll, poll_wait


@pytest.mark.parametrize(
    ("poll", "hint", "random", "wait"),
    [
        (0, None, 0.0, 1.0),
        (0, None, 1.0, 0.8),
        (1, None, 0.0, 1.5),
        (5, None, 0.0, 7.59375),
        (6, None, 0.0, 10.0),
        (10**9, None, 0.5, 9.0),
        (0, 5.0, 0.0, 5.0),
        (0, 5.0, 1.0, 5.5),
        (9, 5.0, 0.0, 10.0),
        (0, 100.0, 1.0, 101.0),
        (0, 0.0, 0.0, 1.0),
    ],
)
def test_waits(poll: int, hint: float | None, random: float, wait: float) -> None:
    """Waits grow from one second to ten, a little shorter by chance, or are what a server asks."""
    assert poll_wait(poll, hint, lambda: random) == pytest.approx(wait)


@pytest.mark.parametrize(("elapsed", "seconds"), [(None, 1.0), (0.0, 0.1), (0.2, 0.4), (4.0, 6.1)])
def test_last_poll(elapsed: float | None, seconds: float) -> None:
    """The last poll has half as much time again as the one before it, and a tenth of a second."""
    assert last_poll(elapsed) == pytest.approx(seconds)


def test_async_callback() -> None:
    """A function that would have to be awaited is refused."""

    async def report(_: object) -> None: ...

    with pytest.raises(InvalidRequestError, match="on_progress must be a plain function"):
        check_callback(report)
