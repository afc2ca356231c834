"""Cursors and links of the list: what a query asks for, and where the next page is.

A cursor holds the place of the row at a page's edge, so that it stands still while rows come
and go, and a page deep in the list costs what the first one does.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, urlencode

from root.emulator.problems import Problem, Unexpected

NextStyle: TypeAlias = Literal["absolute", "relative", "cursor"]
"""How a page names its neighbours: a whole URL, one without host, or the bare cursor."""

Place: TypeAlias = tuple[int] | tuple[str, int]
"""Where a row stands: its position, with its name before it if the list is sorted by name."""


@dataclass(frozen=True)
class Order:
    """The order of a list. Positions are given in the order of creation."""

    by_name: bool = False
    descending: bool = True


_ORDERS = {
    "name": Order(by_name=True, descending=False),
    "-name": Order(by_name=True, descending=True),
    "created_at": Order(descending=False),
    "-created_at": Order(descending=True),
}


@dataclass(frozen=True)
class Cursor:
    """The rows beyond a place, or before it; with no place, from that end of the list on."""

    place: Place | None = None
    backwards: bool = False

    def encode(self) -> str:
        """Return the cursor as clients see it."""
        tokens: dict[str, str | int] = {"r": 1} if self.backwards else {}
        if self.place is None:
            # An empty cursor would be taken for none, so the start of the list has a name too.
            tokens["o"] = 0
        else:
            tokens["p"] = self.place[0]
            if len(self.place) == 2:
                tokens["i"] = self.place[1]
        return base64.b64encode(urlencode(tokens).encode("ascii")).decode("ascii")


def order_of(query: Mapping[str, str]) -> Order:
    """Return the first order asked for that there is, and newest first if there is none."""
    asked = (term.strip() for term in query.get("ordering", "").split(","))
    return next((_ORDERS[term] for term in asked if term in _ORDERS), Order())


def size_of(query: Mapping[str, str], cap: int) -> int:
    """Return how many rows a page may hold: as many as asked for, up to the cap."""
    try:
        size = int(query["page_size"])
    except (KeyError, ValueError):
        return cap
    return min(size, cap) if size > 0 else cap


def cursor_of(query: Mapping[str, str], order: Order) -> Cursor | None:
    """Return the cursor of a query, or None for the first page.

    Raises:
        Problem: 404 if it is none of ours, or of a list in another order.
    """
    encoded = query.get("cursor")
    if not encoded:
        return None
    try:
        # As forgiving as Django REST Framework, which passes over what it does not know.
        tokens = parse_qs(base64.b64decode(encoded).decode("ascii"), keep_blank_values=True)
        if int(tokens.get("o", ["0"])[0]) < 0:
            raise _invalid_cursor()
        backwards = bool(int(tokens.get("r", ["0"])[0]))
        if "p" not in tokens:
            return Cursor(None, backwards)
        position = int(tokens["i" if order.by_name else "p"][0])
        # SQLite's integers have 64 bits.
        if not -(2**63) <= position < 2**63:
            raise _invalid_cursor()
        place = (tokens["p"][0], position) if order.by_name else (position,)
        return Cursor(place, backwards)
    except (ValueError, KeyError) as exc:
        raise _invalid_cursor() from exc


def link(
    cursor: Cursor | None, style: NextStyle, address: str, query: Iterable[tuple[str, str]]
) -> str | None:
    """Return what a page says of its neighbour; the rest of the query goes along."""
    if cursor is None:
        return None
    encoded = cursor.encode()
    if style == "cursor":
        return encoded
    parameters = [(name, value) for name, value in query if name != "cursor"]
    parameters.append(("cursor", encoded))
    return f"{address}?{urlencode(sorted(parameters))}"


def _invalid_cursor() -> Problem:
    return Unexpected(404, "Invalid cursor")
