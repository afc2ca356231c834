"""The three ways in which a program can call the service, as one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from root import AsyncRootSignals, RootSignals

T = TypeVar("T")

BLOCKING, TWINS, ASYNC = "RootSignals", "RootSignals, twins", "AsyncRootSignals"
FACES = (BLOCKING, TWINS, ASYNC)


@dataclass(frozen=True)
class Face:
    """A client, and how its methods are called."""

    name: str
    client: RootSignals | AsyncRootSignals

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of `client.models` and return its result; of a listing, its items."""
        name = f"a{method}" if self.name == TWINS else method
        result = getattr(self.client.models, name)(*args, **kwargs)
        if method == "list":
            return await self.items(result)
        return await self.result(result)

    async def items(self, listing: Any) -> list[Any]:
        """Return the items of a listing."""
        if self.name == BLOCKING:
            return list(listing)
        return [item async for item in listing]

    async def result(self, value: Any) -> Any:
        """Return the result of a call."""
        return await value if inspect.isawaitable(value) else value


Program = Callable[[Face], Coroutine[Any, Any, T]]


def run(name: str, program: Program[T], api_key: str, **options: Any) -> T:
    """Run a program on a client of this face, and return its result."""
    if name == BLOCKING:
        with RootSignals(api_key, **options) as client:
            return _at_once(program(Face(name, client)))

    async def with_client() -> T:
        kind = RootSignals if name == TWINS else AsyncRootSignals
        async with kind(api_key, **options) as client:
            return await program(Face(name, client))

    return asyncio.run(with_client())


def _at_once(program: Awaitable[T]) -> T:
    """Run a coroutine that never waits for an event loop."""
    steps = program.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("blocking code waits for an event loop")
