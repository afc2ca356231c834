"""What happened: requests, models, connections, and what was not expected among them."""

from __future__ import annotations

import asyncio
import http.client
import json
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest

from root.emulator import Connections, Fault, Server, serve
from root.emulator.history import Entry, History
from root.emulator.keys import KeyState

from .conftest import connect
from .test_emulator_models import create

LIST = "/v1/models/"
MODEL = "/v1/models/nope/"


@pytest.fixture(scope="module")
def watched() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def client(watched: Server) -> Iterator[httpx.Client]:
    watched.wipe()
    with connect(watched, watched.api_key) as client:
        yield client


def test_a_request_is_remembered(watched: Server, client: httpx.Client) -> None:
    """A request is there with all that it said, and with what it was answered."""
    before = datetime.now(UTC)
    response = client.post(
        "/v1/models/?a=1&b=&a=2", json={"name": "ü"}, headers={"X-Test": "a", "X-TEST-2": "b"}
    )

    (request,) = watched.requests
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


def test_secrets_are_not_remembered(watched: Server, client: httpx.Client) -> None:
    """Keys and cookies are in nothing that is remembered, however deep they stand."""
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

    (request,) = watched.requests
    assert "secret" not in repr(request)
    assert watched.api_key not in repr(request)
    assert request.json == {
        "name": "x",
        "default_key": "[masked]",
        "nested": [{"api_key": "[masked]"}],
        "none": {"api_key": None},
    }
    assert set(request.query.values()) == {"[masked]"}
    assert not {"authorization", "cookie", "proxy-authorization"} & set(request.headers)
    assert "secret" not in repr(watched.models)


def test_secrets_in_other_places(watched: Server, client: httpx.Client) -> None:
    """A key of the emulator's is masked wherever it stands, and a password in a URL."""
    key = watched.add_key("a-key-of-another")
    url = f"http://ada:pass@word@host/{key}"
    client.post(
        f"{LIST}?a={key}",
        json={"name": f"x {watched.api_key}", "url": url, "at": ["ada@example.com", key]},
        headers={
            "X-Api-Key": "of another service",
            "Referer": url,
            "X-Note": f"control is {watched.control_key}",
        },
    )
    client.get(f"{LIST}{key}/")

    posted, got = watched.requests
    assert "pass" not in repr(posted)
    assert key not in repr((posted, got))
    assert watched.api_key not in repr(posted)
    assert posted.headers["x-note"] == "control is [masked]"
    assert posted.json == {
        "name": "x [masked]",
        "url": "http://[masked]@host/[masked]",
        "at": ["ada@example.com", "[masked]"],
    }
    assert posted.headers["x-api-key"] == posted.query["a"] == "[masked]"
    assert got.path == f"{LIST}[masked]/"


def test_secrets_as_names(watched: Server, client: httpx.Client) -> None:
    """A key of the emulator's is masked as a name too, and in why a request was refused."""
    key = watched.add_key("A-key-of-another")
    client.post(f"{LIST}?{key}=1", json={key: 1}, headers={key: "a"})
    client.post(LIST, content=b"x", headers={"Content-Type": key})

    named, refused = watched.requests
    assert key.lower() not in repr((named, refused)).lower()
    assert (named.query["[masked]"], named.json, named.headers["[masked]"]) == (
        "1",
        {"[masked]": 1},
        "a",
    )
    with pytest.raises(AssertionError, match=r'media type "\[masked\]"'):
        watched.assert_no_unexpected_requests()


def test_words_are_no_secrets(watched: Server, client: httpx.Client) -> None:
    """A key that is as short as a word leaves other words alone."""
    watched.add_key("key")
    client.post(LIST, json={"name": "monkey"})

    assert watched.requests[0].json == {"name": "monkey"}


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
def test_bodies_of_all_kinds(
    watched: Server, client: httpx.Client, content: bytes, read: object
) -> None:
    """What is no JSON, or too long, is left out; the rest can be told in JSON again."""
    client.post(LIST, content=content)

    (request,) = watched.requests
    told = client.get(
        "/_emulator/requests", headers={"Authorization": f"Emulator-Key {watched.control_key}"}
    )
    assert request.json == read
    assert told.status_code == 200
    assert json.loads(told.content)["requests"][0]["json"] == read


def test_the_fault_is_remembered(watched: Server, client: httpx.Client) -> None:
    """A request tells what was made to go wrong with it, and that there was no answer."""
    watched.fail_next(status=503, delay=0.01, path="/v1/*")
    client.get(LIST)
    watched.fail_next(reset="before")
    with pytest.raises(httpx.ReadError):
        client.get(LIST)

    first, second = watched.requests
    assert first.fault == {"status": 503, "delay": 0.01, "path": "/v1/*", "times": 1}
    assert first.status == 503
    assert second.fault == {"reset": "before", "times": 1}
    assert second.status is None
    assert str(second) == "GET /v1/models/ (no answer)"


