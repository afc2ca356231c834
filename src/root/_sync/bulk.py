# Generated from src/root/_async/bulk.py by scripts/generate_sync.py. Do not edit.
"""Bulk calls: many calls with bounded concurrency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from .._concurrency.bulk import BulkState, OnError, OnProgress
from .._concurrency.semaphores import Semaphore
from .._concurrency.workers import run_concurrently
from ..errors import (
    NOT_STARTED,
    NotStarted,
    RateLimitError,
    RootSignalsError,
    shorten_traceback,
)

__all__ = ["call_each", "call_range"]

T = TypeVar("T")
R = TypeVar("R")


def call_each(
    call: Callable[[T], R],
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
    state: BulkState[R] = BulkState(len(items), concurrency, errors, on_progress)
    call_range(call, items, range(len(items)), state)
    return state.results()


def call_range(
    call: Callable[[T], R | NotStarted],
    items: Sequence[T],
    positions: range,
    state: BulkState[R],
) -> None:
    """Make a call for the items at these positions, and record the outcomes.

    A call that returns NOT_STARTED has no outcome yet; its caller records it.

    If the service responds 429 (too many requests) to all attempts of a call, calls are made one
    by one from then on, including those that were refused: of several that are retried together,
    one would use up what the rate limit allows.
    """
    one_at_a_time = Semaphore(1)

    def outcome(item: T) -> R | NotStarted:
        if not state.throttled:
            try:
                return call(item)
            except RateLimitError as error:
                if len(error.attempts) == 1:
                    # It must not be retried.
                    raise
                state.throttled = True
        permit = one_at_a_time.acquire(None)
        assert permit is not None
        try:
            return NOT_STARTED if state.stopped else call(item)
        finally:
            one_at_a_time.release(permit)

    def call_one(position: int) -> tuple[int, R | RootSignalsError | NotStarted]:
        try:
            return position, outcome(items[position])
        except RootSignalsError as error:
            state.fail(error)
            # It is the cause of the error of the whole, or a part of the result.
            shorten_traceback(error)
            return position, error

    workers = state.workers(len(positions))
    run_concurrently(call_one, state.to_start(positions), workers, state.record)
