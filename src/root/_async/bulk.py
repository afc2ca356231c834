"""Many calls, so many of them at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from .._bulk import OnError, OnProgress, Tally
from .._concurrency import async_at_once
from ..errors import RootSignalsError

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
    """Make a call for the items at these positions, and note what comes of each."""

    async def one(position: int) -> tuple[int, R | RootSignalsError]:
        try:
            return position, await call(items[position])
        except RootSignalsError as error:
            tally.fail()
            return position, error

    number = tally.width(len(positions))
    await async_at_once(one, tally.to_start(positions), number, tally.note)
