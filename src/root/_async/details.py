"""A listing with details: its objects as they are when they are retrieved one by one."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeVar

from .._concurrency.bulk import BulkState, check_concurrency
from .._schemas.base import ResponseModel, columns_of
from .._schemas.pages import Page
from ..errors import NotFoundError, NotStarted, RootSignalsError, short_traceback
from .bulk import call_range
from .pager import AsyncPager

if TYPE_CHECKING:
    from .._display.frames import Kind

__all__ = ["AsyncDetailsPager"]

D = TypeVar("D", bound=ResponseModel)


class AsyncDetailsPager(AsyncPager[D]):
    """A listing whose objects are retrieved, some of them concurrently.

    Iterating over it retrieves as many objects ahead as there are concurrent calls; `pages`,
    `to_dicts` and frames retrieve all objects of a page. What does not exist any more is left out.

    Args:
        listing: The listing, which this one continues.
        item: The class of the retrieved objects.
        retrieve: Retrieves the one that the listing has.
        concurrency: Maximum number of concurrent calls.

    Raises:
        InvalidRequestError: `concurrency` is invalid.
    """

    def __init__(
        self,
        listing: AsyncPager[Any],
        item: type[D],
        retrieve: Callable[[Any], Awaitable[D]],
        concurrency: int,
    ) -> None:
        check_concurrency(concurrency)
        vars(self).update(vars(listing))
        self._detailed = item
        self._retrieve = retrieve
        self._concurrency = concurrency
        # The page that was read last, until some of its objects have been retrieved.
        self._page: Page[Any] | None = None
        self._page_cursor: str | None = None
        # Those of its objects that have not been retrieved.
        self._listed: Sequence[Any] = ()

    async def __anext__(self) -> D:
        while True:
            for item in self._items:
                return item
            if not self._listed and not await self._begin_page():
                raise StopAsyncIteration
            self._items = iter(await self._details(self._concurrency))

    async def aclose(self) -> None:
        """Request nothing more."""
        await super().aclose()
        self._page = None
        self._listed = ()

    async def _next_page(self) -> Page[D] | None:
        with short_traceback:
            if self._page is None:
                await self._begin_page()
            page = self._page
            if page is None:
                return None
            items = await self._details(None)
        self._last_page = replace(page, items=items, item_type=self._detailed, has_details=True)
        return self._last_page

    async def _rest(self) -> List[D]:
        # Whole pages take less time than a few objects after another.
        items = [*self._items, *await self._details(None)]
        while (page := await self._next_page()) is not None:
            items += page.items
        return items

    async def _begin_page(self) -> bool:
        """Read the next page of the listing; return False if there is none."""
        self._page_cursor = self.cursor
        self._page = await super()._next_page()
        self._listed = () if self._page is None else self._page.items
        return self._page is not None

    async def _details(self, count: int | None) -> List[D]:
        """Retrieve the next objects of the page.

        Args:
            count: How many. If one cannot be retrieved, only those in front of it are returned, and
                the error is raised when it is the first one. None is all of them, or an error.
        """
        listed = self._listed[:count]
        state: BulkState[D] = BulkState(
            len(listed), self._concurrency, "raise", None, tolerated=(NotFoundError,)
        )
        await call_range(self._retrieve, listed, range(len(listed)), state)
        ended = [*takewhile(_has_ended, state.outcomes)]
        failures = (one for one in state.outcomes if isinstance(one, RootSignalsError))
        error = next((one for one in failures if not isinstance(one, NotFoundError)), None)
        if error is not None and (count is None or not ended):
            # It lists the whole page again.
            error.cursor = self._page_cursor
            raise error
        self._page = None
        self._listed = self._listed[len(ended) :]
        return [one for one in ended if not isinstance(one, (RootSignalsError, NotStarted))]

    def _columns(self) -> Mapping[str, Kind]:
        return columns_of(self._detailed)

    def _buffered(self) -> int:
        return super()._buffered() + len(self._listed)


def _has_ended(outcome: object) -> bool:
    """Return whether an object was retrieved, or does not exist any more."""
    if isinstance(outcome, NotFoundError):
        return True
    return not isinstance(outcome, (RootSignalsError, NotStarted))
