# Generated from src/root/_async/pager.py by scripts/generate_sync.py. Do not edit.
"""A listing that requests its pages as they are needed."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Iterator
from copy import copy
from functools import partial
from operator import length_hint
from typing import TYPE_CHECKING, Generic, TypeVar

from .._concurrency.kinds import Iteration
from .._concurrency.workers import Prefetch
from .._config import NOT_GIVEN
from .._config.deadlines import Deadline, as_deadline, current_deadline
from .._http.operation import Operation
from .._schemas.base import ResponseModel, columns_of, flatten, set_meta
from .._schemas.cursors import (
    MAX_EMPTY_PAGES,
    check_listing,
    next_cursor,
    page_query,
)
from .._schemas.pages import ListResponse, Page, list_response
from ..errors import PaginationError, RootSignalsError, shorten_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas
    import polars
    from pydantic import JsonValue

    from .._display.frames import Kind
    from .sender import Sender

__all__ = ["Pager"]

T = TypeVar("T", bound=ResponseModel)
V = TypeVar("V")


class Pager(Iteration, Iterator[T], Generic[T]):
    """An iterator over the items of a listing that requests a page when it needs one.

    Attributes:
        cursor: The cursor of the next page: pass it to `list(cursor=...)` to continue there, in
            another process or on another day. None before the first page, and an empty string
            after the last one, from which nothing is listed. The rest of a page that is being
            read is not on the next one.
    """

    def __init__(
        self,
        client: Sender,
        path: str,
        item: type[T],
        *,
        query: Mapping[str, str] | None = None,
        limit: int | None,
        page_size: int | None,
        ordering: str | None,
        cursor: str | None,
        prefetch: bool,
        deadline: float | Deadline | None,
        bind: Callable[[T], object] | None = None,
    ) -> None:
        check_listing(limit, page_size, cursor)
        # Raised where the listing is created.
        as_deadline(deadline)
        self._client = client
        self._path = path
        self._item = item
        self._query = query or {}
        self._remaining = limit
        self._page_size = page_size
        self._ordering = ordering
        self.cursor = cursor
        self._prefetch = prefetch
        self._deadline = deadline
        self._bind = bind
        self._prefetched: Prefetch[ListResponse[T]] | None = None
        self._items: Iterator[T] = iter(())
        self._last_page: Page[T] | None = None
        self._seen: set[str | None] = set()
        self._empty_pages = 0
        self._failure: PaginationError | None = None
        self._closed = False

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while True:
            # At most one item: the next call continues with the next one.
            for item in self._items:
                return item
            page = self._next_page()
            if page is None:
                raise StopIteration
            self._items = iter(page.items)

    def pages(self) -> Iterator[Page[T]]:
        """Continue page by page: return an iterator over the following pages.

        The rest of a page whose items were being read is not among them.
        """
        while (page := self._next_page()) is not None:
            yield page

    def to_dicts(self) -> List[dict[str, JsonValue]]:
        """Read the rest of the listing, and return it as plain data.

        Each item is as its `to_dict` returns it.
        """
        return [item.to_dict() for item in self._rest()]

    def to_pandas(self) -> pandas.DataFrame:
        """Read the rest of the listing into a pandas frame with one row for each item.

        The columns are the fields of the items, those of nested objects as `owner.email` and so
        on. All of them exist even if nothing is listed. Fields that are newer than this release
        follow. Values of mixed types and nested values are JSON. Missing values are `pandas.NA`.

        Raises:
            ImportError: pandas is not installed; the extra `pandas` contains it.
        """
        from .._display.frames import check_installed, to_pandas

        # Checked before anything is requested.
        check_installed("pandas")
        return to_pandas(map(flatten, self._rest()), self._columns())

    def to_polars(self) -> polars.DataFrame:
        """Read the rest of the listing into a polars frame with one row for each item.

        The columns are those of `to_pandas`. Missing values are null.

        Raises:
            ImportError: polars is not installed; the extra `polars` contains it.
        """
        from .._display.frames import check_installed, to_polars

        check_installed("polars")
        return to_polars(map(flatten, self._rest()), self._columns())

    def __getstate__(self) -> dict[str, object]:
        # A copy reads the rest of the page independently, and requests the next page itself.
        return {
            **vars(self),
            "_prefetched": None,
            "_items": copy(self._items),
            "_seen": set(self._seen),
        }

    def __repr__(self) -> str:
        state = ", ".join(f"{name}={value!r}" for name, value in self._state().items())
        return f"<{type(self).__name__}: {state}>"

    def _repr_html_(self) -> str:
        from .._display.html import table

        caption = "Iterate over it, or read it with to_dicts(), to_pandas() or to_polars()."
        page = ""
        # Displaying an object sends no request: what is shown was read before.
        if self._last_page is not None:
            caption += " Below is the last page that was read."
            page = self._last_page._repr_html_()  # pyright: ignore[reportPrivateUsage]
        return table(type(self).__name__, self._state().items(), caption=caption) + page

    def _state(self) -> dict[str, str | int | None]:
        remaining = self._remaining
        if remaining is not None:
            # The items of a page that is being read were subtracted when it arrived.
            remaining += self._buffered()
        return {"cursor": self.cursor, "remaining": "all" if remaining is None else remaining}

    def _buffered(self) -> int:
        """Return the number of items that have been requested and not been read."""
        return length_hint(self._items)

    def _columns(self) -> Mapping[str, Kind]:
        return columns_of(self._item, is_listed=True)

    def _rest(self) -> List[T]:
        """Read the rest of the listing."""
        items = [*self._items]
        while (page := self._next_page()) is not None:
            items += page.items
        return items

    def close(self) -> None:
        """Request nothing more."""
        self._items = iter(())
        self._closed = True
        self._prefetched = None

    def _next_page(self) -> Page[T] | None:
        if self._failure is not None:
            raise self._failure
        if not self._has_more():
            return None
        cursor = self.cursor
        if cursor in self._seen:
            error = PaginationError(
                "The service returned a cursor of this listing for the second time, so that it"
                " would never end. This is a fault of the service; the items so far are valid."
            )
            # There is no cursor to continue from.
            error.cursor = ""
            raise error
        if self._empty_pages >= MAX_EMPTY_PAGES:
            self._empty_pages = 0
            raise PaginationError(
                f"The service returned {MAX_EMPTY_PAGES} empty pages in a row, so that this listing"
                " may never end. The items so far are valid. To continue, keep iterating, or pass"
                " the cursor of this error to list(cursor=...).",
                cursor=cursor,
            )
        # Cleared first: if this is interrupted, the page is requested again.
        prefetched, self._prefetched = self._prefetched, None
        if prefetched is not None and prefetched.is_lost:
            prefetched = None
        bound = current_deadline()
        try:
            # When the deadline is over, what is sent instead raises the error.
            if prefetched is not None and (
                bound is None or prefetched.has_result(bound.remaining())
            ):
                response = prefetched.result()
            else:
                response = _fetch(self._client, self._operation())
        except RootSignalsError as error:
            error.cursor = cursor
            shorten_traceback(error)
            raise
        self._seen.add(cursor)
        page = self._take(response)
        if self._prefetch and self._has_more() and self.cursor not in self._seen:
            # Without a reference to this listing: dropping it ends what was requested ahead.
            self._prefetched = Prefetch(partial(_fetch, self._client, self._operation()))
        return page

    def _has_more(self) -> bool:
        is_wanted = self._remaining is None or self._remaining > 0
        return self.cursor != "" and not self._closed and is_wanted

    def _operation(self) -> Operation[ListResponse[T]]:
        paging = page_query(
            remaining=self._remaining,
            page_size=self._page_size,
            cursor=self.cursor,
            ordering=self._ordering,
        )
        return Operation(
            "GET",
            self._path,
            list_response(self._item),
            query={**paging, **self._query},
            deadline=as_deadline(self._deadline) or NOT_GIVEN,
        )

    def _take(self, response: ListResponse[T]) -> Page[T]:
        items = response.results
        self._empty_pages = 0 if items else self._empty_pages + 1
        if self._remaining is not None:
            # Some servers send more than was requested.
            items = items[: self._remaining]
            self._remaining -= len(items)
        for item in items:
            set_meta(item, response.meta)
        if self._bind is not None:
            for item in items:
                self._bind(item)
        following: str | None = None
        try:
            following = next_cursor(response.next)
            self.cursor = following or ""
        except PaginationError as error:
            # The items of this page are valid; the error is raised when the next one is needed.
            self._failure = error
            if error.cursor is None:
                error.cursor = self.cursor
            self.cursor = error.cursor
        self._last_page = Page(items, following, response.meta, self._item, has_details=False)
        return self._last_page


def _fetch(client: Sender, operation: Operation[V]) -> V:
    return (client.send(operation)).value
