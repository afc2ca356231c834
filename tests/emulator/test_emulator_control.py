"""The control over HTTP, as other languages and processes have it."""

from __future__ import annotations

import logging
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from root.emulator import Fault, Server, serve

from .conftest import TLS, connect
from .test_emulator_models import create

LIST = "/v1/models/"
ROUTES = {
    "state": "GET",
    "models": "GET, POST",
    "requests": "GET, DELETE",
    "faults": "GET, POST, DELETE",
    "faults/1": "DELETE",
    "keys": "POST, PATCH",
    "wipe": "POST",
}


@pytest.fixture(scope="module")
def watched() -> Iterator[Server]:
    with serve(control_key="control") as server:
        yield server


@pytest.fixture
def client(watched: Server) -> Iterator[httpx.Client]:
    watched.wipe()
    with connect(watched, watched.api_key) as client:
        yield client


@pytest.fixture
def control(watched: Server) -> Iterator[httpx.Client]:
    watched.wipe()
    headers = {"Authorization": "Emulator-Key control"}
    base_url = f"{watched.url}/_emulator/"
    with httpx.Client(base_url=base_url, headers=headers, verify=TLS) as control:
        yield control


def test_a_key_of_its_own() -> None:
    """The control has a key of its own, made up unless it is given, which is in no repr."""
    with serve() as one, serve(control_key="mine") as other:
        assert re.fullmatch(r"rs-emulator-[0-9a-f]{32}", one.control_key)
        assert one.control_key != one.api_key
        assert one.control_key not in repr(one)
        assert other.control_key == "mine"
    with pytest.raises(ValueError, match="at least one character"), serve(control_key=""):
        pass


@pytest.mark.parametrize(
    "header", [None, "", "control", "Emulator-Key", "Emulator-Key wrong", "Api-Key control", "ü"]
)
@pytest.mark.parametrize("route", [*ROUTES, "nowhere"])
def test_nothing_without_the_key(watched: Server, route: str, header: str | None) -> None:
    """Without its key, and with an API key too, nothing is told or done."""
    watched.wipe()
    headers = [] if header is None else [(b"Authorization", header.encode())]
    for key in (headers, [(b"Authorization", f"Api-Key {watched.api_key}".encode())]):
        response = httpx.post(f"{watched.url}/_emulator/{route}", headers=key, verify=TLS)

        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Emulator-Key"
        assert "Authorization: Emulator-Key" in response.json()["detail"]


@pytest.mark.parametrize(("route", "allowed"), ROUTES.items())
def test_methods(control: httpx.Client, route: str, allowed: str) -> None:
    """Each address takes its methods, HEAD where it takes GET, and tells of them otherwise."""
    refused = control.put(route)

    assert refused.status_code == 405
    assert refused.headers["Allow"] == allowed
    assert refused.json() == {
        "detail": f"PUT is not for this address, which takes {allowed}.",
    }
    head = control.head(route)
    assert head.status_code == (200 if "GET" in allowed else 405)
    assert head.content == b""


def test_nothing_elsewhere(control: httpx.Client) -> None:
    """At other addresses nothing is, and the answer tells where something is."""
    response = control.get("nowhere")

    assert response.status_code == 404
    assert "/_emulator/state, /_emulator/models" in response.json()["detail"]


def test_it_is_not_among_the_requests(watched: Server, control: httpx.Client) -> None:
    """Looking is not remembered, not kept in caches, and not open to other sites' scripts."""
    response = control.get("state", headers={"Origin": "https://example.com"})

    assert watched.requests == ()
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(("path", "status"), [("/_emulator", 401), ("/favicon.ico", 404)])
def test_what_is_not_of_the_api(watched: Server, path: str, status: int) -> None:
    """What a person or their browser asks beside the API is not among the requests."""
    watched.wipe()

    assert httpx.get(f"{watched.url}{path}", verify=TLS).status_code == status
    assert watched.requests == ()


def test_the_state(watched: Server, control: httpx.Client, client: httpx.Client) -> None:
    """The state is told in numbers."""
    create(client)
    watched.add_fault(Fault(status=500, path="/nowhere/"))

    assert control.get("state").json() == {
        "models": 1,
        "requests": 1,
        "faults": 1,
        "connections": {"open": 1, "opened": 1, "most_open": 1},
    }


