"""The few real differences between the async client and its generated twin, as pairs.

`async_x` becomes `x` and `AsyncX` becomes `X` in the twin; everything else in `_async/` reads
the same on both sides.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from math import inf
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from weakref import ref

from ._failures import ExchangeTimeoutError, KeyTimeoutError
from .errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from weakref import WeakKeyDictionary

    import anyio

__all__ = [
    "Ahead",
    "AsyncAhead",
    "AsyncGuard",
    "AsyncSlots",
    "Guard",
    "Slot",
    "Slots",
    "async_at_once",
    "async_current_loop",
    "async_in_thread",
    "async_next_round",
    "async_sleep",
    "async_unbroken",
    "async_value",
    "at_once",
    "current_loop",
    "forget_ended",
    "in_thread",
    "live",
    "loading",
    "next_round",
    "process",
    "sleep",
    "unbroken",
    "value",
]

T = TypeVar("T")
R = TypeVar("R")

# Seconds for an exchange to end after its caller was cancelled.
_PATIENCE = 0.5

# Seconds after which who waits for a slot looks whether one was lost meanwhile.
_LOOK_FOR_LOST = 1.0

loading = threading.RLock()
"""Held while what a first call takes is loaded, and by who forks.

A child that is forked in between would never get that module: importlib locks it for a thread
that the child does not have.
"""

# How many forks lead to this process from the one that loaded this.
_forks = 0


def _forked() -> None:
    global _forks
    _forks += 1


# Windows has no forks.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
    # What is registered last is asked first. logging, which concurrent.futures has loaded, holds a
    # lock of its own during forks, which some modules want when they are loaded.
    os.register_at_fork(
        before=loading.acquire, after_in_parent=loading.release, after_in_child=loading.release
    )


def process() -> tuple[int, int]:
    """Return what tells this process from those that it was forked from.

    The number of forks alone does not, since not every server that forks tells Python (uWSGI does
    only if asked to). Nor does the process's id: in PID namespaces within each other a child may
    have its parent's.
    """
    return os.getpid(), _forks


sleep = time.sleep


def next_round() -> None:
    """Do nothing: there is no event loop to wait for."""


async def async_next_round() -> None:
    """Wait for the event loop to come round."""
    import anyio.lowlevel

    # A process that was forked from within a running loop has none.
    with suppress(RuntimeError):
        await anyio.lowlevel.checkpoint()


async def async_sleep(seconds: float) -> None:
    """Wait without holding up the event loop, on asyncio and on trio."""
    # Imported late: a script that only ever blocks never needs it.
    import anyio

    await anyio.sleep(seconds)


async def async_value(given: str | Awaitable[str], timeout: float | None) -> str:
    """Return what is given, or what it comes to within the timeout, in seconds.

    Raises:
        KeyTimeoutError: It does not come to anything in time.
    """
    if not inspect.isawaitable(given):
        return given
    import anyio

    with anyio.move_on_after(timeout):
        return await given
    raise KeyTimeoutError


def value(given: str | Awaitable[str], timeout: float | None) -> str:
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


async def async_unbroken(work: Coroutine[Any, Any, T], timeout: float | None) -> T:
    """Return what some work comes to, and let it end in its own way if its caller is cancelled.

    httpx's own pool loses a connection for good when asyncio cancels a task while a response is
    being closed (httpcore 1.0.9), and its caller cannot tell when that is. So the exchange is a
    task of its own, which is cancelled only if it goes on for long: an answer that has begun to
    come is at its end by then. trio's cancellation does no such harm.

    Raises:
        ExchangeTimeoutError: It does not come to anything within the timeout, in seconds.
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

    if not isinstance(async_current_loop(), asyncio.AbstractEventLoop):
        return await bounded()
    task = asyncio.ensure_future(bounded())
    # An error that nobody asks for any more is not to be reported as forgotten.
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # A server that hangs is not to hold a connection until the timeout, if there is one.
        scope.deadline = min(scope.deadline, anyio.current_time() + _PATIENCE)
        raise


def unbroken(done: T, timeout: float | None) -> T:
    """Return what some work has come to: nobody can cancel what blocks."""
    return done


class _NoLoop:
    """Stands for the event loop where there is none."""


def current_loop() -> object:
    """Return what connections belong to: for blocking code, the process as a whole."""
    return _NoLoop


def async_current_loop() -> object:
    """Return the running event loop, which connections belong to: asyncio's, or trio's token.

    Raises:
        RuntimeError: There is none.
    """
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        if "trio" not in sys.modules:
            raise
        import trio

        return trio.lowlevel.current_trio_token()


