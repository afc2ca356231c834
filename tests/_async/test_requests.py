"""`client.request`: endpoints without a method of their own; and `send`, which sees every call."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx
import pytest
from pydantic import BaseModel

from root import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    AsyncRootSignals,
    Body,
    InvalidRequestError,
    NotFoundError,
    Operation,
    RateLimitError,
    ServerError,
)
from root.emulator import Server
from root.models import ModelVerification

from ..faults.scenes import body_of
from ..scripted_server import ScriptedServer, responds, sends

if TYPE_CHECKING:
    from root import Response

KEY = "key-of-the-tests"
PATH = "/v1/things/"

T = TypeVar("T")


class Thing(BaseModel):
    """What a user may define."""

    id: str
    size: int = 0


@dataclass
class Pair:
    """What pydantic can validate, too."""

    id: str
    size: int


def connect(server: ScriptedServer, **options: Any) -> AsyncRootSignals:
    return AsyncRootSignals(KEY, base_url=server.url, **options)


async def test_json() -> None:
    """JSON is sent and returned as plain data, with the metadata of the response."""
    step = responds(201, {"id": "a", "more": [1, None]}, X_Request_Id="req-1")
    with ScriptedServer([step]) as server:
        async with connect(server) as client:
            response = await client.request(
                "POST", PATH, query={"a": "ä b", "c": ["1", "2"]}, json={"name": "ä", "n": None}
            )
    assert response.value == {"id": "a", "more": [1, None]}
    assert response.meta.status_code == 201
    assert response.meta.request_id == "req-1"
    assert json.loads(response.text) == response.value
    assert json.loads(response.content) == response.value
    (request,) = server.requests
    assert request.startswith(b"POST /v1/things/?a=%C3%A4+b&c=1&c=2 HTTP/1.1\r\n")
    assert b"\r\ncontent-type: application/json\r\n" in request.lower()
    assert body_of(request) == '{"name":"ä","n":null}'.encode()


async def test_body_of_a_path(tmp_path: Path) -> None:
    """A file can be passed by its path."""
    path = tmp_path / "notes.bin"
    path.write_bytes(b"\x00\x01")
    with ScriptedServer([responds(200, None)]) as server:
        async with connect(server) as client:
            await client.request("POST", PATH, body=path)
    assert body_of(server.requests[0]) == b"\x00\x01"


@pytest.mark.parametrize("value", [{"name": "x"}, ["x"], 5, None], ids=repr)
async def test_json_as_body(value: Any) -> None:
    """What is JSON is refused as body, with the argument for it."""
    async with AsyncRootSignals(KEY, base_url="http://api.test") as client:
        with pytest.raises(
            InvalidRequestError, match=r"^Nothing was sent\. .* sent as JSON as json"
        ):
            await client.request("POST", PATH, body=value)


@pytest.mark.parametrize("value", [None, False, 0, "", []], ids=repr)
async def test_any_json(value: Any) -> None:
    """Any JSON value can be sent, null too."""
    with ScriptedServer([responds(200, value)]) as server:
        async with connect(server) as client:
            await client.request("POST", PATH, json=value)
    assert json.loads(body_of(server.requests[0])) == value


@pytest.mark.parametrize(
    ("body", "content", "content_type"),
    [
        (lambda: b"\x00\xff", b"\x00\xff", b"application/octet-stream"),
        (lambda: "ä", "ä".encode(), b"text/plain; charset=utf-8"),
        (lambda: io.BytesIO(b"file"), b"file", b"application/octet-stream"),
    ],
    ids=["bytes", "text", "file"],
)
async def test_body(body: Callable[[], Any], content: bytes, content_type: bytes) -> None:
    """A body is sent as it is, with a media type that a header can replace."""
    with ScriptedServer([responds(200, {})]) as server:
        async with connect(server) as client:
            await client.request("PUT", PATH, body=body())
            await client.request("PUT", PATH, body=body(), headers={"content-type": "text/x-mine"})
    for request, expected in zip(server.requests, (content_type, b"text/x-mine"), strict=True):
        assert body_of(request) == content
        assert b"\r\ncontent-type: %s\r\n" % expected in request.lower()
        assert request.lower().count(b"content-type:") == 1


async def test_headers() -> None:
    """Headers of a request are added to the client's, and replace those of the same name."""
    with ScriptedServer([responds(200, {})]) as server:
        async with connect(server, default_headers={"X-Team": "evals", "X-B": "1"}) as client:
            await client.request("GET", PATH, headers={"x-team": "other", "Accept": "text/csv"})
            await client.request("GET", PATH)
    first, second = (request.lower() for request in server.requests)
    assert b"\r\nx-team: other\r\n" in first
    assert b"\r\nx-b: 1\r\n" in first
    assert b"\r\naccept: text/csv\r\n" in first
    assert first.count(b"x-team:") == first.count(b"accept:") == 1
    assert b"\r\nx-team: evals\r\n" in second


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Thing, Thing(id="a", size=5)),
        (Pair, Pair("a", 5)),
        (dict[str, str | int], {"id": "a", "size": 5}),
        (str, '{"id": "a", "size": 5}'),
        (bytes, b'{"id": "a", "size": 5}'),
        (object, {"id": "a", "size": 5}),
    ],
    ids=["pydantic", "dataclass", "generic", "text", "bytes", "any"],
)
async def test_schema(schema: Any, value: object) -> None:
    """The response is parsed into the given type."""
    with ScriptedServer([responds(200, {"id": "a", "size": 5})]) as server:
        async with connect(server) as client:
            response = await client.request("GET", PATH, schema=schema)
    assert response.value == value


