"""What is made to go wrong: each way, with which requests, how often, and what is refused."""

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
from root.emulator.faults import read_fault

from .conftest import connect
from .test_emulator_models import create

LIST = "/v1/models/"


@pytest.fixture(scope="module")
def faulty() -> Iterator[Server]:
    with serve(seed=7) as server:
        yield server


@pytest.fixture
def client(faulty: Server) -> Iterator[httpx.Client]:
    faulty.wipe()
    with connect(faulty, faulty.api_key) as client:
        yield client


def names(server: Server) -> list[str]:
    return [model.name for model in server.models]


# What goes wrong.


@pytest.mark.parametrize(
    ("status", "content_type", "said"),
    [
        (200, "application/json", {}),
        (400, "application/json", {"non_field_errors": ["This is a fault that was asked for."]}),
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
def test_a_status(
    faulty: Server, client: httpx.Client, status: int, content_type: str, said: object
) -> None:
    """A status comes with what the service or a proxy says with it, and nothing is done."""
    faulty.fail_next(status=status)

    response = client.post(LIST, json={"name": "x"})

    assert response.status_code == status
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Request-Id"] == faulty.requests[0].request_id
    if isinstance(said, str):
        assert said in response.text
    else:
        assert response.json() == said
    assert names(faulty) == []


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body(faulty: Server, client: httpx.Client, status: int) -> None:
    """Statuses that have no body get none, and the connection goes on."""
    faulty.fail_next(status=status)

    assert client.get(LIST).content == b""
    assert client.get(LIST).status_code == 200
    assert faulty.connections.opened == 1


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
def test_a_body(
    faulty: Server, client: httpx.Client, body: object, content_type: str, content: bytes
) -> None:
    """A body of one's own takes the place of the usual one, with a status and without."""
    for status in (418, None):
        faulty.add_fault(
            read_fault({"status": status, "body": body, "times": 1, "headers": {"X-A": "b"}})
        )
        response = client.get(LIST)

        assert response.status_code == (status or 200)
        assert response.content == content
        assert response.headers["Content-Type"] == content_type
        assert response.headers["X-A"] == "b"


def test_a_header_takes_the_place_of_its_own(faulty: Server, client: httpx.Client) -> None:
    """A header is there once, as the fault has it, whatever its capitals."""
    faulty.fail_next(headers={"CONTENT-TYPE": "text/x", "allow": "all", "X-Empty": ""})

    response = client.get(LIST)

    assert response.headers.get_list("Content-Type") == ["text/x"]
    assert response.headers.get_list("Allow") == ["all"]
    assert response.headers["X-Empty"] == ""


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "0"), (17, "17"), (2.5, "2.5"), (1234567, "1234567")]
)
def test_retry_after_in_seconds(
    faulty: Server, client: httpx.Client, seconds: float, written: str
) -> None:
    """Retry-After is a number of seconds, also in the words of the service."""
    faulty.add_fault(Fault(status=429, retry_after=seconds, times=1))

    response = client.get(LIST)

    assert response.headers["Retry-After"] == written
    assert "Expected available in" in response.json()["detail"]


def test_retry_after_as_a_date(faulty: Server, client: httpx.Client) -> None:
    """Retry-After may be the date at which the time will be over."""
    faulty.add_fault(Fault(status=503, retry_after=3600, retry_after_form="date", times=1))
    before = datetime.now(UTC)

    date = parsedate_to_datetime(client.get(LIST).headers["Retry-After"])

    assert 3600 <= (date - before).total_seconds() <= 3660


def test_retry_after_in_milliseconds(faulty: Server, client: httpx.Client) -> None:
    """It may come in milliseconds, in a header that some servers have for that."""
    faulty.add_fault(Fault(retry_after=1.5, retry_after_form="milliseconds", times=1))

    headers = client.get(LIST).headers

    assert headers["Retry-After-Ms"] == "1500"
    assert "Retry-After" not in headers


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_reset(faulty: Server, client: httpx.Client, done: bool) -> None:
    """A reset comes before or after the work is done, and is told from a plain end."""
    client.get(LIST)
    faulty.fail_next(reset="after" if done else "before")

    with pytest.raises(httpx.ReadError) as error:
        client.post(LIST, json={"name": "x"})

    assert "reset by peer" in str(error.value)
    assert names(faulty) == (["x"] if done else [])
    assert faulty.requests[-1].status is None


