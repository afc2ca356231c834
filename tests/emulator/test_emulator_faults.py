"""Faults: their effects, the requests that they apply to, and validation."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from root import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    RateLimitError,
    RootSignals,
    ServerError,
)
from root.emulator import Fault, Server, serve
from root.emulator.faults import parse_fault

from .conftest import connect
from .test_emulator_models import create

LIST = "/v1/models/"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(seed=7) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    server.wipe()
    with connect(server, server.api_key) as client:
        yield client


def names(server: Server) -> list[str]:
    return [model.name for model in server.models]


# Effects.


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (200, "application/json", {}),
        (400, "application/json", {"non_field_errors": ["This error was requested by a fault."]}),
        (401, "application/json", {"detail": "Authentication credentials were not provided."}),
        (
            403,
            "application/json",
            {"detail": "You do not have permission to perform this action."},
        ),
        (404, "application/json", {"detail": "Not found."}),
        (405, "application/json", {"detail": 'Method "POST" not allowed.'}),
        (409, "application/json", {"detail": "Conflict."}),
        (
            415,
            "application/json",
            {"detail": 'Unsupported media type "application/json" in request.'},
        ),
        (429, "application/json", {"detail": "Request was throttled."}),
        (499, "application/json", {"detail": "Unknown."}),
        (500, "text/html; charset=utf-8", "<h1>500 Internal Server Error</h1>"),
        (502, "text/html; charset=utf-8", "<h1>502 Bad Gateway</h1>"),
        (599, "text/html; charset=utf-8", "<h1>599 Unknown</h1>"),
    ],
)
def test_status(
    server: Server, client: httpx.Client, status: int, content_type: str, body: object
) -> None:
    """A status has the usual body of the service or a proxy, and the request is not processed."""
    server.fail_next(status=status)

    response = client.post(LIST, json={"name": "x"})

    assert response.status_code == status
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Request-Id"] == server.requests[0].request_id
    if isinstance(body, str):
        assert body in response.text
    else:
        assert response.json() == body
    assert names(server) == []


@pytest.mark.parametrize("status", [204, 205, 304])
def test_bodiless_status(server: Server, client: httpx.Client, status: int) -> None:
    """Statuses without a body have none, and the connection stays open."""
    server.fail_next(status=status)

    assert client.get(LIST).content == b""
    assert client.get(LIST).status_code == 200
    assert server.connections.opened == 1


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        ({"detail": "ünd"}, "application/json", b'{"detail":"\\u00fcnd"}'),
        ([1, None], "application/json", b"[1,null]"),
        (5, "application/json", b"5"),
        ("no JSON: ü", "text/plain; charset=utf-8", "no JSON: ü".encode()),
        (" <html>", "text/html; charset=utf-8", b" <html>"),
        ("", "text/plain; charset=utf-8", b""),
    ],
)
def test_body(
    server: Server, client: httpx.Client, body: object, content_type: str, content: bytes
) -> None:
    """A given body replaces the usual one, with and without a status."""
    for status in (418, None):
        server.add_fault(
            parse_fault({"status": status, "body": body, "times": 1, "headers": {"X-A": "b"}})
        )
        response = client.get(LIST)

        assert response.status_code == (status or 200)
        assert response.content == content
        assert response.headers["Content-Type"] == content_type
        assert response.headers["X-A"] == "b"


def test_header_replaces_header(server: Server, client: httpx.Client) -> None:
    """A header of the fault replaces the response's own, regardless of case."""
    server.fail_next(headers={"CONTENT-TYPE": "text/x", "allow": "all", "X-Empty": ""})

    response = client.get(LIST)

    assert response.headers.get_list("Content-Type") == ["text/x"]
    assert response.headers.get_list("Allow") == ["all"]
    assert response.headers["X-Empty"] == ""


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "0"), (17, "17"), (2.5, "2.5"), (1234567, "1234567")]
)
def test_retry_after_in_seconds(
    server: Server, client: httpx.Client, seconds: float, written: str
) -> None:
    """Retry-After is a number of seconds, also in the message of a 429."""
    server.add_fault(Fault(status=429, retry_after=seconds, times=1))

    response = client.get(LIST)

    assert response.headers["Retry-After"] == written
    assert "Expected available in" in response.json()["detail"]