def live(weak: WeakKeyDictionary[T, Any]) -> list[T]:
    """Return the keys there are, in one step: other threads may add some meanwhile."""
    return [key for ref in weak.keyrefs() if (key := ref()) is not None]


def forget_ended(by_loop: WeakKeyDictionary[object, T]) -> None:
    """Take out what belongs to an asyncio loop that was closed.

    The connections that are left of it hold on to it, so it is not collected by itself.
    """
    for loop in live(by_loop):
        is_closed = getattr(loop, "is_closed", None)
        if is_closed is not None and is_closed():
            by_loop.pop(loop, None)


class Slot:
    """Leave to do something of which there are only so many at once."""

    __slots__ = ("__weakref__",)


class Slots:
    """So many at once and no more; who finds none free waits for one.

    A signal's handler may raise between any two steps of ours (Ctrl-C, the time limit of a job).
    Nothing of that may hold a lock, as in `threading.Semaphore`, or lose a slot: one that was on
    its way is collected then, and another one takes its place.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._free: SimpleQueue[Slot] = SimpleQueue()
        self._made: list[ref[Slot]] = []
        self._making = threading.Lock()

    def acquire(self, timeout: float | None) -> Slot | None:
        """Take a slot; return None if none came free within the timeout, in seconds."""
        until = inf if timeout is None else time.monotonic() + timeout
        wait = 0.0
        while True:
            with suppress(Empty):
                return self._free.get(timeout=wait)
            slot = self._new()
            left = until - time.monotonic()
            if slot is not None or left <= 0:
                return slot
            wait = min(left, _LOOK_FOR_LOST)

    def release(self, slot: Slot) -> None:
        """Give a slot back."""
        self._free.put(slot)

    def _new(self) -> Slot | None:
        """Return a slot that was not made yet or was lost, if there is one."""
        with self._making:
            made = len(self._made)
            places = (place for place, slot in enumerate(self._made) if slot() is None)
            place = next(places, made)
            if place == self._number:
                return None
            slot = Slot()
            self._made[place : place + 1] = [ref(slot)]
            return slot


# No signal's handler raises in the middle of a task, so there they are only counted.
_COUNTED = Slot()


class AsyncSlots:
    """So many at once and no more; who finds none free waits for one, first come first served."""

    def __init__(self, number: int) -> None:
        import anyio

        self._slots: anyio.Semaphore = anyio.Semaphore(number)

    async def acquire(self, timeout: float | None) -> Slot | None:
        """Take a slot; return None if none came free within the timeout, in seconds."""
        import anyio

        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout):
                await self._slots.acquire()
                return _COUNTED
            return None
        return _COUNTED

    def release(self, slot: Slot) -> None:
        """Give a slot back."""
        self._slots.release()


_END: Any = object()


def at_once(
    work: Callable[[T], R], items: Iterator[T], number: int, seen: Callable[[R], None]
) -> None:
    """Do some work for each item, so many at once, in so many threads.

    What the work raises, or `seen` does, is raised when the work that is under way has ended;
    no more is begun. An interrupt (Ctrl-C) is raised at once.

    Args:
        work: What to do with an item.
        items: The items. Whoever is free takes the next one.
        number: How many at once.
        seen: Is told what each came to, one at a time, in the thread that called.
    """
    # A result within a tuple, or how a thread ended: None is well.
    told: SimpleQueue[tuple[R] | BaseException | None] = SimpleQueue()
    turn = threading.Lock()
    stopped = threading.Event()

    def worker() -> None:
        trouble: BaseException | None = None
        try:
            while not stopped.is_set():
                with turn:
                    item = next(items, _END)
                if item is _END:
                    break
                told.put((work(item),))
        except BaseException as exc:  # noqa: BLE001 - it is raised where the work was asked for.
            stopped.set()
            trouble = exc
        told.put(trouble)

    trouble: BaseException | None = None
    try:
        for _ in range(number):
            # Daemons, so that nobody waits for them after an interrupt. What the caller has set
            # for itself, a tracing id perhaps, holds for the work as well.
            threading.Thread(target=copy_context().run, args=(worker,), daemon=True).start()
        while number:
            came = told.get()
            if not isinstance(came, tuple):
                number -= 1
                trouble = trouble or came
            elif trouble is None:
                try:
                    seen(came[0])
                except Exception as exc:  # noqa: BLE001 - it is raised below.
                    stopped.set()
                    trouble = exc
    finally:
        stopped.set()
    if trouble is not None:
        raise trouble


async def async_at_once(
    work: Callable[[T], Awaitable[R]], items: Iterator[T], number: int, seen: Callable[[R], None]
) -> None:
    """Do some work for each item, so many at once, in so many tasks.

    What the work raises, or `seen` does, is raised when the work that is under way has ended;
    no more is begun. A cancellation ends it all at once.

    Args:
        work: What to do with an item.
        items: The items. Whoever is free takes the next one.
        number: How many at once.
        seen: Is told what each came to, one at a time.
    """
    import anyio

    troubles: list[Exception] = []

    async def worker() -> None:
        while not troubles:
            item = next(items, _END)
            if item is _END:
                break
            try:
                result = await work(item)
                if not troubles:
                    seen(result)
            except Exception as exc:  # noqa: BLE001 - it is raised below.
                troubles.append(exc)

    async with anyio.create_task_group() as tasks:
        for _ in range(number):
            tasks.start_soon(worker)
    if troubles:
        raise troubles[0]


class Ahead(Generic[T]):
    """Does some work while its caller does something else."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._process = process()
        self._future = _in_thread(work)

    @property
    def is_lost(self) -> bool:
        """Whether nobody works here: after a fork, the thread is the parent's."""
        return self._process != process()

    def result(self) -> T:
        """Wait for the work to be done and return what it came to, or raise what it raised."""
        return self._future.result()


