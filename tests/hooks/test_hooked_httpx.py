"""httpx is hooked: calls go through it while it is, and are the same otherwise."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import unittest.mock
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from root import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    AsyncRootSignals,
    ConfigurationError,
    Operation,
    RootSignals,
    Stream,
)
from root._http.hooks import is_hooked
from root.emulator import Fault, Server
from tests.concurrency.helpers import wait_until
from tests.scripted_server import ScriptedServer, closes, responds, sends

Send = Callable[..., httpx.Response]


class Seen:
    """A tool that replaces `httpx.Client.send`, and notes what it sees."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.requests: list[httpx.Request] = []
        self.responses: list[httpx.Response] = []

    def hook(self) -> None:
        send: Send = httpx.Client.send

        def noted(client: httpx.Client, request: httpx.Request, **options: bool) -> httpx.Response:
            self.requests.append(request)
            request.headers["X-Trace"] = "abc"
            self.responses.append(send(client, request, **options))
            return self.responses[-1]

        self.monkeypatch.setattr(httpx.Client, "send", noted)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(monkeypatch)


@pytest.fixture
def client(emulator: Server) -> RootSignals:
    return RootSignals(emulator.api_key, base_url=emulator.url)


def test_looked_for_on_each_attempt(client: RootSignals, seen: Seen) -> None:
    """A tool sees the calls that are made while it is there, of a client from before, too."""
    client.models.create(name="before")
    with seen.monkeypatch.context():
        seen.hook()
        client.models.create(name="while", url="http://x")
        assert [model.name for model in client.models.list(limit=1)] == ["while"]
        seen.monkeypatch.undo()
    client.models.create(name="after")

    assert [(one.method, one.url.path) for one in seen.requests] == [
        ("POST", "/v1/models/"),
        ("GET", "/v1/models/"),
    ]
    assert seen.requests[0].content == b'{"name":"while","url":"http://x"}'
    assert [one.status_code for one in seen.responses] == [201, 200]
    assert seen.responses[0].json()["name"] == "while"


def test_headers_of_tools_are_sent(emulator: Server, client: RootSignals, seen: Seen) -> None:
    """What a tool adds to the headers reaches the service, and nothing else differs."""
    list(client.models.list(limit=1))
    seen.hook()
    list(client.models.list(limit=1))

    plain, hooked = (dict(request.headers) for request in emulator.requests)
    assert hooked.pop("x-trace") == "abc"
    assert list(hooked.items()) == list(plain.items())


def test_connections_are_shared(emulator: Server, client: RootSignals, seen: Seen) -> None:
    """Calls through httpx use the connections of the client, and cookies are not kept."""
    emulator.add_fault(Fault(headers={"Set-Cookie": "a=b; Path=/"}))
    list(client.models.list(limit=1))
    seen.hook()
    for _ in range(3):
        list(client.models.list(limit=1))

    assert emulator.connections.opened == 1
    assert not any("cookie" in request.headers for request in seen.requests)


def test_retries(emulator: Server, client: RootSignals, seen: Seen) -> None:
    """Each attempt is seen by itself."""
    seen.hook()
    emulator.add_fault(Fault(status=503, retry_after=0, times=1))

    list(client.models.list(limit=1))

    assert [one.status_code for one in seen.responses] == [503, 200]


