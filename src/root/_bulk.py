"""Many calls in one: what came of each so far, and whether to go on, without I/O."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from .errors import (
    NOT_STARTED,
    BulkError,
    InvalidRequestError,
    NotStarted,
    RootSignalsError,
)

__all__ = ["OnError", "OnProgress", "Progress", "Tally", "check_concurrency"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far some work has come.

    Attributes:
        done: How many calls have ended, those that failed among them.
        total: How many there are.
        failed: How many have failed.
        position: The place of the one that has just ended, in the order of the input, from 0.
    """

    done: int
    total: int
    failed: int
    position: int


OnProgress: TypeAlias = Callable[[Progress], None]
"""Is told of each call that has ended, one at a time."""

OnError: TypeAlias = Literal["raise", "collect"]
"""Whether a call that fails ends the work, or stands in the result as its error."""


def check_concurrency(concurrency: object) -> None:
    """Refuse what is no number of calls to make at once."""
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidRequestError(
            f"Nothing was sent. concurrency is a whole number of at least 1, not {concurrency!r}."
        )


class Tally(Generic[R]):
    """What came of each of many calls.

    Args:
        total: How many there are.
        concurrency: How many to make at once.
        errors: Whether a call that fails ends the work.
        on_progress: Is told of each call that has ended.
        refusals: The errors that do not, for they concern one call alone.

    Attributes:
        outcomes: A result, an error or `NOT_STARTED` for each.
        failed: How many failed.
        halted: Whether to start no more.
        crowded: Whether the service was asked too fast, so that calls go one by one from now on.

    Raises:
        InvalidRequestError: An argument cannot be right.
    """

    def __init__(
        self,
        total: int,
        concurrency: int,
        errors: OnError,
        on_progress: OnProgress | None,
        refusals: tuple[type[RootSignalsError], ...] = (),
    ) -> None:
        check_concurrency(concurrency)
        if errors not in ("raise", "collect"):
            raise InvalidRequestError(
                f'Nothing was sent. errors is "raise" or "collect", not {errors!r}.'
            )
        if inspect.iscoroutinefunction(on_progress):
            raise InvalidRequestError(
                "Nothing was sent. on_progress is an async function, which nobody would wait for:"
                " give a plain one."
            )
        self._concurrency = concurrency
        self._errors = errors
        self._on_progress = on_progress
        self._refusals = refusals
        self._done = 0
        self.halted = False
        self.crowded = False
        self.outcomes: list[R | RootSignalsError | NotStarted] = [NOT_STARTED] * total
        self.failed = 0

    def width(self, number: int) -> int:
        """Return how many of so many calls to make at once."""
        return min(self._concurrency, number)

    def to_start(self, positions: range) -> Iterator[int]:
        """Yield the positions until a failure says to stop."""
        for position in positions:
            if self.halted:
                break
            yield position

    def fail(self, error: RootSignalsError) -> None:
        """Start no more after this error, if that is what was asked for."""
        # Said where the call failed, ahead of `note`, whose turn may come when the next call is
        # made already.
        if self._errors == "raise" and not isinstance(error, self._refusals):
            self.halted = True

    def note(self, ended: tuple[int, R | RootSignalsError | NotStarted]) -> None:
        """Take down what came of the call at a position."""
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
                f"{error.succeeded} of {len(self.outcomes)} calls succeeded, {error.failed} failed,"
                f" {error.not_started} were not started; `.results` says which. The first failure,"
                f" at position {self.outcomes.index(first)} (from 0): {first}",
            )
            raise error from first
        return [one for one in self.outcomes if not isinstance(one, NotStarted)]
