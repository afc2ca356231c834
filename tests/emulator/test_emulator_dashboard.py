"""The dashboard, in a headless Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Literal

import httpx
import pytest

from root.emulator import Fault, Server, serve

from .conftest import connect
from .test_emulator_models import create

pytest.importorskip("playwright", reason="playwright is not installed: run `nox -s browser`")
pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed: `apt-get install chromium`", allow_module_level=True)

# The console message of a rejected request, whose error the page shows.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 40[01] ")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # A key with characters that are special in a URL.
    with serve(control_key="control%41#key") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        # Chromium's sandbox does not work for root in a container; only the emulator is opened.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    server.wipe()
    with connect(server, server.api_key) as client:
        yield client


@contextmanager
def opened(
    browser: Browser,
    server: Server,
    fragment: str = "#control%2541%23key",
    *,
    scheme: Literal["light", "dark"] = "light",
    width: int = 1280,
) -> Generator[Page, None, None]:
    """Open the page, and check at the end that its console is empty."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(f"{server.url}/{fragment}")
    yield page
    context.close()
    assert [line for line in messages if not REFUSED.match(line)] == []


def cells(page: Page, table: str) -> list[str]:
    return [row.inner_text() for row in page.locator(f"#{table} tr").all()]


def test_key_is_removed_from_address_bar(browser: Browser, server: Server) -> None:
    """The key in the fragment is removed from the address, and kept for a reload of the tab."""
    with opened(browser, server) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        assert page.url == f"{server.url}/"

        page.reload()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_key_equal_to_an_element_id(browser: Browser) -> None:
    """A key can be the id of an element of the page, and a link to that element is not a key."""
    with serve(control_key="content") as server, opened(browser, server, "#content") as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.locator("main")).to_be_focused()
        assert page.url == f"{server.url}/"


def test_wrong_key(browser: Browser, server: Server) -> None:
    """With a wrong key the page shows an error and no data, until the right key is entered."""
    with opened(browser, server, "#wrong") as page:
        error = page.get_by_text("The control key is wrong.")
        expect(error).to_be_visible()
        expect(page.get_by_role("heading", name="Requests")).to_be_hidden()

        page.get_by_label("Control key").fill("control%41#key")
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Requests")).to_be_focused()
        expect(error).to_be_hidden()


def test_missing_key(browser: Browser, server: Server) -> None:
    """Without a valid key the page asks for one, and sends no request."""
    with opened(browser, server, "") as page:
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.get_by_label("Control key").fill("schlüssel")
        page.get_by_role("button", name="Open").click()

        expect(page.get_by_text("A key consists of printable ASCII")).to_be_visible()
        expect(page.get_by_label("Control key")).to_be_focused()
        assert requests == []


def test_empty_state(browser: Browser, server: Server, client: httpx.Client) -> None:
    """Without requests, the page shows how to connect a client."""
    with opened(browser, server) as page:
        expect(page.get_by_text("No requests yet")).to_be_visible()
        expect(page.get_by_text(f'base_url="{server.url}"')).to_be_visible()
        expect(page.get_by_text("There are no faults")).to_be_visible()


def test_new_data_appears(browser: Browser, server: Server, client: httpx.Client) -> None:
    """New models and requests appear on the open page, with secrets masked."""
    with opened(browser, server) as page:
        expect(page.get_by_text("No requests yet")).to_be_visible()

        create(client, name="ollama/llama3", default_key="sk-secret")
        client.get("/v1/models/", params={"page_size": 3})

        expect(page.locator("#requests tr")).to_have_count(2)
        newest, oldest = cells(page, "requests")
        assert "GET" in newest
        assert "/v1/models/?page_size=3" in newest
        assert "200" in newest
        assert "POST" in oldest
        expect(page.locator("#models tr")).to_have_count(1)
        expect(page.locator("#models tr")).to_contain_text("ollama/llama3")
        client.post("/v1/projects/", json={"name": "Support", "description": "Answers"})
        expect(page.locator("#projects tr")).to_contain_text("Support")
        expect(page.locator("#projects tr")).to_contain_text("Answers")
        expect(page.locator("#connections-total")).to_have_text("1")

        page.get_by_role("button", name="Details of request 1").click()
        expect(page.locator("tr.more")).to_contain_text('"default_key": "[masked]"')
        expect(page.locator("tr.more")).not_to_contain_text("Api-Key")
        assert "sk-secret" not in page.content()


def test_requests_with_equal_ids(browser: Browser, server: Server, client: httpx.Client) -> None:
    """Requests to which a fault gives the same id are shown separately."""
    server.add_fault(Fault(headers={"X-Request-Id": "the same"}))
    client.get("/v1/models/")
    client.get("/v1/models/")
    with opened(browser, server) as page:
        expect(page.locator("#requests tr")).to_have_count(2)