def test_retry_after_as_a_date(server: Server, client: httpx.Client) -> None:
    """Retry-After can be an HTTP date."""
    server.add_fault(Fault(status=503, retry_after=3600, retry_after_form="date", times=1))
    before = datetime.now(UTC)

    date = parsedate_to_datetime(client.get(LIST).headers["Retry-After"])

    assert 3600 <= (date - before).total_seconds() <= 3660


def test_retry_after_in_milliseconds(server: Server, client: httpx.Client) -> None:
    """Retry-After can be in milliseconds, in a header that some servers use."""
    server.add_fault(Fault(retry_after=1.5, retry_after_form="milliseconds", times=1))

    headers = client.get(LIST).headers

    assert headers["Retry-After-Ms"] == "1500"
    assert "Retry-After" not in headers


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_reset(server: Server, client: httpx.Client, done: bool) -> None:
    """A reset happens before or after processing, and differs from a normal close."""
    client.get(LIST)
    server.fail_next(reset="after" if done else "before")

    with pytest.raises(httpx.ReadError) as error:
        client.post(LIST, json={"name": "x"})

    assert "reset by peer" in str(error.value)
    assert names(server) == (["x"] if done else [])
    assert server.requests[-1].status is None


def test_truncate(server: Server, client: httpx.Client) -> None:
    """A response ends in the middle of its body, after processing."""
    server.fail_next(truncate=True)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.post(LIST, json={"name": "x"})

    assert names(server) == ["x"]


def test_truncate_without_body(server: Server, client: httpx.Client) -> None:
    """A response without a body ends in its header section."""
    path = f"{LIST}{create(client)['id']}/"
    for status, method, url in ((None, "HEAD", LIST), (304, "GET", LIST), (None, "DELETE", path)):
        server.fail_next(truncate=True, status=status)
        with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected"):
            client.request(method, url)

    assert names(server) == []


@pytest.mark.parametrize("status", [None, 200, 500])
def test_garble(server: Server, client: httpx.Client, status: int | None) -> None:
    """A garbled body has the same length and beginning, and is not valid UTF-8."""
    server.add_fault(Fault(status=status, times=1))
    whole = client.get(LIST)
    server.clear_faults()
    server.add_fault(Fault(garble=True, status=status))

    garbled = client.get(LIST)

    assert garbled.status_code == whole.status_code
    assert len(garbled.content) == len(whole.content)
    assert garbled.content[:1] == whole.content[:1]
    with pytest.raises(UnicodeDecodeError):
        garbled.content.decode()


def test_drip(server: Server, client: httpx.Client) -> None:
    """A body is sent byte by byte, and complete in the end."""
    server.add_fault(Fault(status=400, body="slowly", drip=0.001, times=1))

    with client.stream("GET", LIST) as response:
        pieces = list(response.iter_raw())

    assert b"".join(pieces) == b"slowly"
    assert len(pieces) > 1
    assert response.headers["Content-Length"] == "6"


def test_delay(server: Server, client: httpx.Client) -> None:
    """A response is delayed, and other responses are not."""
    server.fail_next(delay=0.2, method="DELETE")
    start = time.monotonic()
    with socket.create_connection((server.host, server.port)) as late:
        late.sendall(b"DELETE /v1/models/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.get(LIST).status_code == 200
        assert server.requests[0].method == "DELETE"
        assert server.requests[0].status is None
        assert late.recv(12) == b"HTTP/1.1 401"

    assert time.monotonic() - start >= 0.2


def test_hang_up(server: Server, client: httpx.Client) -> None:
    """A connection is closed after a response that did not announce it."""
    server.add_fault(Fault(hang_up=True, times=1))
    request = b"GET /v1/models/nope HTTP/1.1\r\nHost: localhost\r\n\r\n"
    # Without the fault, the emulator keeps a connection open for longer than that.
    with socket.create_connection((server.host, server.port), timeout=2) as connection:
        connection.sendall(request)
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 301 ")
    assert b"connection: close" not in received.lower()
    assert client.get(LIST).status_code == 200
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("fault", [Fault(delay=60), Fault(drip=60)], ids=["delay", "drip"])
def test_wipe_cancels_delayed_requests(server: Server, client: httpx.Client, fault: Fault) -> None:
    """Wiping cancels requests that a fault delays, so that the next test is not affected."""
    server.wipe()
    server.add_fault(fault)
    request = (
        "POST /v1/models/ HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Api-Key {server.api_key}\r\n"
        'Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"name": "ghost"}'
    )
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(request.encode())
        while not server.requests:
            pass
        server.wipe()
        with suppress(ConnectionResetError):
            # With a drip, the header section was sent already.
            while connection.recv(65536):
                pass

    assert (server.models, server.requests) == ((), ())
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("style", "beginning"), [("relative", "/v1/models/?"), ("cursor", "cD0"), ("absolute", "http")]
)
def test_next_style(server: Server, client: httpx.Client, style: str, beginning: str) -> None:
    """A fault can change the format of `next`."""
    server.add_fault(parse_fault({"next_style": style, "times": 1}))

    assert client.get(LIST, params={"page_size": 1}).json()["next"].startswith(beginning)