def test_errors_are_the_same(seen: Seen) -> None:
    """A lost connection and a timeout have the errors that they have without httpx."""

    def errors() -> list[tuple[type, str, object]]:
        found: list[tuple[type, str, object]] = []
        for step in (closes, sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")):
            with ScriptedServer([step] * 3) as server:
                client = RootSignals("k", base_url=server.url, max_retries=0)
                with pytest.raises((APIConnectionError, APIResponseError)) as error:
                    client.models.create(name="x")
                text = re.sub(r"127\.0\.0\.1:\d+", "", str(error.value))
                found.append((type(error.value), text, error.value.may_have_been_processed))
        with ScriptedServer([]) as server:
            server.steps = [server.hangs]
            client = RootSignals("k", base_url=server.url, max_retries=0, timeout=0.1)
            with pytest.raises(APITimeoutError) as error:
                client.models.create(name="x")
            found.append(
                (type(error.value), re.sub(r"127\.0\.0\.1:\d+", "", str(error.value)), True)
            )
        return found

    expected = errors()
    seen.hook()

    assert errors() == expected
    assert seen.requests


def test_a_tool_responds(client: RootSignals, emulator: Server, seen: Seen) -> None:
    """A response of a tool is read as one of the service."""

    def respond(client: httpx.Client, request: httpx.Request, **_: bool) -> httpx.Response:
        body = {"id": "1", "name": "from a tool"}
        return httpx.Response(200, json=body, request=request)

    seen.monkeypatch.setattr(httpx.Client, "send", respond)

    assert client.models.retrieve("1").name == "from a tool"
    assert emulator.requests == ()


def test_direct(client: RootSignals, seen: Seen) -> None:
    """With `ROOTSIGNALS_TRANSPORT=direct`, tools see nothing."""
    seen.hook()
    seen.monkeypatch.setenv("ROOTSIGNALS_TRANSPORT", "direct")

    client.models.create(name="x")

    assert not seen.requests
    explained = client.config.explain()
    assert "transport" in str(explained)
    assert "direct" in str(explained)
    seen.monkeypatch.setenv("ROOTSIGNALS_TRANSPORT", "fast")
    with pytest.raises(ConfigurationError, match="must be auto or direct, not 'fast'"):
        RootSignals("k")


class Instrumented(httpx.Client):
    """A class that a tool puts in the place of httpx's."""


def replaced(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    owner, _, attribute = name.rpartition(".")
    target = getattr(httpx, owner) if owner else httpx

    def apply(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(target, attribute, unittest.mock.Mock())

    return apply


@pytest.mark.parametrize(
    "name",
    [
        "Client.send",
        "Client._send_single_request",
        "Client._transport_for_url",
        "AsyncClient.send",
        "AsyncClient._send_single_request",
        "AsyncClient._transport_for_url",
        "HTTPTransport.handle_request",
        "AsyncHTTPTransport.handle_async_request",
    ],
)
def test_what_is_a_hook(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaced methods are hooks, and nothing is one after they are restored."""
    assert not is_hooked()
    with monkeypatch.context() as patch:
        replaced(name)(patch)
        assert is_hooked()
        assert is_hooked()
    assert not is_hooked()


def test_a_replaced_class_is_a_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class of another module in the place of httpx's is a hook, and its client is used."""
    monkeypatch.setattr(httpx, "Client", Instrumented)

    assert is_hooked()


def test_a_recorded_stream(client: RootSignals, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that a tool has read is read from what the tool has kept."""
    handle = httpx.HTTPTransport.handle_request

    def record(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        response = handle(transport, request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = httpx.ByteStream(b"".join(response.stream))
        return response

    export = Operation("GET", "/v1/models/", Stream)
    expected = b"".join(client.send(export).value)
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", record)

    assert b"".join(client.send(export).value) == expected


def without_extensions(request: httpx.Request) -> httpx.Request:
    """Return a request that a tool sends in place of another one."""
    return httpx.Request(
        request.method, request.url, headers=request.headers, stream=request.stream
    )


async def test_a_tool_that_drops_extensions(
    client: RootSignals, emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls work beside a tool that sends another request in place of the one that it sees."""
    handle = httpx.HTTPTransport.handle_request
    async_handle = httpx.AsyncHTTPTransport.handle_async_request

    def handled(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return handle(transport, without_extensions(request))

    async def async_handled(
        transport: httpx.AsyncHTTPTransport, request: httpx.Request
    ) -> httpx.Response:
        return await async_handle(transport, without_extensions(request))

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handled)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", async_handled)

    client.models.create(name="x")
    assert [model.name for model in emulator.models] == ["x"]
    calls = (client.models.aretrieve(emulator.add_model(name=name).id) for name in "abcdef")
    assert [model.name for model in await asyncio.gather(*calls)] == list("abcdef")
    await client.aclose()


def test_a_tool_that_drops_extensions_of_a_stream(
    client: RootSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream is whole beside a tool that makes a response of its own of the service's."""
    handle = httpx.HTTPTransport.handle_request

    def handled(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        found = handle(transport, without_extensions(request))
        return httpx.Response(found.status_code, headers=found.headers, stream=found.stream)

    export = Operation("GET", "/v1/models/", Stream)
    expected = b"".join(client.send(export).value)
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handled)

    assert b"".join(client.send(export).value) == expected


def test_a_tool_that_drops_extensions_in_a_thread(
    client: RootSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request of a tool's own in a thread of its own is an error that has the remedy."""
    handle = httpx.HTTPTransport.handle_request

    def handled(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(handle, transport, without_extensions(request)).result()

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handled)

    with pytest.raises(ConfigurationError, match="ROOTSIGNALS_TRANSPORT=direct"):
        client.models.create(name="x")


def test_a_long_url(seen: Seen) -> None:
    """A request with a URL that is too long for httpx is sent, and tools do not see it."""
    seen.hook()
    with ScriptedServer([responds(200, {"a": 1})]) as server:
        client = RootSignals("k", base_url=server.url)
        response = client.request("GET", "/v1/models/", query={"search": "x" * 70_000})
    assert response.value == {"a": 1}
    assert seen.requests == []


@pytest.mark.parametrize("host", ["xn--zz.example", "xn--a.example", "256.256.256.256"])
def test_a_host_that_httpx_does_not_accept(
    host: str, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls to a host whose name httpx cannot parse work, and tools do not see them."""
    with suppress(httpx.InvalidURL, UnicodeError):
        assert httpx.URL(f"http://{host}").host
        pytest.skip("httpx2 accepts it.")
    seen.hook()
    send: Send = httpx.Client.send

    def traced(client: httpx.Client, request: httpx.Request, **options: bool) -> httpx.Response:
        assert request.url.host
        return send(client, request, **options)

    monkeypatch.setattr(httpx.Client, "send", traced)
    with ScriptedServer([responds(200, {"a": 1})]) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        client = RootSignals("k", base_url=f"http://{host}")
        assert client.request("GET", "/v1/models/").value == {"a": 1}
    assert seen.requests == []


def test_a_pipe_is_left_to_the_service(emulator: Server, client: RootSignals, seen: Seen) -> None:
    """A body that can be read only once reaches the service, and the tool sees none."""
    seen.hook()
    reader, writer = os.pipe()
    with open(writer, "wb") as file:
        file.write(b'{"name": "piped"}')
    with open(reader, "rb") as file:
        headers = {"Content-Type": "application/json"}
        client.request("POST", "/v1/models/", body=file, headers=headers)

    assert [model.name for model in emulator.models] == ["piped"]
    assert seen.requests[0].content == b""


async def test_a_dropped_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is dropped leaves no connection open, although each one keeps its context."""
    send = httpx.AsyncHTTPTransport.handle_async_request

    async def traced(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        return await send(transport, request)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", traced)
    with ScriptedServer([responds(200, {"id": "1", "name": "a"})]) as server:
        client = AsyncRootSignals("key-of-the-tests", base_url=server.url)
        await client.models.retrieve("1")
        assert server.open == 1
        del client
        gc.collect()
        await wait_until(lambda: server.open == 0)


async def test_a_slow_tool(emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline holds while a tool waits."""

    async def wait(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", wait)
    async with AsyncRootSignals(
        emulator.api_key, base_url=emulator.url, deadline=0.05, max_retries=0
    ) as client:
        with pytest.raises(APITimeoutError):
            await client.models.retrieve("1")


def test_a_mock_of_httpx_is_no_hook(client: RootSignals) -> None:
    """A test that mocks httpx's classes for itself does not change calls of this client."""
    with unittest.mock.patch("httpx.Client"), unittest.mock.patch("httpx.AsyncClient"):
        assert not is_hooked()
        client.models.create(name="x")


def test_a_class_with_arguments_of_its_own(
    client: RootSignals, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that cannot be created like httpx's does not break calls."""

    class Other(httpx.Client):
        def __init__(self) -> None:
            super().__init__()

    monkeypatch.setattr(httpx, "Client", Other)

    client.models.create(name="x")


def test_code_beside_httpx_is_a_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of a package whose name begins like httpx's is a hook."""
    path = f"{os.path.dirname(httpx.__file__)}_tool.py"
    scope: dict[str, object] = {"__name__": "httpx_tool"}
    exec(compile("def send(self, request, **options): ...", path, "exec"), scope)
    monkeypatch.setattr(httpx.Client, "send", scope["send"])

    assert is_hooked()