def test_models(watched: Server, control: httpx.Client, client: httpx.Client) -> None:
    """Models are listed, the last so many, and can be put there."""
    first = create(client, name="a")
    added = control.post(
        "models",
        json={"values": {"name": "b", "url": "http://b"}, "visibility": "PUBLIC"},
    )

    assert added.status_code == 201
    assert added.json()["visibility"] == "PUBLIC"
    told = control.get("models").json()
    assert told["count"] == 2
    assert told["models"][0] == {
        **first,
        "visibility": "PRIVATE",
        "organisation": "main",
        "owner": "main@emulator.invalid",
    }
    assert [one["name"] for one in control.get("models?limit=1").json()["models"]] == ["b"]
    assert client.get(f"{LIST}{added.json()['id']}/").json()["url"] == "http://b"


def test_listing_on(control: httpx.Client, client: httpx.Client) -> None:
    """From a place on, the first that follow are listed, so that nothing is left out."""
    for name in "abcde":
        create(client, name=name)

    def names(query: str) -> list[str]:
        return [one["name"] for one in control.get(f"models?{query}").json()["models"]]

    def numbers(query: str) -> list[int]:
        return [one["number"] for one in control.get(f"requests?{query}").json()["requests"]]

    assert names("limit=2&offset=0") == ["a", "b"]
    assert names("limit=2&offset=2") == ["c", "d"]
    assert names("limit=2") == ["d", "e"]
    assert numbers("limit=2&after=0") == [1, 2]
    assert numbers("limit=2&after=2") == [3, 4]
    assert numbers("limit=2") == [4, 5]


def test_two_hundred_at_most(watched: Server, control: httpx.Client, client: httpx.Client) -> None:
    """No more than two hundred are listed at once, whatever is asked for."""
    for _ in range(201):
        watched.add_model(name="x")
        client.get("/nowhere/")

    assert len(control.get("models?limit=1000").json()["models"]) == 200
    assert len(control.get("requests?limit=1000").json()["requests"]) == 200


def test_requests(control: httpx.Client, client: httpx.Client) -> None:
    """Requests are told as Python has them, from one on, and can be forgotten."""
    for name in ("a", "b", "c"):
        create(client, name=name, default_key="secret")

    told = control.get("requests", params={"after": 1}).json()
    assert told["count"] == 3
    assert [one["number"] for one in told["requests"]] == [2, 3]
    (last,) = control.get("requests?limit=1").json()["requests"]
    assert last["method"] == "POST"
    assert last["path"] == LIST
    assert last["json"] == {"name": "c", "default_key": "[masked]"}
    assert last["status"] == 201
    assert last["query"] == {}
    assert last["fault"] is None
    assert "authorization" not in last["headers"]
    assert datetime.fromisoformat(last["at"]).tzinfo

    assert control.delete("requests").status_code == 204
    assert control.get("requests").json() == {"count": 0, "requests": []}


def test_faults(watched: Server, control: httpx.Client, client: httpx.Client) -> None:
    """Faults are added, listed in their order, taken back one by one and all at once."""
    added = control.post("faults", json={"status": 503, "retry_after": 2})
    number = added.json()["id"]
    control.post("faults", json={"reset": "after", "times": 2, "method": "DELETE"})

    assert added.status_code == 201
    assert control.get("faults").json() == {
        "faults": [
            {"id": number + 1, "left": 2, "reset": "after", "times": 2, "method": "DELETE"},
            {"id": number, "left": None, "status": 503, "retry_after": 2.0},
        ]
    }
    assert client.get(LIST).headers["Retry-After"] == "2"
    assert control.delete(f"faults/{number}").status_code == 204
    assert client.get(LIST).status_code == 200
    again = control.delete(f"faults/{number}")
    assert (again.status_code, "not any more" in again.text) == (400, True)
    assert control.delete("faults").status_code == 204
    assert watched.faults == ()


def test_keys(watched: Server, control: httpx.Client) -> None:
    """Keys are added, changed and revoked."""
    key = control.post("keys").json()["key"]
    control.post("keys", json={"key": "own", "organisation": "main", "rate_limit": "1/day"})

    with connect(watched, key) as client, connect(watched, "own") as limited:
        assert client.get(LIST).status_code == 200
        assert [limited.get(LIST).status_code for _ in range(2)] == [200, 429]
        assert control.patch("keys", json={"key": key, "state": "revoked"}).status_code == 204
        assert client.get(LIST).status_code == 403
        assert control.patch("keys", json={"key": "own", "rate_limit": ""}).status_code == 204
        assert limited.get(LIST).status_code == 200


