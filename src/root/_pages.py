"""Paging by cursor: the answer just read in, the next request out, without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from urllib.parse import parse_qs, urlsplit

from .errors import InvalidRequestError, PaginationError

__all__ = ["LARGEST_PAGE", "next_cursor", "page_query"]

LARGEST_PAGE = 100
"""What the service caps a page at (contract.md, Page)."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def page_query(
    *,
    remaining: int | None,
    page_size: int | None,
    cursor: str | None,
    ordering: str | None,
    capable_of: list[str] | None,
) -> dict[str, str]:
    """Return the query of the next page: never more items than are still needed."""
    size = page_size or LARGEST_PAGE
    query = {"page_size": str(size if remaining is None else min(size, remaining))}
    if cursor is not None:
        query["cursor"] = cursor
    if ordering is not None:
        query["ordering"] = ordering
    if capable_of:
        query["capable_of"] = ",".join(capable_of)
    return query


def next_cursor(following: str | None, base_url: str) -> str | None:
    """Return the cursor in a page's `next`, or None on the last page.

    The service sends it bare, or in a URL that is absolute or relative (contract.md, Page).
    Only the cursor is taken from it: the next request goes to the base URL in any case.

    Raises:
        PaginationError: It leads to another host, or is a URL without a cursor.
    """
    if not following:
        return None
    # A bare cursor is base64, which has neither of these.
    if "?" not in following and "://" not in following:
        return following
    same_host: bool | None
    try:
        same_host = _leads_home(following, base_url)
    except ValueError:
        # No URL at all.
        same_host = None
    cursors = parse_qs(urlsplit(following).query).get("cursor") if same_host is not None else None
    if not same_host:
        error = PaginationError(
            f"The listing's next page is said to be at {_host(following)}, which is not the host of"
            f" {base_url}. Nothing was sent there. Check the base URL and any proxy in between."
        )
        # Whoever trusts it can go on there, on the host of the base URL.
        error.cursor = cursors[0] if cursors else ""
        raise error
    if not cursors:
        error = PaginationError("The URL of the listing's next page names no cursor.")
        error.cursor = ""
        raise error
    return cursors[0]


def check_listing(
    limit: object, page_size: object, cursor: object, capable_of: object = None
) -> None:
    """Refuse what no listing can be asked for."""
    if capable_of is not None and not (
        isinstance(capable_of, (list, tuple))
        and all(isinstance(item, str) for item in cast("Sequence[object]", capable_of))
    ):
        raise InvalidRequestError(f"capable_of must be a list of strings, not {capable_of!r}.")
    for name, number in (("limit", limit), ("page_size", page_size)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise InvalidRequestError(f"{name} must be a whole number or None, not {number!r}.")
    if isinstance(page_size, int) and page_size < 1:
        raise InvalidRequestError(f"page_size must be at least 1, not {page_size}.")
    if cursor is not None and not isinstance(cursor, str):
        raise InvalidRequestError(f"cursor must be a string or None, not {cursor!r}.")


def _leads_home(url: str, base_url: str) -> bool:
    there, home = urlsplit(url), urlsplit(base_url)
    if there.scheme not in ("", "http", "https"):
        return False
    if not there.netloc:
        return not there.scheme
    # A proxy that ends TLS often has the service write http:// where we came by https://, so
    # the schemes may differ, each with the port that it stands for.
    return (there.hostname, _port(there.port, there.scheme)) == (
        home.hostname,
        _port(home.port, home.scheme),
    )


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme or 'http'}://{parts.netloc.rpartition('@')[2]}"
    except ValueError:
        return "what is no URL"


def _port(port: int | None, scheme: str) -> int | None:
    return None if port == _DEFAULT_PORTS.get(scheme) else port
