"""Web pages of others that reach for a running emulator, in a headless Chromium."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from root.emulator import Server, serve

pytest.importorskip("playwright", reason="playwright is not installed: run `nox -s browser`")

from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed: `apt-get install chromium`", allow_module_level=True)

# What a page can send without asking first, and a request that a browser asks for (preflight).
# Each ends when the browser has a response or has given up.
ATTACK = """
async ([url, key]) => {
  const tries = {
    post: () => fetch(`${url}/v1/models/`, {method: "POST", mode: "no-cors",
      headers: {"Content-Type": "text/plain"}, body: '{"name": "spoilt"}'}),
    large: () => fetch(`${url}/v1/models/`, {method: "POST", mode: "no-cors",
      body: "x".repeat(10_000_000)}),
    get: () => fetch(`${url}/v1/models/`, {mode: "no-cors"}),
    keyed: () => fetch(`${url}/v1/models/`, {headers: {Authorization: `Api-Key ${key}`}}),
    control: () => fetch(`${url}/_emulator/wipe`, {method: "POST", mode: "no-cors"}),
    image: () => new Promise(resolve => {
      const image = new Image();
      image.onload = image.onerror = resolve;
      image.src = `${url}/v1/unknown/`;
    }),
    frame: () => new Promise(resolve => {
      const frame = document.createElement("iframe");
      frame.onload = resolve;
      frame.src = `${url}/v1/projects/`;
      document.body.append(frame);
    }),
    form: () => new Promise(resolve => {
      const frame = document.createElement("iframe");
      frame.name = "target";
      document.body.append(frame);
      const form = document.createElement("form");
      Object.assign(form, {action: `${url}/v1/models/`, method: "post", target: "target"});
      document.body.append(form);
      frame.onload = resolve;
      form.submit();
    }),
  };
  const results = {};
  for (const [name, send] of Object.entries(tries))
    results[name] = await send().then(one => one && one.type || "done", () => "failed");
  navigator.sendBeacon(`${url}/v1/models/`, "x");
  return results;
}
"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A page</title><body>")

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """Serve a page of another origin, and return its port."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        # The name of a page can be made to resolve to this machine.
        rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        # Chromium's sandbox does not work for root in a container; only local pages are opened.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", rules])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(30_000)
    yield page
    page.close()


@pytest.fixture
def emulator() -> Iterator[Server]:
    with serve() as server:
        server.fail_next(status=503)
        yield server
        assert server.requests == ()
        assert server.connections.opened == 0
        assert len(server.faults) == 1
        server.assert_no_unexpected_requests()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.example"])
def test_page_of_another_origin(page: Page, site: int, emulator: Server, host: str) -> None:
    """Whatever a page sends, no request is recorded and no fault is used up."""
    page.goto(f"http://{host}:{site}/")

    results = page.evaluate(ATTACK, [emulator.url, emulator.api_key])

    # The requests have arrived: the page may not read the responses.
    assert {results[name] for name in ("post", "large", "get", "control")} == {"opaque"}
    assert results["keyed"] == "failed"


def test_page_with_a_name_of_its_own(page: Page, emulator: Server) -> None:
    """A page whose name resolves to this machine is of the same origin, and is refused."""
    response = page.goto(f"http://evil.example:{emulator.port}/")

    assert response
    assert response.status == 400
    statuses = page.evaluate(
        """async key => {
          const headers = {Authorization: `Api-Key ${key}`};
          const sent = [fetch("/v1/models/", {headers}),
            fetch("/v1/models/", {method: "POST", headers, body: '{"name": "x"}'})];
          return (await Promise.all(sent)).map(one => one.status);
        }""",
        emulator.api_key,
    )
    assert statuses == [400, 400]


def test_page_that_opens_the_emulator(page: Page, site: int, emulator: Server) -> None:
    """A link to the dashboard works, and one to the API is refused."""
    page.goto(f"http://localhost:{site}/")
    for path, status in (("/", 200), ("/v1/models/", 403)):
        with page.expect_popup() as opened:
            page.evaluate("url => { window.open(url); }", emulator.url + path)
        popup = opened.value
        popup.wait_for_load_state()
        shown = popup.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
        assert shown == status
        popup.close()