def test_cut_off(faulty: Server, client: httpx.Client) -> None:
    """An answer breaks off in the middle of its body, after the work is done."""
    faulty.fail_next(truncate=True)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.post(LIST, json={"name": "x"})

    assert names(faulty) == ["x"]


def test_cut_off_without_a_body(faulty: Server, client: httpx.Client) -> None:
    """What has no body breaks off in its head."""
    path = f"{LIST}{create(client)['id']}/"
    for status, method, url in ((None, "HEAD", LIST), (304, "GET", LIST), (None, "DELETE", path)):
        faulty.fail_next(truncate=True, status=status)
        with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected"):
            client.request(method, url)

    assert names(faulty) == []


@pytest.mark.parametrize("status", [None, 200, 500])
def test_garbled(faulty: Server, client: httpx.Client, status: int | None) -> None:
    """A garbled body is as long as it was, begins like it, and is no UTF-8."""
    faulty.add_fault(Fault(status=status, times=1))
    whole = client.get(LIST)
    faulty.clear_faults()
    faulty.add_fault(Fault(garble=True, status=status))

    garbled = client.get(LIST)

    assert garbled.status_code == whole.status_code
    assert len(garbled.content) == len(whole.content)
    assert garbled.content[:1] == whole.content[:1]
    with pytest.raises(UnicodeDecodeError):
        garbled.content.decode()


def test_dripped(faulty: Server, client: httpx.Client) -> None:
    """A body comes byte by byte, whole in the end."""
    faulty.add_fault(Fault(status=400, body="slowly", drip=0.001, times=1))

    with client.stream("GET", LIST) as response:
        pieces = list(response.iter_raw())

    assert b"".join(pieces) == b"slowly"
    assert len(pieces) > 1
    assert response.headers["Content-Length"] == "6"


def test_delayed(faulty: Server, client: httpx.Client) -> None:
    """An answer comes late, for as long as it is to, and others do not wait for it."""
    faulty.fail_next(delay=0.2, method="DELETE")
    start = time.monotonic()
    with socket.create_connection((faulty.host, faulty.port)) as late:
        late.sendall(b"DELETE /v1/models/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.get(LIST).status_code == 200
        assert faulty.requests[0].method == "DELETE"
        assert faulty.requests[0].status is None
        assert late.recv(12) == b"HTTP/1.1 401"

    assert time.monotonic() - start >= 0.2


def test_stale_connections(faulty: Server, client: httpx.Client) -> None:
    """A connection ends after an answer that did not say so."""
    faulty.add_fault(Fault(hang_up=True, times=1))
    request = b"GET /v1/models/nope HTTP/1.1\r\nHost: x\r\n\r\n"
    # The emulator keeps a connection for longer than that, if nothing is wrong with it.
    with socket.create_connection((faulty.host, faulty.port), timeout=2) as connection:
        connection.sendall(request)
        answered = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answered.startswith(b"HTTP/1.1 301 ")
    assert b"connection: close" not in answered.lower()
    assert client.get(LIST).status_code == 200
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("fault", [Fault(delay=60), Fault(drip=60)], ids=["delay", "drip"])
def test_wiped_while_held_up(faulty: Server, client: httpx.Client, fault: Fault) -> None:
    """Wiping breaks off what a fault holds up, so that the next test finds nothing of it."""
    faulty.wipe()
    faulty.add_fault(fault)
    request = (
        f"POST /v1/models/ HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key {faulty.api_key}\r\n"
        'Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"name": "ghost"}'
    )
    with socket.create_connection((faulty.host, faulty.port), timeout=10) as connection:
        connection.sendall(request.encode())
        while not faulty.requests:
            pass
        faulty.wipe()
        with suppress(ConnectionResetError):
            # In a drip the head of the answer is out already.
            while connection.recv(65536):
                pass

    assert (faulty.models, faulty.requests) == ((), ())
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("style", "beginning"), [("relative", "/v1/models/?"), ("cursor", "cD0"), ("absolute", "http")]
)
def test_another_form_of_next(
    faulty: Server, client: httpx.Client, style: str, beginning: str
) -> None:
    """`next` comes in another form."""
    faulty.add_fault(read_fault({"next_style": style, "times": 1}))

    assert client.get(LIST, params={"page_size": 1}).json()["next"].startswith(beginning)


