# Generated from tests/_async/test_streams.py by scripts/generate_sync.py. Do not edit.
"""Streamed responses: how they are read, and how long they hold their connection."""

from __future__ import annotations

import copy
import gc
import pickle
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest

from root import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    NotFoundError,
    RateLimitError,
    RootSignals,
)
from root._async.stream import AsyncStream
from root._concurrency.waiting import async_sleep
from root._concurrency.workers import AsyncPrefetch
from root._http.operation import Operation

from ..scripted_server import ScriptedServer, Step, responds, response_bytes, sends

KEY = "key-of-the-tests"
MODEL = {"id": "9b2f", "name": "a"}
EXPORT = Operation("GET", "/v1/export/", AsyncStream)
HEAD = b"HTTP/1.1 200 OK\r\nX-Request-Id: req-1\r\nTransfer-Encoding: chunked\r\n\r\n"

over_both = pytest.mark.parametrize("over_httpx", [False, True], ids=["own pool", "own client"])


@asynccontextmanager
async def connected(
    server: ScriptedServer,
    *,
    over_httpx: bool = False,
    timeout: float | None = 10,
    deadline: float | None = None,
    max_retries: int = 0,
    max_response_bytes: int = 2**20,
) -> AsyncIterator[RootSignals]:
    """A client with one connection."""
    own = httpx.AsyncClient() if over_httpx else None
    client = RootSignals(
        KEY,
        base_url=server.url,
        timeout=timeout,
        deadline=deadline,
        max_retries=max_retries,
        max_connections=1,
        max_response_bytes=max_response_bytes,
        async_http_client=own,
    )
    async with client:
        yield client
    if own is not None:
        await own.aclose()