def test_novelties(server: Server, client: httpx.Client) -> None:
    """Unknown fields and enum values are added to the known ones."""
    create(client, name="x")
    usual = client.get(LIST).json()
    server.add_fault(Fault(novelties=True, times=1))

    page = client.get(LIST).json()

    assert set(page) - set(usual) == {"novelty"}
    model, before = page["results"][0], usual["results"][0]
    assert set(model) - set(before) == {"novelty"}
    assert model["name"] == "x"
    assert model["visibility"] not in ("PUBLIC", "PUBLIC_UNLISTED", "PRIVATE")
    assert "novelty" in model["owner"]


def test_combined_effects(server: Server, client: httpx.Client) -> None:
    """Compatible effects can be combined."""
    server.add_fault(
        Fault(
            status=503,
            body="0123456789abcdef",
            retry_after=1,
            delay=0.01,
            garble=True,
            drip=0.001,
            truncate=True,
            times=1,
        )
    )
    got = b""
    with (
        pytest.raises(httpx.RemoteProtocolError, match="received 8 bytes, expected 16"),
        client.stream("GET", LIST) as response,
    ):
        for piece in response.iter_raw():
            got += piece

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert got[:6] == b"012345"
    assert got[6:7] != b"6"


def test_fault_without_effect(server: Server, client: httpx.Client) -> None:
    """A fault with only `times` lets requests pass, so that a later one fails."""
    server.add_fault(Fault(times=2))
    server.fail_next(status=500)

    assert [client.get(LIST).status_code for _ in range(4)] == [200, 200, 500, 200]
    with pytest.raises(ValueError, match="The fault has no effect"):
        server.fail_next(method="GET")


def test_large_body(server: Server, client: httpx.Client) -> None:
    """A request with a large body, which the history omits, is processed with a fault too."""
    server.add_fault(Fault(headers={"X-Slow": "1"}))

    response = client.post(LIST, json={"name": "a", "unknown": "x" * 100_000})

    assert (response.status_code, response.headers["X-Slow"]) == (201, "1")


# Matching requests.


def test_times(server: Server, client: httpx.Client) -> None:
    """A fault applies the given number of times to matching requests."""
    server.fail_next(2, status=500, method="post", path="/v1/models/")
    server.fail_next(status=502, path="/v1/models/*/")

    statuses = [
        client.get(LIST).status_code,
        client.post(LIST, json={"name": "a"}).status_code,
        client.post(LIST, json={"name": "a"}).status_code,
        client.post(LIST, json={"name": "a"}).status_code,
        client.get(f"{LIST}nope/").status_code,
        client.get(f"{LIST}nope/").status_code,
    ]

    assert statuses == [200, 500, 500, 201, 502, 404]
    assert server.faults == ()