def test_wiping(watched: Server, control: httpx.Client, client: httpx.Client) -> None:
    """All is wiped."""
    create(client)
    control.post("faults", json={"status": 500})

    assert control.post("wipe").status_code == 204
    assert (watched.models, watched.requests, watched.faults) == ((), (), ())


@pytest.mark.parametrize(
    ("method", "route", "content", "sentence"),
    [
        ("POST", "faults", b"", "The body is no JSON"),
        ("POST", "faults", b"\xff", "The body is no JSON"),
        ("POST", "faults", b"[" * 100_000, "The body is no JSON"),
        ("POST", "faults", b"5", "a fault: "),
        ("POST", "faults", b'{"stauts": 1}', "stauts: Unexpected keyword argument."),
        ("DELETE", "faults/x", b"", "The number is a whole number, not 'x'."),
        ("DELETE", "faults/" + "9" * 5000, b"", "The number is a whole number"),
        ("DELETE", "faults/999999", b"", "There is no fault with the number 999999"),
        ("GET", "requests?after=-1", b"", "after is a whole number, not '-1'."),
        ("GET", "requests?limit=x", b"", "limit is a whole number"),
        ("GET", "models?limit=" + "9" * 5000, b"", "limit is a whole number"),
        ("POST", "models", b"", "Invalid JSON"),
        ("POST", "models", b"{}", "values: Field required."),
        ("POST", "models", b'{"values": {}}', "This field is required."),
        ("POST", "models", b'{"values": {"x": 1}}', "A model has no x."),
        ("POST", "models", b'{"values": {"name": "x"}, "key": "y"}', "There is no such key"),
        ("POST", "models", b'{"values": {"name": "x"}, "visibility": "y"}', "visibility: "),
        ("POST", "keys", b'{"key": "a b"}', "at least one character"),
        ("POST", "keys", b'{"state": "asleep"}', "state: Input should be"),
        ("POST", "keys", b'{"rate_limit": "often"}', "A rate limit is written like"),
        ("POST", "keys", b'{"rate": "1/s"}', "rate: Extra inputs are not permitted."),
        ("POST", "models", b'{"values": {"name": "x"}, "visible": "y"}', "visible: Extra inputs"),
        ("PATCH", "keys", b'{"key": "k", "stat": "active"}', "stat: Extra inputs"),
        ("PATCH", "keys", b"{}", "key: Field required."),
        ("PATCH", "keys", b'{"key": "unknown"}', "There is no such key"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_wrong_is_said(
    watched: Server, control: httpx.Client, method: str, route: str, content: bytes, sentence: str
) -> None:
    """Wrong input is 400 with a sentence, and changes nothing."""
    response = control.request(method, route, content=content)

    assert response.status_code == 400
    assert sentence in response.json()["detail"]
    assert (watched.models, watched.faults) == ((), ())


@pytest.mark.parametrize("path", ["/_emulator/faults", LIST])
def test_a_client_that_leaves(watched: Server, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A client that hangs up in the middle of a request harms nothing."""
    caplog.set_level(logging.DEBUG, "root.emulator")
    with socket.create_connection((watched.host, watched.port)) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n"
            "Authorization: Emulator-Key control\r\n\r\n{".encode()
        )
    while not caplog.records:
        assert not watched.faults

    assert {record.name for record in caplog.records} == {"root.emulator"}


def test_the_page() -> None:
    """The page is at `/`, for GET and HEAD alone, and lets nothing foreign in."""
    with serve() as server:
        page = httpx.get(f"{server.url}/", verify=TLS)
        head = httpx.head(f"{server.url}/", verify=TLS)
        refused = httpx.post(f"{server.url}/", verify=TLS)
        assert server.requests == ()

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert not re.search(r"(src|href)=\"(?!data:|#)", page.text)
    assert not re.search(r"https?://", page.text)
    assert head.headers["Content-Length"] == page.headers["Content-Length"]
    assert head.content == b""
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_with_curl(watched: Server, client: httpx.Client) -> None:
    """It is at hand from a shell, as the manual shows it."""
    watched.wipe()
    done = subprocess.run(
        [
            *("curl", "--silent", "--fail", "-H", "Authorization: Emulator-Key control"),
            *("-d", '{"status": 503, "times": 1}', f"{watched.url}/_emulator/faults"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.fullmatch(r'\{"id": \d+\}', done.stdout)
    assert client.get(LIST).status_code == 503