def chunk(data: bytes) -> bytes:
    """Return a chunk of a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked(*pieces: bytes) -> Step:
    """Send a body in chunks."""
    return sends(HEAD + b"".join(map(chunk, pieces)) + chunk(b""), then_close=False)


def unfinished(*pieces: bytes) -> Step:
    """Send the beginning of a body, and wait until the connection is closed."""

    def step(sock: socket.socket) -> bool:
        sock.sendall(HEAD + b"".join(map(chunk, pieces)))
        sock.recv(1)
        return False

    return step


async def disconnected(server: ScriptedServer) -> None:
    """Wait until the server has seen the end of its connections."""
    while server.open:
        await async_sleep(0.005)


@over_both
async def test_the_body(over_httpx: bool) -> None:
    """A stream yields the bytes of the body, and has the metadata of the response."""
    body = b"0123456789" * 100_000
    head = b"HTTP/1.1 200 OK\r\nX-Request-Id: req-1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with ScriptedServer([sends(head + body, then_close=False)]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            response = await client.asend(EXPORT)
            async with response.value as stream:
                content = b"".join([piece async for piece in stream])

    assert content == body
    assert response.content == b""
    assert response.meta is stream.meta
    assert stream.meta.status_code == 200
    assert stream.meta.request_id == "req-1"
    assert len(stream.meta.attempts) == 1
    assert repr(stream) == f"<{type(stream).__name__} 200>"


async def test_no_compression() -> None:
    """The request of a stream accepts no compression, since it would not be decompressed."""
    with ScriptedServer([chunked(b"a")]) as server:
        async with connected(server) as client, (await client.asend(EXPORT)).value as stream:
            async for _ in stream:
                pass
    assert server.requests[0].lower().count(b"accept-encoding: ") == 1
    assert b"\r\naccept-encoding: identity\r\n" in server.requests[0].lower()


@over_both
async def test_a_compressed_body(over_httpx: bool, waits: list[float]) -> None:
    """A stream that is compressed nevertheless is an error, and its connection is free again."""
    steps = [responds(200, MODEL, Content_Encoding="gzip"), responds(200, MODEL)]
    with ScriptedServer(steps) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            with pytest.raises(APIResponseError, match="is compressed"):
                await client.asend(EXPORT)
            assert (await client.models.aretrieve("a")).id == "9b2f"


@over_both
async def test_pieces_as_they_arrive(over_httpx: bool) -> None:
    """A piece can be read before the rest of the body is sent."""
    is_read = threading.Event()

    def step(sock: socket.socket) -> bool:
        sock.sendall(HEAD + chunk(b"first"))
        if is_read.wait(10):
            sock.sendall(chunk(b"second") + chunk(b""))
        return True

    with ScriptedServer([step]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            pieces: list[bytes] = []
            async for piece in (await client.asend(EXPORT)).value:
                pieces.append(piece)
                is_read.set()

    assert pieces == [b"first", b"second"]


@over_both
async def test_larger_than_the_limit(over_httpx: bool) -> None:
    """The maximum size of a response does not apply to a stream."""
    body = b"x" * 100_000
    with ScriptedServer([chunked(body)]) as server:
        async with connected(server, over_httpx=over_httpx, max_response_bytes=1000) as client:
            stream = (await client.asend(EXPORT)).value
            assert b"".join([piece async for piece in stream]) == body


# The connection


@over_both
async def test_read_to_the_end(over_httpx: bool) -> None:
    """A stream that has been read to its end leaves its connection to the next call."""
    with ScriptedServer([chunked(b"a", b"b"), responds(200, MODEL)]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            stream = (await client.asend(EXPORT)).value
            assert b"".join([piece async for piece in stream]) == b"ab"
            await client.models.aretrieve("a")
            # It no longer affects the connection.
            await stream.aclose()
            assert [piece async for piece in stream] == []
            await client.models.aretrieve("a")
    assert server.connections == 1


@over_both
async def test_closed(over_httpx: bool) -> None:
    """A stream that is closed early closes its connection, and frees its permit."""
    with ScriptedServer([unfinished(b"a"), responds(200, MODEL)]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            async with (await client.asend(EXPORT)).value as stream:
                assert await anext(stream) == b"a"
            await disconnected(server)
            await client.models.aretrieve("a")
    assert server.connections == 2


@over_both
async def test_closed_unread(over_httpx: bool) -> None:
    """A stream of which nothing was read is closed in the same way."""
    with ScriptedServer([unfinished(b"a"), responds(200, MODEL)]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            await (await client.asend(EXPORT)).value.aclose()
            await disconnected(server)
            await client.models.aretrieve("a")
    assert server.connections == 2


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"]
)
async def test_no_copies(duplicate: Callable[[object], object]) -> None:
    """A stream cannot be copied or pickled, and the error explains why."""
    with ScriptedServer([unfinished(b"a")]) as server:
        async with connected(server) as client, (await client.asend(EXPORT)).value as stream:
            with pytest.raises(TypeError, match="cannot be copied or pickled"):
                duplicate(stream)


@over_both
async def test_read_after_it_was_closed(over_httpx: bool) -> None:
    """The rest of a stream that was closed early cannot be read, and is not the end of the body."""
    with ScriptedServer([unfinished(b"a")]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            stream = (await client.asend(EXPORT)).value
            await anext(stream)
            await stream.aclose()
            await stream.aclose()
            with pytest.raises(APIConnectionError) as error:
                await anext(stream)
            with pytest.raises(APIConnectionError):
                _ = [line async for line in stream.lines()]
    assert str(error.value) == (
        f"GET {server.url}/v1/export/ failed: the stream was closed meanwhile."
    )
    assert error.value.request_id == "req-1"


@over_both
async def test_closed_after_its_end(over_httpx: bool) -> None:
    """A stream that was read to its end has no further pieces, whether it is closed or not."""
    with ScriptedServer([chunked(b"a")]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            async with (await client.asend(EXPORT)).value as stream:
                assert [piece async for piece in stream] == [b"a"]
            assert [piece async for piece in stream] == []


async def test_closed_while_it_is_read() -> None:
    """A stream can be closed by another thread or task while one waits for the next piece."""
    with ScriptedServer([unfinished(b"a"), responds(200, MODEL)]) as server:
        async with connected(server) as client:
            stream = (await client.asend(EXPORT)).value
            await anext(stream)
            reading = AsyncPrefetch(partial(anext, stream))
            await async_sleep(0.1)
            await stream.aclose()
            with pytest.raises(APIConnectionError, match="the stream was closed meanwhile"):
                await reading.result()
            await disconnected(server)
            await client.models.aretrieve("a")
    assert server.connections == 2


@over_both
@pytest.mark.parametrize("pieces", [0, 1], ids=["unread", "begun"])
async def test_dropped(over_httpx: bool, pieces: int) -> None:
    """A stream that is dropped closes its connection, and frees its permit."""
    with ScriptedServer([unfinished(b"a"), responds(200, MODEL)]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            stream = (await client.asend(EXPORT)).value
            for _ in range(pieces):
                await anext(stream)
            del stream
            gc.collect()
            await disconnected(server)
            await client.models.aretrieve("a")
    assert server.connections == 2


async def test_a_permit_is_held() -> None:
    """An open stream holds one of the connections that the client may have."""
    with ScriptedServer([unfinished(b"a"), responds(200, MODEL)]) as server:
        async with connected(server) as client:
            async with (await client.asend(EXPORT)).value:
                with pytest.raises(APITimeoutError, match="no connection was free") as error:
                    await client.models.aretrieve("a", _request_timeout=0.1)
            await client.models.aretrieve("a")
    assert not error.value.may_have_been_processed


@over_both
async def test_a_closed_client(over_httpx: bool) -> None:
    """A stream ends with its client, as far as the connection is the client's."""
    with ScriptedServer([unfinished(b"a")]) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            stream = (await client.asend(EXPORT)).value
            await anext(stream)
            await client.aclose()
            if over_httpx:
                await stream.aclose()
            else:
                with pytest.raises(APIConnectionError, match="the client was closed meanwhile"):
                    await anext(stream)
        await disconnected(server)