def test_limited_faults_come_first(server: Server, client: httpx.Client) -> None:
    """Faults with a limited number of times come before the others, each in order of addition."""
    first = server.add_fault(Fault(status=500))
    server.add_fault(Fault(status=501, times=1))
    server.add_fault(Fault(status=502, times=1))
    server.add_fault(Fault(status=503))

    assert [fault.status for fault in server.faults] == [501, 502, 500, 503]
    assert [client.get(LIST).status_code for _ in range(4)] == [501, 502, 500, 500]
    server.remove_fault(first)
    assert client.get(LIST).status_code == 503
    server.clear_faults()
    assert client.get(LIST).status_code == 200
    with pytest.raises(ValueError, match=f"No active fault has the number {first}"):
        server.remove_fault(first)


def applied(server: Server, fault: Fault, times: int) -> list[bool]:
    server.add_fault(fault)
    with connect(server, server.api_key) as client:
        return [client.get(LIST, params={"page_size": 1}).status_code == 500 for _ in range(times)]


def test_probability(server: Server, client: httpx.Client) -> None:
    """A fault applies about as often as its probability; 0 is never and 1 is always."""
    # The seed is fixed; another one exceeds these bounds with a probability of 0.001.
    happened = sum(applied(server, Fault(status=500, probability=0.25, seed=1), 200))

    assert 30 <= happened <= 70
    server.clear_faults()
    assert not any(applied(server, Fault(status=500, probability=0), 20))
    assert all(applied(server, Fault(status=500, probability=1), 20))


def test_seed() -> None:
    """The same seed, of a fault or of the emulator, gives the same sequence, also after a wipe."""
    fault = Fault(status=500, probability=0.5)
    with serve(seed=3) as server:
        first = applied(server, fault, 30)
        server.wipe()
        assert applied(server, fault, 30) == first
    with serve(seed=3) as server:
        assert applied(server, fault, 30) == first
    with serve(seed=4) as server:
        assert applied(server, fault, 30) != first
        server.wipe()
        own = applied(server, Fault(status=500, probability=0.5, seed=9), 30)
        server.wipe()
        assert applied(server, Fault(status=500, probability=0.5, seed=9), 30) == own


def test_times_with_probability(server: Server, client: httpx.Client) -> None:
    """Only requests that the fault applied to are counted."""
    happened = applied(server, Fault(status=500, probability=0.5, times=5, seed=1), 60)

    assert sum(happened) == 5
    assert happened.index(True) > 0 or not all(happened[:5])
    assert server.faults == ()


def test_control_api_has_no_faults(server: Server, client: httpx.Client) -> None:
    """Faults apply to the API only, so the control API can still remove them."""
    server.add_fault(Fault(reset="before"))

    headers = {"Authorization": f"Emulator-Key {server.control_key}"}
    assert client.get("/").status_code == 200
    assert client.delete("/_emulator/faults", headers=headers).status_code == 204
    assert client.get(LIST).status_code == 200


def test_headers_are_sent_once(server: Server, client: httpx.Client) -> None:
    """A header of a fault is sent once, the request id and the date included."""
    date = "Thu, 01 Jan 1970 00:00:00 GMT"
    headers = {"X-Request-Id": "mine", "Date": date, "Allow": "GET", "Content-Type": "text/x"}
    server.fail_next(headers=headers)

    response, after = client.get(LIST), client.get(LIST)

    assert {name: response.headers.get_list(name) for name in headers} == {
        name: [value] for name, value in headers.items()
    }
    assert [request.request_id for request in server.requests] == [
        "mine",
        after.headers["X-Request-Id"],
    ]
    assert len(after.headers.get_list("Date")) == 1


# Validation.

