# Generated from tests/_async/test_faults.py by scripts/generate_sync.py. Do not edit.
"""The table of faults, played over real sockets, and faults that do not fit into it."""

from __future__ import annotations

import io
import json
import re
import socket
from contextlib import nullcontext
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import httpx
import pytest

from root import (
    APIConnectionError,
    APITimeoutError,
    RateLimitError,
    RootSignals,
    RootSignalsError,
)
from root._concurrency.waiting import sleep
from root._http.operation import Operation
from root._schemas.requests import bytes_body, file_body
from root._sync.connection import _SOCKET_OPTIONS
from root._sync.stream import Stream
from root.models import Model

from ..faults.calls import CALLS, FILE, MAX_BYTES, MODEL, RESULTS, SHORT, UPLOADS, response, right
from ..faults.cells import Cell
from ..faults.document import OVER_HTTPX
from ..faults.scenes import Scene, authority, body_of, has_ipv6, secure
from ..faults.scripts import AHEAD, BEHIND, THROTTLED, Fault
from ..faults.table import FAULTS
from ..faults.together import together
from ..scripted_server import (
    ScriptedServer,
    responds,
    response_bytes,
    sends,
    sends_and_resets,
    tunnels,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

KEY = "key-of-the-tests"
JSON = bytes_body(b'{"name": "a"}', "application/json")


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    # The buffers of the system are full soon.
    small = (socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    monkeypatch.setattr("root._sync.connection._SOCKET_OPTIONS", [*_SOCKET_OPTIONS, small])


class Pipe(io.RawIOBase):
    """A file that can be read once."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        return self._content.readinto(buffer)


def operation(name: str) -> Operation[Any]:
    """Return the operation of a call that is not a method of a resource."""
    path = "/v1/models/9b2f/"
    if name == "harmless_post":
        return Operation("POST", path, Model, body=JSON, is_idempotent=True)
    if name == "unsafe_put":
        return Operation("PUT", path, Model, body=JSON, is_idempotent=False)
    if name == "upload":
        return Operation("PUT", path, Model, body=file_body(io.BytesIO(FILE), "text/csv"))
    if name == "upload_once":
        pipe = cast("BinaryIO", Pipe(FILE))
        return Operation("PUT", path, Model, body=file_body(pipe, "text/csv"))
    return Operation("GET" if name == "download" else "POST", path, Stream)


def call(client: RootSignals, name: str) -> object:
    """Make one call, and return the visible part of its result."""
    if name == "retrieve":
        return (client.models.retrieve("9b2f")).id
    if name == "list":
        return [model.id for model in client.models.list()]
    if name == "replace":
        return (client.models.replace("9b2f", name="a")).id
    if name == "delete":
        return client.models.delete("9b2f")  # type: ignore[func-returns-value]
    if name == "create":
        return client.models.create(name="a")
    if name == "update":
        return (client.models.update("9b2f", name="a")).id
    if name == "verify":
        return (client.models.verify(model="a")).success
    if name == "run":
        return (client.evaluators.run("9b2f", response="a")).execution_log_id
    if name == "create_file":
        return (client.datasets.create(name="a", file=io.BytesIO(FILE))).id
    if name == "set_tags":
        return client.execution_logs.set_tags(["9b2f"], tags=["a"])  # type: ignore[func-returns-value]
    if name == "refine":
        with client.judges.refine("9b2f", response="a", stream=True) as events:
            for _ in events:
                pass
        return "read to its end"
    value = (client.send(operation(name))).value
    if isinstance(value, Model):
        return value.id
    with value as stream:
        for _ in stream:
            pass
    return "read to its end"


def outcome(url: str, timeout: float, scene: Scene, name: str, *, over_httpx: bool = False) -> Cell:
    """Make one call, with one retry allowed, and return its outcome."""
    started = monotonic()
    own = httpx.Client() if over_httpx else None
    with (
        own or nullcontext(),
        RootSignals(
            KEY,
            base_url=url,
            timeout=timeout,
            max_retries=1,
            max_response_bytes=MAX_BYTES,
            default_headers={"X-Call": name} | scene.headers,
            http_client=own,
        ) as client,
    ):
        try:
            result = call(client, name)
        except RootSignalsError as error:
            attempts = len(error.attempts)
            cell = Cell(
                type(error), attempts, len(scene.arrived(name)), error.may_have_been_processed
            )
        else:
            assert result == RESULTS[name]
            # The attempts of a result are not visible everywhere; each of them has arrived.
            arrived = len(scene.arrived(name))
            cell = Cell(None, arrived, arrived)
    if name in UPLOADS:
        assert all(has_file(body_of(request), name) for request in scene.arrived(name))
    # Far more than it may take, and less than endless.
    assert monotonic() - started < 30
    return cell


def has_file(body: bytes, name: str) -> bool:
    """Return whether a body is the file, or a form with it."""
    return body == FILE if name != "create_file" else FILE + b"\r\n--" in body


def timeouts(fault: Fault) -> tuple[float, ...]:
    """Return the timeouts to play a fault with, one after the other until the table holds.

    On a busy machine, a short timeout may be exceeded before the fault is reached.
    """
    return (SHORT, SHORT, 5 * SHORT) if fault.timeout == SHORT else (fault.timeout,)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "over_httpx",
    [
        pytest.param(False, id="own pool"),
        # All faults again: two minutes for the three faces.
        pytest.param(True, id="own client", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_that_lasts(
    fault: Fault, over_httpx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call ends as in the table, in time, and no request goes to another host."""
    if over_httpx and fault.name in OVER_HTTPX:
        pytest.skip("httpx decides it")
    outcomes: dict[str, Cell] = {}
    for timeout in timeouts(fault):
        with fault.staged() as scene, monkeypatch.context() as environment:
            for name, value in scene.environment.items():
                environment.setenv(name, value)
            play = partial(outcome, scene.url, timeout, scene, over_httpx=over_httpx)
            outcomes = together(play, CALLS)
            assert not scene.other.requests
            # A proxy that opens a tunnel does not receive the key.
            tunnels = [] if scene.proxy in (None, scene.server) else scene.proxy.requests
            assert not any(KEY.encode() in request for request in tunnels)
        if outcomes == fault.cells:
            break
    assert outcomes == fault.cells


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.cells["retrieve"].arrived == 2], ids=str
)
def test_a_fault_that_passes(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is retried returns its result when the fault has passed."""
    retried = {call: Cell(None, 2, 2) for call, cell in fault.cells.items() if cell.attempts == 2}
    outcomes: dict[str, Cell] = {}
    for timeout in timeouts(fault):
        with fault.staged(times=1) as scene, monkeypatch.context() as environment:
            for name, value in scene.environment.items():
                environment.setenv(name, value)
            play = partial(outcome, scene.url, timeout, scene)
            outcomes = together(play, retried)
        if outcomes == retried:
            break
    assert outcomes == retried


@pytest.mark.parametrize("clock", [AHEAD, BEHIND], ids=["ahead", "behind"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_wrong_clock(waits: list[float], clock: tuple[str, str], status: int) -> None:
    """A date in Retry-After is relative to the server's own clock, which may be wrong."""
    refusal = response(status, THROTTLED, *clock)
    with ScriptedServer([sends(refusal, then_close=False), responds(201, MODEL)]) as scripted:
        with RootSignals(KEY, base_url=scripted.url) as client:
            assert client.models.create(name="a") == "9b2f"
        assert len(scripted.requests) == 2
    assert len(waits) == 1
    assert 3 <= waits[0] <= 3.3


def test_a_date_in_the_past(waits: list[float]) -> None:
    """A date in Retry-After that has passed is ignored."""
    past = "Retry-After: Thu, 01 Jan 2015 05:00:03 GMT"
    with ScriptedServer([sends(response(429, THROTTLED, past), then_close=False)]) as scripted:
        with RootSignals(KEY, base_url=scripted.url) as client:
            with pytest.raises(RateLimitError) as error:
                client.models.create(name="a")
        assert len(scripted.requests) == 3
    assert error.value.retry_after is None
    assert all(0 <= wait <= 1 for wait in waits)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_ipv6() -> None:
    """An IPv6 address is in brackets in the Host header."""
    with ScriptedServer([responds(200, MODEL)], host="::1") as scripted:
        with RootSignals(KEY, base_url=scripted.url) as client:
            client.models.retrieve("9b2f")
        assert f"\r\nHost: {scripted.authority}\r\n".encode() in scripted.requests[0]


def test_a_service_that_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A POST to a service that was down arrives exactly once after its restart."""
    with ScriptedServer([]) as gone:
        port = gone.port
    restarted: list[ScriptedServer] = []

    def restart(_: float) -> None:
        restarted.append(ScriptedServer([responds(201, MODEL)], port=port).__enter__())

    monkeypatch.setattr("root._sync.transport.sleep", restart)
    with RootSignals(KEY, base_url=gone.url) as client:
        assert client.models.create(name="a") == "9b2f"
    with restarted[0] as scripted:
        assert len(scripted.requests) == 1
    assert len(restarted) == 1


def test_a_reset_after_the_response() -> None:
    """A POST after a reset of the kept connection arrives exactly once."""
    with ScriptedServer([sends_and_resets(right("create")), responds(201, MODEL)]) as scripted:
        with RootSignals(KEY, base_url=scripted.url, max_retries=0) as client:
            assert client.models.create(name="a") == "9b2f"
            while scripted.open:
                sleep(0.005)
            assert client.models.create(name="b") == "9b2f"
        names = [json.loads(sent.partition(b"\r\n\r\n")[2])["name"] for sent in scripted.requests]
    assert names == ["a", "b"]


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_a_superfluous_response(late: bool, proxied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes after a response are never used as the response to the next request."""
    superfluous = response_bytes(200, MODEL | {"name": "superfluous"})
    first = response_bytes(200, MODEL | {"name": "first"})
    with ScriptedServer([]) as scripted:
        if late:
            scripted.steps.append(scripted.sends_in_turn(first, superfluous))
        else:
            scripted.steps.append(sends(first + superfluous, then_close=False))
        scripted.steps.append(responds(200, MODEL | {"name": "second"}))
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", scripted.url)
        base_url = "http://api.test" if proxied else scripted.url
        with RootSignals(KEY, base_url=base_url, max_retries=0) as client:
            assert (client.models.retrieve("a")).name == "first"
            sleep(0.1 if late else 0)
            assert (client.models.retrieve("a")).name == "second"


def test_a_request_that_cannot_be_sent() -> None:
    """A request that cannot be sent in time may have been processed."""
    with ScriptedServer([], read_size=0) as scripted:
        with RootSignals(KEY, base_url=scripted.url, timeout=0.3, max_retries=1) as client:
            with pytest.raises(APITimeoutError, match="could not be sent") as error:
                client.models.create(name="a", model="k" * 4_000_000)
        assert scripted.connections == 1
    assert error.value.may_have_been_processed


def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a failure of the proxy names the proxy, not the service."""
    with ScriptedServer([]) as gone:
        monkeypatch.setenv("HTTP_PROXY", gone.url)
    with RootSignals(KEY, base_url="http://api.test", max_retries=0) as client:
        with pytest.raises(APIConnectionError, match=r"(?i)proxy") as error:
            client.models.retrieve("a")
    assert "api.test refused" not in str(error.value)


def test_a_proxy_that_refuses_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a proxy that requires a password contains its response."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with ScriptedServer([sends(refusal)]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://me:pass-of-the-proxy@"))
        with RootSignals(KEY, base_url="https://api.test", max_retries=0) as client:
            with pytest.raises(APIConnectionError, match=r"(?i)proxy.*407") as error:
                client.models.retrieve("a")
        assert re.match(rb"CONNECT api\.test:443 ", proxy.requests[0])
        assert KEY.encode() not in proxy.requests[0]
    assert "pass-of-the-proxy" not in str(error.value)


def test_a_tunnel_that_cannot_be_reopened(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a kept tunnel was closed and another cannot be opened, nothing was sent."""
    with (
        ScriptedServer([responds(201, MODEL)], tls=secure()) as scripted,
        ScriptedServer([tunnels(scripted.authority)]) as proxy,
        authority().cert_pem.tempfile() as path,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", path)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with RootSignals(KEY, base_url=scripted.url, max_retries=0) as client:
            client.models.create(name="a")
            proxy.steps[:] = [proxy.hangs]
            scripted.disconnect_all()
            while proxy.open:
                sleep(0.005)
            with pytest.raises(APITimeoutError) as error:
                client.models.create(name="b", _request_timeout=SHORT)
        assert len(scripted.requests) == 1
    assert not error.value.may_have_been_processed
