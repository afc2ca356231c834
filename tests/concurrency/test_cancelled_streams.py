"""Streamed responses in event loops: cancellation, and streams that are dropped elsewhere."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from root import APIConnectionError, AsyncRootSignals, RootSignals
from root._async.stream import AsyncStream
from root._http.operation import Operation
from tests.scripted_server import ScriptedServer, responds

MODEL = {"id": "9b2f", "name": "a"}
EXPORT = Operation("GET", "/v1/export/", AsyncStream)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

over_both = pytest.mark.parametrize("over_httpx", [False, True], ids=["own pool", "own client"])


class Server(ScriptedServer):
    """Sends the beginning of a body and waits for the end of the connection; then, models."""

    def __init__(self) -> None:
        self.is_waiting = threading.Event()
        super().__init__([self.begin, responds(200, MODEL)])

    def begin(self, sock: socket.socket) -> bool:
        sock.sendall(HEAD + b"1\r\na\r\n")
        self.is_waiting.set()
        sock.recv(1)
        return False


@asynccontextmanager
async def connected(server: Server, *, over_httpx: bool) -> AsyncIterator[AsyncRootSignals]:
    """A client with one connection."""
    own = httpx.AsyncClient() if over_httpx else None
    async with AsyncRootSignals(
        "key-of-the-tests", base_url=server.url, max_connections=1, http_client=own
    ) as client:
        yield client
    if own is not None:
        await own.aclose()


async def disconnected(server: Server) -> None:
    """Wait until the server has seen the end of its connections."""
    while server.open:
        await asyncio.sleep(0.005)


@over_both
@pytest.mark.parametrize("scope", ["task", "cancel scope"])
async def test_cancelled(scope: str, over_httpx: bool) -> None:
    """A task that is cancelled while it waits for a piece closes the connection."""
    with Server() as server:
        async with connected(server, over_httpx=over_httpx) as client:
            stream = (await client.send(EXPORT)).value
            assert await anext(stream) == b"a"
            if scope == "task":
                task = asyncio.ensure_future(anext(stream))
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                with anyio.move_on_after(0.05) as moved:
                    await anext(stream)
                assert moved.cancelled_caught
            # It does not look as if the body had ended there.
            with pytest.raises(APIConnectionError, match="the stream was closed"):
                await anext(stream)
            await disconnected(server)
            assert (await client.models.retrieve("a")).id == "9b2f"
    assert server.connections == 2


@over_both
async def test_cancelled_before_the_head(over_httpx: bool) -> None:
    """A call that is cancelled before its stream has begun frees its connection."""
    with ScriptedServer([]) as server:
        server.steps += [server.hangs, responds(200, MODEL)]
        own = httpx.AsyncClient() if over_httpx else None
        async with AsyncRootSignals(
            "key-of-the-tests", base_url=server.url, max_connections=1, http_client=own
        ) as client:
            with anyio.move_on_after(0.1):
                await client.send(EXPORT)
            assert (await client.models.retrieve("a")).id == "9b2f"
        if own is not None:
            await own.aclose()
    assert server.connections == 2


@over_both
async def test_cancelled_and_closed(over_httpx: bool) -> None:
    """A block that is left by cancellation closes its stream."""
    with Server() as server:
        async with connected(server, over_httpx=over_httpx) as client:
            with anyio.move_on_after(0.05) as moved:
                async with (await client.send(EXPORT)).value as stream:
                    async for _ in stream:
                        pass
            assert moved.cancelled_caught
            await disconnected(server)
            assert (await client.models.retrieve("a")).id == "9b2f"


async def test_dropped_in_another_thread() -> None:
    """A stream that is collected in another thread closes its connection in its own loop."""
    with Server() as server:
        async with connected(server, over_httpx=False) as client:
            streams = [(await client.send(EXPORT)).value]
            await anext(streams[0])

            def drop() -> None:
                streams.clear()
                gc.collect()

            await asyncio.to_thread(drop)
            await disconnected(server)
            assert (await client.models.retrieve("a")).id == "9b2f"


def test_after_the_loop() -> None:
    """A stream that outlives its event loop closes its connection, without a warning."""
    with Server() as server:
        client = RootSignals("key-of-the-tests", base_url=server.url, max_connections=1)
        streams: list[AsyncStream] = []

        async def begin() -> None:
            streams.append((await client.asend(EXPORT)).value)
            await anext(streams[0])

        asyncio.run(begin())
        streams.clear()
        gc.collect()
        while server.open:
            threading.Event().wait(0.005)
        client.close()


def test_on_trio() -> None:
    """On trio too, a stream holds its connection until it is closed or cancelled."""

    async def main() -> None:
        with Server() as server:
            async with connected(server, over_httpx=False) as client:
                stream = (await client.send(EXPORT)).value
                assert await anext(stream) == b"a"
                with anyio.move_on_after(0.05):
                    await anext(stream)
                assert (await client.models.retrieve("a")).id == "9b2f"
                server.steps.insert(0, server.begin)
                async with (await client.send(EXPORT)).value as stream:
                    assert await anext(stream) == b"a"
                assert (await client.models.retrieve("a")).id == "9b2f"

    anyio.run(main, backend="trio")
