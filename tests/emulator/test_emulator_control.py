"""The control API."""

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
    "resources": "GET",
    "projects": "GET, POST",
    "requests": "GET, DELETE",
    "faults": "GET, POST, DELETE",
    "faults/1": "DELETE",
    "keys": "POST, PATCH",
    "wipe": "POST",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(control_key="control") as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    server.wipe()
    with connect(server, server.api_key) as client:
        yield client


@pytest.fixture
def control(server: Server) -> Iterator[httpx.Client]:
    server.wipe()
    headers = {"Authorization": "Emulator-Key control"}
    base_url = f"{server.url}/_emulator/"
    with httpx.Client(base_url=base_url, headers=headers, verify=TLS) as control:
        yield control


def test_control_key() -> None:
    """The control key is random unless given, and is not part of the repr."""
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
def test_control_key_is_required(server: Server, route: str, header: str | None) -> None:
    """Without the control key, and with an API key, every path returns 401."""
    server.wipe()
    headers = [] if header is None else [(b"Authorization", header.encode())]
    for key in (headers, [(b"Authorization", f"Api-Key {server.api_key}".encode())]):
        response = httpx.post(f"{server.url}/_emulator/{route}", headers=key, verify=TLS)

        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Emulator-Key"
        assert "Authorization: Emulator-Key" in response.json()["detail"]


@pytest.mark.parametrize(("route", "allowed"), ROUTES.items())
def test_allowed_methods(control: httpx.Client, route: str, allowed: str) -> None:
    """Unsupported methods get 405 with the allowed ones, and HEAD works where GET does."""
    refused = control.put(route)

    assert refused.status_code == 405
    assert refused.headers["Allow"] == allowed
    assert refused.json() == {
        "detail": f"Method PUT is not allowed. Allowed methods: {allowed}.",
    }
    head = control.head(route)
    assert head.status_code == (200 if "GET" in allowed else 405)
    assert head.content == b""


def test_unknown_paths(control: httpx.Client) -> None:
    """An unknown path gets 404 with a list of the paths."""
    response = control.get("nowhere")

    assert response.status_code == 404
    assert "/_emulator/state, /_emulator/resources, /_emulator/models" in response.json()["detail"]


def test_control_requests_are_not_recorded(server: Server, control: httpx.Client) -> None:
    """Control requests are not recorded, not cached, and not readable by other origins."""
    response = control.get("state")

    assert server.requests == ()
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(("path", "status"), [("/_emulator", 401), ("/favicon.ico", 404)])
def test_other_paths_are_not_recorded(server: Server, path: str, status: int) -> None:
    """Requests of a person or a browser outside the API are not recorded."""
    server.wipe()

    assert httpx.get(f"{server.url}{path}", verify=TLS).status_code == status
    assert server.requests == ()


def test_state(server: Server, control: httpx.Client, client: httpx.Client) -> None:
    """The state has the counts of each resource, of requests, faults and connections."""
    create(client)
    server.add_fault(Fault(status=500, path="/nowhere/"))
    resources = [one["name"] for one in control.get("resources").json()["resources"]]

    assert {"models", "projects", "batch-executions"} < {*resources}
    assert control.get("state").json() == {
        **dict.fromkeys(resources, 0),
        "models": 1,
        "requests": 1,
        "faults": 1,
        "connections": {"open": 1, "opened": 1, "most_open": 1},
    }


def test_models(server: Server, control: httpx.Client, client: httpx.Client) -> None:
    """Models are listed, the last ones with `limit`, and can be added."""
    first = create(client, name="a")
    added = control.post(
        "models",
        json={"values": {"name": "b", "url": "http://b"}, "visibility": "PUBLIC"},
    )

    assert added.status_code == 201
    assert added.json()["visibility"] == "PUBLIC"
    listed = control.get("models").json()
    assert listed["count"] == 2
    assert listed["models"][0] == {
        **first,
        "visibility": "PRIVATE",
        "organization": "main",
        "owner": "main@emulator.invalid",
    }
    assert [one["name"] for one in control.get("models?limit=1").json()["models"]] == ["b"]
    assert client.get(f"{LIST}{added.json()['id']}/").json()["url"] == "http://b"