def in_thread(work: Callable[[], T], timeout: float | None) -> T:
    """Return what blocking work comes to, done in a thread that nobody has to wait for.

    Raises:
        TimeoutError: It does not come to anything within the timeout, in seconds.
    """
    return _in_thread(work).result(timeout)


async def async_in_thread(work: Callable[[], T], timeout: float | None) -> T:
    """Return what blocking work comes to, done in a thread that nobody has to wait for.

    anyio's and asyncio's own threads are waited for when a program ends.

    Raises:
        TimeoutError: It does not come to anything within the timeout, in seconds.
    """
    import anyio

    loop = cast("Any", async_current_loop())
    # asyncio's name for it, and trio's.
    from_thread = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon
    done = anyio.Event()

    def wake(_: Future[T]) -> None:
        # The event loop may have ended meanwhile.
        with suppress(RuntimeError):
            from_thread(done.set)

    future = _in_thread(work)
    future.add_done_callback(wake)
    with anyio.move_on_after(timeout):
        await done.wait()
        return future.result()
    raise TimeoutError


def _in_thread(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    # What the caller has set for itself, a tracing id perhaps, holds for the work as well.
    # A daemon, so that nobody waits for it at the end of the program.
    threading.Thread(target=copy_context().run, args=(_do, work, future), daemon=True).start()
    return future


def _do(work: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(work())
    except BaseException as exc:  # noqa: BLE001 - it is raised where the result is asked for.
        future.set_exception(exc)


class AsyncAhead(Generic[T]):
    """Does some work while its caller does something else.

    On trio, which has no tasks outside of nurseries, the work is done when its result is asked
    for.
    """

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        import asyncio

        self._work: Awaitable[T] = work()
        self._task: asyncio.Future[T] | None = None
        if isinstance(async_current_loop(), asyncio.AbstractEventLoop):
            self._work = self._task = asyncio.ensure_future(self._work)
            # An error that nobody asks for any more is not to be reported as forgotten.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    @property
    def is_lost(self) -> bool:
        """Whether nobody works here: the task belongs to another event loop."""
        return self._task is not None and self._task.get_loop() is not async_current_loop()

    async def result(self) -> T:
        """Wait for the work to be done and return what it came to, or raise what it raised."""
        return await self._work

    def __del__(self) -> None:
        if self._task is not None:
            loop = self._task.get_loop()
            if not self._task.done() and not loop.is_closed():
                loop.call_soon_threadsafe(self._task.cancel)
        elif inspect.iscoroutine(self._work):
            self._work.close()


class Guard:
    """Sees to it that connections are closed even if nobody closes them."""

    def __init__(self, close: Callable[[], None]) -> None:
        # Not by __del__: where the client is collected as part of a cycle, the sockets may come
        # first, and an unclosed socket is reported as a leak.
        self._finalizer = weakref.finalize(self, close)

    def start(self) -> None:
        """Be on guard from now on."""

    def end(self) -> None:
        """Close now."""
        self._finalizer()


class AsyncGuard:
    """Sees to it that connections are closed even if nobody closes them.

    An event loop ends the async generators that were started in it, when it ends itself
    (`asyncio.run` does this) and when they are collected, in either case in its own thread.
    So a generator that waits is told in time, wherever and however the client is dropped.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._waiting = _until_the_end(close)

    async def start(self) -> None:
        """Be on guard from now on, in this event loop."""
        await anext(self._waiting)

    def end(self) -> None:
        """Close now, from within the event loop."""
        # It has nothing to wait for, so the first step is the last one.
        with suppress(StopIteration):
            self._waiting.aclose().send(None)


async def _until_the_end(close: Callable[[], None]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        close()