WRONG: list[tuple[dict[str, object], str]] = [
    ({"status": 199}, "status must be from 200 to 599, not 199."),
    ({"status": 600}, "status must be from 200 to 599, not 600."),
    ({"delay": -1}, "delay must be from 0 to 1000000000 seconds, not -1"),
    ({"delay": 1e300}, "delay must be from 0 to 1000000000 seconds"),
    ({"drip": -0.1}, "drip must be from 0"),
    ({"retry_after": -1}, "use headers for other values"),
    ({"times": 0}, "times must be at least 1, or None for no limit, not 0."),
    ({"probability": 1.1}, "probability must be from 0 to 1, not 1.1."),
    ({"probability": -0.1}, "probability must be from 0 to 1"),
    ({"headers": {"a b": "c"}}, "headers must be valid HTTP header names and values"),
    ({"headers": {"a": "b\r\nc: d"}}, "headers must be valid HTTP header names and values"),
    ({"headers": {"a": " b"}}, "headers must be valid HTTP header names and values"),
    ({"headers": {"X-A": "b", "x-a": "c"}}, "each name once"),
    ({"headers": {"a": "ü"}}, "headers must be valid HTTP header names and values"),
    ({"headers": {"Content-Length": "5"}}, "without Content-Length and Transfer-Encoding"),
    ({"headers": {"transfer-encoding": "chunked"}}, "without Content-Length and Transfer-Encoding"),
    ({"status": 204, "body": "x"}, "The status cannot be combined with body."),
    ({"status": 304, "garble": True, "drip": 1}, "cannot be combined with garble and drip."),
    (
        {"reset": "before", "status": 500, "truncate": True},
        "reset sends no response. It cannot be combined with status and truncate.",
    ),
    ({"status": 500, "next_style": "cursor"}, "status replaces the response of the API"),
    ({"body": {}, "novelties": True}, "body replaces the body of the API"),
    ({"truncate": True, "hang_up": True}, "truncate closes the connection already"),
    ({"path": "/v1/models"}, "path must start and end with a slash or"),
    ({"path": "v1/models/"}, "path must start and end with a slash or"),
    ({"path": "/v1/models/?cursor=*"}, "have no query"),
    ({}, "The fault has no effect"),
    ({"method": "GET", "probability": 0.5, "seed": 1}, "The fault has no effect"),
    (
        {"status": 500, "method": "GETT"},
        "method must be one of GET, HEAD, POST, PUT, PATCH, DELETE,",
    ),
    ({"retry_after_form": "date"}, "retry_after_form requires retry_after."),
]

# Type checkers report these in Python, but JSON has no types.
MISTYPED: list[tuple[dict[str, object], str]] = [
    ({"status": "500"}, "status"),
    ({"status": True}, "status"),
    ({"delay": "1"}, "delay"),
    ({"delay": None}, "delay"),
    ({"reset": "during"}, "reset"),
    ({"next_style": "other"}, "next_style"),
    ({"retry_after_form": "hours", "retry_after": 1}, "retry_after_form"),
    ({"times": 1.5}, "times"),
    ({"headers": {"a": 1}}, "headers"),
    ({"headers": []}, "headers"),
    ({"method": 1}, "method"),
    ({"truncate": "yes"}, "truncate"),
    ({"garble": 1}, "garble"),
    ({"path": ["/"]}, "path"),
    ({"probability": "often"}, "probability"),
    ({"seed": "x"}, "seed"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG + MISTYPED, ids=str)
def test_invalid_faults(
    server: Server, client: httpx.Client, tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    """An invalid fault is rejected with a reason, in Python, in a file and over HTTP."""
    with pytest.raises(ValueError) as from_python:  # noqa: PT011 - checked below
        Fault(**fields)  # type: ignore[arg-type]
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"times": 1}, fields]))
    with pytest.raises(ValueError) as from_file, serve(faults=path):  # noqa: PT011 - the same
        pass
    response = client.post(
        "/_emulator/faults",
        json=fields,
        headers={"Authorization": f"Emulator-Key {server.control_key}"},
    )

    assert message in str(from_python.value)
    assert message in str(from_file.value)
    assert str(from_file.value).startswith(f"{path}, fault 2: ")
    assert response.status_code == 400
    assert message in response.json()["detail"]
    assert "Value error" not in response.json()["detail"]
    assert server.faults == ()


def test_fault_is_immutable() -> None:
    """Later changes of its arguments do not change a fault, and cannot bypass validation."""
    headers, body = {"X-A": "b"}, {"deep": ["x"]}
    fault = Fault(headers=headers, body=body)  # type: ignore[arg-type]
    headers["Content-Length"] = "5"
    body["deep"].append("y")

    assert fault == Fault(headers={"X-A": "b"}, body={"deep": ["x"]})


def test_remove_unknown_fault(server: Server) -> None:
    """Removing an unknown fault removes nothing and raises an error."""
    server.add_fault(Fault(delay=1))
    number: Any = None

    with pytest.raises(ValueError, match="No active fault has the number None"):
        server.remove_fault(number)

    assert server.faults == (Fault(delay=1),)