async def test_a_class_of_the_sdk() -> None:
    """A class of the SDK is parsed as by its own methods, with metadata and without secrets."""
    found = {"success": False, "model": "a", "error": f"Bad key {KEY}."}
    with ScriptedServer([responds(200, found, X_Request_Id="req-1")]) as server:
        async with connect(server) as client:
            response = await client.request("POST", PATH, schema=ModelVerification)
    assert response.value.error == "Bad key [redacted]."
    assert response.value.meta is response.meta
    assert response.meta.request_id == "req-1"


async def test_text() -> None:
    """Text is decoded in the charset of its media type."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=latin-1\r\nContent-Length: 1\r\n\r\n"
    )
    with ScriptedServer([sends(head + b"\xe4", then_close=False)]) as server:
        async with connect(server) as client:
            response = await client.request("GET", PATH, schema=str)
    assert response.value == response.text == "ä"
    assert response.content == b"\xe4"


async def test_no_content() -> None:
    """An empty body is None where no type is expected, and otherwise an error."""
    with ScriptedServer([sends(b"HTTP/1.1 204 No Content\r\n\r\n", then_close=False)]) as server:
        async with connect(server, max_retries=0) as client:
            response = await client.request("DELETE", PATH)
            assert response.value is None
            assert response.content == b""
            with pytest.raises(APIResponseError, match="is empty"):
                await client.request("GET", PATH, schema=Thing)


async def test_another_shape() -> None:
    """A body of another shape is an error that names the type."""
    with ScriptedServer([responds(200, {"id": "a", "size": "many"})]) as server:
        async with connect(server, max_retries=0) as client:
            with pytest.raises(APIResponseError, match=r"shape of a Thing \(size: "):
                await client.request("GET", PATH, schema=Thing)


async def test_an_error_status() -> None:
    """The errors are those of every other call."""
    with ScriptedServer([responds(404, {"detail": "No such thing."})]) as server:
        async with connect(server) as client:
            with pytest.raises(NotFoundError, match="No such thing"):
                await client.request("GET", PATH)


async def test_once(waits: list[float]) -> None:
    """With `once`, a request is not sent again even if it was refused."""
    with ScriptedServer([responds(429)]) as server:
        async with connect(server, max_retries=2) as client:
            with pytest.raises(RateLimitError):
                await client.request("GET", PATH, once=True)
            assert len(server.requests) == 1
            with pytest.raises(RateLimitError):
                await client.request("GET", PATH)
            assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"timeout": 0.2}, r"timeout of 0\.2 s"),
        ({"timeout": httpx.Timeout(5, read=0.2)}, r"\(timeout\)"),
        ({"deadline": 0.2}, r"deadline of 0\.2 s"),
    ],
    ids=["timeout", "httpx.Timeout", "deadline"],
)
async def test_limits(limits: dict[str, Any], words: str) -> None:
    """Timeout and deadline of a request replace those of the client."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server, timeout=60, max_retries=0) as client:
            with pytest.raises(APITimeoutError, match=words):
                await client.request("GET", PATH, **limits)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"json": {}, "body": b""}, "json or body, not both"),
        ({"json": float("nan")}, "cannot be written as JSON"),
        ({"json": {"a": object()}}, "cannot be written as JSON"),
        ({"json": "\ud800"}, "cannot be written as JSON"),
        ({"body": "\ud800"}, "UTF-8"),
        ({"body": 5}, "binary file object"),
        ({"body": io.StringIO()}, "binary"),
        ({"query": {"a": "\ud800"}}, "UTF-8"),
        ({"headers": {"Authorization": "mine"}}, "the client sets Authorization itself"),
        ({"headers": {"X-A": "two\nlines"}}, "must be a string of printable ASCII"),
        ({"headers": {"X A": "a"}}, "not a header name"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": "5"}, "deadline"),
        ({"once": "yes"}, "once must be True or False"),
        ({"schema": object()}, "not a type that pydantic can validate"),
    ],
    ids=[
        *("both", "NaN", "no JSON", "surrogates in JSON", "surrogates in a body", "number"),
        *("text file", "surrogates in a query", "reserved header", "header value", "header name"),
        *("timeout", "text as timeout", "deadline", "text as deadline", "once", "schema"),
    ],
)
async def test_invalid_arguments(arguments: dict[str, Any], words: str) -> None:
    """Invalid arguments are refused before anything is sent."""
    with ScriptedServer([responds(200, {})]) as server:
        async with connect(server) as client:
            with pytest.raises(InvalidRequestError, match=words):
                await client.request("POST", PATH, **arguments)
    assert not server.requests


