"""The history of requests, statistics of connections, and unexpected requests."""

from __future__ import annotations

import asyncio
import http.client
import json
import multiprocessing
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest

from root.emulator import Connections, Fault, Server, serve
from root.emulator.history import Entry, History, Mask, RecordedRequest
from root.emulator.keys import KeyState

from .conftest import TLS, connect
from .test_emulator_models import create

LIST = "/v1/models/"
MODEL = "/v1/models/nope/"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    server.wipe()
    with connect(server, server.api_key) as client:
        yield client


def test_request_is_recorded(server: Server, client: httpx.Client) -> None:
    """A request is recorded with its content and the status of its response."""
    before = datetime.now(UTC)
    response = client.post(
        "/v1/models/?a=1&b=&a=2", json={"name": "ü"}, headers={"X-Test": "a", "X-TEST-2": "b"}
    )

    (request,) = server.requests
    assert request.number == 1
    assert before <= request.at <= datetime.now(UTC)
    assert (request.method, request.path, request.status) == ("POST", LIST, 201)
    assert dict(request.query) == {"a": "2", "b": ""}
    assert request.json == {"name": "ü"}
    assert (request.headers["x-test"], request.headers["x-test-2"]) == ("a", "b")
    assert request.headers["content-type"] == "application/json"
    assert request.request_id == response.headers["X-Request-Id"]
    assert request.fault is None
    assert str(request) == "POST /v1/models/ (201)"
    with pytest.raises(TypeError):
        request.query["a"] = "3"  # type: ignore[index]


def test_secrets_are_not_recorded(server: Server, client: httpx.Client) -> None:
    """Keys and cookies are not recorded, at any depth."""
    client.post(
        f"{LIST}?api_key=secret-1&default_key=secret-2",
        json={
            "name": "x",
            "default_key": "secret-3",
            "nested": [{"api_key": {"deep": "secret-4"}}],
            "none": {"api_key": None},
        },
        headers={"Cookie": "a=secret-5", "Proxy-Authorization": "secret-6"},
    )

    (request,) = server.requests
    assert "secret" not in repr(request)
    assert server.api_key not in repr(request)
    assert request.json == {
        "name": "x",
        "default_key": "[masked]",
        "nested": [{"api_key": "[masked]"}],
        "none": {"api_key": None},
    }
    assert set(request.query.values()) == {"[masked]"}
    assert not {"authorization", "cookie", "proxy-authorization"} & set(request.headers)
    assert "secret" not in repr(server.models)


def test_secrets_are_masked_everywhere(server: Server, client: httpx.Client) -> None:
    """The emulator's keys and passwords in URLs are masked in all texts."""
    key = server.add_key("a-key-of-another")
    url = f"http://ada:pass@word@host/{key}"
    client.post(
        f"{LIST}?a={key}",
        json={"name": f"x {server.api_key}", "url": url, "at": ["ada@example.com", key]},
        headers={
            "X-Api-Key": "of another service",
            "Referer": url,
            "X-Note": f"control is {server.control_key}",
        },
    )
    client.get(f"{LIST}{key}/")

    posted, got = server.requests
    assert "pass" not in repr(posted)
    assert key not in repr((posted, got))
    assert server.api_key not in repr(posted)
    assert posted.headers["x-note"] == "control is [masked]"
    assert posted.json == {
        "name": "x [masked]",
        "url": "http://[masked]@host/[masked]",
        "at": ["ada@example.com", "[masked]"],
    }
    assert posted.headers["x-api-key"] == posted.query["a"] == "[masked]"
    assert got.path == f"{LIST}[masked]/"


def test_secrets_are_masked_as_names(server: Server, client: httpx.Client) -> None:
    """The emulator's keys are masked as names too, and in the reason of a rejection."""
    key = server.add_key("A-key-of-another")
    client.post(f"{LIST}?{key}=1", json={key: 1}, headers={key: "a"})
    client.post(LIST, content=b"x", headers={"Content-Type": key})

    named, refused = server.requests
    assert key.lower() not in repr((named, refused)).lower()
    assert (named.query["[masked]"], named.json, named.headers["[masked]"]) == (
        "1",
        {"[masked]": 1},
        "a",
    )
    with pytest.raises(AssertionError, match=r'media type "\[masked\]"'):
        server.assert_no_unexpected_requests()


