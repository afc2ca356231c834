"""Cursors: what a listing asks for, and where it continues."""

from __future__ import annotations

from urllib.parse import parse_qs

from ..errors import InvalidRequestError, PaginationError

__all__ = ["MAX_PAGE_SIZE", "check_listing", "next_cursor", "page_query"]

MAX_PAGE_SIZE = 100
"""The service's usual limit of the items of a page."""


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
        PaginationError: It is a URL without a cursor.
    """
    if not following:
        return None
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
            raise InvalidRequestError(f"{name} must be an integer or None, not {number!r}.")
    if isinstance(page_size, int) and page_size < 1:
        raise InvalidRequestError(f"page_size must be at least 1, not {page_size}.")
    if cursor is not None and not isinstance(cursor, str):
        raise InvalidRequestError(f"cursor must be a string or None, not {cursor!r}.")
