"""The few real differences between the async client and its generated twin, as pairs.

`async_x` becomes `x` and `AsyncX` becomes `X` in the twin; everything else in `_async/` reads
the same on both sides.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING

from .errors import ConfigurationError

if TYPE_CHECKING:
    import anyio

__all__ = [
    "AsyncGuard",
    "AsyncSlots",
    "Guard",
    "Slots",
    "async_current_loop",
    "async_sleep",
    "async_value",
    "current_loop",
    "sleep",
    "value",
]

sleep = time.sleep


async def async_sleep(seconds: float) -> None:
    """Wait without holding up the event loop, on asyncio and on trio."""
    # Imported late: a script that only ever blocks never needs it.
    import anyio

    await anyio.sleep(seconds)


async def async_value(given: str | Awaitable[str]) -> str:
    """Return what is given, or what it comes to if it has to be waited for."""
    return await given if inspect.isawaitable(given) else given


def value(given: str | Awaitable[str]) -> str:
    """Return what is given, which must be there already."""
    if inspect.iscoroutine(given):
        # Closed, so that it is not reported as forgotten as well.
        given.close()
    if inspect.isawaitable(given):
        raise ConfigurationError(
            "api_key is an async function, which only AsyncRootSignals and the methods with the"
            " prefix a can wait for. Give a plain function, or use one of those."
        )
    return given


class _NoLoop:
    """Stands for the event loop where there is none."""


def current_loop() -> object:
    """Return what connections belong to: for blocking code, the process as a whole."""
    return _NoLoop


def async_current_loop() -> object:
    """Return the running event loop, which connections belong to: asyncio's, or trio's token."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        import trio

        return trio.lowlevel.current_trio_token()


class Slots:
    """So many at once and no more; who finds none free waits for one."""

    def __init__(self, number: int) -> None:
        self._slots = threading.Semaphore(number)

    def acquire(self, timeout: float | None) -> bool:
        """Take a slot; return False if none came free within the timeout, in seconds."""
        # Without a timeout this is one call into the semaphore, the common case.
        return self._slots.acquire(timeout=timeout)

    def release(self) -> None:
        """Give a slot back."""
        self._slots.release()


class AsyncSlots:
    """So many at once and no more; who finds none free waits for one, first come first served."""

    def __init__(self, number: int) -> None:
        import anyio

        self._slots: anyio.Semaphore = anyio.Semaphore(number, fast_acquire=True)

    async def acquire(self, timeout: float | None) -> bool:
        """Take a slot; return False if none came free within the timeout, in seconds."""
        import anyio

        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout):
                await self._slots.acquire()
                return True
            return False
        return True

    def release(self) -> None:
        """Give a slot back."""
        self._slots.release()


class Guard:
    """Sees to it that connections are closed even if nobody closes them."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close

    def start(self) -> None:
        """Be on guard from now on."""

    def close(self) -> None:
        """Close now."""
        self._close()

    def __del__(self) -> None:
        # An unclosed socket would be reported as a leak when it is collected.
        self._close()


class AsyncGuard:
    """Sees to it that connections are closed even if nobody closes them.

    An event loop ends the async generators that were started in it, when it ends itself
    (`asyncio.run` does this) and when they are collected, in either case in its own thread.
    So a generator that waits is told in time, wherever and however the client is dropped.
    """

    def __init__(self, close: Callable[[], Awaitable[None] | None]) -> None:
        self._waiting = _until_the_end(close)

    async def start(self) -> None:
        """Be on guard from now on, in this event loop."""
        await anext(self._waiting)

    async def aclose(self) -> None:
        """Close now."""
        await self._waiting.aclose()


async def _until_the_end(close: Callable[[], Awaitable[None] | None]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        closing = close()
        if closing is not None:
            await closing