def test_dashboard_is_not_recorded(browser: Browser, server: Server, client: httpx.Client) -> None:
    """Requests of the page and its browser are not recorded or counted."""
    with opened(browser, server) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()

        assert not server.requests
        assert server.connections.opened == 0


def test_focus_is_kept(browser: Browser, server: Server, client: httpx.Client) -> None:
    """A button keeps its node and its focus while new requests are added above it."""
    client.get("/v1/models/")
    with opened(browser, server) as page:
        details = page.get_by_role("button", name="Details of request 1")
        details.focus()
        details.evaluate("button => { button.isTheSame = true; }")

        client.get("/v1/models/")

        expect(page.locator("#requests tr")).to_have_count(2)
        expect(details).to_be_focused()
        assert details.evaluate("button => button.isTheSame")


def test_keyboard_operation(browser: Browser, server: Server, client: httpx.Client) -> None:
    """A fault can be added and removed with the keyboard."""
    with opened(browser, server) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "status":
                break
        page.keyboard.type("418")
        page.keyboard.press("Enter")

        expect(page.get_by_role("status")).to_have_text(re.compile(r"Fault \d+ was added\."))
        expect(page.get_by_label("Status")).to_be_focused()
        expect(page.get_by_label("Status")).to_have_value("")
        expect(page.locator("#faults tr")).to_contain_text("status 418")
        assert client.get("/v1/models/").status_code == 418
        expect(page.locator("#faults tr")).to_have_count(0)
        expect(page.locator("#requests tr")).to_contain_text("status 418")

        server.add_fault(Fault(status=500))
        expect(page.locator("#faults tr")).to_have_count(1)
        for _ in range(3):
            page.keyboard.press("Shift+Tab")
            if "Remove" in page.evaluate("document.activeElement.textContent"):
                break
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Faults")).to_be_focused()
        assert server.faults == ()
        assert client.get("/v1/models/").status_code == 200


def test_all_form_fields(browser: Browser, server: Server, client: httpx.Client) -> None:
    """The fault that is added has the values of the form."""
    with opened(browser, server) as page:
        for label, value in {
            "Status": "503",
            "Retry after, in seconds": "2.5",
            "Delay, in seconds": "0.5",
            "Seconds between bytes": "0.01",
            "Path, * as a wildcard": "/v1/*",
            "Times, empty for no limit": "",
            "Probability, 0 to 1": "0.25",
            "Random seed": "7",
        }.items():
            page.get_by_label(label).fill(value)
        page.get_by_label("Method").select_option("POST")
        page.get_by_label("Garble").check()
        page.get_by_label("Truncate").check()
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(1)

        page.get_by_label("Reset the connection").select_option("after")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(2)

        page.get_by_label("Hang up").check()
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(3)

        page.get_by_text("Headers, body and formats").click()
        page.get_by_label("Add unknown fields").check()
        page.get_by_label("Format of next").select_option("cursor")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(4)

        page.get_by_label("Headers, one per line").fill("X-Reason: a: b\n\nX-More:\n")
        page.get_by_label("Body, JSON or text").fill('{"detail": "Closed."}')
        page.get_by_label("Retry after, in seconds").fill("1")
        page.get_by_label("Format of retry after").select_option("date")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(5)

        page.get_by_label("Body, JSON or text").fill("<h1>Closed</h1>")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(6)

    reset, hang_up, new, closed, html, unlimited = server.faults
    assert unlimited == Fault(
        status=503,
        retry_after=2.5,
        delay=0.5,
        drip=0.01,
        truncate=True,
        garble=True,
        method="POST",
        path="/v1/*",
        probability=0.25,
        seed=7,
    )
    assert new == Fault(novelties=True, next_style="cursor", times=1)
    assert closed == Fault(
        headers={"X-Reason": "a: b", "X-More": ""},
        body={"detail": "Closed."},
        retry_after=1,
        retry_after_form="date",
        times=1,
    )
    assert html == Fault(body="<h1>Closed</h1>", times=1)
    assert reset == Fault(reset="after", times=1)
    assert hang_up == Fault(hang_up=True, times=1)


@pytest.mark.parametrize(
    ("label", "value", "message"),
    [
        ("Status", "99", "status must be from 200 to 599, not 99."),
        ("Delay, in seconds", "soon", "delay: Input should be a valid number."),
        ("Path, * as a wildcard", "/", "The fault has no effect"),
        (
            "Headers, one per line",
            "no header",
            "headers.no header: Input should be a valid string.",
        ),
    ],
)
def test_invalid_fault(
    browser: Browser,
    server: Server,
    client: httpx.Client,
    label: str,
    value: str,
    message: str,
) -> None:
    """An error is shown beside the form, which keeps its values."""
    with opened(browser, server) as page:
        page.get_by_text("Headers, body and formats").click()
        page.get_by_label(label).fill(value)
        page.get_by_role("button", name="Add fault").click()

        expect(page.get_by_role("alert").filter(has_text=message)).to_be_visible()
        expect(page.get_by_label(label)).to_have_value(value)
    assert server.faults == ()


