"""What notebooks show of our objects: tables in which nothing is alive, and no secret stands."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any, Protocol

import httpx
import pytest
import respx
from hypothesis import example, given
from hypothesis import strategies as st

from root import (
    ApplyError,
    BulkError,
    NotFoundError,
    RootSignals,
    RootSignalsError,
)
from root._html import Mark, table
from root.emulator import Fault, Server
from root.models import Model, ModelVerification, Page

from .test_secrets import DEFAULT_KEY, KEY, assert_hidden


class Shown(Protocol):
    def _repr_html_(self) -> str: ...


class Tables(HTMLParser):
    """Reads what stands in the cells, and notes every element and attribute."""

    def __init__(self, shown: Shown | str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.heading = ""
        self.rows: list[list[str]] = []
        self._inside: list[str] = []
        self.html = shown if isinstance(shown, str) else shown._repr_html_()
        self.feed(self.html)
        self.close()
        assert self._inside == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= set(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if "p" in self._inside:
            self.heading += data
        elif {"td", "th"} & set(self._inside):
            self.rows[-1][-1] += data


# Whatever is shown, nothing else is ever in it.
ELEMENTS = {"div", "style", "p", "b", "span", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {("class", "root-sdk"), ("scope", "col"), ("scope", "row")}
ATTRIBUTES |= {("class", "good"), ("class", "bad"), ("class", "plain")}

# Those that show.
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
    heading=TEXT, told=TEXT, columns=st.lists(TEXT, max_size=2), cells=st.lists(TEXT, min_size=2)
)
def test_any_text(heading: str, told: str, columns: list[str], cells: list[str]) -> None:
    """Any text stands in a table as it is, and none is markup."""
    shown = Tables(
        table(Mark(heading, "bad"), [cells, [Mark(cells[0], "good")]], columns=columns, told=told)
    )

    assert shown.heading == heading + told
    assert [row for row in shown.rows if row] == [
        row for row in (columns, cells, [cells[0]]) if row
    ]
    assert shown.elements <= ELEMENTS
    assert shown.attributes <= ATTRIBUTES


@given(hidden=st.characters().filter(lambda one: not one.isprintable() and one not in "\n\t"))
@example(hidden="\u202e")
@example(hidden="\x1b")
@example(hidden="\0")
@example(hidden="\ud800")
def test_characters_that_do_not_show(hidden: str) -> None:
    """What would not show, or turns the order of the rest, stands as it does in a repr."""
    text = f"<{hidden}>"
    cells = [text, Mark(text, "good"), text]
    shown = Tables(table(text, [cells, [{"a": text}]], columns=[text], told=text))
    escaped = repr(text)[1:-1]

    assert hidden not in shown.html
    assert shown.heading == escaped * 2
    assert shown.rows[:2] == [[escaped], [escaped] * 3]


@given(name=TEXT, extra=TEXT)
def test_any_model(name: str, extra: str) -> None:
    """Whatever a service calls a model or its fields, it is text in a table."""
    fields: dict[str, Any] = {"id": "1", "name": name, f"x{extra}": {extra: [extra]}}
    model = Model.model_validate(fields | {"provider": {"id": extra, "name": name}})

    for shown in (Tables(model), Tables(Page([model], extra, None))):  # type: ignore[arg-type]
        assert shown.elements <= ELEMENTS
        assert shown.attributes <= ATTRIBUTES
        assert name in [cell for row in shown.rows for cell in row]


def test_style() -> None:
    """Colours suit dark and light pages, and nothing is fetched from anywhere."""
    (style,) = re.findall("<style>(.*?)</style>", table("", []), re.DOTALL)

    colours = re.findall(r"(?<![\w-])(?:color|background): *([^;]*);", style)
    assert set(colours) == {
        "inherit",
        "var(--jp-success-color1, light-dark(#1a7f37, #4ac26b))",
        "var(--jp-error-color1, light-dark(#c62828, #ff7b72))",
    }
    assert not re.search(r"url\(|@|//", style)


def test_loaded_when_asked() -> None:
    """What makes tables and frames is not loaded before something is shown."""
    code = (
        "import sys, root.checks, root.config, root.errors, root.models;"
        "from root.models import Plan;"
        "print({'root._html', 'root._frames', 'pandas', 'polars'} & set(sys.modules));"
        "root.errors.RootSignalsError('')._repr_html_(); print('root._html' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "True"]


def test_long_tables() -> None:
    """Of a long table the first hundred rows are shown, and how many are left."""
    html = table("", ([number] for number in range(101)))

    assert len(Tables(html).rows) == 100
    assert "and 1 more" in html
    assert "more" not in table("", [[number] for number in range(100)])


def test_model(emulator: Server) -> None:
    """A model shows the fields that came, those of its owner and provider by name."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        model_id = client.models.create(name="ollama/llama3", default_key=DEFAULT_KEY)
        shown = Tables(client.models.retrieve(model_id))
        listed = Tables(next(client.models.list(limit=1)))

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


