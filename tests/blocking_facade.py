"""An async client with blocking methods, for tests that run on both kinds of clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from root import AsyncRootSignals, RootSignals
from root.models import AsyncPager, Model, Page

T = TypeVar("T")


class BlockingFacade:
    """An async client with blocking methods: each call runs its event loop until the call ends."""

    def __init__(self, key: str, **options: Any) -> None:
        self._client = AsyncRootSignals(key, **options)
        self._loop = asyncio.new_event_loop()
        self.models = self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client.models, name)
        return lambda *arguments, **options: self._loop.run_until_complete(
            method(*arguments, **options)
        )

    def list(self, **options: Any) -> BlockingPager:
        return BlockingPager(self._client.models.list(**options), self._loop)

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()


class BlockingPager:
    """A listing of an async client with a blocking iterator."""

    def __init__(self, pager: AsyncPager[Model], loop: asyncio.AbstractEventLoop) -> None:
        self._pager = pager
        self._loop = loop

    def __iter__(self) -> Iterator[Model]:
        return self._each(aiter(self._pager))

    def pages(self) -> Iterator[Page[Model]]:
        return self._each(aiter(self._pager.pages()))

    def _each(self, found: AsyncIterator[T]) -> Iterator[T]:
        with suppress(StopAsyncIteration):
            while True:
                yield self._loop.run_until_complete(anext(found))


KINDS: dict[str, type[RootSignals | BlockingFacade]] = {
    "blocking": RootSignals,
    "async": BlockingFacade,
}
"""The kinds of clients by name."""
