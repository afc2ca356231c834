"""Cursors of paged lists: parsing of the query, and links to other pages.

A cursor holds the sort key of the row at the edge of a page. It stays valid while rows are added
and deleted, and a page far down the list costs as much as the first one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast
from urllib.parse import parse_qs, urlencode

from root.emulator.fields import Fields
from root.emulator.problems import Problem, UnexpectedRequest
from root.emulator.rows import Row

NextStyle: TypeAlias = Literal["absolute", "relative", "cursor"]
"""The format of `next` and `previous`: an absolute URL, a URL without host, or a bare cursor."""

SortKey: TypeAlias = tuple[int] | tuple[str | int, int]
"""What a list is sorted by: the position of a row, or the value of a field and its position."""


@dataclass(frozen=True)
class Ordering:
    """The order of a list, by a field or by position; positions ascend in order of creation.

    Attributes:
        field: The field, or None.
        descending: Whether the greatest is the first.
        is_integer: Whether the field is an integer.
    """

    field: str | None = None
    descending: bool = True
    is_integer: bool = False

    def key(self, row: Row) -> SortKey:
        """Return the sort key of a row."""
        if self.field is None:
            return (row.position,)
        return (cast("str | int", getattr(row, self.field)), row.position)


@dataclass(frozen=True)
class Cursor:
    """The rows after a sort key, or before it if `backwards`.

    Without a sort key it is the first page, or the last one if `backwards`.
    """

    edge: SortKey | None = None
    backwards: bool = False

    def encode(self) -> str:
        """Return the cursor as clients see it."""
        tokens: dict[str, str | int] = {"r": 1} if self.backwards else {}
        if self.edge is None:
            # An empty cursor is treated like no cursor, so the start of the list needs a token.
            tokens["o"] = 0
        else:
            tokens["p"] = self.edge[0]
            if len(self.edge) == 2:
                tokens["i"] = self.edge[1]
        return base64.b64encode(urlencode(tokens).encode("ascii")).decode("ascii")


def parse_ordering(query: Mapping[str, str], fields: Fields) -> Ordering:
    """Return the first known ordering of a query, by default the newest first.

    Args:
        query: The query.
        fields: The fields that the list can be sorted by, apart from `created_at`.
    """
    for term in query.get("ordering", "").split(","):
        name = term.strip().removeprefix("-")
        descending = term.strip().startswith("-")
        if name == "created_at":
            return Ordering(None, descending)
        if name in fields:
            return Ordering(name, descending, fields[name].type_name == "integer")
    return Ordering()


def parse_page_size(query: Mapping[str, str], cap: int) -> int:
    """Return the page size of a query, limited to the cap; the cap if it is invalid or omitted."""
    try:
        size = int(query["page_size"])
    except (KeyError, ValueError):
        return cap
    return min(size, cap) if size > 0 else cap


def parse_cursor(query: Mapping[str, str], ordering: Ordering) -> Cursor | None:
    """Return the cursor of a query, or None for the first page.

    Raises:
        Problem: 404 if the cursor is invalid or belongs to a list in another order.
    """
    encoded = query.get("cursor")
    if not encoded:
        return None
    try:
        # As lenient as Django REST Framework, which ignores unknown tokens.
        tokens = parse_qs(base64.b64decode(encoded).decode("ascii"), keep_blank_values=True)
        if int(tokens.get("o", ["0"])[0]) < 0:
            raise _invalid_cursor()
        backwards = bool(int(tokens.get("r", ["0"])[0]))
        if "p" not in tokens:
            return Cursor(None, backwards)
        value = tokens["p"][0]
        if ordering.field is None:
            return Cursor((_integer(value),), backwards)
        edge = _integer(value) if ordering.is_integer else value
        return Cursor((edge, _integer(tokens["i"][0])), backwards)
    except (ValueError, KeyError) as exc:
        raise _invalid_cursor() from exc


def page_link(
    cursor: Cursor | None, style: NextStyle, url: str, query: Iterable[tuple[str, str]]
) -> str | None:
    """Return the value of `next` or `previous`; other parameters of the query are kept."""
    if cursor is None:
        return None
    encoded = cursor.encode()
    if style == "cursor":
        return encoded
    parameters = [(name, value) for name, value in query if name != "cursor"]
    parameters.append(("cursor", encoded))
    return f"{url}?{urlencode(sorted(parameters))}"


def _integer(text: str) -> int:
    number = int(text)
    # SQLite's integers have 64 bits.
    if not -(2**63) <= number < 2**63:
        raise ValueError
    return number


def _invalid_cursor() -> Problem:
    return UnexpectedRequest(404, "Invalid cursor")