@pytest.mark.parametrize(
    "fields",
    [
        {"body": float("nan")},
        {"body": {1, 2}},
        {"body": "\ud800"},
        {"delay": float("nan")},
        {"delay": float("inf")},
        {"probability": float("nan")},
    ],
    ids=repr,
)
def test_values_without_json(fields: dict[str, object]) -> None:
    """Values that JSON or UTF-8 cannot represent are rejected at once."""
    with pytest.raises(ValueError, match=f"^{next(iter(fields))} must be "):
        Fault(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("{}", "must contain a list of faults"),
        ("[5]", "fault 1: fault: "),
        ('[{"stauts": 500}]', "fault 1: stauts: Unexpected keyword argument."),
    ],
    ids=["broken", "deep", "no list", "number", "misspelt"],
)
def test_invalid_fault_file(tmp_path: Path, content: str, reason: str) -> None:
    """An error in a file of faults names the file."""
    path = tmp_path / "faults.json"
    path.write_text(content)

    with pytest.raises(ValueError, match=r"faults\.json") as error, serve(faults=path):
        pass

    assert reason in str(error.value)


def test_faults_from_a_file(tmp_path: Path) -> None:
    """The faults of a file are active from the start, in its order."""
    path = tmp_path / "faults.json"
    path.write_text('[{"status": 500, "times": 1}, {"delay": 0.01, "method": "GET"}]')

    with serve(faults=path) as server, connect(server, server.api_key) as client:
        assert server.faults == (Fault(status=500, times=1), Fault(delay=0.01, method="GET"))
        assert client.get(LIST).status_code == 500
        assert client.get(LIST).status_code == 200
    with pytest.raises(FileNotFoundError), serve(faults=tmp_path / "none"):
        pass


@pytest.mark.parametrize("over_http", [False, True])
def test_initial_faults(*, over_http: bool) -> None:
    """Initial faults are restored by each wipe, with their initial `times` and seed."""
    first = (Fault(status=500, times=1), Fault(status=502, probability=0.5))
    with (
        serve(faults=iter(first), seed=1) as server,
        connect(server, server.api_key) as client,
    ):
        played: list[list[int]] = []
        for _ in range(2):
            assert server.faults == first
            played.append([client.get(LIST).status_code for _ in range(20)])
            server.add_fault(Fault(delay=5))
            server.clear_faults()
            assert not server.faults
            if over_http:
                key = {"Authorization": f"Emulator-Key {server.control_key}"}
                client.post("/_emulator/wipe", headers=key)
            else:
                server.wipe()

    assert set(played[0][1:]) == {200, 502}
    assert played[0] == played[1]


# The SDK with faults; tests/faults/ has a complete table.


@pytest.fixture
def sdk(server: Server) -> Iterator[RootSignals]:
    server.wipe()
    with RootSignals(server.api_key, base_url=server.url, max_retries=0, timeout=5) as client:
        yield client


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=500), ServerError),
        (Fault(status=429, retry_after=5), RateLimitError),
        (Fault(reset="before"), APIConnectionError),
        (Fault(reset="after"), APIConnectionError),
        (Fault(truncate=True), APIResponseError),
        (Fault(garble=True), APIResponseError),
        (Fault(body="<html>"), APIResponseError),
    ],
    ids=lambda value: str(value.to_dict()) if isinstance(value, Fault) else value.__name__,
)
def test_sdk_error(server: Server, sdk: RootSignals, fault: Fault, error: type[Exception]) -> None:
    """The SDK raises the matching error for each fault."""
    server.add_fault(fault)

    with pytest.raises(error):
        sdk.models.create(name="x")


def test_sdk_timeout(server: Server) -> None:
    """A delay and a drip exceed the client's timeout."""
    with RootSignals(server.api_key, base_url=server.url, max_retries=0, timeout=0.1) as client:
        for fault in (Fault(delay=30, times=1), Fault(drip=10, times=1)):
            server.add_fault(fault)
            with pytest.raises(APITimeoutError):
                client.models.retrieve("x")