def test_wipe_asks_for_confirmation(browser: Browser, server: Server, client: httpx.Client) -> None:
    """Wiping requires confirmation, and Escape cancels it."""
    create(client)
    with opened(browser, server) as page:
        page.get_by_role("button", name="Wipe…").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Wipe…")).to_be_focused()
        assert len(server.models) == 1

        page.keyboard.press("Enter")
        page.get_by_role("button", name="Wipe", exact=True).click()
        expect(page.get_by_text("No models have been created yet")).to_be_visible()
        expect(page.get_by_role("status")).to_have_text("The emulator was wiped.")
    assert not server.models
    assert not server.requests


def test_clear_requests(browser: Browser, server: Server, client: httpx.Client) -> None:
    """Requests can be cleared without a wipe."""
    create(client)
    with opened(browser, server) as page:
        expect(page.locator("#requests tr")).to_have_count(1)
        page.get_by_role("button", name="Clear requests").click()
        expect(page.get_by_text("No requests yet")).to_be_visible()
    assert not server.requests
    assert len(server.models) == 1


HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>"


def test_markup_is_escaped(browser: Browser, server: Server, client: httpx.Client) -> None:
    """Markup in data from clients is shown as text."""
    create(client, name=HOSTILE, url=f"javascript:{HOSTILE}")
    client.get(f"/v1/models/{HOSTILE}/", params={HOSTILE: HOSTILE}, headers={"X-A": HOSTILE})
    server.add_fault(Fault(status=500, path=f"*{HOSTILE}*"))
    with opened(browser, server) as page:
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        page.get_by_role("button", name="Details of request 2").click()

        expect(page.locator("#models tr")).to_contain_text(HOSTILE)
        expect(page.locator("tr.more")).to_contain_text(f"x-a: {HOSTILE}")
        expect(page.locator("#faults tr")).to_contain_text(HOSTILE)
        assert page.locator("main img, main script").count() == 0
        assert dialogs == []


ONE_LINE = """node => {
    const range = document.createRange();
    range.selectNodeContents(node.firstChild);
    return range.getClientRects().length === 1;
}"""


@pytest.mark.parametrize("width", [1300, 1024])
def test_long_texts_keep_column_widths(
    browser: Browser, server: Server, client: httpx.Client, width: int
) -> None:
    """A long URL or path does not wrap the words in other columns."""
    create(client, url="http://" + "u" * 500)
    with opened(browser, server, width=width) as page:
        owner = page.locator("#models td", has_text=server.models[0].owner)

        assert owner.evaluate(ONE_LINE)


def test_details_keep_column_widths(browser: Browser, server: Server, client: httpx.Client) -> None:
    """Opening the details of a request on a small screen keeps the width of its column."""
    client.get("/v1/models/")
    with opened(browser, server, width=360) as page:
        width = "document.querySelector('#requests th').offsetWidth"
        expect(page.locator("#requests th")).to_be_visible()
        before = page.evaluate(width)
        page.get_by_role("button", name="Details of request 1").click()

        expect(page.locator("tr.more")).to_be_visible()
        assert page.evaluate(width) == before


def test_reason_is_shown(browser: Browser, server: Server, client: httpx.Client) -> None:
    """The details of a rejected request have the reason, also if the response omits it."""
    client.get("/v1/models/", headers={"Authorization": "Api-Key unknown"})
    with opened(browser, server) as page:
        page.get_by_role("button", name="Details of request 1").click()

        expect(page.locator("tr.more")).to_contain_text("the key is unknown or revoked")


@pytest.mark.parametrize(
    ("form", "description"),
    [
        ("seconds", "retry after 2.5 s"),
        ("date", "retry after 2.5 s, as a date"),
        ("milliseconds", "retry after 2.5 s, in milliseconds"),
    ],
)
def test_fault_description(
    browser: Browser,
    server: Server,
    client: httpx.Client,
    form: Literal["seconds", "date", "milliseconds"],
    description: str,
) -> None:
    """A fault is shown with the format of Retry-After, its probability and its seed."""
    server.add_fault(
        Fault(status=429, retry_after=2.5, retry_after_form=form, probability=0.5, seed=7)
    )
    with opened(browser, server) as page:
        row = page.locator("#faults th")
        expect(row).to_have_text(
            f"status 429, {description}Any method, any path, no limit, with probability 0.5, seed 7"
        )