def test_novelties(faulty: Server, client: httpx.Client) -> None:
    """Fields and enum values come that nobody knows, beside those that are known."""
    create(client, name="x")
    usual = client.get(LIST).json()
    faulty.add_fault(Fault(novelties=True, times=1))

    page = client.get(LIST).json()

    assert set(page) - set(usual) == {"novelty"}
    model, before = page["results"][0], usual["results"][0]
    assert set(model) - set(before) == {"novelty"}
    assert model["name"] == "x"
    assert model["visibility"] not in ("PUBLIC", "PUBLIC_UNLISTED", "PRIVATE")
    assert "novelty" in model["owner"]


def test_several_at_once(faulty: Server, client: httpx.Client) -> None:
    """What can go together does."""
    faulty.add_fault(
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


def test_nothing_goes_wrong(faulty: Server, client: httpx.Client) -> None:
    """A fault without anything wrong lets requests through, so that a later one fails."""
    faulty.add_fault(Fault(times=2))
    faulty.fail_next(status=500)

    assert [client.get(LIST).status_code for _ in range(4)] == [200, 200, 500, 200]
    with pytest.raises(ValueError, match="Say what goes wrong"):
        faulty.fail_next(method="GET")


# With which requests, and how often.


def test_so_many_times(faulty: Server, client: httpx.Client) -> None:
    """It goes wrong as often as it is to, with the requests that it is about."""
    faulty.fail_next(2, status=500, method="post", path="/v1/models/")
    faulty.fail_next(status=502, path="/v1/models/*/")

    said = [
        client.get(LIST).status_code,
        client.post(LIST, json={"name": "a"}).status_code,
        client.post(LIST, json={"name": "a"}).status_code,
        client.post(LIST, json={"name": "a"}).status_code,
        client.get(f"{LIST}nope/").status_code,
        client.get(f"{LIST}nope/").status_code,
    ]

    assert said == [200, 500, 500, 201, 502, 404]
    assert faulty.faults == ()


def test_what_is_bound_comes_first(faulty: Server, client: httpx.Client) -> None:
    """What is to happen so many times comes before what stands, each in its order."""
    first = faulty.add_fault(Fault(status=500))
    faulty.add_fault(Fault(status=501, times=1))
    faulty.add_fault(Fault(status=502, times=1))
    faulty.add_fault(Fault(status=503))

    assert [fault.status for fault in faulty.faults] == [501, 502, 500, 503]
    assert [client.get(LIST).status_code for _ in range(4)] == [501, 502, 500, 500]
    faulty.remove_fault(first)
    assert client.get(LIST).status_code == 503
    faulty.clear_faults()
    assert client.get(LIST).status_code == 200
    with pytest.raises(ValueError, match=f"no fault with the number {first}, or not any more"):
        faulty.remove_fault(first)


def played(server: Server, fault: Fault, times: int) -> list[bool]:
    server.add_fault(fault)
    with connect(server, server.api_key) as client:
        return [client.get(LIST, params={"page_size": 1}).status_code == 500 for _ in range(times)]


def test_by_chance(faulty: Server, client: httpx.Client) -> None:
    """It goes wrong about as often as its probability has it; 0 and 1 are never and always."""
    # With this seed; the odds against leaving these bounds with another are a thousand to one.
    happened = sum(played(faulty, Fault(status=500, probability=0.25, seed=1), 200))

    assert 30 <= happened <= 70
    faulty.clear_faults()
    assert not any(played(faulty, Fault(status=500, probability=0), 20))
    assert all(played(faulty, Fault(status=500, probability=1), 20))


def test_the_same_seed_is_the_same_chance() -> None:
    """Chance is the same with the same seed, of a fault or of the emulator, also once wiped."""
    fault = Fault(status=500, probability=0.5)
    with serve(seed=3) as server:
        first = played(server, fault, 30)
        server.wipe()
        assert played(server, fault, 30) == first
    with serve(seed=3) as server:
        assert played(server, fault, 30) == first
    with serve(seed=4) as server:
        assert played(server, fault, 30) != first
        server.wipe()
        own = played(server, Fault(status=500, probability=0.5, seed=9), 30)
        server.wipe()
        assert played(server, Fault(status=500, probability=0.5, seed=9), 30) == own


def test_times_are_counted_when_it_happens(faulty: Server, client: httpx.Client) -> None:
    """A fault by chance waits until it has happened as often as it is to."""
    happened = played(faulty, Fault(status=500, probability=0.5, times=5, seed=1), 60)

    assert sum(happened) == 5
    assert happened.index(True) > 0 or not all(happened[:5])
    assert faulty.faults == ()


def test_the_control_is_spared(faulty: Server, client: httpx.Client) -> None:
    """Faults concern the API alone: what takes them back still works."""
    faulty.add_fault(Fault(reset="before"))

    headers = {"Authorization": f"Emulator-Key {faulty.control_key}"}
    assert client.get("/").status_code == 200
    assert client.delete("/_emulator/faults", headers=headers).status_code == 204
    assert client.get(LIST).status_code == 200


def test_headers_in_place_of_its_own(faulty: Server, client: httpx.Client) -> None:
    """A header of a fault stands alone, the id of the request and the date too."""
    date = "Thu, 01 Jan 1970 00:00:00 GMT"
    headers = {"X-Request-Id": "mine", "Date": date, "Allow": "GET", "Content-Type": "text/x"}
    faulty.fail_next(headers=headers)

    answer, after = client.get(LIST), client.get(LIST)

    assert {name: answer.headers.get_list(name) for name in headers} == {
        name: [value] for name, value in headers.items()
    }
    assert [request.request_id for request in faulty.requests] == [
        "mine",
        after.headers["X-Request-Id"],
    ]
    assert len(after.headers.get_list("Date")) == 1


# What is refused.

WRONG: list[tuple[dict[str, object], str]] = [
    ({"status": 199}, "status is from 200 to 599, not 199."),
    ({"status": 600}, "status is from 200 to 599, not 600."),
    ({"delay": -1}, "delay is from 0 to 1000000000 seconds, not -1"),
    ({"delay": 1e300}, "delay is from 0 to 1000000000 seconds"),
    ({"drip": -0.1}, "drip is from 0"),
    ({"retry_after": -1}, "put anything else into headers"),
    ({"times": 0}, "times is at least 1, or None for ever, not 0."),
    ({"probability": 1.1}, "probability is from 0 to 1, not 1.1."),
    ({"probability": -0.1}, "probability is from 0 to 1"),
    ({"headers": {"a b": "c"}}, "headers are names and values that HTTP takes"),
    ({"headers": {"a": "b\r\nc: d"}}, "headers are names and values that HTTP takes"),
    ({"headers": {"a": " b"}}, "headers are names and values that HTTP takes"),
    ({"headers": {"X-A": "b", "x-a": "c"}}, "each name once"),
    ({"headers": {"a": "ü"}}, "headers are names and values that HTTP takes"),
    ({"headers": {"Content-Length": "5"}}, "without those that say how long the body is"),
    ({"headers": {"transfer-encoding": "chunked"}}, "without those that say how long"),
    ({"status": 204, "body": "x"}, "status 204 has no body, so it goes without body."),
    ({"status": 304, "garble": True, "drip": 1}, "goes without garble and drip."),
    (
        {"reset": "before", "status": 500, "truncate": True},
        "reset leaves no answer, so it goes without status and truncate.",
    ),
    ({"status": 500, "next_style": "cursor"}, "status answers in the place of the API"),
    ({"body": {}, "novelties": True}, "body is sent in the place of the API's"),
    ({"truncate": True, "hang_up": True}, "truncate closes the connection already"),
    ({"path": "/v1/models"}, "path begins and ends with a slash or"),
    ({"path": "v1/models/"}, "path begins and ends with a slash or"),
    ({"path": "/v1/models/?cursor=*"}, "has no query"),
    ({}, "Say what goes wrong"),
    ({"method": "GET", "probability": 0.5, "seed": 1}, "Say what goes wrong"),
    ({"status": 500, "method": "GETT"}, "method is one of GET, HEAD, POST, PUT, PATCH, DELETE,"),
    ({"retry_after_form": "date"}, "says how retry_after is said, so it goes with it."),
]

# Types keep these from Python; JSON has none, and not everybody checks theirs.
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


@pytest.mark.parametrize(("fields", "sentence"), WRONG + MISTYPED, ids=str)
def test_what_cannot_be_is_refused(
    faulty: Server, client: httpx.Client, tmp_path: Path, fields: dict[str, object], sentence: str
) -> None:
    """From Python, a file and over HTTP alike, what cannot be played is refused by a sentence."""
    with pytest.raises(ValueError) as from_python:  # noqa: PT011 - checked below
        Fault(**fields)  # type: ignore[arg-type]
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"times": 1}, fields]))
    with pytest.raises(ValueError) as from_file, serve(faults=path):  # noqa: PT011 - the same
        pass
    response = client.post(
        "/_emulator/faults",
        json=fields,
        headers={"Authorization": f"Emulator-Key {faulty.control_key}"},
    )

    assert sentence in str(from_python.value)
    assert sentence in str(from_file.value)
    assert str(from_file.value).startswith(f"{path}, fault 2: ")
    assert response.status_code == 400
    assert sentence in response.json()["detail"]
    assert "Value error" not in response.json()["detail"]
    assert faulty.faults == ()


