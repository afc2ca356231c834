"""Cursors: what a listing asks for, and where it continues."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from ..errors import InvalidRequestError, PaginationError

__all__ = ["MAX_PAGE_SIZE", "check_listing", "next_cursor", "page_query"]

MAX_PAGE_SIZE = 100
"""The service's usual limit of the items of a page."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


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


def next_cursor(following: str | None, base_url: str) -> str | None:
    """Return the cursor of the next page, or None on the last page.

    The service sends a bare cursor, or an absolute or relative URL that contains one. Only the
    cursor is used: the next request is sent to the base URL in any case.

    Args:
        following: The field `next` of a page.
        base_url: The base URL.

    Raises:
        PaginationError: It is a URL of another host, or one without a cursor.
    """
    if not following:
        return None
    # A bare cursor is base64, which contains neither of these.
    if "?" not in following and "://" not in following:
        return following
    is_same_host: bool | None
    try:
        is_same_host = _is_same_host(following, base_url)
    except ValueError:
        # It is not a URL.
        is_same_host = None
    cursors = (
        parse_qs(urlsplit(following).query).get("cursor") if is_same_host is not None else None
    )
    if not is_same_host:
        error = PaginationError(
            f"The next page of the listing is at {_host(following)}, which is not the host of"
            f" {base_url}. Nothing was sent there. Check the base URL and any proxy in between."
        )
        # A user who trusts it can continue there, on the host of the base URL.
        error.cursor = cursors[0] if cursors else ""
        raise error
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


def _is_same_host(url: str, base_url: str) -> bool:
    there, home = urlsplit(url), urlsplit(base_url)
    if there.scheme not in ("", "http", "https"):
        return False
    if not there.netloc:
        return not there.scheme
    # Behind a proxy that terminates TLS, the service may write http:// where the client uses
    # https://. So the schemes may differ, each with its own default port.
    return (there.hostname, _port(there.port, there.scheme)) == (
        home.hostname,
        _port(home.port, home.scheme),
    )


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme or 'http'}://{parts.netloc.rpartition('@')[2]}"
    except ValueError:
        return "an invalid URL"


def _port(port: int | None, scheme: str) -> int | None:
    return None if port == _DEFAULT_PORTS.get(scheme) else port
