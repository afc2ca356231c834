"""The state of many calls that are made as one: results, progress, and whether to continue."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from ..errors import NOT_STARTED, BulkError, InvalidRequestError, NotStarted, RootSignalsError

__all__ = ["BulkState", "OnError", "OnProgress", "Progress", "check_callback", "check_concurrency"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of many calls.

    Attributes:
        done: Number of calls that have ended, including those that failed.
        total: Number of all calls.
        failed: Number of calls that failed.
        position: Position of the call that has just ended, in the order of the input, from 0.
    """

    done: int
    total: int
    failed: int
    position: int


OnProgress: TypeAlias = Callable[[Progress], None]
"""Called for each call that has ended, one at a time."""

OnError: TypeAlias = Literal["raise", "collect"]
"""Whether an error ends the work, or becomes a part of the result."""


def check_concurrency(concurrency: object, name: str = "concurrency") -> None:
    """Raise `InvalidRequestError` unless this is a number of concurrent calls."""
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidRequestError(
            f"Nothing was sent. {name} must be an integer of at least 1, not {concurrency!r}."
        )


def check_callback(on_progress: object) -> None:
    """Raise `InvalidRequestError` unless this is a function or None, and not an async function."""
    if inspect.iscoroutinefunction(on_progress):
        raise InvalidRequestError(
            "Nothing was sent. on_progress must be a plain function, not an async one, which"
            " would never be awaited."
        )
    if on_progress is not None and not callable(on_progress):
        raise InvalidRequestError(
            f"Nothing was sent. on_progress must be a function, not {type(on_progress).__name__}."
        )


class BulkState(Generic[R]):
    """The state of many calls.

    Args:
        total: Number of calls.
        concurrency: Maximum number of concurrent calls.
        errors: Whether an error ends the work.
        on_progress: Called for each call that has ended.
        tolerated: Errors that never end the work, since they concern one call alone.

    Attributes:
        outcomes: A result, an error or `NOT_STARTED` for each call.
        failed: Number of calls that failed.
        stopped: Whether to start no more calls.
        throttled: Whether the service refused calls because of their rate. From then on, they are
            made one by one.

    Raises:
        InvalidRequestError: An argument is invalid.
    """

    def __init__(
        self,
        total: int,
        concurrency: int,
        errors: OnError,
        on_progress: OnProgress | None,
        tolerated: tuple[type[RootSignalsError], ...] = (),
    ) -> None:
        check_concurrency(concurrency)
        if errors not in ("raise", "collect"):
            raise InvalidRequestError(
                f'Nothing was sent. errors must be "raise" or "collect", not {errors!r}.'
            )
        check_callback(on_progress)
        self._concurrency = concurrency
        self._errors = errors
        self._on_progress = on_progress
        self._tolerated = tolerated
        self._done = 0
        self.stopped = False
        self.throttled = False
        self.outcomes: list[R | RootSignalsError | NotStarted] = [NOT_STARTED] * total
        self.failed = 0

    def workers(self, calls: int) -> int:
        """Return the number of workers for a number of calls."""
        return min(self._concurrency, calls)

    def to_start(self, positions: range) -> Iterator[int]:
        """Yield positions until the work is stopped."""
        for position in positions:
            if self.stopped:
                break
            yield position

    def fail(self, error: RootSignalsError) -> None:
        """Stop after this error, unless errors are collected."""
        # Called where the call failed, before `record`, which may run only after the next call has
        # been started.
        if self._errors == "raise" and not isinstance(error, self._tolerated):
            self.stopped = True

    def record(self, ended: tuple[int, R | RootSignalsError | NotStarted]) -> None:
        """Record the position and the outcome of a call that has ended."""
        position, outcome = ended
        if isinstance(outcome, NotStarted):
            return
        self.outcomes[position] = outcome
        self._done += 1
        self.failed += isinstance(outcome, RootSignalsError)
        if self._on_progress is not None:
            self._on_progress(Progress(self._done, len(self.outcomes), self.failed, position))

    def first_error(self) -> RootSignalsError | None:
        """Return the error of the first call that failed, in the order of the input."""
        return next((one for one in self.outcomes if isinstance(one, RootSignalsError)), None)

    def results(self) -> list[R] | list[R | RootSignalsError]:
        """Return the results in the order of the input.

        Raises:
            BulkError: A call failed, and errors are not collected.
        """
        first = self.first_error()
        if first is not None and self._errors == "raise":
            error = BulkError()
            error.results = tuple(self.outcomes)
            error.may_have_been_processed = any(
                one.may_have_been_processed
                for one in self.outcomes
                if isinstance(one, RootSignalsError)
            )
            error.args = (
                f"{error.succeeded} of {len(self.outcomes)} calls succeeded, {error.failed} failed"
                f" and {error.not_started} were not started; see `.results`. The first failure is"
                f" at position {self.outcomes.index(first)} (from 0): {first}",
            )
            raise error from first
        return [one for one in self.outcomes if not isinstance(one, NotStarted)]
