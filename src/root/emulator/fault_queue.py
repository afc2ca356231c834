"""The active faults, and which one applies to a request."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import cast

from root.emulator.faults import Fault

__all__ = ["ActiveFault", "FaultQueue"]


@dataclass(slots=True)
class ActiveFault:
    """A fault that is waiting for requests.

    Attributes:
        id: The number that identifies it for removal.
        fault: The fault.
        remaining: How many more times it applies, or None for no limit.
    """

    id: int
    fault: Fault
    remaining: int | None
    _random: Random = field(repr=False)

    def applies(self, method: str, path: str) -> bool:
        """Return whether the fault applies to a request, by its conditions and probability."""
        return self.fault.matches(method, path) and self._random.random() < self.fault.probability


class FaultQueue:
    """The active faults: those with a limited number of times first, each in order of addition."""

    def __init__(self, seed: int | None, initial: Iterable[Fault] = ()) -> None:
        """Create the queue.

        Args:
            seed: The seed of faults that apply by probability; random if None.
            initial: The faults that are active from the start and after each reset.

        Raises:
            TypeError: An initial fault is not a `Fault`.
        """
        self._seed = seed
        self._initial = tuple(initial)
        self._active: list[ActiveFault] = []
        self._last_id = 0
        self._tasks: set[asyncio.Task[object]] = set()
        self.reset()

    def add(self, fault: Fault) -> int:
        """Add a fault and return its number.

        Raises:
            TypeError: The argument is not a `Fault`.
        """
        if not isinstance(cast("object", fault), Fault):
            raise TypeError(
                f"Expected a Fault such as Fault(status=503, times=1), not {type(fault).__name__}."
            )
        self._last_id += 1
        seed = self._seeds.getrandbits(64) if fault.seed is None else fault.seed
        self._active.append(ActiveFault(self._last_id, fault, fault.times, Random(seed)))
        # A fault without a limit would otherwise prevent the ones after it.
        self._active.sort(key=lambda active: active.remaining is None)
        return self._last_id

    def remove(self, number: int) -> None:
        """Remove the fault with this number.

        Raises:
            ValueError: No active fault has this number.
        """
        others = [active for active in self._active if active.id != number]
        if len(others) == len(self._active):
            raise ValueError(f"No active fault has the number {number}.")
        self._active = others

    def clear(self) -> None:
        """Remove all faults."""
        self._active = []

    def reset(self) -> None:
        """Restore the initial faults, and cancel requests that a fault delays."""
        for task in self._tasks:
            task.cancel()
        self.clear()
        self._seeds = Random(self._seed)
        for fault in self._initial:
            self.add(fault)

    @contextmanager
    def cancelling(self, task: asyncio.Task[object]) -> Generator[None, None, None]:
        """Let `reset` cancel a task within the `with` block.

        A request that is delayed, and whose client has disconnected, would otherwise be processed
        during a later test.
        """
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    def all(self) -> tuple[ActiveFault, ...]:
        """Return the active faults in the order in which they are tried."""
        return tuple(self._active)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that applies to a request, and count it."""
        for active in self._active:
            if active.applies(method, path):
                if active.remaining is not None:
                    active.remaining -= 1
                    if not active.remaining:
                        self._active.remove(active)
                return active.fault
        return None
