"""Event loops: which one is running, and what has to be closed before it ends."""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from types import AsyncGeneratorType
    from weakref import WeakKeyDictionary

__all__ = [
    "AsyncFinalizer",
    "Finalizer",
    "async_call_in_loop",
    "async_checkpoint",
    "async_current_loop",
    "call_in_loop",
    "checkpoint",
    "current_loop",
    "discard_closed_loops",
    "live_keys",
    "thread_safe_call",
]

T = TypeVar("T")


class _NoLoop:
    """The key of blocking code where async code has an event loop."""


def current_loop() -> object:
    """Return the owner of connections: in blocking code, the process as a whole."""
    return _NoLoop


def async_current_loop() -> object:
    """Return the running event loop, the owner of its connections: asyncio's, or trio's token.

    Raises:
        RuntimeError: No event loop is running.
    """
    try:
        import asyncio
    except ImportError:
        # At the end of the interpreter nothing can be imported, and no event loop is left.
        raise RuntimeError("The interpreter is ending.") from None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        if "trio" not in sys.modules:
            raise
        import trio

        return trio.lowlevel.current_trio_token()


def checkpoint() -> None:
    """Do nothing: blocking code has no event loop."""


async def async_checkpoint() -> None:
    """Let the event loop run its other tasks once."""
    import anyio.lowlevel

    # A process that was forked in a running loop has none.
    with suppress(RuntimeError):
        await anyio.lowlevel.checkpoint()


def call_in_loop(loop: object, function: Callable[[], None]) -> None:
    """Call a function; blocking code needs no particular thread."""
    function()


def async_call_in_loop(loop: object, function: Callable[[], None]) -> None:
    """Call a function in the thread of an event loop: now if it is running here, else soon."""
    try:
        is_here = async_current_loop() is loop
    except RuntimeError:
        is_here = False
    if is_here:
        function()
    else:
        # A loop that has ended has closed everything already.
        with suppress(RuntimeError):
            thread_safe_call(loop)(function)


def thread_safe_call(loop: object) -> Callable[[Callable[[], None]], object]:
    """Return the method by which other threads call a function in this loop."""
    known = cast("Any", loop)
    # asyncio's name for it, and trio's.
    method = getattr(known, "call_soon_threadsafe", None) or known.run_sync_soon
    return cast("Callable[[Callable[[], None]], object]", method)


def live_keys(mapping: WeakKeyDictionary[T, Any]) -> list[T]:
    """Return the keys in one step: other threads may add some meanwhile."""
    return [key for ref in mapping.keyrefs() if (key := ref()) is not None]


def discard_closed_loops(by_loop: WeakKeyDictionary[object, T]) -> None:
    """Remove the entries of asyncio loops that are closed.

    The connections that remain of such a loop refer to it, so it is not collected by itself.
    """
    for loop in live_keys(by_loop):
        is_closed = getattr(loop, "is_closed", None)
        if is_closed is not None and is_closed():
            by_loop.pop(loop, None)


class Finalizer:
    """Closes connections when the client is dropped without being closed."""

    def __init__(self, close: Callable[[], None]) -> None:
        # Not by __del__: where the client is collected as part of a cycle, the sockets may be
        # collected first, and an unclosed socket is reported as a leak.
        self._finalizer = weakref.finalize(self, close)

    def start(self) -> None:
        """Start watching."""

    def has_run(self) -> bool:
        """Return whether the connections were closed, as they are when the interpreter ends."""
        return not self._finalizer.alive

    def close(self) -> None:
        """Close the connections now."""
        self._finalizer()


class AsyncFinalizer:
    """Closes connections when the client is dropped, or its event loop ends.

    An event loop closes the async generators that were started in it when it ends (`asyncio.run`
    does this) and when they are collected, in both cases in its own thread. So a suspended
    generator is notified in time, wherever and however the client is dropped.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._suspended = _close_at_the_end(close)

    async def start(self) -> None:
        """Start watching, in this event loop."""
        await anext(self._suspended)

    def has_run(self) -> bool:
        """Return whether the connections were closed."""
        return cast("AsyncGeneratorType[None]", self._suspended).ag_frame is None

    def close(self) -> None:
        """Close the connections now, from within the event loop."""
        # The generator awaits nothing, so its first step is also its last.
        with suppress(StopIteration):
            self._suspended.aclose().send(None)


async def _close_at_the_end(close: Callable[[], None]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        close()
