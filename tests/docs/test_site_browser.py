"""The documentation site in a headless Chromium, from its folder and without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: run `nox -s browser`")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed: `apt-get install chromium`", allow_module_level=True)

TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth
  const inScrolled = (it) => it.closest("table, pre")
  const texts = document.querySelectorAll(".md-content :is(h1, h2, h3, p, li, img)")
  return [...texts].filter((it) => !inScrolled(it) && it.getBoundingClientRect().right > width + 1)
    .map((it) => it.textContent.trim().slice(0, 60))
    .concat(document.documentElement.scrollWidth > width ? ["the page"] : [])
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_width(site: Path, page: Page, width: int) -> None:
    """No text of any page is wider than a phone or a desktop; tables and code scroll."""
    page.set_viewport_size({"width": width, "height": 800})
    too_wide = {}
    for path in sorted(site.rglob("*.html")):
        if path.name != "404.html":
            page.goto(path.as_uri())
            if found := page.evaluate(TOO_WIDE):
                too_wide[str(path.relative_to(site))] = found

    assert too_wide == {}


def test_search(site: Path, page: Page) -> None:
    """The search finds pages from the folder, and nothing is requested from elsewhere."""
    requested: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))

    page.goto((site / "index.html").as_uri())
    page.locator(".md-search__input").press_sequentially("truststore")
    found = page.locator(".md-search-result__link[href*='network.html']").first
    found.wait_for()
    found.click()

    assert page.locator("h1").first.inner_text().startswith("Proxies")
    assert problems == []
    assert {url for url in requested if not url.startswith(("file:", "data:", "about:"))} == set()


def test_picture(site: Path, page: Page) -> None:
    """The picture of a call is as wide as a phone allows."""
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto((site / "how-it-works.html").as_uri())

    box = page.locator("img.picture").bounding_box()

    assert box is not None
    assert 300 <= box["width"] <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "settings", "reference/models"])
def test_contrast(
    site: Path, browser: Browser, name: str, scheme: Literal["light", "dark"]
) -> None:
    """Texts and links are distinguishable from their surroundings, in both modes."""
    page = browser.new_page(color_scheme=scheme)
    page.goto((site / f"{name}.html").as_uri())

    found = Axe().run(
        page,
        options={"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
    )

    assert found.response["violations"] == []
    page.close()
