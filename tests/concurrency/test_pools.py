"""The pool: how many connections there are, and who gets them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trio

from root import (
    APITimeoutError,
    AsyncRootSignals,
    RootSignals,
)
from root._http.messages import KEEPALIVE_EXPIRY
from root._sync.connection import Connection
from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer, responds

from .helpers import HANG, KEY, MODEL, run_program, wait_until


@pytest.mark.parametrize("max_connections", [1, 7, 50])
async def test_a_thousand_calls(max_connections: int) -> None:
    """A thousand concurrent calls all finish, over no more connections than allowed."""
    with EchoServer(delay=0.001) as server:
        async with AsyncRootSignals(
            KEY, base_url=server.url, max_connections=max_connections, timeout=HANG
        ) as client:
            models = await asyncio.gather(*(client.models.retrieve(str(n)) for n in range(1000)))
        assert [model.id for model in models] == [str(n) for n in range(1000)]
        assert server.max_open == len(server.connections) == max_connections


async def test_a_thousand_instant_responses() -> None:
    """A thousand calls with instant responses use no more connections than allowed."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=10) as client:
            await asyncio.gather(*(client.models.retrieve("a") for _ in range(1000)))
        assert len(server.requests) == 1000
        assert server.connections <= 10


def test_a_thousand_calls_on_trio() -> None:
    """A thousand concurrent calls on trio use no more connections than allowed."""

    async def main(url: str) -> None:
        async with (
            AsyncRootSignals(KEY, base_url=url, max_connections=20) as client,
            trio.open_nursery() as nursery,
        ):
            for number in range(1000):
                nursery.start_soon(client.models.retrieve, str(number))

    with EchoServer() as server:
        trio.run(main, server.url)
        assert len(set(server.names)) == 1000
        assert server.max_open <= 20


def test_two_hundred_threads() -> None:
    """Two hundred threads all finish, over no more connections than allowed."""
    with EchoServer(delay=0.001) as server:
        with (
            RootSignals(KEY, base_url=server.url, max_connections=5) as client,
            ThreadPoolExecutor(200) as pool,
        ):
            models = list(pool.map(client.models.retrieve, map(str, range(1000))))
        assert [model.id for model in models] == [str(n) for n in range(1000)]
        assert server.max_open <= 5


async def test_waiting_does_not_count_against_the_timeout() -> None:
    """A call may wait for a connection for longer than the timeout of an attempt."""
    with EchoServer(delay=0.06) as server:
        async with AsyncRootSignals(
            KEY, base_url=server.url, max_connections=1, timeout=1, max_retries=0
        ) as client:
            # The last one waits for more than the timeout; each attempt takes a fraction of it.
            models = await asyncio.gather(*(client.models.retrieve("a") for _ in range(20)))
        assert len(models) == 20


async def test_waiting_counts_against_the_deadline() -> None:
    """The wait for a connection counts against the deadline, and nothing is sent after it."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=1) as client:
            first = asyncio.create_task(client.models.create(name="a"))
            await wait_until(lambda: server.requests)
            with pytest.raises(APITimeoutError, match="no connection was free in time") as error:
                await client.models.create(name="b", _request_timeout=0.1)
            assert not error.value.may_have_been_processed
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
        assert len(server.requests) == 1


async def test_deadline_while_waiting() -> None:
    """A deadline that expires while a call waits for a connection does not affect other calls."""
    with EchoServer(delay=0.5) as server:
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=1) as client:
            # Time for three of them, and for the first one on a busy machine too.
            results = await asyncio.gather(
                *(client.models.create(name=str(n), _request_timeout=1.6) for n in range(10)),
                return_exceptions=True,
            )
        done = [result for result in results if isinstance(result, str)]
        late = [result for result in results if isinstance(result, APITimeoutError)]
        assert len(done) >= 1
        assert len(done) + len(late) == 10
        not_sent = [error for error in late if not error.may_have_been_processed]
        await wait_until(lambda: len(server.names) == 10 - len(not_sent))
        assert len(not_sent) >= 6


async def test_connections_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was idle for too long is closed, and not used again."""
    elapsed = 0.0
    monkeypatch.setattr("root._async.connection.monotonic", lambda: time.monotonic() + elapsed)
    with EchoServer() as server:
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
            await client.models.retrieve("a")
            elapsed = KEEPALIVE_EXPIRY + 1
            await client.models.retrieve("b")
            await wait_until(lambda: server.open == 1)
            assert [connection.names for connection in server.connections] == [["a"], ["b"]]


async def test_last_used_connection_is_used_first() -> None:
    """After a burst one connection does all the work, so that the others expire."""
    with EchoServer(delay=0.05) as server:
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
            await asyncio.gather(*(client.models.retrieve("burst") for _ in range(10)))
            for _ in range(10):
                await client.models.retrieve("single")
            assert len(server.connections) == 10
            assert len(server.connections_with("single")) == 1


async def test_first_come_first_served() -> None:
    """The call that has waited longest for a connection gets the next one."""
    with EchoServer() as server:
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=1) as client:
            tasks: list[Awaitable[object]] = []
            for number in range(50):
                tasks.append(asyncio.create_task(client.models.retrieve(str(number))))
                await asyncio.sleep(0)
            await asyncio.gather(*tasks)
        assert server.names == [str(number) for number in range(50)]


def test_interrupted_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection whose exchange was interrupted is not reused, even if it seems reusable."""
    exchange = Connection.exchange

    def interrupted(*arguments: Any) -> None:
        exchange(*arguments)
        raise KeyboardInterrupt

    with (
        ScriptedServer([responds(200, MODEL)]) as server,
        RootSignals(KEY, base_url=server.url) as client,
    ):
        monkeypatch.setattr(Connection, "exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.models.retrieve("a")
        monkeypatch.undo()
        client.models.retrieve("a")
        assert server.connections == 2


def test_deadline_with_a_frozen_clock() -> None:
    """A call does not wait beyond its deadline for a connection while the clock is frozen."""
    run_program(FROZEN)


FROZEN = """
import threading
from freezegun import freeze_time
import root
from root.emulator import serve

with serve() as server, freeze_time("2024-05-01"):
    with root.RootSignals(server.api_key, base_url=server.url, max_connections=1) as client:
        opened = client.request("GET", "/v1/models/", schema=root.Stream)
        with opened.value:
            try:
                client.with_options(deadline=0.1).models.retrieve("a")
            except root.APITimeoutError:
                pass
            else:
                raise AssertionError
"""
