"""Threads and tasks: run some work concurrently, ahead of time, or away from the event loop."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._config.deadlines import context_with, current_deadline, set_current_deadline
from .._forks import process_identity
from .loops import async_call_in_loop, async_current_loop, thread_safe_call

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "AsyncPrefetch",
    "Prefetch",
    "async_in_background",
    "async_in_thread",
    "async_off_loop",
    "async_run_concurrently",
    "in_background",
    "in_thread",
    "off_loop",
    "run_concurrently",
]

T = TypeVar("T")
R = TypeVar("R")

_END: Any = object()


def run_concurrently(
    work: Callable[[T], R], items: Iterator[T], limit: int, on_result: Callable[[R], None]
) -> None:
    """Run some work for each item in a number of threads.

    An exception of the work or of `on_result` is raised when the work in progress has ended; no
    more is started. An interrupt (Ctrl-C) is raised at once.

    Args:
        work: The work for one item.
        items: The items. A thread that is free takes the next one.
        limit: The number of threads. If fewer can be started, these do all the work; if there are
            none, the calling thread does.
        on_result: Called with each result, one at a time, in the calling thread.
    """
    # A result in a tuple, or how a thread ended: None is without an exception.
    events: SimpleQueue[tuple[R] | BaseException | None] = SimpleQueue()
    next_item = threading.Lock()
    stopped = threading.Event()

    def worker() -> None:
        failure: BaseException | None = None
        try:
            while not stopped.is_set():
                with next_item:
                    item = next(items, _END)
                if item is _END:
                    break
                events.put((work(item),))
        except BaseException as exc:  # noqa: BLE001 - it is raised in the calling thread.
            stopped.set()
            failure = exc
        events.put(failure)

    failure: BaseException | None = None
    running = 0
    try:
        while running < limit and _start_thread(worker):
            running += 1
        if not running:
            for item in items:
                on_result(work(item))
        while running:
            event = events.get()
            if not isinstance(event, tuple):
                running -= 1
                failure = failure or event
            elif failure is None:
                try:
                    on_result(event[0])
                except Exception as exc:  # noqa: BLE001 - it is raised below.
                    stopped.set()
                    failure = exc
    finally:
        stopped.set()
    if failure is not None:
        raise failure


async def async_run_concurrently(
    work: Callable[[T], Awaitable[R]],
    items: Iterator[T],
    limit: int,
    on_result: Callable[[R], None],
) -> None:
    """Run some work for each item in a number of tasks.

    An exception of the work or of `on_result` is raised when the work in progress has ended; no
    more is started. A cancellation ends all of it at once.

    Args:
        work: The work for one item.
        items: The items. A task that is free takes the next one.
        limit: The number of tasks.
        on_result: Called with each result, one at a time.
    """
    import anyio

    failures: list[Exception] = []
    deadline = current_deadline()

    async def worker() -> None:
        set_current_deadline(deadline)
        while not failures:
            item = next(items, _END)
            if item is _END:
                break
            try:
                result = await work(item)
                if not failures:
                    on_result(result)
            except Exception as exc:  # noqa: BLE001 - it is raised below.
                failures.append(exc)

    async with anyio.create_task_group() as tasks:
        for _ in range(limit):
            tasks.start_soon(worker)
    if failures:
        raise failures[0]


def in_thread(work: Callable[[], T], timeout: float | None) -> T:
    """Return the result of blocking work, run in a thread that nothing has to wait for.

    If no thread can be started, the calling one does the work, without the timeout.

    Raises:
        TimeoutError: The timeout, in seconds, expired.
    """
    future = _in_future(work)
    return work() if future is None else future.result(timeout)


async def async_in_thread(work: Callable[[], T], timeout: float | None) -> T:
    """Return the result of blocking work, run in a thread that nothing has to wait for.

    A program waits for the threads of anyio and asyncio before it ends. If no thread can be
    started, the calling one does the work, without the timeout.

    Raises:
        TimeoutError: The timeout, in seconds, expired.
    """
    import anyio

    call_in_loop = thread_safe_call(async_current_loop())
    done = anyio.Event()

    def wake(_: Future[T]) -> None:
        # The event loop may have ended meanwhile.
        with suppress(RuntimeError):
            call_in_loop(done.set)

    future = _in_future(work)
    if future is None:
        return work()
    future.add_done_callback(wake)
    with anyio.move_on_after(timeout):
        await done.wait()
        return future.result()
    raise TimeoutError


def off_loop(work: Callable[[], T], timeout: float | None) -> T:
    """Return the result of some work; blocking code has no event loop to hold up.

    Raises:
        TimeoutError: The timeout, in seconds, expired.
    """
    return work() if timeout is None else in_thread(work, timeout)


async_off_loop = async_in_thread


def in_background(loop: object, work: Callable[[], object]) -> None:
    """Run some cleanup work, and ignore its errors."""
    with suppress(Exception):
        work()


def async_in_background(loop: object, work: Callable[[], Awaitable[object]]) -> None:
    """Run some cleanup work in a task of an event loop, and ignore its errors."""
    import asyncio

    async def run() -> None:
        with suppress(Exception):
            await work()

    def start() -> None:
        if not isinstance(loop, asyncio.AbstractEventLoop):
            import trio

            trio.lowlevel.spawn_system_task(run)
            return
        task = asyncio.ensure_future(run())
        # The event loop has weak references to its tasks only.
        _background.add(task)
        task.add_done_callback(_background.discard)

    async_call_in_loop(loop, start)


_background: set[asyncio.Future[None]] = set()


def _start_thread(work: Callable[[], object]) -> bool:
    """Run some work in a thread; return False if none can be started.

    A container may limit the number of threads, and Python 3.12 and later start none once the main
    thread has ended.
    """
    # A daemon, so that nothing waits for it after an interrupt and when the program ends. Context
    # variables of the caller, such as a tracing ID, apply to the work too.
    context = context_with(current_deadline())
    thread = threading.Thread(target=context.run, args=(work,), daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def _in_future(work: Callable[[], T]) -> Future[T] | None:
    """Run some work in a thread; return its future, or None if no thread can be started."""
    future: Future[T] = Future()
    return future if _start_thread(partial(_run, work, future)) else None


def _run(work: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(work())
    except BaseException as exc:  # noqa: BLE001 - it is raised where the result is awaited.
        future.set_exception(exc)


def _unbound(work: Callable[[], T]) -> T:
    set_current_deadline(None)
    return work()


class Prefetch(Generic[T]):
    """Runs some work while its caller does something else.

    The blocks of `root.deadline` in which it starts do not bound it: its result may be read in
    others. If no thread can be started, the work runs when its result is read.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._process = process_identity()
        self._work = work
        self._future = _in_future(partial(_unbound, work))

    @property
    def is_lost(self) -> bool:
        """Whether the work will never end: after a fork, its thread is in the parent."""
        return self._future is not None and self._process != process_identity()

    def has_result(self, timeout: float | None) -> bool:
        """Wait for the work; return False if it does not end within the timeout, in seconds."""
        return self._future is None or bool(wait([self._future], timeout).done)

    def result(self) -> T:
        """Wait for the work, and return its result or raise its exception."""
        return self._work() if self._future is None else self._future.result()


