"""Waiting for work that the service does in the background."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from .._concurrency.bulk import check_callback
from .._concurrency.waiting import async_sleep
from .._config.deadlines import Deadline, current_deadline
from .._http.operation import Operation, Response
from .._http.polling import MAX_FAILED_POLLS, last_poll, poll_wait
from .._http.retry import retry_after
from .._schemas.work import Work
from ..errors import (
    APIConnectionError,
    APITimeoutError,
    RateLimitError,
    RootSignalsError,
    ServerError,
    WorkFailedError,
)
from .sender import AsyncSender

__all__ = ["wait_for_work"]

W = TypeVar("W", bound=Work)


async def wait_for_work(
    client: AsyncSender,
    operation: Operation[W],
    *,
    on_progress: Callable[[W], object] | None = None,
) -> W:
    """Poll some work until it has ended or the block around it is over, and return it.

    Polls that fail temporarily are retried, a few in a row: the work continues without them.

    Args:
        client: Sends the polls.
        operation: A poll, which changes nothing.
        on_progress: Called with the work after each poll.

    Raises:
        WorkFailedError: It has failed.
        APITimeoutError: It has not ended in time.
    """
    check_callback(on_progress)
    poll = failures = 0
    work: W | None = None
    elapsed: float | None = None
    while True:
        outcome = await _poll(client, operation)
        if isinstance(outcome, Response):
            failures, work, elapsed = 0, outcome.value, outcome.meta.elapsed
            if on_progress is not None:
                on_progress(work)
            if work.is_ended:
                return _result(work)
        else:
            failures += 1
            if failures > MAX_FAILED_POLLS or not outcome.attempts:
                raise outcome
        hint = _hint(outcome)
        wait = poll_wait(poll, hint, random.random)
        bound = current_deadline()
        if bound is not None:
            remaining = bound.remaining() - last_poll(elapsed)
            if remaining <= 0 or (hint or 0) > remaining:
                raise _unfinished(operation, work, bound, outcome, hint if remaining > 0 else None)
            wait = min(wait, remaining)
        await async_sleep(wait)
        poll += 1


async def _poll(client: AsyncSender, operation: Operation[W]) -> Response[W] | RootSignalsError:
    """Return the response to a poll, or the error if it may be temporary."""
    try:
        return await client.send(operation)
    except (APIConnectionError, RateLimitError, ServerError) as error:
        return error


def _hint(outcome: Response[W] | RootSignalsError) -> float | None:
    """Return the seconds that the server asks to wait."""
    if isinstance(outcome, (RateLimitError, ServerError)):
        return outcome.retry_after
    if isinstance(outcome, RootSignalsError):
        return None
    headers = outcome.meta.headers
    return retry_after(lambda name: headers.get(name.decode()))


def _result(work: W) -> W:
    """Return work that has ended.

    Raises:
        WorkFailedError: It has failed.
    """
    if not work.is_failed:
        return work
    noun = work.__facts__.noun
    error = WorkFailedError(f"The {noun} failed. {work.failure}".rstrip(), work=work)
    raise error


def _unfinished(
    operation: Operation[W],
    work: W | None,
    bound: Deadline,
    outcome: Response[W] | RootSignalsError,
    hint: float | None,
) -> APITimeoutError:
    noun = operation.schema.__facts__.noun
    state = "unknown" if work is None else work.status
    text = f"The {noun} did not end within {bound.seconds:g} s; its status is {state}."
    if hint is not None:
        text = (
            f"The {noun} is not known to have ended, and the service asks to wait {hint:.0f} s, too"
            f" long for the limit of {bound.seconds:g} s; its last status is {state}."
        )
    if isinstance(outcome, RootSignalsError):
        text += f" The last request for it failed: {outcome}"
    text += " The service continues to process it: wait for it again by its ID."
    return APITimeoutError(text)
