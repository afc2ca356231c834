"""A reader of the HTML that notebooks display."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Protocol

ELEMENTS = {"div", "style", "p", "b", "span", "table", "thead", "tbody", "tr", "th", "td"}
"""The only elements that a table consists of."""

ATTRIBUTES = {
    ("class", "root-sdk"),
    ("class", "good"),
    ("class", "bad"),
    ("class", "plain"),
    ("scope", "col"),
    ("scope", "row"),
}
"""The only attributes of these elements."""


class Displayable(Protocol):
    """An object that notebooks display as HTML."""

    def _repr_html_(self) -> str: ...


class TableReader(HTMLParser):
    """Reads a table.

    Attributes:
        html: The HTML.
        heading: The texts above the table.
        rows: The texts of the cells.
        elements: Every element.
        attributes: Every attribute.
    """

    def __init__(self, source: Displayable | str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.heading = ""
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.html = source if isinstance(source, str) else source._repr_html_()
        self.feed(self.html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= set(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "p" in self._open:
            self.heading += data
        elif {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data


def assert_harmless(table: TableReader) -> None:
    """Assert that a table contains only the known elements and attributes."""
    assert table.elements <= ELEMENTS
    assert table.attributes <= ATTRIBUTES