def test_the_last_ten_thousand() -> None:
    """Ten thousand requests are kept, the last ones, with their numbers."""
    history = History(lambda: ())
    for number in range(10_005):
        history.add(Entry("GET", f"/{number}", b"", [], b"", "id", 0.0))

    kept = history.since(0)
    assert history.count == 10_005
    assert len(kept) == 10_000
    assert (kept[0].path, kept[0].number) == ("/5", 6)
    assert [one.number for one in history.since(10_003)] == [10_004, 10_005]
    assert [one.number for one in history.since(10_000, 2)] == [10_001, 10_002]
    assert history.since(10_005) == ()


def test_models_are_seen(watched: Server, client: httpx.Client) -> None:
    """The models are those that were created, of all keys, as they are now."""
    first = create(client, name="a", max_token_count=5)
    with connect(watched, watched.add_key(organisation="other", email="o@example.com")) as other:
        create(other, name="b", url="http://b")
    client.patch(f"{LIST}{first['id']}/", json={"max_token_count": None})

    a, b = watched.models
    assert (a.id, a.name, a.max_token_count, a.organisation) == (first["id"], "a", None, "main")
    assert (b.name, b.url, b.owner, b.organisation) == ("b", "http://b", "o@example.com", "other")
    client.delete(f"{LIST}{first['id']}/")
    assert [model.name for model in watched.models] == ["b"]


def test_connections_are_counted(watched: Server) -> None:
    """Connections over which requests to the API come are counted, and no others."""
    watched.wipe()
    one, two, looks = (http.client.HTTPConnection(watched.host, watched.port) for _ in range(3))
    for connection, path in ((one, LIST), (one, LIST), (two, LIST), (looks, "/_emulator/state")):
        connection.request("GET", path)
        connection.getresponse().read()

    assert watched.connections == Connections(open=2, opened=2, most_open=2)
    for connection in (one, two, looks):
        connection.close()
    assert watched.connections == Connections(open=0, opened=2, most_open=2)


def test_a_closed_connection_is_not_open(watched: Server) -> None:
    """What a client has closed is not counted as open, however soon one asks."""
    for _ in range(50):
        connection = http.client.HTTPConnection(watched.host, watched.port)
        connection.request("GET", LIST)
        connection.getresponse().read()
        connection.close()

        assert watched.connections.open == 0


def test_wiped_while_connected(watched: Server, client: httpx.Client) -> None:
    """After wiping, connections that stay are open, and none was opened."""
    client.get(LIST)
    with connect(watched, watched.api_key) as other:
        other.get(LIST)
    watched.wipe()
    client.get(LIST)

    assert watched.connections == Connections(open=1, opened=0, most_open=1)


def test_a_key_is_added_once(watched: Server, client: httpx.Client) -> None:
    """A key that is there is not made another's, which wiping would not take back."""
    with pytest.raises(ValueError, match="here already"):
        watched.add_key(watched.api_key, organisation="x", state="read-only")

    create(client)
    assert watched.models[0].organisation == "main"


def test_a_snapshot_stays(watched: Server, client: httpx.Client) -> None:
    """What was handed out does not change when more happens."""
    connections, requests = watched.connections, watched.requests
    client.get(LIST)

    assert connections.opened == 0
    assert requests == ()
    assert watched.connections.opened == 1