def test_a_fault_stays_what_it_is() -> None:
    """A fault does not change with what it was made of, which would get past the checks."""
    headers, body = {"X-A": "b"}, {"deep": ["x"]}
    fault = Fault(headers=headers, body=body)  # type: ignore[arg-type]
    headers["Content-Length"] = "5"
    body["deep"].append("y")

    assert fault == Fault(headers={"X-A": "b"}, body={"deep": ["x"]})


def test_only_what_is_there_is_taken_back(faulty: Server) -> None:
    """Taking back the fault None takes back nothing, and is refused."""
    faulty.add_fault(Fault(delay=1))
    number: Any = None

    with pytest.raises(ValueError, match="no fault with the number None"):
        faulty.remove_fault(number)

    assert faulty.faults == (Fault(delay=1),)


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
def test_what_only_python_can_say(fields: dict[str, object]) -> None:
    """What JSON and UTF-8 cannot say is refused, and nothing fails later."""
    with pytest.raises(ValueError, match=f"^{next(iter(fields))} is "):
        Fault(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("{}", "holds no list of faults"),
        ("[5]", "fault 1: a fault: "),
        ('[{"stauts": 500}]', "fault 1: stauts: Unexpected keyword argument."),
    ],
    ids=["broken", "deep", "no list", "number", "misspelt"],
)
def test_a_file_that_lists_no_faults(tmp_path: Path, content: str, reason: str) -> None:
    """A file of faults that holds none is refused, by its name."""
    path = tmp_path / "faults.json"
    path.write_text(content)

    with pytest.raises(ValueError, match=r"faults\.json") as error, serve(faults=path):
        pass

    assert reason in str(error.value)