def test_verification() -> None:
    """A verification shows whether it succeeded, and why not."""
    shown = Tables(ModelVerification(success=False, model="m", error="no <b>such</b> model"))

    assert shown.rows == [["success", "false"], ["model", "m"], ["error", "no <b>such</b> model"]]


def test_page(emulator: Server) -> None:
    """A page shows a row for each model, with the columns that say something."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        model_id = client.models.create(name="ollama/llama3")
        page = next(client.models.list(limit=3).pages())
    shown = Tables(page)

    assert shown.heading == f"Page of 3 modelsnext_cursor: {page.next_cursor}"
    assert shown.rows[0] == ["name", "provider.name", "visibility", "owner.email", "id"]
    assert shown.rows[1] == ["ollama/llama3", "", "PRIVATE", "main@emulator.invalid", model_id]
    assert len(shown.rows) == 4


@pytest.mark.parametrize("limit", [20, None])
def test_listings(emulator: Server, limit: int | None) -> None:
    """A listing says where it is, and looking at it asks for nothing."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        pager = client.models.list(limit=limit)
        twin = client.models.alist(limit=limit)
        assert repr(pager) == f"<Pager: cursor=None, remaining={limit or 'all'!r}>"
        for one in (pager, twin):
            shown = Tables(one)
            assert shown.heading.startswith(type(one).__name__)
            assert shown.rows == [["cursor", ""], ["remaining", str(limit or "all")]]
        assert not emulator.requests

        next(pager)

        asked = len(emulator.requests)
        assert ["remaining", "19" if limit else "all"] in Tables(pager).rows
        assert repr(pager).startswith("<Pager: cursor='")
        assert len(emulator.requests) == asked


def test_a_listing_that_was_begun(emulator: Server) -> None:
    """A listing shows the page that it read last, whole, and looking at it asks for nothing."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        model_id = client.models.create(name="<b>")
        pager = client.models.list(limit=None, page_size=3)
        next(pager)
        asked = len(emulator.requests)
        shown = Tables(pager)

    assert len(emulator.requests) == asked
    assert "the page that was read last.Page of 3 models" in shown.heading
    assert [row[-1] for row in shown.rows if row[0] == "<b>"] == [model_id]
    assert shown.elements <= ELEMENTS


def test_plan(emulator: Server) -> None:
    """A plan shows each change, deletions first, and no key; its result shows what was done."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        same = client.models.create(name="same")
        changed = client.models.create(name="changed", url="http://one")
        gone = client.models.create(name="gone")
        plan = client.models.plan(
            [
                {"name": "same"},
                {"name": "changed", "url": "http://<two>", "default_key": DEFAULT_KEY},
                {"name": "new", "default_key": DEFAULT_KEY},
            ],
            prune=True,
            rotate_keys=True,
        )
        shown = Tables(plan)
        result = Tables(plan.apply())

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
    """A check's report shows a row for each step, a client's settings one each; neither a key."""
    with RootSignals(KEY, base_url=emulator.url) as client:
        report = client.check()
        shown = Tables(report)
        settings = Tables(client.config)
        explained = Tables(client.config.explain())

    assert [row[0] for row in shown.rows[1:]] == [check.name for check in report.checks]
    assert ["authentication", "FAILED"] in [row[:2] for row in shown.rows]
    assert ["tcp", "ok"] in [row[:2] for row in shown.rows]
    assert ["base_url", emulator.url, "argument"] in settings.rows
    assert explained.html == settings.html
    assert_hidden(shown.html + settings.html)


