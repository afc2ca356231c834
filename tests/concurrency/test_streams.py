"""Streams that are dropped, cancelled or closed, and the connections that they free."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest
import trio

from root import APIConnectionError, AsyncRootSignals, RootSignals
from root._async.stream import AsyncStream
from root._http.operation import Operation
from root._sync.stream import Stream
from tests.scripted_server import ScriptedServer, Step, responds, sends

from .helpers import KEY, MODEL, wait_until, wait_until_blocking

ASYNC_STREAM = Operation("GET", "/v1/stream/", AsyncStream)
STREAM = Operation("GET", "/v1/stream/", Stream)


def choose(request: bytes) -> Step:
    """Send the beginning of a stream, and wait; respond to anything else."""
    if b" /v1/stream/ " in request:
        beginning = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"
        return sends(beginning, then_close=False)
    return responds(200, MODEL)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([], choose=choose) as server:
        yield server


# Each client has one connection: a call after the stream shows that it was freed.


@pytest.fixture(params=["own pool", "httpx client"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def async_client(server: ScriptedServer, kind: str) -> AsyncIterator[AsyncRootSignals]:
    if kind == "own pool":
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=1) as client:
            yield client
    else:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as http_client:
            yield AsyncRootSignals(
                KEY, base_url=server.url, max_connections=1, http_client=http_client
            )


@contextmanager
def blocking_client(server: ScriptedServer, kind: str) -> Iterator[RootSignals]:
    if kind == "own pool":
        with RootSignals(KEY, base_url=server.url, max_connections=1) as client:
            yield client
    else:
        with httpx.Client(limits=httpx.Limits(max_connections=1)) as http_client:
            yield RootSignals(KEY, base_url=server.url, max_connections=1, http_client=http_client)


async def _begin(client: AsyncRootSignals) -> AsyncStream:
    stream = (await client.send(ASYNC_STREAM)).value
    assert await anext(stream) == b"abc"
    return stream


async def test_dropped_stream(server: ScriptedServer, kind: str) -> None:
    """A stream that is dropped frees its connection."""
    async with async_client(server, kind) as client:
        stream = await _begin(client)
        del stream
        gc.collect()
        assert (await client.models.retrieve("a")).id == "9b2f"
        await wait_until(lambda: server.open == 1)
        assert server.connections == 2


async def test_stream_dropped_in_another_thread(server: ScriptedServer, kind: str) -> None:
    """A stream that is dropped in another thread frees its connection in its event loop."""
    async with async_client(server, kind) as client:
        holder = [await _begin(client)]
        await asyncio.to_thread(holder.clear)
        assert (await client.models.retrieve("a")).id == "9b2f"
        await wait_until(lambda: server.open == 1)


async def test_cancelled_read(server: ScriptedServer, kind: str) -> None:
    """A read that is cancelled closes the stream and frees its connection."""
    async with async_client(server, kind) as client:
        stream = await _begin(client)
        read = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        read.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read
        assert (await client.models.retrieve("a")).id == "9b2f"
        with pytest.raises(APIConnectionError, match="the stream was closed"):
            await anext(stream)


async def test_cancelled_request(server: ScriptedServer, kind: str) -> None:
    """A stream that is cancelled before its response frees its connection."""
    server.choose = lambda request: (
        server.hangs if b" /v1/stream/ " in request else responds(200, MODEL)
    )
    async with async_client(server, kind) as client:
        call = asyncio.create_task(client.send(ASYNC_STREAM))
        await wait_until(lambda: server.requests)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await client.models.retrieve("a")).id == "9b2f"


@pytest.mark.parametrize("closed_first", ["stream", "client"])
async def test_closed_stream(server: ScriptedServer, kind: str, closed_first: str) -> None:
    """A stream and its client are closed in any order, and leave no connection open."""
    async with async_client(server, kind) as client:
        stream = await _begin(client)
        if closed_first == "client":
            await client.aclose()
        await stream.aclose()
    await wait_until(lambda: server.open == 0)


def test_stream_dropped_after_its_loop(server: ScriptedServer) -> None:
    """A stream that is dropped after its event loop has ended leaves no connection open."""
    streams: list[AsyncStream] = []

    async def main() -> None:
        client = AsyncRootSignals(KEY, base_url=server.url)
        streams.append(await _begin(client))

    asyncio.run(main())
    streams.clear()
    gc.collect()
    wait_until_blocking(lambda: server.open == 0)


def test_stream_dropped_with_its_loop(server: ScriptedServer, kind: str) -> None:
    """A stream that a program leaves open when its event loop ends is closed without a warning."""

    async def main() -> None:
        async with async_client(server, kind) as client:
            await _begin(client)
            stream = await _begin(client)
            assert stream.meta.status_code == 200

    asyncio.run(main())
    gc.collect()
    wait_until_blocking(lambda: server.open == 0)


# trio reports that httpcore's generators were dropped.
@pytest.mark.filterwarnings("ignore:Async generator 'httpcore:ResourceWarning")
def test_dropped_stream_on_trio(server: ScriptedServer) -> None:
    """A stream that is dropped frees its connection on trio."""

    async def main() -> None:
        async with async_client(server, "own pool") as client:
            stream = await _begin(client)
            del stream
            gc.collect()
            assert (await client.models.retrieve("a")).id == "9b2f"

    trio.run(main)
    assert server.connections == 2


@pytest.mark.filterwarnings("ignore:Async generator 'httpcore:ResourceWarning")
def test_stream_dropped_in_another_thread_on_trio(server: ScriptedServer) -> None:
    """A stream that is dropped in another thread frees its connection on trio."""

    async def main() -> None:
        async with async_client(server, "own pool") as client:
            holder = [await _begin(client)]
            await trio.to_thread.run_sync(holder.clear)
            assert (await client.models.retrieve("a")).id == "9b2f"

    trio.run(main)
    assert server.connections == 2


@pytest.mark.parametrize("where", ["this thread", "another thread"])
def test_dropped_blocking_stream(server: ScriptedServer, kind: str, where: str) -> None:
    """A blocking stream that is dropped in any thread frees its connection."""
    with blocking_client(server, kind) as client:
        holder = [client.send(STREAM).value]
        assert next(holder[0]) == b"abc"
        if where == "this thread":
            holder.clear()
        else:
            thread = threading.Thread(target=holder.clear)
            thread.start()
            thread.join()
        gc.collect()
        assert client.models.retrieve("a").id == "9b2f"
        wait_until_blocking(lambda: server.open == 1)