@pytest.mark.parametrize(
    "fault", [Fault(novelties=True), Fault(next_style="cursor")], ids=["novelties", "next"]
)
def test_sdk_accepts_novelties(server: Server, sdk: RootSignals, fault: Fault) -> None:
    """The SDK accepts unknown fields and other formats of `next`."""
    usual = [model.id for model in sdk.models.list(limit=5, page_size=2)]
    server.add_fault(fault)

    assert [model.id for model in sdk.models.list(limit=5, page_size=2)] == usual


def test_sdk_retries(server: Server) -> None:
    """With retries, a stale connection and a temporary error cause no failure."""
    server.wipe()
    # Two retries: the client may not have noticed that the connection was closed.
    with RootSignals(server.api_key, base_url=server.url, max_retries=2) as client:
        server.add_fault(Fault(hang_up=True, times=1))
        server.add_fault(Fault(status=503, retry_after=0, times=1))
        model_id = client.models.create(name="x")

        assert client.models.retrieve(model_id).name == "x"
    assert [request.status for request in server.requests] == [201, 503, 200]


# Random combinations.

FAULTS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.integers(199, 600),
        "headers": st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["Connection", "Date", "Content-Type", "Vary"]),
            st.text(max_size=8) | st.sampled_from(["close", "keep-alive", "x, y"]),
            max_size=2,
        ),
        "body": st.none() | st.text(max_size=20) | st.dictionaries(st.text(max_size=3), st.none()),
        "retry_after": st.floats(allow_nan=True),
        "retry_after_form": st.sampled_from(["seconds", "date", "milliseconds"]),
        "delay": st.sampled_from([0.0, 0.001]),
        "reset": st.sampled_from(["before", "after"]),
        "truncate": st.booleans(),
        "garble": st.booleans(),
        "drip": st.sampled_from([0.0, 0.00001]),
        "hang_up": st.booleans(),
        "next_style": st.sampled_from(["absolute", "relative", "cursor"]),
        "novelties": st.booleans(),
    },
)
REQUESTS = st.sampled_from(
    ["GET /v1/models/?page_size=1", "HEAD /v1/models/", "POST /v1/models/", "DELETE /nowhere"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FAULTS, st.lists(REQUESTS, min_size=1, max_size=2), st.booleans())
def test_every_connection_is_finished(
    server: Server,
    caplog: pytest.LogCaptureFixture,
    fields: dict[str, object],
    requests: list[str],
    leaves: bool,
) -> None:
    """No combination of effects hangs or raises an error, and the next request succeeds."""
    try:
        fault = Fault(**fields)  # type: ignore[arg-type]
    except ValueError:
        return
    server.wipe()
    server.add_fault(fault)
    caplog.clear()
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        for number, request in enumerate(requests, start=1):
            ending = "close" if number == len(requests) else "keep-alive"
            head = f"{request} HTTP/1.1\r\nHost: localhost\r\nConnection: {ending}\r\n"
            key = f"Authorization: Api-Key {server.api_key}\r\n\r\n"
            try:
                connection.sendall(f"{head}{key}".encode())
            except ConnectionError:
                break
        if not leaves:
            try:
                while connection.recv(65536):
                    pass
            except ConnectionResetError:
                assert fault.reset or len(requests) > 1
    server.clear_faults()
    with connect(server, server.api_key) as client:
        assert client.get(LIST).status_code == 200
    assert caplog.records == []


def test_client_disconnects_early(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """A client that disconnects before its fault is applied causes no error."""
    server.wipe()
    for fault in (
        Fault(delay=0.05, reset="before", times=1),
        Fault(delay=0.05, reset="after", times=1),
        Fault(delay=0.05, truncate=True, times=1),
        Fault(delay=0.05, status=204, truncate=True, times=1),
        Fault(drip=0.01, times=1),
        Fault(delay=0.05, hang_up=True, times=1),
    ):
        server.add_fault(fault)
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(b"GET /v1/models/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while fault in server.faults:
                pass
    while server.connections.open:
        pass
    # The delays have ended once a later one has.
    server.add_fault(Fault(delay=0.1, times=1))
    with connect(server, server.api_key) as client:
        assert client.get(LIST).status_code == 200

    assert [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"] == []