def test_error(emulator: Server) -> None:
    """An error shows its sentence, and what is known of the request."""
    client = RootSignals(emulator.api_key, base_url=emulator.url)
    with client, pytest.raises(NotFoundError) as error:
        client.models.retrieve("<b>")
    shown = Tables(error.value)

    assert shown.heading == f"NotFoundError{error.value}"
    assert ["request", f"GET {emulator.url}/v1/models/%3Cb%3E/"] in shown.rows
    assert ["status_code", "404"] in shown.rows
    assert ["attempts", "1"] in shown.rows
    assert "may_have_been_processed" not in shown.html


def test_errors_without_a_request() -> None:
    """An error of no request shows its sentence alone, whatever its kind."""
    for kind in (RootSignalsError, BulkError, ApplyError):
        shown = Tables(kind("no <i>luck</i>"))
        assert shown.heading == f"{kind.__name__}no <i>luck</i>"
        assert "table" not in shown.elements


def test_an_empty_plan(emulator: Server) -> None:
    """A plan of nothing says so, and has no table."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        shown = Tables(client.models.plan([]))

    assert "0 to create" in shown.heading
    assert "table" not in shown.elements


def test_many_calls_of_which_some_failed(emulator: Server) -> None:
    """What failed of many calls stands above the others, each with its place and what it got."""
    # What makes nothing go wrong takes the first one's turn.
    emulator.add_fault(Fault(method="POST", times=1))
    emulator.fail_next(method="POST", status=400, body={"name": ["<b>"]})
    client = RootSignals(emulator.api_key, base_url=emulator.url)
    with client, pytest.raises(BulkError) as error:
        client.models.create_many([{"name": "a"}, {"name": "b"}, {"name": "c"}], concurrency=1)
    model_id, failure, _ = error.value.results
    shown = Tables(error.value)

    assert shown.rows == [
        ["position", "outcome", "result"],
        ["1", "failed", str(failure)],
        ["0", "done", str(model_id)],
        ["2", "not started", ""],
    ]
    assert "<b>" in shown.rows[1][2]
    assert shown.elements <= ELEMENTS


def test_what_failed_is_not_cut_off() -> None:
    """Of more results than a table has rows, the failure is shown."""
    lost = RootSignalsError("lost")
    lost.may_have_been_processed = True
    error = BulkError("some failed")
    error.results = (*range(200), lost)
    shown = Tables(error)

    assert shown.rows[1] == ["200", "may be done", "lost"]
    assert len(shown.rows) == 1 + 100


def test_a_plan_applied_in_part(emulator: Server) -> None:
    """A plan applied in part shows what became of each change."""
    # What makes nothing go wrong takes the first one's turn.
    emulator.add_fault(Fault(method="POST", times=1))
    emulator.fail_next(method="POST", status=403, body={"detail": "<b>"})
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        plan = client.models.plan([{"name": "a"}, {"name": "<i>"}, {"name": "c"}])
        with pytest.raises(ApplyError) as error:
            plan.apply(concurrency=1)
    ((_, failure),) = error.value.failed
    shown = Tables(error.value)

    assert shown.rows == [
        ["outcome", "action", "name", "error"],
        ["failed", "create", "<i>", str(failure)],
        ["done", "create", "a", ""],
        ["not started", "create", "c", ""],
    ]
    assert shown.elements <= ELEMENTS


@respx.mock
def test_echoed_secrets() -> None:
    """A service that sends secrets back does not get them into a notebook."""
    answer = {"detail": f"{KEY} {DEFAULT_KEY}", "id": "1", "name": "a", "x": DEFAULT_KEY}
    answer["default_key"] = DEFAULT_KEY
    respx.post("http://api.test/v1/models/").mock(httpx.Response(400, json=answer))
    respx.patch("http://api.test/v1/models/1/").mock(httpx.Response(200, json=answer))
    with RootSignals(KEY, base_url="http://api.test") as client:
        with pytest.raises(RootSignalsError) as error:
            client.models.create(name="a", default_key=DEFAULT_KEY)
        model = client.models.update("1", default_key=DEFAULT_KEY)

    assert_hidden(error.value._repr_html_())
    assert_hidden(model._repr_html_())
    assert "default_key" not in model._repr_html_()