# `send`


class NoSchema:
    """A class that pydantic cannot validate."""


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (lambda: Operation("POST", PATH, NoSchema), "not a type that pydantic can validate"),
        (lambda: Operation("POST", PATH, object, body=cast("Any", b"")), "must be a root.Body"),
        (lambda: Body("text/plain\r\nX: y", (b"a",)), "not a media type"),
        (lambda: Body("text/pl€", (b"a",)), "not a media type"),
        (lambda: Body("text/plain", cast("Any", b"a")), "must be a tuple"),
        (lambda: Operation("POST", PATH, object, slow_timeout=cast("Any", "x")), "slow_timeout"),
    ],
    ids=["schema", "body", "header injection", "media type", "parts", "timeout"],
)
async def test_invalid_operations(operation: Callable[[], Any], words: str) -> None:
    """Operations that cannot be sent, or whose responses cannot be parsed, are refused."""
    with ScriptedServer([responds(200, {})]) as server:
        # A limit of the client replaces that of the schema, and no check.
        async with connect(server, max_response_bytes=1000) as client:
            with pytest.raises(InvalidRequestError, match=words):
                await client.send(operation())
    assert not server.requests


async def test_a_method_that_changes_nothing(waits: list[float]) -> None:
    """HEAD and OPTIONS are safe like GET: they are retried, and need no check."""
    for method in ("HEAD", "OPTIONS"):
        failure = sends(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", then_close=False)
        with ScriptedServer([failure]) as server:
            async with connect(server) as client:
                with pytest.raises(ServerError) as error:
                    await client.request(method, PATH)
        assert len(error.value.attempts) == 3
        assert not error.value.may_have_been_processed


class Recording(AsyncRootSignals):
    """A client that records its calls."""

    calls: list[str]

    async def send(self, operation: Operation[T]) -> Response[T]:
        self.calls.append(operation.method)
        return await super().send(operation)


async def test_send_sees_every_call(emulator: Server) -> None:
    """A subclass that overrides `send` sees every call: bulk, paging, plans and requests too."""
    calls: list[str] = []
    Recording.calls = calls
    async with Recording(emulator.api_key, base_url=emulator.url) as client:
        model_id = await client.models.create(name="a")
        await client.models.retrieve(model_id)
        assert calls == ["POST", "GET"]
        ids = await client.models.create_many([{"name": "b"}, {"name": "c"}])
        await client.models.delete_many(ids)
        await client.models.verify_many([{"model": "a"}])
        assert calls[2:] == ["POST", "POST", "DELETE", "DELETE", "POST"]
        assert len([page async for page in client.models.list(page_size=1, limit=3).pages()]) == 3
        assert calls[7:] == ["GET"] * 3
        await client.request("GET", "/v1/models/")
        await client.with_options(timeout=5).models.delete(model_id)
        assert calls[10:] == ["GET", "DELETE"]
        calls.clear()
        await (await client.models.plan([{"name": "d"}], prune=True)).apply()
        await client.models.ensure(name="d")
        await client.models.export()
        assert calls.count("POST") == 1
        # Not less than what has arrived.
        arrived = [request.method for request in emulator.requests]
        assert arrived[-len(calls) :] == calls


async def test_send_may_refuse(emulator: Server) -> None:
    """An error of an overriding `send` is raised by the method that was called."""

    class Refusing(AsyncRootSignals):
        async def send(self, operation: Operation[T]) -> Response[T]:
            raise InvalidRequestError(f"{operation.method} is not allowed.")

    async with Refusing(emulator.api_key, base_url=emulator.url) as client:
        with pytest.raises(InvalidRequestError, match="POST is not allowed"):
            await client.models.create(name="a")
        with pytest.raises(InvalidRequestError, match="GET is not allowed"):
            await client.models.list().to_dicts()
    assert not emulator.requests


async def test_responses_do_not_control_the_terminal() -> None:
    """Control characters of a response are escaped in an error, its detail and its request ID."""
    body = json.dumps({"detail": "No\x1b[2J\x9b\u202e\nError: forged"}).encode()
    head = b"X-Request-Id: req\x1b[2J\x9b\r\nContent-Length: %d\r\n\r\n" % len(body)
    with ScriptedServer([sends(b"HTTP/1.1 404 Not Found\r\n" + head + body)]) as server:
        async with connect(server) as client:
            with pytest.raises(NotFoundError) as error:
                await client.request("GET", PATH)

    assert error.value.detail == r"No\x1b[2J\x9b\u202e Error: forged"
    assert error.value.request_id == r"req\x1b[2J\x9b"
    assert r": No\x1b[2J\x9b\u202e Error: forged." in str(error.value)
    assert error.value.data == {"detail": "No\x1b[2J\x9b\u202e\nError: forged"}


async def test_failures_do_not_control_the_terminal() -> None:
    """Control characters in the failure of a connection are escaped in the error and its causes."""

    def handle(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("lost \x1b[2J\x9b")

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(handle)) as own,
        AsyncRootSignals(KEY, base_url="https://api.test", http_client=own) as client,
    ):
        with pytest.raises(APIConnectionError) as error:
            await client.request("POST", PATH)

    text = "".join(traceback.format_exception(error.value))
    assert r"(lost \x1b[2J\x9b)" in text
    assert text.replace("\n", "").isprintable()
    (attempt,) = error.value.attempts
    assert (attempt.cause or "").isprintable()


async def test_logs_do_not_control_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    """Control characters of a response are escaped in what httpx logs."""
    caplog.set_level("INFO", logger=httpx.__name__)  # httpx2 may take its place.

    def handle(_: httpx.Request) -> httpx.Response:
        extensions = {"reason_phrase": b"\x1b[2J\nforged"}
        return httpx.Response(200, json={}, extensions=extensions)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(handle)) as own,
        AsyncRootSignals(KEY, base_url="https://api.test", http_client=own) as client,
    ):
        await client.request("GET", PATH)

    logged = [record for record in caplog.records if record.name == httpx.__name__]
    (message,) = [record.getMessage() for record in logged]
    assert r"200 \x1b[2J\nforged" in message
