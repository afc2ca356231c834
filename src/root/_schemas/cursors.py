"""Cursors: what a listing requests, and where it continues."""

from __future__ import annotations

from urllib.parse import parse_qs

from ..errors import InvalidRequestError, PaginationError

__all__ = [
    "MAX_EMPTY_PAGES",
    "MAX_PAGE_SIZE",
    "check_listing",
    "next_cursor",
    "page_query",
]

MAX_PAGE_SIZE = 100
"""The service's usual limit of the items of a page."""

MAX_EMPTY_PAGES = 100
"""Maximum number of pages in a row that have no items, but a next page.

Some are legitimate: a service may filter a page after it has read it.
"""

# A service must accept URLs of 8000 bytes (RFC 9110, 4.1). Most refuse much longer ones.
_MAX_NEXT = 8000


def page_query(
    *, remaining: int | None, page_size: int | None, cursor: str | None, ordering: str | None
) -> dict[str, str]:
    """Return the query of the next page: never for more items than are still needed."""
    size = page_size or MAX_PAGE_SIZE
    query = {"page_size": str(size if remaining is None else min(size, remaining))}
    if cursor is not None:
        query["cursor"] = cursor
    if ordering is not None:
        query["ordering"] = ordering
    return query


def next_cursor(following: str | None) -> str | None:
    """Return the cursor of the next page, or None on the last page.

    The service sends a bare cursor, or an absolute or relative URL that contains one. Behind a
    gateway, the host in the URL may be any. Only the cursor is used: the next request is sent to
    the base URL.

    Args:
        following: The field `next` of a page.

    Raises:
        PaginationError: It is a URL without a cursor, or too long to be sent back. The cursor of
            the error is an empty string if the listing cannot continue.
    """
    if not following:
        return None
    if len(following) > _MAX_NEXT:
        raise PaginationError(
            f"The cursor of the listing's next page has {len(following)} characters, more than"
            f" {_MAX_NEXT}. This is a fault of the service; the items so far are valid. To request"
            " the last page again, pass the cursor of this error to list(cursor=...)."
        )
    # A bare cursor is base64, which contains neither of these.
    if "?" not in following and "://" not in following:
        return following
    # The rest of the URL need not be valid.
    query = following.partition("#")[0].partition("?")[2]
    cursors = parse_qs(query).get("cursor")
    if not cursors:
        error = PaginationError("The URL of the listing's next page has no cursor.")
        error.cursor = ""
        raise error
    return cursors[0]


def check_listing(limit: object, page_size: object, cursor: object) -> None:
    """Raise `InvalidRequestError` for arguments that no listing accepts."""
    for name, number in (("limit", limit), ("page_size", page_size)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise InvalidRequestError(
                f"Nothing was sent. {name} must be an integer or None, not {number!r}."
            )
    if isinstance(page_size, int) and page_size < 1:
        raise InvalidRequestError(
            f"Nothing was sent. page_size must be at least 1, not {page_size}."
        )
    if cursor is not None and not isinstance(cursor, str):
        raise InvalidRequestError(
            f"Nothing was sent. cursor must be a string or None, not {cursor!r}."
        )
