"""The parameters of queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import cast
from uuid import UUID

from ..errors import InvalidRequestError, short_traceback
from .cursors import check_listing, next_cursor

__all__ = ["name_query", "page_of", "query_of"]


def page_of(cursor: str | None, page_size: int | None) -> dict[str, str]:
    """Return the query of a single page.

    Args:
        cursor: The `next` of the page before, or a cursor, or None for the first page.
        page_size: Number of items of the page.
    """
    check_listing(None, page_size, cursor)
    return query_of(cursor=next_cursor(cursor), page_size=page_size)


def name_query(name: object) -> dict[str, str]:
    """Return the query of a look-up by name.

    Raises:
        InvalidRequestError: It is empty, or not a string: the service might return any object.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidRequestError(
            f"Nothing was sent. name must be a string that is not empty, not {name!r}."
        )
    return {"name": name}


def query_of(**parameters: object) -> dict[str, str]:
    """Return parameters as a query; those that are None are omitted.

    Lists are joined with commas, and times have a zone: local time if they have none.

    Raises:
        InvalidRequestError: A value is not a string, number, Boolean, time, UUID or list of them,
            an item of a list has a comma, or an ID is neither a string nor a UUID.
    """
    with short_traceback:
        return {name: _text(name, value) for name, value in parameters.items() if value is not None}


def _text(name: str, value: object) -> str:
    is_id = name.endswith("_id") and not name.startswith("has_")
    if is_id and not isinstance(value, (str, UUID)):
        raise InvalidRequestError(
            f"Nothing was sent. {name} must be a string or a UUID, not {type(value).__name__}."
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float, UUID)):
        return str(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.astimezone()).isoformat()
    if isinstance(value, date):
        raise InvalidRequestError(
            f"Nothing was sent. {name} is a date, which has no time zone: pass a"
            " datetime, such as datetime(2026, 1, 31, tzinfo=UTC)."
        )
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        texts = [_text(name, one) for one in cast("Sequence[object]", value)]
        if any("," in one for one in texts):
            raise InvalidRequestError(
                f"Nothing was sent. {name} cannot have an item with a comma, since the service"
                " takes it as two items."
            )
        return ",".join(texts)
    raise InvalidRequestError(
        f"Nothing was sent. {name} cannot be of the type {type(value).__name__}."
    )
