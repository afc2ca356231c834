"""An async client with blocking methods, for tests that run on both kinds of clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

from root import AsyncRootSignals, RootSignals


class BlockingFacade:
    """An async client with blocking methods: each call runs its event loop until the call ends."""

    def __init__(self, key: str, **options: Any) -> None:
        self._client = AsyncRootSignals(key, **options)
        self._loop = asyncio.new_event_loop()

    def __getattr__(self, name: str) -> BlockingResource:
        return BlockingResource(getattr(self._client, name), self._loop)

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()


class BlockingResource:
    """A resource of an async client with blocking methods."""

    def __init__(self, resource: object, loop: asyncio.AbstractEventLoop) -> None:
        self._resource = resource
        self._loop = loop

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._resource, name)

        def call(*arguments: object, **options: object) -> object:
            found = method(*arguments, **options)
            # A method that lists is not awaited.
            value = found if hasattr(found, "__aiter__") else self._loop.run_until_complete(found)
            return BlockingIterator(value, self._loop) if hasattr(value, "__aiter__") else value

        return call


class BlockingIterator:
    """A listing or a stream of an async client with a blocking iterator."""

    def __init__(self, source: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._source = source
        self._loop = loop

    def __iter__(self) -> Iterator[Any]:
        return self._each(aiter(self._source))

    def pages(self) -> Iterator[Any]:
        return self._each(aiter(self._source.pages()))

    def close(self) -> None:
        self._loop.run_until_complete(self._source.aclose())

    def _each(self, found: AsyncIterator[Any]) -> Iterator[Any]:
        with suppress(StopAsyncIteration):
            while True:
                yield self._loop.run_until_complete(anext(found))


KINDS: dict[str, type[RootSignals | BlockingFacade]] = {
    "blocking": RootSignals,
    "async": BlockingFacade,
}
"""The kinds of clients by name."""