async def test_a_client_that_is_closed_while_a_stream_is_read() -> None:
    """The error of the reader has that the client was closed, and not that the server failed."""
    with ScriptedServer([unfinished(b"a")]) as server:
        async with connected(server) as client:
            stream = (await client.asend(EXPORT)).value
            await anext(stream)
            reading = AsyncPrefetch(partial(anext, stream))
            await async_sleep(0.1)
            await client.aclose()
            with pytest.raises(APIConnectionError) as error:
                await reading.result()
    assert str(error.value) == (
        f"GET {server.url}/v1/export/ failed: the client was closed meanwhile."
    )


# Timeouts


@over_both
async def test_timeout(over_httpx: bool) -> None:
    """The timeout limits the wait for each piece, and frees the connection when it expires."""
    with ScriptedServer([unfinished(b"a"), responds(200, MODEL)]) as server:
        async with connected(server, over_httpx=over_httpx, timeout=0.4) as client:
            stream = (await client.asend(EXPORT)).value
            assert await anext(stream) == b"a"
            with pytest.raises(APITimeoutError, match="did not arrive in time") as error:
                await anext(stream)
            with pytest.raises(APIConnectionError, match="the stream was closed"):
                await anext(stream)
            await disconnected(server)
            await client.models.aretrieve("a")
    assert server.connections == 2
    assert error.value.request_id == "req-1"
    assert len(error.value.attempts) == 1


@over_both
async def test_longer_than_the_timeout(over_httpx: bool) -> None:
    """A stream may take longer than the timeout if no piece does."""
    body = b"0123456789"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    with ScriptedServer([]) as server:
        server.steps.append(server.drips(head + body, len(head), 0.06))
        async with connected(server, over_httpx=over_httpx, timeout=0.5) as client:
            stream = (await client.asend(EXPORT)).value
            assert b"".join([piece async for piece in stream]) == body


