"""Deadlines around several calls: as a block, or as an argument.

A block is in a context variable, which tasks and threads inherit. A generator shares the context of
its caller, which runs on while the generator is suspended. So the blocks of generators are found by
their frames instead: they apply only to what the generator calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from functools import partial
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR, currentframe
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from ..errors import short_traceback, shorten_traceback
from .validation import call_deadline, check_seconds

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = [
    "Deadline",
    "as_deadline",
    "context_with",
    "current_deadline",
    "deadline",
    "limited",
    "monotonic",
    "nearer",
    "set_current_deadline",
    "split_deadline",
]

monotonic: Callable[[], float]
"""A monotonic clock for deadlines that a test does not freeze.

Nothing would end in time while `time.monotonic` is frozen (freezegun), and what began in that time
would never end afterwards.
"""
# freezegun replaces `time.monotonic` by name and in all modules, and none of these.
if hasattr(time, "clock_gettime"):
    monotonic = partial(time.clock_gettime, time.CLOCK_MONOTONIC)
else:
    monotonic = partial(time.monotonic)


class Deadline:
    """The time by which the calls in a block, or of a client that it is passed to, have to end.

    `root.deadline` returns one. It begins when it is created, and can be used as a block or as an
    argument, several times and in several threads and tasks.

    Attributes:
        seconds: The seconds that it was created with, or None for no limit.
        until: When it is over, on the clock of `time.monotonic`; infinity for no limit.
    """

    __slots__ = ("seconds", "until")

    def __init__(self, seconds: float | None) -> None:
        """Begin a deadline.

        Args:
            seconds: Seconds from now, or None for no limit. If they are not positive, the
                deadline is over at once.

        Raises:
            ConfigurationError: It is not a number of seconds.
        """
        # What is left of some other limit may be nothing.
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds <= 0:
            self.seconds: float | None = seconds
        else:
            self.seconds = check_seconds("The deadline", seconds)
        self.until: float = inf if self.seconds is None else monotonic() + self.seconds

    def remaining(self) -> float:
        """Return the seconds that remain: 0 if it is over, and infinity if there is no limit."""
        return max(0.0, self.until - monotonic())

    def __enter__(self) -> Self:
        frame = _owner()
        if frame is None:
            _block.set(_entered(self, _block.get()))
        else:
            _of_generators[frame] = _entered(self, _of_generators.get(frame))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None:
            shorten_traceback(exc)
        # Not by a token: the block may end in another context, or in another frame, than it began.
        frame = _owner()
        if frame is None or not _contains(_of_generators.get(frame), self):
            if _contains(_block.get(), self):
                _block.set(_left(self, _block.get()))
                return
            entered = [one for one, block in [*_of_generators.items()] if _contains(block, self)]
            frame = entered[0] if entered else None
        if frame is not None:
            block = _left(self, _of_generators.pop(frame, None))
            if block is not None:
                _of_generators[frame] = block

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def __repr__(self) -> str:
        if self.seconds is None:
            return f"<{type(self).__name__}: no limit>"
        return f"<{type(self).__name__}: {self.remaining():.3g} of {self.seconds:g} s remain>"

    def __getstate__(self) -> tuple[float | None, float]:
        # Another machine has another clock.
        return self.seconds, self.until - monotonic()

    def __setstate__(self, state: tuple[float | None, float]) -> None:
        self.seconds, remaining = state
        self.until = monotonic() + remaining


def deadline(seconds: float | None) -> Deadline:
    """Return a deadline that bounds all calls in a block, of all clients.

    ```python
    with root.deadline(2.0):
        models = list(client.models.list())
        client.models.create_many(settings)
    ```

    `async with` does the same. Of nested blocks, the one that ends first applies, and so do the
    clients' own `timeout` and `deadline`. A listing is bound by the block in which it is read.
    Tasks that are started in the block are bound by it, and so is `asyncio.to_thread`. Other
    threads are not, and neither are tasks that a generator starts in a block of its own. There, and
    in a dependency, pass it: `client.with_options(deadline=d)`.

    A call that does not end in time raises `APITimeoutError`. Once the deadline is over, nothing
    is sent, and the error has no attempts.

    Args:
        seconds: Seconds from now, or None for no limit. If they are not positive, the deadline is
            over at once.

    Raises:
        ConfigurationError: It is not a number of seconds.
    """
    return Deadline(seconds)


class _Block(NamedTuple):
    own: Deadline
    nearest: Deadline | None
    outer: _Block | None


_block: ContextVar[_Block | None] = ContextVar("root_deadline", default=None)

# Empty in most programs.
_of_generators: dict[FrameType, _Block] = {}


def current_deadline() -> Deadline | None:
    """Return the deadline of the block that ends first, or None outside of blocks."""
    block = _block.get()
    nearest = None if block is None else block.nearest
    if _of_generators:
        frame = currentframe()
        while frame is not None:
            if (found := _of_generators.get(frame)) is not None:
                nearest = nearer(nearest, found.nearest)
            frame = frame.f_back
    return nearest


def set_current_deadline(deadline: Deadline | None) -> None:
    """Replace all blocks of this context by one, for a task that has just been started."""
    _block.set(None if deadline is None else _entered(deadline, None))


def context_with(deadline: Deadline | None) -> Context:
    """Return a copy of this context with this deadline in place of all blocks."""
    context = copy_context()
    context.run(set_current_deadline, deadline)
    return context


def nearer(one: Deadline | None, other: Deadline | None) -> Deadline | None:
    """Return the deadline that ends first."""
    if one is None or other is None:
        return other if one is None else one
    return one if one.until <= other.until else other


def split_deadline(value: float | Deadline | None) -> tuple[float | None, Deadline | None]:
    """Return the argument of a client as seconds for each call, or a deadline for all of them.

    Raises:
        ConfigurationError: It is neither.
    """
    if isinstance(value, Deadline):
        return None, value
    return check_seconds("deadline", value), None


def as_deadline(value: float | Deadline | None, name: str = "_request_timeout") -> Deadline | None:
    """Return the `_request_timeout` of a method as a deadline that begins now.

    The pair of timeouts for connecting and reading that the old SDK accepted is taken together.

    Args:
        value: The argument.
        name: Its name.

    Raises:
        InvalidRequestError: It is not a deadline, or not a positive number.
    """
    if value is None or isinstance(value, Deadline):
        return value
    if isinstance(value, tuple):
        connect, read = cast("tuple[float, float]", value)
        return Deadline((call_deadline(connect) or inf) + (call_deadline(read) or inf))
    return Deadline(call_deadline(value, name))


def limited(value: float | Deadline | None, name: str = "_request_timeout") -> Deadline:
    """Return the `_request_timeout` of a method that makes several calls as a block.

    Args:
        value: The argument.
        name: Its name.

    Raises:
        InvalidRequestError: It is not a deadline, or not a positive number.
    """
    with short_traceback:
        return as_deadline(value, name) or Deadline(None)


def _entered(deadline: Deadline, outer: _Block | None) -> _Block:
    bound = None if deadline.seconds is None else deadline
    return _Block(deadline, nearer(bound, None if outer is None else outer.nearest), outer)


def _left(deadline: Deadline, block: _Block | None) -> _Block | None:
    """Return the blocks without the innermost one of this deadline."""
    if block is None or block.own is deadline:
        return block and block.outer
    return _entered(block.own, _left(deadline, block.outer))


def _contains(block: _Block | None, deadline: Deadline) -> bool:
    while block is not None and block.own is not deadline:
        block = block.outer
    return block is not None


def _owner() -> FrameType | None:
    """Return the frame of the generator whose block this is, or None if it is not a generator's.

    The block of a context manager that is written as a generator belongs to its caller.
    """
    frame = currentframe()
    while frame is not None and (
        frame.f_globals is globals()
        or _is_of_contextlib(frame)
        or (_is_generator(frame) and _is_of_contextlib(frame.f_back))
    ):
        frame = frame.f_back
    return frame if frame is not None and _is_generator(frame) else None


def _is_generator(frame: FrameType) -> bool:
    return bool(frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR))


def _is_of_contextlib(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_globals.get("__name__") == "contextlib"
