"""Pages of lists, the same for every resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from root.emulator.cursors import (
    Cursor,
    NextStyle,
    Ordering,
    SortKey,
    page_link,
    parse_cursor,
    parse_page_size,
)
from root.emulator.rows import Row

NEXT_STYLE = "root.emulator.next_style"
"""The entry of a request's scope with the `NextStyle` that a fault sets, or None."""


class FetchRows(Protocol):
    """Fetches rows beyond a sort key, which is excluded, in the given direction."""

    def __call__(self, edge: SortKey | None, *, backwards: bool, limit: int) -> list[Row]:
        """Return at most `limit` rows."""
        ...


@dataclass(frozen=True)
class Paginator:
    """Cursor pagination.

    Attributes:
        next_style: The format of `next` and `previous`.
        page_size_cap: The maximum page size, and the default one.
    """

    next_style: NextStyle
    page_size_cap: int

    def respond(
        self,
        request: Request,
        ordering: Ordering,
        fetch: FetchRows,
        serialize: Callable[[Row], dict[str, object]],
    ) -> Response:
        """Return the requested page.

        Args:
            request: The request.
            ordering: The order of the list.
            fetch: Fetches rows of the list in this order.
            serialize: Returns a row as JSON.
        """
        query = request.query_params
        size = parse_page_size(query, self.page_size_cap)
        requested = parse_cursor(query, ordering)
        cursor = requested or Cursor()
        # One extra row shows whether there is another page in this direction.
        rows = fetch(cursor.edge, backwards=cursor.backwards, limit=size + 1)
        has_more = len(rows) > size
        rows = rows[:size]

        def has_rows_behind(row: Row | None) -> bool:
            edge = None if row is None else ordering.key(row)
            return bool(fetch(edge, backwards=not cursor.backwards, limit=1))

        if cursor.backwards:
            rows.reverse()
            has_next, has_previous = has_rows_behind(rows[-1] if rows else None), has_more
        else:
            has_next = has_more
            # Nothing precedes the first page, which needs no cursor.
            has_previous = requested is not None and has_rows_behind(rows[0] if rows else None)
        # The neighbours of an empty page are the two ends of the list.
        first = ordering.key(rows[0]) if rows else None
        last = ordering.key(rows[-1]) if rows else None
        style: NextStyle = request.scope.get(NEXT_STYLE) or self.next_style
        url = request.url.path
        if style == "absolute":
            url = str(request.base_url).rstrip("/") + url
        parameters = query.multi_items()
        following = Cursor(last) if has_next else None
        preceding = Cursor(first, backwards=True) if has_previous else None
        return JSONResponse(
            {
                "next": page_link(following, style, url, parameters),
                "previous": page_link(preceding, style, url, parameters),
                "results": [serialize(row) for row in rows],
            }
        )