@over_both
async def test_deadline(over_httpx: bool) -> None:
    """The deadline limits the whole call, however fast the pieces arrive."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with ScriptedServer([]) as server:
        server.steps += [server.drips(head + b"x" * 100_000, len(head), 0.01)]
        server.steps += [responds(200, MODEL)]
        async with connected(server, over_httpx=over_httpx, deadline=0.4) as client:
            stream = (await client.asend(EXPORT)).value
            with pytest.raises(APITimeoutError, match=r"deadline of 0\.4 s"):
                async for _ in stream:
                    pass
            await client.models.aretrieve("a")


# Failures


@over_both
async def test_an_error_status(over_httpx: bool) -> None:
    """A response with an error status is the usual error, not a stream."""
    steps = [responds(404, {"detail": "There is no export."}), responds(200, MODEL)]
    with ScriptedServer(steps) as server:
        async with connected(server, over_httpx=over_httpx) as client:
            with pytest.raises(NotFoundError) as error:
                await client.asend(EXPORT)
            await client.models.aretrieve("a")
    assert error.value.detail == "There is no export."
    assert server.connections == 1


@over_both
async def test_retries(over_httpx: bool, waits: list[float]) -> None:
    """A stream is retried until its head has arrived."""
    steps = [responds(429), responds(503), chunked(b"a")]
    with ScriptedServer(steps) as server:
        async with connected(server, over_httpx=over_httpx, max_retries=2) as client:
            stream = (await client.asend(EXPORT)).value
            assert b"".join([piece async for piece in stream]) == b"a"
            assert [attempt.status for attempt in stream.meta.attempts] == [429, 503, 200]
            assert len(waits) == 2


async def test_once() -> None:
    """A stream that must be requested once is not retried if it was refused."""
    operation = Operation("POST", "/v1/export/", AsyncStream, once=True)
    with ScriptedServer([responds(429)]) as server:
        async with connected(server, max_retries=2) as client:
            with pytest.raises(RateLimitError):
                await client.asend(operation)
    assert len(server.requests) == 1


@over_both
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_lost_connection(method: str, over_httpx: bool) -> None:
    """A connection that is lost in the middle is an error of the piece, and is not retried."""
    steps = [sends(HEAD + chunk(b"a") + b"5\r\nb"), responds(200, MODEL)]
    with ScriptedServer(steps) as server:
        async with connected(server, over_httpx=over_httpx, max_retries=2) as client:
            stream = (await client.asend(Operation(method, "/v1/export/", AsyncStream))).value
            pieces: list[bytes] = []
            with pytest.raises(APIConnectionError) as error:
                async for piece in stream:
                    pieces.append(piece)
            with pytest.raises(APIConnectionError, match="the stream was closed"):
                await anext(stream)
            await client.models.aretrieve("a")

    assert b"".join(pieces) == b"ab"
    assert error.value.may_have_been_processed == (method == "POST")
    assert ("may have processed it" in str(error.value)) == (method == "POST")
    assert error.value.request_id == "req-1"
    ((attempt),) = error.value.attempts
    assert attempt.status == 200
    assert attempt.cause is not None
    assert server.connections == 2


async def test_a_redirect() -> None:
    """A redirect on the same host is followed to the stream."""
    with ScriptedServer([responds(307, None, Location="/elsewhere/"), chunked(b"a")]) as server:
        async with connected(server) as client:
            stream = (await client.asend(EXPORT)).value
            assert b"".join([piece async for piece in stream]) == b"a"
    assert server.requests[1].startswith(b"GET /elsewhere/ ")


async def test_bytes_after_a_stream() -> None:
    """A connection with bytes after the body is not used again."""
    superfluous = response_bytes(200, MODEL | {"name": "superfluous"})
    steps = [
        sends(HEAD + chunk(b"a") + chunk(b"") + superfluous, then_close=False),
        responds(200, MODEL),
    ]
    with ScriptedServer(steps) as server:
        async with connected(server) as client:
            stream = (await client.asend(EXPORT)).value
            assert b"".join([piece async for piece in stream]) == b"a"
            assert (await client.models.aretrieve("a")).name == "a"
    assert server.connections == 2


# Lines


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        pytest.param([b"a\nb\n"], ["a", "b"], id="one piece"),
        pytest.param([b"a", b"b\r", b"\nc"], ["ab", "c"], id="across pieces"),
        pytest.param([b"a\n\n\nb"], ["a", "", "", "b"], id="empty lines"),
        pytest.param([b"a\rb\x0bc\x85\n"], ["a\rb\x0bc\ufffd"], id="other separators"),
        pytest.param(["ä€".encode()[:3], "ä€".encode()[3:]], ["ä€"], id="characters in parts"),
        pytest.param([b"data: {}\n", b"\n"], ["data: {}", ""], id="events"),
        pytest.param([], [], id="nothing"),
    ],
)
async def test_lines(pieces: list[bytes], lines: list[str]) -> None:
    """A stream of text can be read line by line."""
    with ScriptedServer([chunked(*pieces)]) as server:
        async with connected(server) as client:
            stream = (await client.asend(EXPORT)).value
            assert [line async for line in stream.lines()] == lines


async def test_lines_after_a_timeout() -> None:
    """The lines of a stream do not look as if they ended where reading failed."""
    with ScriptedServer([unfinished(b"a\nb")]) as server:
        async with connected(server, timeout=0.4) as client:
            lines = (await client.asend(EXPORT)).value.lines()
            assert await anext(lines) == "a"
            with pytest.raises(APITimeoutError):
                await anext(lines)
            with pytest.raises(APIConnectionError, match="the stream was closed"):
                await anext(lines)