def test_headings_have_names(browser: Browser, server: Server, client: httpx.Client) -> None:
    """A heading and its count are separate words in the accessible name."""
    client.get("/v1/models/")
    with opened(browser, server) as page:
        for name in ("Requests 1", "Faults 0", "Models 0"):
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


CONTRAST = """node => {
    const light = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((part) => {
            const value = part / 255;
            return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const pair = [
        light(getComputedStyle(node, "::placeholder").color),
        light(getComputedStyle(node).backgroundColor),
    ];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_placeholders_are_legible(
    browser: Browser, server: Server, scheme: Literal["light", "dark"]
) -> None:
    """Placeholders have the contrast of text (WCAG 1.4.3), which axe does not check."""
    with opened(browser, server, scheme=scheme) as page:
        assert page.get_by_label("Status").evaluate(CONTRAST) >= 4.5


@pytest.mark.parametrize("width", [1280, 320])
def test_focus_order(browser: Browser, server: Server, client: httpx.Client, width: int) -> None:
    """Tab moves through the page from left to right, or from top to bottom."""
    with opened(browser, server, width=width) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        first, second = (
            page.locator(f"#{one}").bounding_box() for one in ("status", "clear-requests")
        )
        assert first
        assert second
        page.get_by_label("Status").focus()
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "clear-requests":
                break
        expect(page.get_by_role("button", name="Clear requests")).to_be_focused()

    assert first["x"] + first["width"] < second["x"] if width > 1024 else first["y"] < second["y"]


@pytest.mark.parametrize("width", [1280, 320])
def test_faults_are_not_below_the_lists(browser: Browser, server: Server, width: int) -> None:
    """The faults and their form are beside or above the lists, which grow long."""
    with opened(browser, server, width=width) as page:
        expect(page.locator("#requests-title")).to_be_visible()
        form = page.locator("#fault-form").bounding_box()
        lists = page.locator("#requests-title").bounding_box()
        assert form
        assert lists
        beside = form["x"] + form["width"] <= lists["x"]

    assert beside if width > 1024 else form["y"] + form["height"] <= lists["y"]


def test_page_hidden_during_a_request(browser: Browser, server: Server) -> None:
    """A response that arrives when the page is hidden does not show it as live."""
    with opened(browser, server) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        held: list[Route] = []
        page.route("**/faults", lambda route: held.append(route))
        with page.expect_request("**/faults"):
            pass
        page.evaluate("""() => {
            Object.defineProperty(document, "hidden", { value: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        held[0].continue_()
        page.evaluate("refreshing")

        expect(page.get_by_text("Paused")).to_be_visible()


def test_polling_pauses_while_hidden(
    browser: Browser, server: Server, client: httpx.Client
) -> None:
    """A hidden page sends no requests, and resumes when it is visible again."""
    with opened(browser, server) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        hide = """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
        page.clock.install()
        with page.expect_response("**/faults"):
            page.clock.run_for(1000)
        page.evaluate(hide, True)
        expect(page.get_by_text("Paused")).to_be_visible()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.clock.run_for(10_000)
        assert requests == []

        page.evaluate(hide, False)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        assert requests


def test_emulator_stops(browser: Browser) -> None:
    """When the emulator stops, the page shows it."""
    with serve(control_key="k") as server:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{server.url}/#k")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("No response")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("The emulator does not respond.")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_accessibility(
    browser: Browser,
    server: Server,
    client: httpx.Client,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """axe finds no violations in any state of the page."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()

    with opened(browser, server, "", scheme=scheme, width=width) as page:
        check(page)
    with opened(browser, server, scheme=scheme, width=width) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        check(page)
        create(client, name="x" * 100)
        server.fail_next(status=404)
        client.get("/v1/models/")
        server.fail_next(status=503)
        client.get("/v1/models/" + "y" * 200)
        server.add_fault(Fault(delay=1, method="PUT", probability=0.5))
        expect(page.locator("#requests tr")).to_have_count(3)
        expect(page.locator("#faults tr")).to_have_count(1)
        page.get_by_role("button", name="Details of request 1").click()
        page.get_by_label("Status").fill("99")
        page.get_by_role("button", name="Add fault").click()
        expect(page.get_by_text("status must be from")).to_be_visible()
        check(page)
        # No horizontal scrolling, at this width or at a zoom of 400 % of the other one.
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="Wipe…").click()
        check(page)


def test_announcements(browser: Browser, server: Server, client: httpx.Client) -> None:
    """New data is announced to screen readers at intervals, as counts."""
    with opened(browser, server) as page:
        expect(page.get_by_role("status")).to_have_text("Connected.")
        client.get("/v1/models/")
        expect(page.locator("#requests tr")).to_have_count(1)

        expect(page.get_by_role("status")).to_have_text("Connected.")

        page.clock.install()
        page.clock.fast_forward("00:11")
        expect(page.get_by_role("status")).to_have_text("1 request, 0 faults.")