def test_short_keys_are_not_masked(server: Server, client: httpx.Client) -> None:
    """A key that is as short as a word does not mask other words."""
    server.add_key("key")
    client.post(LIST, json={"name": "monkey"})

    assert server.requests[0].json == {"name": "monkey"}


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b"", None),
        (b"name=x", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b'{"a": "' + b"x" * 70_000 + b'"}', None),
        (b"null", None),
        (b'[NaN, Infinity, 1e999, 1.5, "\\ud800"]', ["nan", "inf", "inf", 1.5, "\ud800"]),
    ],
    ids=["empty", "form", "bytes", "deep", "long", "null", "numbers"],
)
def test_recorded_bodies(
    server: Server, client: httpx.Client, content: bytes, read: object
) -> None:
    """A body that is too long or not JSON is omitted; others can be encoded as JSON again."""
    client.post(LIST, content=content)

    (request,) = server.requests
    listed = client.get(
        "/_emulator/requests", headers={"Authorization": f"Emulator-Key {server.control_key}"}
    )
    assert request.json == read
    assert listed.status_code == 200
    assert json.loads(listed.content)["requests"][0]["json"] == read


def test_fault_is_recorded(server: Server, client: httpx.Client) -> None:
    """A request is recorded with its fault, and without a status if there was no response."""
    server.fail_next(status=503, delay=0.01, path="/v1/*")
    client.get(LIST)
    server.fail_next(reset="before")
    with pytest.raises(httpx.ReadError):
        client.get(LIST)

    first, second = server.requests
    assert first.fault == {"status": 503, "delay": 0.01, "path": "/v1/*", "times": 1}
    assert first.status == 503
    assert second.fault == {"reset": "before", "times": 1}
    assert second.status is None
    assert str(second) == "GET /v1/models/ (no response)"


def test_history_is_limited() -> None:
    """The last 10,000 requests are kept with their numbers."""
    history = History(lambda: (), ())
    for number in range(10_005):
        history.add(Entry("GET", f"/{number}", b"", [], b"", "id", 0.0))

    kept = history.after(0)()
    assert history.count == 10_005
    assert len(kept) == 10_000
    assert (kept[0].path, kept[0].number) == ("/5", 6)
    assert [one.number for one in history.after(10_003)()] == [10_004, 10_005]
    assert [one.number for one in history.after(10_000, 2)()] == [10_001, 10_002]
    assert history.after(10_005)() == ()


def test_models(server: Server, client: httpx.Client) -> None:
    """The models are the created ones of all keys, in their current state."""
    first = create(client, name="a", max_token_count=5)
    with connect(server, server.add_key(organization="other", email="o@example.com")) as other:
        create(other, name="b", url="http://b")
    client.patch(f"{LIST}{first['id']}/", json={"max_token_count": None})

    a, b = server.models
    assert (a.id, a.name, a.max_token_count, a.organization) == (first["id"], "a", None, "main")
    assert (b.name, b.url, b.owner, b.organization) == ("b", "http://b", "o@example.com", "other")
    client.delete(f"{LIST}{first['id']}/")
    assert [model.name for model in server.models] == ["b"]


def test_connections_are_counted(server: Server) -> None:
    """Connections with requests to the API are counted, and no others."""
    server.wipe()
    one, two, looks = (http.client.HTTPConnection(server.host, server.port) for _ in range(3))
    for connection, path in ((one, LIST), (one, LIST), (two, LIST), (looks, "/_emulator/state")):
        connection.request("GET", path)
        connection.getresponse().read()

    assert server.connections == Connections(open=2, opened=2, most_open=2)
    for connection in (one, two, looks):
        connection.close()
    assert server.connections == Connections(open=0, opened=2, most_open=2)


def test_closed_connection_is_not_open(server: Server) -> None:
    """A connection that a client has closed is not counted as open any more."""
    for _ in range(50):
        connection = http.client.HTTPConnection(server.host, server.port)
        connection.request("GET", LIST)
        connection.getresponse().read()
        connection.close()

        assert server.connections.open == 0


