"""Responses of many small parts: how much of them is read before other tasks run."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

import anyio
import anyio.lowlevel
import h11
import httpx
import pytest
import trio

from root import AsyncRootSignals
from root._async.stream import AsyncStream
from root._http.operation import Operation
from tests.scripted_server import ScriptedServer, response_bytes, sends

from .helpers import KEY, MODEL

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = json.dumps(MODEL | {"more": "x" * 60_000}).encode()
CHUNKS = CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" * 8_000 + response_bytes(200, MODEL)

STREAM = Operation("GET", "/v1/export/", AsyncStream)

# Events of h11: a chunk is one, and so is an interim response.
MAX_EVENTS = 1000


class Events:
    """Counts the events that are parsed between two runs of another task."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total = self.most = self._since = 0
        next_event = h11.Connection.next_event

        def counted(connection: h11.Connection) -> object:
            self.total += 1
            self._since += 1
            return next_event(connection)

        monkeypatch.setattr(h11.Connection, "next_event", counted)

    async def other_task(self) -> None:
        while True:
            self.most = max(self.most, self._since)
            self._since = 0
            await anyio.lowlevel.checkpoint()


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    return Events(monkeypatch)


async def read(data: bytes, events: Events, *, streamed: bool, over_httpx: bool = False) -> None:
    """Read a response while another task runs."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(ScriptedServer([sends(data)]))
        own = await stack.enter_async_context(httpx.AsyncClient()) if over_httpx else None
        client = await stack.enter_async_context(
            AsyncRootSignals(KEY, base_url=server.url, timeout=None, http_client=own)
        )
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(events.other_task)
        if streamed:
            stream = (await client.send(STREAM)).value
            assert len(b"".join([piece async for piece in stream])) == len(BODY)
        else:
            assert (await client.models.retrieve("a")).id == MODEL["id"]
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("over_httpx", [False, True], ids=["own pool", "own client"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_small_chunks(events: Events, streamed: bool, over_httpx: bool) -> None:
    """Other tasks run while a body arrives in chunks of one byte."""
    await read(CHUNKS, events, streamed=streamed, over_httpx=over_httpx)

    assert events.total > len(BODY)
    assert events.most < MAX_EVENTS


@pytest.mark.parametrize("on_trio", [False, True])
def test_interim_responses(events: Events, on_trio: bool) -> None:
    """Other tasks run while interim responses arrive, on asyncio and trio."""

    async def main() -> None:
        await read(INTERIM, events, streamed=False)

    trio.run(main) if on_trio else anyio.run(main)

    assert events.total > 8_000
    assert events.most < MAX_EVENTS


async def test_many_headers(events: Events) -> None:
    """A response with many lines is read as any other."""
    lines = {f"X-{number}": "y" for number in range(1000)}

    await read(response_bytes(200, MODEL, **lines), events, streamed=False)

    assert events.most < MAX_EVENTS
