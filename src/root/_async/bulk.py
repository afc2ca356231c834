"""Many calls, so many of them at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from .._bulk import OnError, OnProgress, Tally
from .._concurrency import AsyncSlots, async_at_once
from ..errors import NOT_STARTED, NotStarted, RateLimitError, RootSignalsError

__all__ = ["call_each", "call_range"]

T = TypeVar("T")
R = TypeVar("R")


async def call_each(
    call: Callable[[T], Awaitable[R]],
    items: Sequence[T],
    *,
    concurrency: int,
    errors: OnError,
    on_progress: OnProgress | None,
) -> list[R] | list[R | RootSignalsError]:
    """Make a call for each item and return the results in their order.

    Raises:
        BulkError: A call failed, and errors are not collected.
    """
    tally: Tally[R] = Tally(len(items), concurrency, errors, on_progress)
    await call_range(call, items, range(len(items)), tally)
    return tally.results()


async def call_range(
    call: Callable[[T], Awaitable[R]], items: Sequence[T], positions: range, tally: Tally[R]
) -> None:
    """Make a call for the items at these positions, and note what comes of each.

    Where the service answers 429 (too many requests) however often a call is repeated, calls go
    one by one from then on, the refused ones too: of several that come back together, one would
    use up what the service allows.
    """
    lane = AsyncSlots(1)

    async def outcome(item: T) -> R | NotStarted:
        if not tally.crowded:
            try:
                return await call(item)
            except RateLimitError as error:
                if len(error.attempts) == 1:
                    # It is not to be repeated.
                    raise
                tally.crowded = True
        turn = await lane.acquire(None)
        assert turn is not None
        try:
            return NOT_STARTED if tally.halted else await call(item)
        finally:
            lane.release(turn)

    async def one(position: int) -> tuple[int, R | RootSignalsError | NotStarted]:
        try:
            return position, await outcome(items[position])
        except RootSignalsError as error:
            tally.fail(error)
            return position, error

    number = tally.width(len(positions))
    await async_at_once(one, tally.to_start(positions), number, tally.note)