def test_wipe_resets_statistics(server: Server, client: httpx.Client) -> None:
    """After a wipe, existing connections are open, and none was opened."""
    client.get(LIST)
    with connect(server, server.api_key) as other:
        other.get(LIST)
    server.wipe()
    client.get(LIST)

    assert server.connections == Connections(open=1, opened=0, most_open=1)


def test_key_exists_already(server: Server, client: httpx.Client) -> None:
    """An existing key cannot be added again with another organization."""
    with pytest.raises(ValueError, match="exists already"):
        server.add_key(server.api_key, organization="x", state="read-only")

    create(client)
    assert server.models[0].organization == "main"


def test_snapshots_do_not_change(server: Server, client: httpx.Client) -> None:
    """Returned values do not change with later requests."""
    connections, requests = server.connections, server.requests
    client.get(LIST)

    assert connections.opened == 0
    assert requests == ()
    assert server.connections.opened == 1


def test_wipe(server: Server, client: httpx.Client) -> None:
    """Wiping removes models, requests, faults and added keys, and keeps the catalogue."""
    create(client)
    added = server.add_key()
    server.change_key(server.api_key, state="read-only")
    server.fail_next(status=500)

    server.wipe()

    assert (server.models, server.requests, server.faults) == ((), (), ())
    assert client.post(LIST, json={"name": "x"}).status_code == 201
    assert len(client.get(LIST).json()["results"]) > 10
    with connect(server, added) as client_of_added:
        assert client_of_added.get(LIST).status_code == 401
    assert server.requests[0].number == 1


UNEXPECTED: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/v1/models", {}),
    ("GET", "/v2/models/", {}),
    ("PUT", "/v1/models/", {}),
    ("GET", LIST, {"Accept": "text/html"}),
    ("GET", LIST, {"Authorization": "Bearer x"}),
    ("GET", LIST, {"Authorization": "Api-Key wrong"}),
    ("POST", LIST, {"Content-Type": "text/plain"}),
    ("GET", MODEL, {"Accept": "text/html"}),
    ("GET", MODEL, {"Authorization": "Bearer x"}),
    ("GET", MODEL, {"Authorization": "Api-Key wrong"}),
    ("POST", MODEL, {}),
    ("DELETE", "/v1/models//", {}),
    ("GET", "/v1/models/gpt-4.1/", {}),
    ("GET", f"{MODEL}?format=csv", {}),
    ("GET", f"{LIST}?cursor=nonsense", {}),
]


