"""Cursors of paged lists: parsing of the query, and links to other pages.

A cursor holds the sort key of the row at the edge of a page. It stays valid while rows are added
and deleted, and a page far down the list costs as much as the first one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, urlencode

from root.emulator.problems import Problem, UnexpectedRequest

NextStyle: TypeAlias = Literal["absolute", "relative", "cursor"]
"""The format of `next` and `previous`: an absolute URL, a URL without host, or a bare cursor."""

SortKey: TypeAlias = tuple[int] | tuple[str, int]
"""What a list is sorted by: the position of a row, or its name and position."""


@dataclass(frozen=True)
class Ordering:
    """The order of a list, by name or by position; positions ascend in order of creation."""

    by_name: bool = False
    descending: bool = True


_ORDERINGS = {
    "name": Ordering(by_name=True, descending=False),
    "-name": Ordering(by_name=True, descending=True),
    "created_at": Ordering(descending=False),
    "-created_at": Ordering(descending=True),
}


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


def parse_ordering(query: Mapping[str, str]) -> Ordering:
    """Return the first known ordering of a query, by default the newest first."""
    terms = (term.strip() for term in query.get("ordering", "").split(","))
    return next((_ORDERINGS[term] for term in terms if term in _ORDERINGS), Ordering())


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
        position = int(tokens["i" if ordering.by_name else "p"][0])
        # SQLite's integers have 64 bits.
        if not -(2**63) <= position < 2**63:
            raise _invalid_cursor()
        edge = (tokens["p"][0], position) if ordering.by_name else (position,)
        return Cursor(edge, backwards)
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


def _invalid_cursor() -> Problem:
    return UnexpectedRequest(404, "Invalid cursor")
