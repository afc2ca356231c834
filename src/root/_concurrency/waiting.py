"""Waiting: async functions and their blocking counterparts.

In this package, `async_x` is replaced by `x` and `AsyncX` by `X` in the generated twin; everything
else in `_async/` reads the same on both sides.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from .._config.deadlines import monotonic
from ..errors import ConfigurationError
from .loops import async_current_loop

__all__ = [
    "ExchangeTimeoutError",
    "KeyTimeoutError",
    "async_resolved",
    "async_shielded",
    "async_sleep",
    "monotonic",
    "resolved",
    "shielded",
    "sleep",
]

T = TypeVar("T")

# Seconds for an exchange to finish after its caller was cancelled.
_GRACE_PERIOD = 0.5


class ExchangeTimeoutError(Exception):
    """An exchange through the user's HTTP client was not finished in time."""


class KeyTimeoutError(Exception):
    """The `api_key` function did not return a key in time."""


sleep = time.sleep


async def async_sleep(seconds: float) -> None:
    """Sleep without blocking the event loop, on asyncio and trio."""
    # Imported late: blocking scripts never need it.
    import anyio

    await anyio.sleep(seconds)


async def async_resolved(value: str | Awaitable[str], timeout: float | None) -> str:
    """Return a value, awaited if needed, within the timeout in seconds.

    Raises:
        KeyTimeoutError: The timeout expired.
    """
    if not inspect.isawaitable(value):
        return value
    import anyio

    with anyio.move_on_after(timeout):
        return await value
    raise KeyTimeoutError


def resolved(value: str | Awaitable[str], timeout: float | None) -> str:
    """Return a value that needs no awaiting.

    Raises:
        ConfigurationError: It is awaitable.
    """
    if inspect.iscoroutine(value):
        # Closed, or Python would warn that it was never awaited.
        value.close()
    if inspect.isawaitable(value):
        raise ConfigurationError(
            "api_key is an async function, which only AsyncRootSignals and the methods with the"
            " prefix a can await. Pass a plain function, or use one of those."
        )
    return value


async def async_shielded(
    work: Coroutine[Any, Any, T], timeout: float | None, *, is_shielded: bool = True
) -> T:
    """Await some work that is allowed to finish if its caller is cancelled.

    httpx's pool loses a connection for good when asyncio cancels a task while a response is being
    closed (httpcore 1.0.9), and a caller cannot know when that is. So the exchange is a task of
    its own, which is cancelled only if it continues for long: a response that has begun to arrive
    is complete by then. Cancellation on trio does no such harm.

    Args:
        work: The work.
        timeout: Seconds for it.
        is_shielded: False for work whose result must not be lost, since it has to be closed.

    Raises:
        ExchangeTimeoutError: The timeout expired.
    """
    import asyncio

    import anyio

    scope = anyio.CancelScope()

    async def bounded() -> T:
        if timeout is not None:
            scope.deadline = anyio.current_time() + timeout
        with scope:
            return await work
        raise ExchangeTimeoutError

    if not is_shielded or not isinstance(async_current_loop(), asyncio.AbstractEventLoop):
        return await bounded()
    task = asyncio.ensure_future(bounded())
    # Retrieves the exception, or asyncio would report it if the caller is gone.
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # A server that hangs must not hold a connection until the timeout, if there is one.
        scope.deadline = min(scope.deadline, anyio.current_time() + _GRACE_PERIOD)
        raise


def shielded(result: T, timeout: float | None, *, is_shielded: bool = True) -> T:
    """Return the result: blocking work cannot be cancelled."""
    return result