@pytest.mark.parametrize(("method", "path", "headers"), UNEXPECTED)
def test_unexpected_requests(
    server: Server, client: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    """Requests outside the API, or without permission, are unexpected and listed."""
    client.get(LIST)
    client.request(method, path, headers=headers, content=b"x" if method == "POST" else b"")

    with pytest.raises(AssertionError, match="1 request was not expected") as error:
        server.assert_no_unexpected_requests()

    assert f"{method} {path.partition('?')[0]} (" in str(error.value)
    assert "GET /v1/models/ (200)" not in str(error.value)


@pytest.mark.parametrize(
    ("state", "reason"),
    [("revoked", "the key is unknown or revoked"), ("read-only", "the key is read-only")],
)
def test_denied_requests_are_unexpected(
    server: Server, client: httpx.Client, state: KeyState, reason: str
) -> None:
    """Requests that the key does not permit are unexpected, and the message has the reason."""
    model = create(client)
    server.change_key(server.api_key, state=state)
    client.delete(f"{LIST}{model['id']}/")

    with pytest.raises(AssertionError, match=reason):
        server.assert_no_unexpected_requests()
    assert server.requests[-1].unexpected


@pytest.mark.parametrize(
    "fault",
    [Fault(delay=0.01), Fault(body="x"), Fault(reset="after")],
    ids=["late", "body", "reset"],
)
def test_unexpected_requests_with_faults(
    server: Server, client: httpx.Client, fault: Fault
) -> None:
    """An unexpected request is reported also if a fault changes its response."""
    server.add_fault(fault)
    with suppress(httpx.ReadError):
        client.get("/v2/models/")

    with pytest.raises(AssertionError, match="GET /v2/models/"):
        server.assert_no_unexpected_requests()


def test_expected_errors(server: Server, client: httpx.Client) -> None:
    """Missing models, models of others, invalid bodies and faults are expected."""
    client.get(MODEL)
    client.delete(
        f"{LIST}{server.add_model(name='x', visibility='PUBLIC', api_key=server.add_key()).id}/"
    )
    client.post(LIST, json={})
    server.fail_next(status=404)
    client.get(LIST)

    server.assert_no_unexpected_requests()


def test_expected_patterns(server: Server, client: httpx.Client) -> None:
    """With patterns, requests that match none are unexpected."""
    client.get(LIST)
    client.get(f"{LIST}nope/")

    server.assert_no_unexpected_requests("GET /v1/models/*")
    server.assert_no_unexpected_requests("GET /v1/models/", "* /v1/models/*/")
    with pytest.raises(AssertionError, match=r"GET /v1/models/nope/ \(404: Not found\.\)"):
        server.assert_no_unexpected_requests("GET /v1/models/", "POST *")


def test_stopped_emulator() -> None:
    """After the `with` block, calls raise an error with the reason."""
    with serve() as server:
        pass

    assert server.url.startswith("http://127.0.0.1:")
    for call in (
        lambda: server.requests,
        lambda: server.models,
        lambda: server.add_fault(Fault(status=500)),
        server.wipe,
        server.assert_no_unexpected_requests,
    ):
        with pytest.raises(ValueError, match="its `with` block has ended"):
            call()


def test_calls_during_shutdown() -> None:
    """A call during shutdown returns or raises an error, and never hangs."""

    def call(server: Server) -> int:
        calls = 0
        while True:
            try:
                server.connections  # noqa: B018 - the property is the subject of the test
            except ValueError:
                return calls
            calls += 1

    with ThreadPoolExecutor(4) as threads:
        with serve() as server:
            waiting = [threads.submit(call, server) for _ in range(4)]
            while not server.connections.opened:
                httpx.get(f"{server.url}{LIST}")
        counts = [one.result(timeout=10) for one in waiting]

    assert len(counts) == 4


def requests_or_error(server: Server) -> str:
    try:
        return str(server.requests)
    except ValueError as exc:
        return str(exc)


# Python 3.12 and later warn about forks in processes with threads.
@pytest.mark.filterwarnings("ignore:This process")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_forked_process(server: Server) -> None:
    """In a forked process, calls raise an error with the address of the control API."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe()
    child = context.Process(target=lambda: writer.send(requests_or_error(server)))
    child.start()

    assert f"{server.url}/_emulator/" in reader.recv()
    child.join()


def test_many_threads(server: Server) -> None:
    """The server object can be used from many threads while requests arrive."""
    server.wipe()

    def use(number: int) -> None:
        with connect(server, server.api_key) as client:
            for _ in range(5):
                create(client, name=f"{number}-{len(server.requests)}-{id(client)}-{_}")
                server.remove_fault(server.add_fault(Fault(status=500, path="/nowhere/")))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(8)))

    assert len(server.models) == 40
    assert server.connections.opened == 8
    assert [request.number for request in server.requests] == list(range(1, 41))


async def test_running_event_loop(server: Server) -> None:
    """The server object can be used within a running event loop."""
    server.wipe()
    server.fail_next(status=503)
    headers = {"Authorization": f"Api-Key {server.api_key}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        responses = await asyncio.gather(*(client.get(LIST) for _ in range(3)))

    assert sorted(response.status_code for response in responses) == [200, 200, 503]
    assert len(server.requests) == 3


def test_add_model(server: Server, client: httpx.Client) -> None:
    """A model can be added without a request, also one that no request can create."""
    public = server.add_model(name="shared", visibility="PUBLIC", url="http://x")
    server.add_model(name="shared")

    with connect(server, server.add_key()) as other:
        assert other.get(f"{LIST}{public.id}/").json()["url"] == "http://x"
    assert [model.name for model in server.models] == ["shared", "shared"]
    assert len(server.requests) == 1
    with pytest.raises(ValueError, match="greater than or equal to 800"):
        server.add_model(name="x", max_output_token_count=1)
    with pytest.raises(ValueError, match="Unknown API key"):
        server.add_model(name="x", api_key="unknown")
    with pytest.raises(ValueError, match="one of PUBLIC, PUBLIC_UNLISTED, PRIVATE"):
        server.add_model(name="x", visibility="private")  # type: ignore[arg-type]  # pyright: ignore


def test_requests_do_not_control_the_terminal(server: Server, client: httpx.Client) -> None:
    """A request without a key can neither forge lines of a message nor control a terminal."""
    path = "/v1/%0A%20%20GET%20/v1/models/%20(200)%1B%5B2J%C2%9B%E2%80%AE"
    client.get(path, headers={"Authorization": ""})
    content_type = b"text/\x9b31m"
    client.post(LIST, content=b"x", headers={b"Content-Type": content_type})

    with pytest.raises(AssertionError) as error:
        server.assert_no_unexpected_requests()

    heading, *requests = str(error.value).split("\n")
    assert heading == "2 requests were not expected:"
    assert len(requests) == 2
    assert all(line.isprintable() for line in requests)
    assert r"GET /v1/\n  GET /v1/models/ (200)\x1b[2J\x9b\u202e (" in requests[0]
    assert server.requests[0].path.startswith("/v1/\n")


MIB = 1024 * 1024


def test_large_bodies(server: Server, client: httpx.Client) -> None:
    """A body above the limit is refused, is not kept, and the connection stays usable."""
    headers = {"Content-Type": "application/json"}
    fits, exceeds = (
        client.post(LIST, content=b" " * size, headers=headers) for size in (32 * MIB, 33 * MIB)
    )

    assert fits.status_code == 400
    assert exceeds.status_code == 413
    assert "32 MiB" in exceeds.json()["detail"]
    assert client.get(LIST).status_code == 200
    assert server.requests[1].reason == exceeds.json()["detail"]
    assert server.connections.opened == 1


def test_large_bodies_without_a_key(server: Server) -> None:
    """Without a valid key, a response does not wait for the end of a body."""
    server.wipe()
    head = "POST /v1/models/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Api-Key wrong\r\n"
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        connection.sendall(f"{head}Content-Length: {MIB}\r\n\r\n".encode() + b"x" * 70_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")

    assert server.requests[0].json is None


def test_large_bodies_of_control_requests(server: Server) -> None:
    """A body of the control API has the same limit."""
    headers = {"Authorization": f"Emulator-Key {server.control_key}"}
    with httpx.Client(base_url=f"{server.url}/_emulator/", headers=headers, verify=TLS) as control:
        assert control.post("keys", content=b" " * 33 * MIB).status_code == 413
        assert control.get("state").status_code == 200


def test_bytes_of_all_requests() -> None:
    """The oldest requests are dropped if all of them have too many bytes."""
    history = History(lambda: (), ())
    for _ in range(1500):
        history.add(Entry("POST", "/", b"", [], b"x" * 64 * 1024, "", 0.0))

    kept = [one.number for one in history.after(0)()]
    assert kept == list(range(478, 1501))
    assert history.count == 1500
    history.clear()
    history.add(Entry("GET", "/", b"", [], b"x", "", 0.0))
    assert len(history.after(0)()) == 1


@pytest.mark.parametrize("reader", ["python", "control"])
def test_other_requests_during_parsing(
    server: Server, client: httpx.Client, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    """While recorded requests are parsed, which takes long, the emulator processes others."""
    client.get(LIST)
    parse = Entry.to_record
    statuses: list[int] = []

    def parse_during_request(entry: Entry, mask: Mask) -> RecordedRequest:
        # In the event loop, it would wait for itself.
        statuses.append(client.get(LIST, timeout=5).status_code)
        return parse(entry, mask)

    monkeypatch.setattr(Entry, "to_record", parse_during_request)
    if reader == "python":
        assert len(server.requests) == 1
    else:
        headers = {"Authorization": f"Emulator-Key {server.control_key}"}
        found = httpx.get(f"{server.url}/_emulator/requests", headers=headers, verify=TLS)
        assert len(found.json()["requests"]) == 1
    assert statuses == [200]


def test_requests_are_those_of_a_moment() -> None:
    """A response that is recorded while requests are parsed is not that of an earlier moment."""
    history = History(lambda: (), ())
    entry = Entry("GET", "/", b"", [], b"", "", 0.0)
    history.add(entry)
    before = history.after(0)
    entry.status = 200
    after = history.after(0)

    assert [one.status for one in (*before(), *after())] == [None, 200]
