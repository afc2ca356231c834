"""The page, as a browser shows it: in a real Chromium without a window."""

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

pytest.importorskip("playwright", reason="playwright is not installed: `nox -s browser` brings it")
pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("there is no Chromium: `apt-get install chromium`", allow_module_level=True)

# What a request refused on purpose leaves in the console; the page tells it too.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 40[01] ")


@pytest.fixture(scope="module")
def watched() -> Iterator[Server]:
    # A key with signs that an address has its own use for.
    with serve(control_key="control%41#key") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        # Nothing but the emulator is opened, and in a container root has no other sandbox.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def client(watched: Server) -> Iterator[httpx.Client]:
    watched.wipe()
    with connect(watched, watched.api_key) as client:
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
    """Open the page, and find nothing in its console at the end."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{server.url}/{fragment}")
    yield page
    context.close()
    assert [line for line in said if not REFUSED.match(line)] == []


def cells(page: Page, table: str) -> list[str]:
    return [row.inner_text() for row in page.locator(f"#{table} tr").all()]


def test_the_key_leaves_the_address_bar(browser: Browser, watched: Server) -> None:
    """The key comes in the fragment, which goes away, and is kept for a reload of the tab."""
    with opened(browser, watched) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        assert page.url == f"{watched.url}/"

        page.reload()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_a_key_like_a_place_in_the_page(browser: Browser) -> None:
    """A key that is the name of a part of the page opens it, and the way there is no key."""
    with serve(control_key="content") as server, opened(browser, server, "#content") as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.locator("main")).to_be_focused()
        assert page.url == f"{server.url}/"


def test_a_wrong_key(browser: Browser, watched: Server) -> None:
    """With a wrong key the page shows nothing and says so, until it is given the right one."""
    with opened(browser, watched, "#wrong") as page:
        complaint = page.get_by_text("another control key")
        expect(complaint).to_be_visible()
        expect(page.get_by_role("heading", name="Requests")).to_be_hidden()

        page.get_by_label("Control key").fill("control%41#key")
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Requests")).to_be_focused()
        expect(complaint).to_be_hidden()


def test_without_a_key(browser: Browser, watched: Server) -> None:
    """Without a key the page asks for one, and nothing is asked of the emulator."""
    with opened(browser, watched, "") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_label("Control key").fill("schlüssel")
        page.get_by_role("button", name="Open").click()

        expect(page.get_by_text("A key has no space")).to_be_visible()
        expect(page.get_by_label("Control key")).to_be_focused()
        assert asked == []


def test_nothing_yet(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """Where nothing has happened, the page tells how to begin."""
    with opened(browser, watched) as page:
        expect(page.get_by_text("Nothing has been asked yet")).to_be_visible()
        expect(page.get_by_text(f'base_url="{watched.url}"')).to_be_visible()
        expect(page.get_by_text("Nothing is made to go wrong")).to_be_visible()


def test_what_happens_appears(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """A model and a request that come while the page is open appear on it, secrets masked."""
    with opened(browser, watched) as page:
        expect(page.get_by_text("Nothing has been asked yet")).to_be_visible()

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
        expect(page.locator("#connections-all")).to_have_text("1")

        page.get_by_role("button", name="Details of request 1").click()
        expect(page.locator("tr.more")).to_contain_text('"default_key": "[masked]"')
        expect(page.locator("tr.more")).not_to_contain_text("Api-Key")
        assert "sk-secret" not in page.content()


def test_requests_of_one_id(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """Requests that a fault gives the same id are told apart."""
    watched.add_fault(Fault(headers={"X-Request-Id": "the same"}))
    client.get("/v1/models/")
    client.get("/v1/models/")
    with opened(browser, watched) as page:
        expect(page.locator("#requests tr")).to_have_count(2)


def test_looking_changes_nothing(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """What the page and its browser ask for is among neither the requests nor the connections."""
    with opened(browser, watched) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()

        assert not watched.requests
        assert watched.connections.opened == 0


def test_focus_stays(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """A button stays the same, and focused, while requests come in above it."""
    client.get("/v1/models/")
    with opened(browser, watched) as page:
        details = page.get_by_role("button", name="Details of request 1")
        details.focus()
        details.evaluate("button => { button.isTheSame = true; }")

        client.get("/v1/models/")

        expect(page.locator("#requests tr")).to_have_count(2)
        expect(details).to_be_focused()
        assert details.evaluate("button => button.isTheSame")


def test_by_keyboard_alone(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """A fault is added and taken back without a mouse, and the next call fails in between."""
    with opened(browser, watched) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "status":
                break
        page.keyboard.type("418")
        page.keyboard.press("Enter")

        expect(page.get_by_role("status")).to_have_text(re.compile(r"Fault \d+ is added\."))
        expect(page.get_by_label("Status")).to_be_focused()
        expect(page.get_by_label("Status")).to_have_value("")
        expect(page.locator("#faults tr")).to_contain_text("answers 418")
        assert client.get("/v1/models/").status_code == 418
        expect(page.locator("#faults tr")).to_have_count(0)
        expect(page.locator("#requests tr")).to_contain_text("answers 418")

        watched.add_fault(Fault(status=500))
        expect(page.locator("#faults tr")).to_have_count(1)
        for _ in range(3):
            page.keyboard.press("Shift+Tab")
            if "Take back" in page.evaluate("document.activeElement.textContent"):
                break
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Faults")).to_be_focused()
        assert watched.faults == ()
        assert client.get("/v1/models/").status_code == 200


def test_every_field_of_the_form(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """What is chosen in the form is what the emulator plays."""
    with opened(browser, watched) as page:
        for label, value in {
            "Status": "503",
            "Retry after, in seconds": "2.5",
            "Delay, in seconds": "0.5",
            "Seconds between bytes": "0.01",
            "Path, * for anything": "/v1/*",
            "Times, empty for ever": "",
            "Probability, 0 to 1": "0.25",
            "Seed of chance": "7",
        }.items():
            page.get_by_label(label).fill(value)
        page.get_by_label("Method").select_option("POST")
        page.get_by_label("Garbled").check()
        page.get_by_label("Cut off").check()
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(1)

        page.get_by_label("Reset the connection").select_option("after")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(2)

        page.get_by_label("Hang up after").check()
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(3)

        page.get_by_text("Headers, body and page").click()
        page.get_by_label("Unknown fields").check()
        page.get_by_label("Next page told as").select_option("cursor")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(4)

        page.get_by_label("Headers, one a line").fill("X-Reason: a: b\n\nX-More:\n")
        page.get_by_label("Body, as JSON or any other text").fill('{"detail": "Closed."}')
        page.get_by_label("Retry after, in seconds").fill("1")
        page.get_by_label("Retry after is said").select_option("date")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(5)

        page.get_by_label("Body, as JSON or any other text").fill("<h1>Closed</h1>")
        page.get_by_role("button", name="Add fault").click()
        expect(page.locator("#faults tr")).to_have_count(6)

    reset, hang_up, new, closed, page_of_html, standing = watched.faults
    assert standing == Fault(
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
    assert page_of_html == Fault(body="<h1>Closed</h1>", times=1)
    assert reset == Fault(reset="after", times=1)
    assert hang_up == Fault(hang_up=True, times=1)


@pytest.mark.parametrize(
    ("label", "value", "complaint"),
    [
        ("Status", "99", "status is from 200 to 599, not 99."),
        ("Delay, in seconds", "soon", "delay: Input should be a valid number."),
        ("Path, * for anything", "/", "Say what goes wrong"),
        ("Headers, one a line", "no header", "headers.no header: Input should be a valid string."),
    ],
)
def test_a_wrong_fault(
    browser: Browser,
    watched: Server,
    client: httpx.Client,
    label: str,
    value: str,
    complaint: str,
) -> None:
    """What is wrong with a fault stands beside the form, which keeps what was typed."""
    with opened(browser, watched) as page:
        page.get_by_text("Headers, body and page").click()
        page.get_by_label(label).fill(value)
        page.get_by_role("button", name="Add fault").click()

        expect(page.get_by_role("alert").filter(has_text=complaint)).to_be_visible()
        expect(page.get_by_label(label)).to_have_value(value)
    assert watched.faults == ()


def test_wiping_asks_first(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """Wiping is done once it is confirmed, and Escape leaves all as it is."""
    create(client)
    with opened(browser, watched) as page:
        page.get_by_role("button", name="Wipe…").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.get_by_role("button", name="Keep it")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Wipe…")).to_be_focused()
        assert len(watched.models) == 1

        page.keyboard.press("Enter")
        page.get_by_role("button", name="Wipe it").click()
        expect(page.get_by_text("No client has created a model yet")).to_be_visible()
        expect(page.get_by_role("status")).to_have_text("The emulator is wiped.")
    assert not watched.models
    assert not watched.requests


def test_requests_are_forgotten(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """Requests can be forgotten alone."""
    create(client)
    with opened(browser, watched) as page:
        expect(page.locator("#requests tr")).to_have_count(1)
        page.get_by_role("button", name="Forget requests").click()
        expect(page.get_by_text("Nothing has been asked yet")).to_be_visible()
    assert not watched.requests
    assert len(watched.models) == 1


HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>"


def test_names_are_text(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """Markup in what clients send is shown as what it is."""
    create(client, name=HOSTILE, url=f"javascript:{HOSTILE}")
    client.get(f"/v1/models/{HOSTILE}/", params={HOSTILE: HOSTILE}, headers={"X-A": HOSTILE})
    watched.add_fault(Fault(status=500, path=f"*{HOSTILE}*"))
    with opened(browser, watched) as page:
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
def test_long_texts_leave_room(
    browser: Browser, watched: Server, client: httpx.Client, width: int
) -> None:
    """A long URL or path in one cell does not break the words of the others."""
    create(client, url="http://" + "u" * 500)
    with opened(browser, watched, width=width) as page:
        owner = page.locator("#models td", has_text=watched.models[0].owner)

        assert owner.evaluate(ONE_LINE)


def test_details_leave_room(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """Opening the details of a request on a small screen leaves it the room it had."""
    client.get("/v1/models/")
    with opened(browser, watched, width=360) as page:
        width = "document.querySelector('#requests th').offsetWidth"
        expect(page.locator("#requests th")).to_be_visible()
        before = page.evaluate(width)
        page.get_by_role("button", name="Details of request 1").click()

        expect(page.locator("tr.more")).to_be_visible()
        assert page.evaluate(width) == before


def test_why_it_was_refused(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """The details of a request say why the API would not do it, also where the answer does not."""
    client.get("/v1/models/", headers={"Authorization": "Api-Key unknown"})
    with opened(browser, watched) as page:
        page.get_by_role("button", name="Details of request 1").click()

        expect(page.locator("tr.more")).to_contain_text("the key is unknown or revoked")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("seconds", "retry after 2.5 s"),
        ("date", "retry after 2.5 s, as a date"),
        ("milliseconds", "retry after 2.5 s, in milliseconds"),
    ],
)
def test_a_fault_is_told_whole(
    browser: Browser,
    watched: Server,
    client: httpx.Client,
    form: Literal["seconds", "date", "milliseconds"],
    said: str,
) -> None:
    """Of a fault the page says how it comes back, how likely it is, and by which seed."""
    watched.add_fault(
        Fault(status=429, retry_after=2.5, retry_after_form=form, probability=0.5, seed=7)
    )
    with opened(browser, watched) as page:
        row = page.locator("#faults th")
        expect(row).to_have_text(
            f"answers 429, {said}Any method to any path, for ever, with probability 0.5, seed 7"
        )


def test_headings_have_names(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """A heading and its count are two words to those who hear them."""
    client.get("/v1/models/")
    with opened(browser, watched) as page:
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
    browser: Browser, watched: Server, scheme: Literal["light", "dark"]
) -> None:
    """What stands in an empty field has the contrast of text (WCAG 1.4.3), which axe passes by."""
    with opened(browser, watched, scheme=scheme) as page:
        assert page.get_by_label("Status").evaluate(CONTRAST) >= 4.5


@pytest.mark.parametrize("width", [1280, 320])
def test_focus_goes_as_the_eye_does(
    browser: Browser, watched: Server, client: httpx.Client, width: int
) -> None:
    """Tab goes through the page from left to right, or from above to below."""
    with opened(browser, watched, width=width) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        first, second = (page.locator(f"#{one}").bounding_box() for one in ("status", "forget"))
        assert first
        assert second
        page.get_by_label("Status").focus()
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "forget":
                break
        expect(page.get_by_role("button", name="Forget requests")).to_be_focused()

    assert first["x"] + first["width"] < second["x"] if width > 1024 else first["y"] < second["y"]


@pytest.mark.parametrize("width", [1280, 320])
def test_faults_are_not_below_the_lists(browser: Browser, watched: Server, width: int) -> None:
    """The faults and their form are beside the lists, which grow long, or above them."""
    with opened(browser, watched, width=width) as page:
        expect(page.locator("#requests-title")).to_be_visible()
        form = page.locator("#fault-form").bounding_box()
        lists = page.locator("#requests-title").bounding_box()
        assert form
        assert lists
        beside = form["x"] + form["width"] <= lists["x"]

    assert beside if width > 1024 else form["y"] + form["height"] <= lists["y"]


def test_it_stops_while_it_is_hidden(
    browser: Browser, watched: Server, client: httpx.Client
) -> None:
    """A page that nobody sees asks for nothing, and goes on when it is seen again."""
    with opened(browser, watched) as page:
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
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.clock.run_for(10_000)
        assert asked == []

        page.evaluate(hide, False)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        assert asked


def test_the_emulator_is_gone(browser: Browser) -> None:
    """When the emulator stops the page says so."""
    with serve(control_key="k") as server:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{server.url}/#k")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("No answer")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("The emulator does not answer.")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_accessible_to_all(
    browser: Browser,
    watched: Server,
    client: httpx.Client,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """axe finds nothing: locked, empty, full with details and a complaint, and in the dialog."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()

    with opened(browser, watched, "", scheme=scheme, width=width) as page:
        check(page)
    with opened(browser, watched, scheme=scheme, width=width) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        check(page)
        create(client, name="x" * 100)
        watched.fail_next(status=404)
        client.get("/v1/models/")
        watched.fail_next(status=503)
        client.get("/v1/models/" + "y" * 200)
        watched.add_fault(Fault(delay=1, method="PUT", probability=0.5))
        expect(page.locator("#requests tr")).to_have_count(3)
        expect(page.locator("#faults tr")).to_have_count(1)
        page.get_by_role("button", name="Details of request 1").click()
        page.get_by_label("Status").fill("99")
        page.get_by_role("button", name="Add fault").click()
        expect(page.get_by_text("status is from")).to_be_visible()
        check(page)
        # Nothing has to be scrolled to the side, at this width or at 400 % of the other.
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="Wipe…").click()
        check(page)


def test_what_it_says_aloud(browser: Browser, watched: Server, client: httpx.Client) -> None:
    """What comes in is not read out each time, but after a while in numbers."""
    with opened(browser, watched) as page:
        expect(page.get_by_role("status")).to_have_text("Connected.")
        client.get("/v1/models/")
        expect(page.locator("#requests tr")).to_have_count(1)

        expect(page.get_by_role("status")).to_have_text("Connected.")

        page.clock.install()
        page.clock.fast_forward("00:11")
        expect(page.get_by_role("status")).to_have_text("1 request, 0 models, 0 faults.")