def test_wiping(watched: Server, client: httpx.Client) -> None:
    """Wiping takes models, requests, faults and added keys, and leaves the catalogue."""
    create(client)
    added = watched.add_key()
    watched.change_key(watched.api_key, state="read-only")
    watched.fail_next(status=500)

    watched.wipe()

    assert (watched.models, watched.requests, watched.faults) == ((), (), ())
    assert client.post(LIST, json={"name": "x"}).status_code == 201
    assert len(client.get(LIST).json()["results"]) > 10
    with connect(watched, added) as client_of_added:
        assert client_of_added.get(LIST).status_code == 403
    assert watched.requests[0].number == 1


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
def test_what_nobody_expects(
    watched: Server, client: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    """What the API does not have, and a key may not do, is unexpected, and is named."""
    client.get(LIST)
    client.request(method, path, headers=headers, content=b"x" if method == "POST" else b"")

    with pytest.raises(AssertionError, match="1 request was not expected") as error:
        watched.assert_no_unexpected_requests()

    assert f"{method} {path.partition('?')[0]} (" in str(error.value)
    assert "GET /v1/models/ (200)" not in str(error.value)


@pytest.mark.parametrize(
    ("state", "reason"),
    [("revoked", "the key is unknown or revoked"), ("read-only", "the key is read-only")],
)
def test_what_a_key_may_not_do(
    watched: Server, client: httpx.Client, state: KeyState, reason: str
) -> None:
    """What a key may not do is unexpected of a model too, and the text says why."""
    model = create(client)
    watched.change_key(watched.api_key, state=state)
    client.delete(f"{LIST}{model['id']}/")

    with pytest.raises(AssertionError, match=reason):
        watched.assert_no_unexpected_requests()
    assert watched.requests[-1].unexpected


@pytest.mark.parametrize(
    "fault",
    [Fault(delay=0.01), Fault(body="x"), Fault(reset="after")],
    ids=["late", "body", "reset"],
)
def test_a_fault_hides_nothing(watched: Server, client: httpx.Client, fault: Fault) -> None:
    """Where the API is asked and only its answer goes wrong, what is unexpected is so still."""
    watched.add_fault(fault)
    with suppress(httpx.ReadError):
        client.get("/v2/models/")

    with pytest.raises(AssertionError, match="GET /v2/models/"):
        watched.assert_no_unexpected_requests()


def test_what_is_a_part_of_the_api(watched: Server, client: httpx.Client) -> None:
    """A model that is not there or not one's own, a wrong body and a fault are expected."""
    client.get(MODEL)
    client.delete(
        f"{LIST}{watched.add_model(name='x', visibility='PUBLIC', api_key=watched.add_key()).id}/"
    )
    client.post(LIST, json={})
    watched.fail_next(status=404)
    client.get(LIST)

    watched.assert_no_unexpected_requests()


def test_what_is_expected_can_be_said(watched: Server, client: httpx.Client) -> None:
    """With patterns, what fits none of them is unexpected."""
    client.get(LIST)
    client.get(f"{LIST}nope/")

    watched.assert_no_unexpected_requests("GET /v1/models/*")
    watched.assert_no_unexpected_requests("GET /v1/models/", "* /v1/models/*/")
    with pytest.raises(AssertionError, match=r"GET /v1/models/nope/ \(404: Not found\.\)"):
        watched.assert_no_unexpected_requests("GET /v1/models/", "POST *")


def test_after_the_end() -> None:
    """Once the block is over there is nobody to ask, and the error says so."""
    with serve() as server:
        pass

    assert server.url.startswith("http://127.0.0.1:")
    for ask in (
        lambda: server.requests,
        lambda: server.models,
        lambda: server.add_fault(Fault(status=500)),
        server.wipe,
        server.assert_no_unexpected_requests,
    ):
        with pytest.raises(ValueError, match="its `with` block is over"):
            ask()


def test_asked_while_it_ends() -> None:
    """Who asks at the moment of the end gets an answer or the error, and never hangs."""

    def ask(server: Server) -> int:
        asked = 0
        while True:
            try:
                server.connections  # noqa: B018 - asking is the point
            except ValueError:
                return asked
            asked += 1

    with ThreadPoolExecutor(4) as threads:
        with serve() as server:
            waiting = [threads.submit(ask, server) for _ in range(4)]
            while not server.connections.opened:
                httpx.get(f"{server.url}{LIST}")
        asked = [one.result(timeout=10) for one in waiting]

    assert len(asked) == 4


def ask_in_a_child(server: Server) -> str:
    try:
        return str(server.requests)
    except ValueError as exc:
        return str(exc)


# From Python 3.12 on there is a warning of forks beside threads, which is what this is about.
@pytest.mark.filterwarnings("ignore:This process")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_in_a_forked_process(watched: Server) -> None:
    """In a forked process, where the emulator is not, the error says where it is."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe()
    child = context.Process(target=lambda: writer.send(ask_in_a_child(watched)))
    child.start()

    assert f"{watched.url}/_emulator/" in reader.recv()
    child.join()


def test_from_many_threads(watched: Server) -> None:
    """It can be used from any thread, while requests come."""
    watched.wipe()

    def use(number: int) -> None:
        with connect(watched, watched.api_key) as client:
            for _ in range(5):
                create(client, name=f"{number}-{len(watched.requests)}-{id(client)}-{_}")
                watched.remove_fault(watched.add_fault(Fault(status=500, path="/nowhere/")))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(8)))

    assert len(watched.models) == 40
    assert watched.connections.opened == 8
    assert [request.number for request in watched.requests] == list(range(1, 41))


async def test_within_an_event_loop(watched: Server) -> None:
    """It can be used in a running event loop too, as it has one of its own."""
    watched.wipe()
    watched.fail_next(status=503)
    headers = {"Authorization": f"Api-Key {watched.api_key}"}
    async with httpx.AsyncClient(base_url=watched.url, headers=headers) as client:
        responses = await asyncio.gather(*(client.get(LIST) for _ in range(3)))

    assert sorted(response.status_code for response in responses) == [200, 200, 503]
    assert len(watched.requests) == 3


def test_models_can_be_put_there(watched: Server, client: httpx.Client) -> None:
    """A model can be there without a request, also one that no request could make."""
    public = watched.add_model(name="shared", visibility="PUBLIC", url="http://x")
    watched.add_model(name="shared")

    with connect(watched, watched.add_key()) as other:
        assert other.get(f"{LIST}{public.id}/").json()["url"] == "http://x"
    assert [model.name for model in watched.models] == ["shared", "shared"]
    assert len(watched.requests) == 1
    with pytest.raises(ValueError, match="greater than or equal to 800"):
        watched.add_model(name="x", max_output_token_count=1)
    with pytest.raises(ValueError, match="no such key"):
        watched.add_model(name="x", api_key="unknown")
    with pytest.raises(ValueError, match="one of PUBLIC, PUBLIC_UNLISTED, PRIVATE"):
        watched.add_model(name="x", visibility="private")  # type: ignore[arg-type]  # pyright: ignore