def test_projects(control: httpx.Client, client: httpx.Client) -> None:
    """Projects are listed, the last ones with `limit`."""
    first = client.post("/v1/projects/", json={"name": "a"}).json()
    client.post("/v1/projects/", json={"name": "b", "is_default": True})

    listed = control.get("projects").json()
    assert listed["count"] == 2
    assert datetime.fromisoformat(listed["projects"][0].pop("created_at")).tzinfo
    assert listed["projects"][0] == {
        "id": first["id"],
        "name": "a",
        "description": "",
        "is_default": False,
        "organization": "main",
        "owner": "main@emulator.invalid",
    }
    assert [one["name"] for one in control.get("projects?limit=1").json()["projects"]] == ["b"]
    offset = control.get("projects?limit=1&offset=0").json()
    assert [one["name"] for one in offset["projects"]] == ["a"]


def test_offset_and_after(control: httpx.Client, client: httpx.Client) -> None:
    """`offset` and `after` return the first items from there on, so that no item is missed."""
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


def test_limit_has_a_maximum(server: Server, control: httpx.Client, client: httpx.Client) -> None:
    """At most 200 items are listed, whatever the limit."""
    for _ in range(201):
        server.add_model(name="x")
        client.get("/nowhere/")

    assert len(control.get("models?limit=1000").json()["models"]) == 200
    assert len(control.get("requests?limit=1000").json()["requests"]) == 200


def test_requests(control: httpx.Client, client: httpx.Client) -> None:
    """Requests are listed as in Python, from a number on, and can be cleared."""
    for name in ("a", "b", "c"):
        create(client, name=name, default_key="secret")

    listed = control.get("requests", params={"after": 1}).json()
    assert listed["count"] == 3
    assert [one["number"] for one in listed["requests"]] == [2, 3]
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


def test_faults(server: Server, control: httpx.Client, client: httpx.Client) -> None:
    """Faults are added, listed in order, removed one by one, and cleared."""
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
    assert (again.status_code, "No active fault" in again.text) == (400, True)
    assert control.delete("faults").status_code == 204
    assert server.faults == ()


def test_keys(server: Server, control: httpx.Client) -> None:
    """Keys are added, changed and revoked."""
    key = control.post("keys").json()["key"]
    control.post("keys", json={"key": "own", "organization": "main", "rate_limit": "1/day"})

    with connect(server, key) as client, connect(server, "own") as limited:
        assert client.get(LIST).status_code == 200
        assert [limited.get(LIST).status_code for _ in range(2)] == [200, 429]
        assert control.patch("keys", json={"key": key, "state": "revoked"}).status_code == 204
        assert client.get(LIST).status_code == 401
        assert control.patch("keys", json={"key": "own", "rate_limit": ""}).status_code == 204
        assert limited.get(LIST).status_code == 200


def test_wipe(server: Server, control: httpx.Client, client: httpx.Client) -> None:
    """Wiping removes models, requests and faults."""
    create(client)
    control.post("faults", json={"status": 500})

    assert control.post("wipe").status_code == 204
    assert (server.models, server.requests, server.faults) == ((), (), ())


