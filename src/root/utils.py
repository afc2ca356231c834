"""Helpers of the old SDK, for programs that import them. Listings of this package need none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from .client import AsyncRootSignals, RootSignals

__all__ = ["ClientContextCallable", "aiterate_cursor_list", "iterate_cursor_list"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

ClientContextCallable: TypeAlias = (
    Callable[[], AbstractContextManager["RootSignals"]]
    | Callable[[], AbstractAsyncContextManager["AsyncRootSignals"]]
)
"""A function that returns a client as a block. No function of this package takes one."""


class _Page(Protocol[T_co]):
    @property
    def results(self) -> Sequence[T_co] | None: ...
    @property
    def next(self) -> str | None: ...


class _List(Protocol[T_co]):
    def __call__(self, *, page_size: int, cursor: str | None) -> _Page[T_co]: ...


class _AsyncList(Protocol[T_co]):
    async def __call__(self, *, page_size: int, cursor: str | None) -> _Page[T_co]: ...


def iterate_cursor_list(partial_list: _List[T], *, limit: int) -> Iterator[T]:
    """Yield up to `limit` items from the pages that a function returns.

    Args:
        partial_list: Called with `page_size` and `cursor`, it returns a page with `results` and
            `next`, the cursor of the next page.
        limit: Maximum number of items.
    """
    cursor = None
    while limit > 0:
        page = partial_list(page_size=limit, cursor=cursor)
        items = (page.results or ())[:limit]
        yield from items
        limit -= len(items)
        cursor = page.next
        if not items or not cursor:
            return


async def aiterate_cursor_list(
    partial_list: _AsyncList[T], *, limit: int
) -> AsyncIterator[Sequence[T]]:
    """Yield up to `limit` items, a page at a time, from the pages that a function returns.

    Args:
        partial_list: Called with `page_size` and `cursor`, and awaited, it returns a page with
            `results` and `next`, the cursor of the next page.
        limit: Maximum number of items.
    """
    cursor = None
    while limit > 0:
        page = await partial_list(page_size=limit, cursor=cursor)
        items = (page.results or ())[:limit]
        if not items:
            return
        yield items
        limit -= len(items)
        cursor = page.next
        if not cursor:
            return