def test_faults_from_a_file(tmp_path: Path) -> None:
    """The faults of a file wait from the start, in its order."""
    path = tmp_path / "faults.json"
    path.write_text('[{"status": 500, "times": 1}, {"delay": 0.01, "method": "GET"}]')

    with serve(faults=path) as server, connect(server, server.api_key) as client:
        assert server.faults == (Fault(status=500, times=1), Fault(delay=0.01, method="GET"))
        assert client.get(LIST).status_code == 500
        assert client.get(LIST).status_code == 200
    with pytest.raises(FileNotFoundError), serve(faults=tmp_path / "none"):
        pass


@pytest.mark.parametrize("over_http", [False, True])
def test_faults_from_the_start(*, over_http: bool) -> None:
    """Faults that are there from the start are there after each wipe, as often as at first."""
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


# As the SDK meets it; tests/faults.py has the whole table.


@pytest.fixture
def sdk(faulty: Server) -> Iterator[RootSignals]:
    faulty.wipe()
    with RootSignals(faulty.api_key, base_url=faulty.url, max_retries=0, timeout=5) as client:
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
    ids=lambda value: str(value.told()) if isinstance(value, Fault) else value.__name__,
)
def test_the_sdk_meets_it(
    faulty: Server, sdk: RootSignals, fault: Fault, error: type[Exception]
) -> None:
    """Each fault is the SDK's error for it."""
    faulty.add_fault(fault)

    with pytest.raises(error):
        sdk.models.create(name="x")


