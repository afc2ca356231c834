"""A listing that asks for its pages as they are needed."""

from __future__ import annotations

from builtins import list as List
from collections.abc import AsyncIterator, Awaitable, Iterator
from copy import copy
from operator import length_hint
from typing import TYPE_CHECKING

from .._concurrency import AsyncAhead
from .._pages import check_listing, next_cursor, page_query
from .._schemas import Model, ModelListAnswer, Page, set_meta
from ..errors import PaginationError, RootSignalsError

if TYPE_CHECKING:
    import pandas
    import polars
    from pydantic import JsonValue

    from .client import AsyncRootSignals

__all__ = ["AsyncPager"]


class AsyncPager(AsyncIterator[Model]):
    """An iterator over models that asks for a page when it needs one.

    Attributes:
        cursor: The cursor of the page that comes next: pass it to `list(cursor=...)` to go on
            there, in another process or on another day. None before the first page, and an
            empty string after the last one, from which there is nothing to list. What is left
            of a page that is being read is not on the next one.
    """

    def __init__(
        self,
        client: AsyncRootSignals,
        path: str,
        *,
        capable_of: List[str] | None,
        limit: int | None,
        page_size: int | None,
        ordering: str | None,
        cursor: str | None,
        prefetch: bool,
    ) -> None:
        check_listing(limit, page_size, cursor, capable_of)
        self._client = client
        self._path = path
        self._capable_of = capable_of
        self._remaining = limit
        self._page_size = page_size
        self._ordering = ordering
        self.cursor = cursor
        self._prefetch = prefetch
        self._ahead: AsyncAhead[ModelListAnswer] | None = None
        self._items: Iterator[Model] = iter(())
        self._last_read: Page | None = None
        self._seen: set[str | None] = set()
        self._trouble: PaginationError | None = None
        self._ended = False

    def __aiter__(self) -> AsyncIterator[Model]:
        return self

    async def __anext__(self) -> Model:
        while True:
            # At most one: the next call comes back for the next one.
            for item in self._items:
                return item
            page = await self._next_page()
            if page is None:
                raise StopAsyncIteration
            self._items = iter(page.items)

    async def pages(self) -> AsyncIterator[Page]:
        """Go on by the page: an iterator over the pages that come next.

        What is left of a page that was begun by the item is not on them.
        """
        while (page := await self._next_page()) is not None:
            yield page

    async def to_dicts(self) -> List[dict[str, JsonValue]]:
        """Read what is left of the listing, and return it as plain data.

        Each model is as `Model.to_dict` returns it.
        """
        return [model.to_dict() async for model in self]

    async def to_pandas(self) -> pandas.DataFrame:
        """Read what is left of the listing into a pandas frame with a row for each model.

        The columns are the fields of `Model`, those of its owner and provider as `owner.email` and
        so on, all of them even if nothing is listed; then the fields that this release does not
        know. Those of mixed types, and what is nested, stand there as JSON. Missing is
        `pandas.NA`.

        Raises:
            ImportError: pandas is not installed; the extra `root-sdk[pandas]` brings it.
        """
        from .._frames import check_installed, to_pandas

        # Said before anything is asked of the service.
        check_installed("pandas")
        return to_pandas([model async for model in self])

    async def to_polars(self) -> polars.DataFrame:
        """Read what is left of the listing into a polars frame with a row for each model.

        The columns are those of `to_pandas`. Missing is null.

        Raises:
            ImportError: polars is not installed; the extra `root-sdk[polars]` brings it.
        """
        from .._frames import check_installed, to_polars

        check_installed("polars")
        return to_polars([model async for model in self])

    def __getstate__(self) -> dict[str, object]:
        # A copy reads the rest of the page on its own, and asks for the page ahead again.
        return {
            **vars(self),
            "_ahead": None,
            "_items": copy(self._items),
            "_seen": set(self._seen),
        }

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self._told().items())
        return f"<{type(self).__name__}: {told}>"

    def _repr_html_(self) -> str:
        from .._html import table

        told, page = "Iterate over it, or read it with to_dicts(), to_pandas() or to_polars().", ""
        # Looking at an object sends no request: what is shown was read already.
        if self._last_read is not None:
            told += " Below is the page that was read last."
            page = self._last_read._repr_html_()  # pyright: ignore[reportPrivateUsage]
        return table(type(self).__name__, self._told().items(), told=told) + page

    def _told(self) -> dict[str, str | int | None]:
        left = self._remaining
        # A page that is being read was taken off when it came.
        left = None if left is None else left + length_hint(self._items)
        return {"cursor": self.cursor, "remaining": "all" if left is None else left}

    async def aclose(self) -> None:
        """Ask for nothing more."""
        self._items = iter(())
        self._ended = True
        self._ahead = None

    async def _next_page(self) -> Page | None:
        if self._trouble is not None:
            raise self._trouble
        if not self._goes_on():
            return None
        cursor = self.cursor
        if cursor in self._seen:
            error = PaginationError(
                "The listing came back to a cursor that it had before, and would go on in circles."
                " It is the service's fault; what was listed until here is good."
            )
            # There is no place to go on from.
            error.cursor = ""
            raise error
        # Forgotten first: if this is interrupted, the page is asked for again.
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.is_lost:
            ahead = None
        try:
            answer = await (self._fetch() if ahead is None else ahead.result())
        except RootSignalsError as error:
            error.cursor = cursor
            raise
        self._seen.add(cursor)
        page = self._taken(answer)
        if self._prefetch and self._goes_on() and self.cursor not in self._seen:
            self._ahead = AsyncAhead(self._fetch)
        return page

    def _goes_on(self) -> bool:
        more_wanted = self._remaining is None or self._remaining > 0
        return self.cursor != "" and not self._ended and more_wanted

    def _fetch(self) -> Awaitable[ModelListAnswer]:
        query = page_query(
            remaining=self._remaining,
            page_size=self._page_size,
            cursor=self.cursor,
            ordering=self._ordering,
            capable_of=self._capable_of,
        )
        return self._client.request("GET", self._path, ModelListAnswer, query=query)

    def _taken(self, answer: ModelListAnswer) -> Page:
        items = answer.results
        if self._remaining is not None:
            # Some servers send more than was asked for.
            items = items[: self._remaining]
            self._remaining -= len(items)
        for item in items:
            set_meta(item, answer.meta)
        following: str | None = None
        try:
            following = next_cursor(answer.next, self._client.base_url)
        except PaginationError as error:
            # What is on this page is good; the error comes when the next one is needed.
            self._trouble = error
        self.cursor = following or ""
        self._last_read = Page(items, following, answer.meta)
        return self._last_read
