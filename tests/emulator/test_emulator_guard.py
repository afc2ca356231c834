"""Requests of other web pages and for other host names; test_emulator_pages.py has a browser."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from root.emulator import Server, serve

from .conftest import TLS

LIST = "/v1/models/"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Server]:
    with serve() as server:
        yield server


def send(
    server: Server, headers: dict[str, str], method: str = "POST", path: str = LIST
) -> httpx.Response:
    """Send a request with the right key."""
    own = {"Authorization": f"Api-Key {server.api_key}", "Content-Type": "application/json"}
    headers = {**own, **headers}
    content = b'{"name": "of a page"}' if method == "POST" else None
    with httpx.Client(verify=TLS) as client:
        return client.request(method, server.url + path, headers=headers, content=content)


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", [LIST, "/v1/unknown", "/_emulator/state"])
def test_other_pages(emulator: Server, headers: dict[str, str], method: str, path: str) -> None:
    """A request of another page leaves no trace, whatever it asks for."""
    emulator.wipe()
    emulator.fail_next(status=503)
    before = emulator.connections

    response = send(emulator, headers, method, path)

    assert response.status_code == 403
    assert "X-Request-Id" not in response.headers
    assert "Access-Control-Allow-Origin" not in response.headers
    assert method == "HEAD" or "another web page" in response.json()["detail"]
    assert (emulator.requests, emulator.models, emulator.connections) == ((), (), before)
    assert len(emulator.faults) == 1
    emulator.assert_no_unexpected_requests()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Mode": "cors"},  # sent by Node.js
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        # The page is reached through a proxy that changes the host.
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://proxy.example"},
        {"Origin": "http://localhost:8000", "Host": "localhost:8000"},
        {"Origin": "https://LOCALHOST:8000", "Host": "localhost:8000"},
    ],
    ids=str,
)
def test_clients_and_own_pages(emulator: Server, headers: dict[str, str]) -> None:
    """Requests of clients and of the emulator's own page are processed."""
    emulator.wipe()

    assert send(emulator, headers).status_code == 201
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/openapi.json"])
def test_links(emulator: Server, path: str) -> None:
    """Other pages can link to the dashboard and to the document, and cannot post to them."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert send(emulator, headers, "GET", path).status_code in (200, 404)
    assert send(emulator, headers, "POST", path).status_code == 403


OWN = [
    "localhost",
    "localhost:1",
    "LocalHost.:80",
    "emulator.localhost:8000",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.9.9.9:1",
    "[::1]",
    "[::1]:65535",
    "192.168.0.7:8000",
]
OTHER = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost",
    "emulator:8000",
    "localhost:x",
    "localhost@evil.example",
    "[evil.example]",
    "::1:8000",
]


@pytest.mark.parametrize("host", OWN)
def test_own_hosts(emulator: Server, host: str) -> None:
    """The names of this machine are accepted with any port, and `next` has the name."""
    response = send(emulator, {"Host": host}, "GET", f"{LIST}?page_size=1")

    assert response.status_code == 200
    assert response.json()["next"].lower().startswith(f"http://{host}/v1/models/".lower())


@pytest.mark.parametrize("path", ["/", "/openapi.json", LIST, "/_emulator/state"])
@pytest.mark.parametrize("host", OTHER)
def test_other_hosts(emulator: Server, host: str, path: str) -> None:
    """A name that a page was given to reach this machine is refused, and leaves no trace."""
    emulator.wipe()

    response = send(emulator, {"Host": host, "Sec-Fetch-Site": "same-origin"}, "GET", path)

    assert response.status_code == 400
    assert "allow_remote=True" in response.json()["detail"]
    assert emulator.requests == ()


@pytest.mark.parametrize(
    ("host", "allow_remote"), [("0.0.0.0", True), ("127.0.0.1", True), ("localhost", False)]
)
def test_declared_hosts(host: str, allow_remote: bool) -> None:
    """The name that it listens on is accepted; with `allow_remote`, each name is."""
    with serve(host=host, allow_remote=allow_remote) as server:
        for name in ("root-emulator", "host.docker.internal:8000", "api.example"):
            status = send(server, {"Host": name}, "GET").status_code
            assert status == (200 if allow_remote else 400)
        assert send(server, {"Host": f"{host}:1"}, "GET").status_code == 200
        assert send(server, {"Origin": "https://evil.example"}).status_code == 403


def test_request_without_host(emulator: Server) -> None:
    """HTTP/1.0 has no host."""
    with socket.create_connection((emulator.host, emulator.port), timeout=30) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