def test_the_sdk_runs_out_of_time(faulty: Server) -> None:
    """A delay and a drip run into the client's bounds."""
    with RootSignals(faulty.api_key, base_url=faulty.url, max_retries=0, timeout=0.1) as client:
        for fault in (Fault(delay=30, times=1), Fault(drip=10, times=1)):
            faulty.add_fault(fault)
            with pytest.raises(APITimeoutError):
                client.models.retrieve("x")


@pytest.mark.parametrize(
    "fault", [Fault(novelties=True), Fault(next_style="cursor")], ids=["novelties", "next"]
)
def test_the_sdk_takes_it(faulty: Server, sdk: RootSignals, fault: Fault) -> None:
    """What is new or in another form is read all the same."""
    usual = [model.id for model in sdk.models.list(limit=5, page_size=2)]
    faulty.add_fault(fault)

    assert [model.id for model in sdk.models.list(limit=5, page_size=2)] == usual


def test_the_sdk_tries_again(faulty: Server) -> None:
    """A stale connection and a passing fault are no trouble with repetitions."""
    faulty.wipe()
    # Twice: the client may or may not have noticed that the connection has ended.
    with RootSignals(faulty.api_key, base_url=faulty.url, max_retries=2) as client:
        faulty.add_fault(Fault(hang_up=True, times=1))
        faulty.add_fault(Fault(status=503, retry_after=0, times=1))
        model_id = client.models.create(name="x")

        assert client.models.retrieve(model_id).name == "x"
    assert [request.status for request in faulty.requests] == [201, 503, 200]


# Whatever is asked for.

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
def test_every_connection_is_answered_or_closed(
    faulty: Server,
    caplog: pytest.LogCaptureFixture,
    fields: dict[str, object],
    requests: list[str],
    leaves: bool,
) -> None:
    """Whatever goes wrong together, nothing hangs or fails inside, and the next call is right."""
    try:
        fault = Fault(**fields)  # type: ignore[arg-type]
    except ValueError:
        return
    faulty.wipe()
    faulty.add_fault(fault)
    caplog.clear()
    with socket.create_connection((faulty.host, faulty.port), timeout=10) as connection:
        for number, request in enumerate(requests, start=1):
            ending = "close" if number == len(requests) else "keep-alive"
            head = f"{request} HTTP/1.1\r\nHost: x\r\nConnection: {ending}\r\n"
            key = f"Authorization: Api-Key {faulty.api_key}\r\n\r\n"
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
    faulty.clear_faults()
    with connect(faulty, faulty.api_key) as client:
        assert client.get(LIST).status_code == 200
    assert caplog.records == []


def test_clients_that_leave_early(faulty: Server, caplog: pytest.LogCaptureFixture) -> None:
    """A client that is gone before its fault is played harms nothing."""
    faulty.wipe()
    for fault in (
        Fault(delay=0.05, reset="before", times=1),
        Fault(delay=0.05, reset="after", times=1),
        Fault(delay=0.05, truncate=True, times=1),
        Fault(delay=0.05, status=204, truncate=True, times=1),
        Fault(drip=0.01, times=1),
        Fault(delay=0.05, hang_up=True, times=1),
    ):
        faulty.add_fault(fault)
        with socket.create_connection((faulty.host, faulty.port)) as connection:
            connection.sendall(b"GET /v1/models/ HTTP/1.1\r\nHost: x\r\n\r\n")
            while fault in faulty.faults:
                pass
    while faulty.connections.open:
        pass
    # The last of the delays is over once a later one is.
    faulty.add_fault(Fault(delay=0.1, times=1))
    with connect(faulty, faulty.api_key) as client:
        assert client.get(LIST).status_code == 200

    assert [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"] == []