@pytest.mark.parametrize(
    ("method", "route", "content", "message"),
    [
        ("POST", "faults", b"", "The body is not valid JSON"),
        ("POST", "faults", b"\xff", "The body is not valid JSON"),
        ("POST", "faults", b"[" * 100_000, "The body is not valid JSON"),
        ("POST", "faults", b"5", "fault: "),
        ("POST", "faults", b'{"stauts": 1}', "stauts: Unexpected keyword argument."),
        ("DELETE", "faults/x", b"", "number must be a non-negative integer, not 'x'."),
        ("DELETE", "faults/" + "9" * 5000, b"", "number must be a non-negative integer"),
        ("DELETE", "faults/999999", b"", "No active fault has the number 999999"),
        ("GET", "requests?after=-1", b"", "after must be a non-negative integer, not '-1'."),
        ("GET", "requests?limit=x", b"", "limit must be a non-negative integer"),
        ("GET", "models?limit=" + "9" * 5000, b"", "limit must be a non-negative integer"),
        ("POST", "models", b"", "Invalid JSON"),
        ("POST", "models", b"{}", "values: Field required."),
        ("POST", "models", b'{"values": {}}', "This field is required."),
        ("POST", "models", b'{"values": {"x": 1}}', "Unknown fields of a model: x."),
        ("POST", "models", b'{"values": {"name": "x"}, "key": "y"}', "Unknown API key"),
        ("POST", "models", b'{"values": {"name": "x"}, "visibility": "y"}', "visibility: "),
        ("POST", "keys", b'{"key": "a b"}', "at least one character"),
        ("POST", "keys", b'{"state": "asleep"}', "state: Input should be"),
        ("POST", "keys", b'{"rate_limit": "often"}', "A rate limit must have a format like"),
        ("POST", "keys", b'{"rate": "1/s"}', "rate: Extra inputs are not permitted."),
        ("POST", "models", b'{"values": {"name": "x"}, "visible": "y"}', "visible: Extra inputs"),
        ("PATCH", "keys", b'{"key": "k", "stat": "active"}', "stat: Extra inputs"),
        ("PATCH", "keys", b"{}", "key: Field required."),
        ("PATCH", "keys", b'{"key": "unknown"}', "Unknown API key"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_invalid_input(
    server: Server, control: httpx.Client, method: str, route: str, content: bytes, message: str
) -> None:
    """Invalid input gets 400 with an explanation, and changes nothing."""
    response = control.request(method, route, content=content)

    assert response.status_code == 400
    assert message in response.json()["detail"]
    assert (server.models, server.faults) == ((), ())


@pytest.mark.parametrize("path", ["/_emulator/faults", LIST])
def test_client_disconnects(server: Server, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A client that disconnects during its request causes no error."""
    caplog.set_level(logging.DEBUG, "rootsignals.emulator")
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n"
            "Authorization: Emulator-Key control\r\n\r\n{".encode()
        )
    while not caplog.records:
        assert not server.faults

    assert {record.name for record in caplog.records} == {"rootsignals.emulator"}


def test_dashboard() -> None:
    """The dashboard is served at `/` for GET and HEAD, and permits no foreign content."""
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


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(server: Server, client: httpx.Client) -> None:
    """The example for curl in the documentation works."""
    server.wipe()
    done = subprocess.run(
        [
            *("curl", "--silent", "--fail", "-H", "Authorization: Emulator-Key control"),
            *("-d", '{"status": 503, "times": 1}', f"{server.url}/_emulator/faults"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.fullmatch(r'\{"id": \d+\}', done.stdout)
    assert client.get(LIST).status_code == 503


def test_scores(emulator: Server) -> None:
    """Scores are added, listed and removed, and invalid ones are rejected."""
    headers = {"Authorization": f"Emulator-Key {emulator.control_key}"}
    score = {"evaluator": "Relevance", "score": 0.1, "justification": "no", "pattern": "x"}
    with httpx.Client(base_url=f"{emulator.url}/_emulator/", headers=headers) as control:
        assert control.post("scores", json=score).status_code == 204
        assert control.get("scores").json() == {"scores": [score]}
        invalid = [
            control.post("scores", json={**score, **change})
            for change in (
                {"score": 2.0},
                {"score": True},
                {"pattern": "("},
                {"evaluator": ""},
                {"evaluator": "Relevence"},
                {"color": 1},
            )
        ]
        assert [response.status_code for response in invalid] == [400] * 6
        assert control.delete("scores").status_code == 204
        assert control.get("scores").json() == {"scores": []}
