"""The documentation site: it builds without a warning, and everything in it is found."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.test_public_names import MODULES

pytestmark = pytest.mark.docs


class Parser(HTMLParser):
    """The IDs of a page, what it links to, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name == "href" and value:
                (self.links if tag == "a" else self.loaded).append(value)
            elif name in ("src", "srcset", "data") and value:
                self.loaded.append(value)


@cache
def parsed(page: Path) -> Parser:
    parser = Parser()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def pages(site: Path) -> list[Path]:
    # The theme's page for what a server does not find has absolute links.
    return [page for page in sorted(site.rglob("*.html")) if page.name != "404.html"]


def test_links(site: Path) -> None:
    """Each link within the site leads to a page, and to a place on it that exists."""
    assert [problem for page in pages(site) for problem in dead_links(page)] == []


def dead_links(page: Path) -> Iterator[str]:
    for link in parsed(page).links + parsed(page).loaded:
        parts = urlsplit(link)
        if parts.scheme or link == "#":
            continue
        place = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        anchor = unquote(parts.fragment)
        if not place.is_file():
            yield f"{page.name}: {link}"
        elif anchor and place.suffix == ".html" and anchor not in parsed(place).ids:
            yield f"{page.name}: {link}, which has no such place"


def test_nothing_is_loaded_from_other_hosts(site: Path) -> None:
    """Pages load styles, scripts, fonts and pictures from the site alone."""
    loaded = {link for page in pages(site) for link in parsed(page).loaded}
    foreign = {link for link in loaded if urlsplit(link).netloc}
    styles = "".join(it.read_text(encoding="utf-8") for it in site.rglob("*.css"))

    assert foreign == set()
    assert "url(http" not in styles
    assert "url(//" not in styles


def test_list_for_language_models(site: Path) -> None:
    """llms.txt lists each page as Markdown, and llms-full.txt has the reference in words."""
    listed = re.findall(r"^- \[.+\]\((.+)\)$", (site / "llms.txt").read_text("utf-8"), re.MULTILINE)
    everything = (site / "llms-full.txt").read_text("utf-8")

    assert len(listed) == len(pages(site))
    assert {path for path in listed if not (site / path).is_file()} == set()
    assert "def create(*, name: str" in everything
    assert "\n:::" not in everything


PUBLIC = {
    f"{module}.{name}"
    for module in ("root", *(f"root.{name}" for name in MODULES))
    for name in getattr(importlib.import_module(module), "__all__", ())
    if module != "root.pytest_plugin"
}


def test_reference_is_complete(site: Path) -> None:
    """The reference has a place for each public name, by its import path, and for each module."""
    found = {place for page in site.glob("reference/*.html") for place in parsed(page).ids}

    assert len(PUBLIC) > 200
    assert PUBLIC - found == set()
    assert {f"root.{name}" for name in MODULES} - found == set()


@pytest.mark.parametrize("method", ["root.models.Models.create", "root.client.RootSignals.request"])
def test_reference_has_methods(site: Path, method: str) -> None:
    """Methods have places of their own."""
    assert any(method in parsed(page).ids for page in site.glob("reference/*.html"))


@pytest.mark.parametrize(
    ("path", "link", "on_the_site"),
    [
        ("cli.md", "[x](api.md#models)", "[x](api.md#models)"),
        ("cli.md", "[x](../SECURITY.md)", "[x](security.md)"),
        ("security.md", "[x](docs/api.md)", "[x](api.md)"),
        ("changelog.md", "[x](SECURITY.md#keys)", "[x](security.md#keys)"),
        ("reference/index.md", "[x](../api.md)", "[x](../api.md)"),
        ("cli.md", "[x](../noxfile.py)", "x"),
        ("cli.md", "[x](missing.md)", "[x](missing.md)"),
        ("cli.md", "[x](https://example.com/a)", "[x](https://example.com/a)"),
        ("cli.md", "[x](#keys)", "[x](#keys)"),
    ],
)
def test_links_of_the_repository(path: str, link: str, on_the_site: str) -> None:
    """Links between files become those of the site; one to nothing is left for MkDocs to report."""
    pytest.importorskip("mkdocs")
    from site_hooks import site_links

    pages = {"api.md", "cli.md", "security.md", "changelog.md", "reference/index.md"}

    assert site_links(link, path, pages) == on_the_site
