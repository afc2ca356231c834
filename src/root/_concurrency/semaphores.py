"""Semaphores: bound concurrent use, and survive signals."""

from __future__ import annotations

import threading
from contextlib import suppress
from math import inf
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from weakref import ref

from .waiting import monotonic

if TYPE_CHECKING:
    import anyio

__all__ = ["AsyncSemaphore", "Permit", "Semaphore"]

# Seconds after which a waiting caller checks whether a permit was lost.
_CHECK_INTERVAL = 1.0


class Permit:
    """One permit of a semaphore."""

    __slots__ = ("__weakref__",)


class Semaphore:
    """Bounds concurrent use by permits.

    A signal handler may raise between any two steps (Ctrl-C, the time limit of a job). That must
    neither leave a lock held, as in `threading.Semaphore`, nor lose a permit: one that is lost is
    collected, and a new one takes its place.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free: SimpleQueue[Permit] = SimpleQueue()
        self._issued: list[ref[Permit]] = []
        self._issuing = threading.Lock()

    def acquire(self, timeout: float | None) -> Permit | None:
        """Acquire a permit; return None if there was none within the timeout, in seconds."""
        until = inf if timeout is None else monotonic() + timeout
        wait = 0.0
        while True:
            with suppress(Empty):
                return self._free.get(timeout=wait)
            permit = self._issue()
            remaining = until - monotonic()
            if permit is not None or remaining <= 0:
                return permit
            wait = min(remaining, _CHECK_INTERVAL)

    def release(self, permit: Permit) -> None:
        """Release a permit."""
        self._free.put(permit)

    def _issue(self) -> Permit | None:
        """Return a new permit if fewer than the limit exist."""
        with self._issuing:
            issued = len(self._issued)
            lost = (index for index, permit in enumerate(self._issued) if permit() is None)
            index = next(lost, issued)
            if index == self._limit:
                return None
            permit = Permit()
            self._issued[index : index + 1] = [ref(permit)]
            return permit


# No signal handler raises in the middle of a task, so async permits are only counted.
_COUNTED = Permit()


class AsyncSemaphore:
    """Bounds concurrent use by permits, first come first served."""

    def __init__(self, limit: int) -> None:
        import anyio

        self._semaphore: anyio.Semaphore = anyio.Semaphore(limit)

    async def acquire(self, timeout: float | None) -> Permit | None:
        """Acquire a permit; return None if there was none within the timeout, in seconds."""
        import anyio

        try:
            self._semaphore.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout):
                await self._semaphore.acquire()
                return _COUNTED
            return None
        return _COUNTED

    def release(self, permit: Permit) -> None:
        """Release a permit."""
        self._semaphore.release()
