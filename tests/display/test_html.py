"""Display of objects in notebooks: tables of harmless HTML, without secrets."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

import httpx
import pytest
import respx
from hypothesis import example, given
from hypothesis import strategies as st

from root import ApplyError, BulkError, RootSignals, RootSignalsError
from root._display.html import Mark, table
from root._schemas.meta import ResponseMeta
from root._schemas.pages import Page
from root.emulator import Server
from root.models import ModelVerification
from tests.items import Parcel, parcel
from tests.secrets.leaks import KEY, PROVIDER_KEY, assert_hidden

from .tables import Displayable, TableReader, assert_harmless

META = ResponseMeta(200, (), 0.1, [])

# Printable characters.
CHARACTERS = st.characters(exclude_categories=["Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"])

TEXT = st.text(CHARACTERS | st.sampled_from(" \n\t")) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</td></table><img src=x onerror=alert(1)>",
        "\"'><b>",
        "&lt;",
        "<!--",
        "</style>",
    ]
)


@given(
    heading=TEXT, caption=TEXT, columns=st.lists(TEXT, max_size=2), cells=st.lists(TEXT, min_size=2)
)
def test_any_text(heading: str, caption: str, columns: list[str], cells: list[str]) -> None:
    """Any text is displayed unchanged, and never as markup."""
    rows: list[Sequence[object]] = [cells, [Mark(cells[0], "good")]]
    shown = TableReader(table(Mark(heading, "bad"), rows, columns=columns, caption=caption))

    assert shown.heading == heading + caption
    assert [row for row in shown.rows if row] == [
        row for row in (columns, cells, [cells[0]]) if row
    ]
    assert_harmless(shown)


@given(hidden=st.characters().filter(lambda one: not one.isprintable() and one not in "\n\t"))
@example(hidden="\u202e")
@example(hidden="\x1b")
@example(hidden="\0")
@example(hidden="\ud800")
def test_unprintable_characters(hidden: str) -> None:
    """Characters that are invisible, or reverse the text, are escaped as in a repr."""
    text = f"<{hidden}>"
    cells = [text, Mark(text, "good"), text]
    shown = TableReader(table(text, [cells, [{"a": text}]], columns=[text], caption=text))
    escaped = repr(text)[1:-1]

    assert hidden not in shown.html
    assert shown.heading == escaped * 2
    assert shown.rows[:2] == [[escaped], [escaped] * 3]


@given(label=TEXT, extra=TEXT)
def test_any_item(label: str, extra: str) -> None:
    """An item and a page of items are displayed as text, whatever their fields contain."""
    item = parcel(label=label, shelf={"code": extra}, **{f"x{extra}": {extra: [extra]}})

    for source in (item, Page([item], extra, META)):
        shown = TableReader(source)
        assert_harmless(shown)
        assert label in [cell for row in shown.rows for cell in row]


def test_style() -> None:
    """Colors suit dark and light pages, and no external resource is loaded."""
    (style,) = re.findall("<style>(.*?)</style>", table("", []), re.DOTALL)

    colors = re.findall(r"(?<![\w-])(?:color|background): *([^;]*);", style)
    assert set(colors) == {
        "inherit",
        "var(--jp-success-color1, light-dark(#1a7f37, #4ac26b))",
        "var(--jp-error-color1, light-dark(#c62828, #ff7b72))",
    }
    assert not re.search(r"url\(|@|//", style)


def test_imported_late() -> None:
    """The modules of tables and frames are imported when an object is displayed."""
    code = (
        "import sys, root.checks, root.config, root.errors, root.models;"
        "from root.models import Model, Plan;"
        "late = {'root._display.html', 'root._display.frames', 'pandas', 'polars'};"
        "print(late & set(sys.modules));"
        "Model(id='1', name='a')._repr_html_(); print(late & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["set()", "{'root._display.html'}"]


def test_long_tables() -> None:
    """A long table has the first hundred rows, and the number of the others."""
    html = table("", ([number] for number in range(101)))

    assert len(TableReader(html).rows) == 100
    assert "and 1 more" in html
    assert "more" not in table("", [[number] for number in range(100)])


def test_model(emulator: Server) -> None:
    """A model is displayed with the fields of the response, and those of its parts."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        model_id = client.models.create(name="ollama/llama3", default_key=PROVIDER_KEY)
        shown = TableReader(client.models.retrieve(model_id))
        listed = TableReader(next(client.models.list(limit=1)))

    assert shown.heading == "Model"
    assert dict(shown.rows) == {
        "id": model_id,
        "name": "ollama/llama3",
        "model": "ollama/llama3",
        "max_output_token_count": "2048",
        "max_token_count": "",
        "url": "",
    }
    assert_hidden(shown.html)
    assert ["owner.email", "main@emulator.invalid"] in listed.rows


def test_item() -> None:
    """An item is displayed with its fields in the order of its class, unknown ones last."""
    shown = TableReader(
        parcel(more=[1], shelf={"code": "S", "room": {"number": 5}, "new": "n"}, is_sent=True)
    )

    assert shown.heading == "Parcel"
    assert shown.rows == [
        ["id", "1"],
        ["label", "a"],
        ["is_sent", "true"],
        ["shelf.code", "S"],
        ["shelf.room.number", "5"],
        ["more", "[1]"],
        ["shelf.new", "n"],
    ]


def test_verification() -> None:
    """A verification is displayed with its success, and the reason of a failure."""
    shown = TableReader(ModelVerification(success=False, model="m", error="no <b>such</b> model"))

    assert shown.rows == [["success", "false"], ["model", "m"], ["error", "no <b>such</b> model"]]