class AsyncPrefetch(Generic[T]):
    """Runs some work while its caller does something else.

    The blocks of `root.deadline` in which it starts do not bound it: its result may be read in
    others. On trio, which has no tasks outside of nurseries, the work runs when its result is
    awaited.
    """

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        import asyncio

        self._work: Awaitable[T] = work()
        self._task: asyncio.Future[T] | None = None
        if isinstance(async_current_loop(), asyncio.AbstractEventLoop):
            self._work = self._task = context_with(None).run(asyncio.ensure_future, self._work)
            # Retrieves the exception, or asyncio would report it if nothing awaits the result.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    @property
    def is_lost(self) -> bool:
        """Whether the result cannot be awaited here: its task is in another event loop."""
        return self._task is not None and self._task.get_loop() is not async_current_loop()

    async def has_result(self, timeout: float | None) -> bool:
        """Wait for the work; return False if it does not end within the timeout, in seconds."""
        if self._task is None:
            return True
        import asyncio

        done, _ = await asyncio.wait([self._task], timeout=timeout)
        return bool(done)

    async def result(self) -> T:
        """Wait for the work, and return its result or raise its exception."""
        return await self._work

    def __del__(self) -> None:
        if self._task is not None:
            loop = self._task.get_loop()
            if not self._task.done() and not loop.is_closed():
                loop.call_soon_threadsafe(self._task.cancel)
        elif inspect.iscoroutine(self._work):
            self._work.close()