def test_page_of_items() -> None:
    """A page has the columns of its class's summary that have values, and the plural."""
    items = [
        parcel(shelf={"code": "S", "room": {"number": 5}}, maker={"name": "not in the summary"}),
        parcel(label="b"),
    ]

    shown = TableReader(Page(items, "c", META, Parcel))

    assert shown.heading == "Page of 2 entriesnext_cursor: c"
    assert shown.rows == [
        ["label", "shelf.code", "shelf.room.number"],
        ["a", "S", "5"],
        ["b", "", ""],
    ]


@pytest.mark.parametrize("item_type", [Parcel, None])
def test_empty_page(item_type: type[Parcel] | None) -> None:
    """An empty page is displayed without a table."""
    shown = TableReader(Page([], None, META, item_type))

    assert shown.heading == f"Page of 0 {'entries' if item_type else 'objects'}next_cursor: None"
    assert shown.rows == []


def test_page(emulator: Server) -> None:
    """A page of models has a row for each model, and the columns that have values."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        model_id = client.models.create(name="ollama/llama3")
        page = next(client.models.list(limit=3).pages())
    shown = TableReader(page)

    assert shown.heading == f"Page of 3 modelsnext_cursor: {page.next_cursor}"
    assert shown.rows[0] == ["name", "provider.name", "visibility", "owner.email", "id"]
    assert shown.rows[1] == ["ollama/llama3", "", "PRIVATE", "main@emulator.invalid", model_id]
    assert len(shown.rows) == 4


@pytest.mark.parametrize("limit", [20, None])
def test_listings(emulator: Server, limit: int | None) -> None:
    """A listing is displayed with its position; displaying it sends no request."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        pager = client.models.list(limit=limit)
        twin = client.models.alist(limit=limit)
        assert repr(pager) == f"<Pager: cursor=None, remaining={limit or 'all'!r}>"
        listings: list[Displayable] = [pager, twin]
        for listing in listings:
            shown = TableReader(listing)
            assert shown.heading.startswith(type(listing).__name__)
            assert shown.rows == [["cursor", ""], ["remaining", str(limit or "all")]]
        assert not emulator.requests

        next(pager)

        count = len(emulator.requests)
        assert ["remaining", "19" if limit else "all"] in TableReader(pager).rows
        assert repr(pager).startswith("<Pager: cursor='")
        assert len(emulator.requests) == count


def test_started_listing(emulator: Server) -> None:
    """A listing is displayed with the page that it read last; displaying it sends no request."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        model_id = client.models.create(name="<b>")
        pager = client.models.list(limit=None, page_size=3)
        next(pager)
        count = len(emulator.requests)
        shown = TableReader(pager)

    assert len(emulator.requests) == count
    assert "the last page that was read.Page of 3 models" in shown.heading
    assert [row[-1] for row in shown.rows if row[0] == "<b>"] == [model_id]
    assert_harmless(shown)


def test_plan(emulator: Server) -> None:
    """A plan has each change, deletions first, and no key; its result has the changes made."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        same = client.models.create(name="same")
        changed = client.models.create(name="changed", url="http://one")
        gone = client.models.create(name="gone")
        plan = client.models.plan(
            [
                {"name": "same"},
                {"name": "changed", "url": "http://<two>", "default_key": PROVIDER_KEY},
                {"name": "new", "default_key": PROVIDER_KEY},
            ],
            prune=True,
            rotate_keys=True,
        )
        shown = TableReader(plan)
        result = TableReader(plan.apply())

    assert "1 to create, 1 to update, 1 to delete, 1 unchanged." in shown.heading
    assert shown.rows[1:] == [
        ["to delete", "gone", ""],
        ["to update", "changed", 'url: "http://one" -> "http://<two>"\ndefault_key: rotated'],
        ["to create", "new", "default_key: set"],
    ]
    assert_hidden(shown.html)
    assert [row[:2] for row in result.rows[1:]] == [
        ["created", "new"],
        ["updated", "changed"],
        ["deleted", "gone"],
    ]
    assert [row[2] for row in result.rows[2:]] == [changed, gone]
    assert same not in result.html


def test_report_and_settings(emulator: Server) -> None:
    """A report has a row for each step, settings one for each; neither contains a key."""
    with RootSignals(KEY, base_url=emulator.url) as client:
        report = client.check()
        shown = TableReader(report)
        settings = TableReader(client.config)
        explained = TableReader(client.config.explain())

    assert [row[0] for row in shown.rows[1:]] == [check.name for check in report.checks]
    assert ["authentication", "FAILED"] in [row[:2] for row in shown.rows]
    assert ["tcp", "ok"] in [row[:2] for row in shown.rows]
    assert ["base_url", emulator.url, "argument"] in settings.rows
    assert explained.html == settings.html
    assert_hidden(shown.html + settings.html)


def test_empty_plan(emulator: Server) -> None:
    """A plan without changes is displayed without a table."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        shown = TableReader(client.models.plan([]))

    assert "0 to create" in shown.heading
    assert "table" not in shown.elements


def test_errors_have_no_html() -> None:
    """Errors are displayed as text, like those of other libraries."""
    for kind in (RootSignalsError, BulkError, ApplyError):
        assert not hasattr(kind("a problem"), "_repr_html_")


@respx.mock
def test_echoed_secrets() -> None:
    """Secrets that a service sends back are not displayed."""
    fields = {"id": "1", "name": "a", "x": f"{KEY} {PROVIDER_KEY}", "default_key": PROVIDER_KEY}
    respx.patch("http://api.test/v1/models/1/").mock(httpx.Response(200, json=fields))
    with RootSignals(KEY, base_url="http://api.test") as client:
        model = client.models.update("1", default_key=PROVIDER_KEY)

    html = model._repr_html_()
    assert_hidden(html)
    assert "default_key" not in html
