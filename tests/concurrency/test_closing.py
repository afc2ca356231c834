"""Clients that are closed or dropped, and what happens to their calls."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from root import (
    APIConnectionError,
    AsyncRootSignals,
    InvalidRequestError,
    RootSignals,
    RootSignalsError,
)
from root._async.pool import _cut_all as cut_all
from root._concurrency.semaphores import AsyncSemaphore, Permit, Semaphore
from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer, responds

from .helpers import HANG, KEY, MODEL, run_together, wait_until, wait_until_blocking

CLOSED = "the client was closed meanwhile"
THREADS = 32


async def test_dropped_client() -> None:
    """A client that is dropped without closing leaves no connection open."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        client = AsyncRootSignals(KEY, base_url=server.url)
        await asyncio.gather(*(client.models.retrieve("a") for _ in range(5)))
        assert server.open == 5
        del client
        gc.collect()
        await wait_until(lambda: server.open == 0)


def test_dropped_blocking_client() -> None:
    """A blocking client that is dropped without closing leaves no connection open."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        client = RootSignals(KEY, base_url=server.url)
        client.models.retrieve("a")
        assert server.open == 1
        del client
        gc.collect()
        wait_until_blocking(lambda: server.open == 0)


async def test_blocking_close_closes_the_twins() -> None:
    """Closing the blocking client closes the connections of its async methods too."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        client = RootSignals(KEY, base_url=server.url)
        await client.models.aretrieve("a")
        await asyncio.to_thread(client.models.retrieve, "a")
        assert server.open == 2
        client.close()
        await wait_until(lambda: server.open == 0)


async def test_waiting_calls() -> None:
    """Calls that wait for a connection when the client is closed are not sent."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        client = AsyncRootSignals(KEY, base_url=server.url, max_connections=1, max_retries=0)
        calls = [asyncio.create_task(client.models.create(name=str(n))) for n in range(5)]
        await wait_until(lambda: len(server.requests) == 1)
        await client.aclose()
        errors = await asyncio.gather(*calls, return_exceptions=True)
        kinds = [type(error) for error in errors]
        assert kinds == [APIConnectionError, *[InvalidRequestError] * 4]
        assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["threads", "event loop"])
def test_waiting_calls_elsewhere(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that wait in other threads, or in their loops, are not sent either."""
    waiting: list[object] = []
    semaphore: Any = Semaphore if kind == "threads" else AsyncSemaphore
    acquire = semaphore.acquire

    # The result is the permit, or what is awaited for it.
    def noted(self: object, timeout: float | None) -> Permit | None:
        waiting.append(self)
        permit: Permit | None = acquire(self, timeout)
        return permit

    monkeypatch.setattr(semaphore, "acquire", noted)
    with ScriptedServer([]) as server:
        released = threading.Event()

        def step(sock: socket.socket) -> bool:
            released.wait(HANG)
            return responds(201, MODEL)(sock)

        server.steps.append(step)
        client = RootSignals(KEY, base_url=server.url, max_connections=1, max_retries=0)

        def create(name: str) -> str:
            return client.models.create(name=name)

        async def create_all() -> list[str | BaseException]:
            calls = (client.models.acreate(name=str(n)) for n in range(5))
            return await asyncio.gather(*calls, return_exceptions=True)

        with ThreadPoolExecutor(5) as pool:
            if kind == "threads":
                calls = [pool.submit(create, str(number)) for number in range(5)]
            else:
                all_calls = pool.submit(asyncio.run, create_all())
            wait_until_blocking(lambda: len(server.requests) == 1 and len(waiting) == 5)
            client.close()
            released.set()
            if kind == "threads":
                outcomes: list[object] = [call.exception(HANG) for call in calls]
            else:
                outcomes = list(all_calls.result(HANG))
        assert sum(isinstance(outcome, InvalidRequestError) for outcome in outcomes) == 4
        assert len(server.requests) == 1


async def test_calls_in_progress(caplog: pytest.LogCaptureFixture) -> None:
    """A call that ends by closing its client reports whether it may have been processed."""
    caplog.set_level(logging.DEBUG, "rootsignals")
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        client = AsyncRootSignals(KEY, base_url=server.url)
        calls = [
            asyncio.create_task(call)
            for call in (client.models.retrieve("a"), client.models.create(name="a"))
        ]
        await wait_until(lambda: len(server.requests) == 2)
        await client.aclose()
        for call, processed in zip(calls, (False, True), strict=True):
            with pytest.raises(APIConnectionError, match=CLOSED) as error:
                await asyncio.wait_for(call, HANG)
            assert error.value.may_have_been_processed is processed
        assert len(server.requests) == 2
    assert not [record for record in caplog.records if "retried" in record.getMessage()]


def test_calls_in_threads() -> None:
    """In threads, every call that is broken off reports that the client was closed."""
    with EchoServer(delay=0.001) as server, ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            client = RootSignals(KEY, base_url=server.url)
            calls = [pool.submit(_call_until_closed, client) for _ in range(8)]
            wait_until_blocking(partial(_has_names, server, len(server.names) + 20))
            client.close()
            for call in calls:
                error = call.result(HANG)
                assert "closed" in str(error), error


def _has_names(server: EchoServer, number: int) -> bool:
    return len(server.names) >= number


def _call_until_closed(client: RootSignals) -> Exception:
    try:
        while True:
            client.models.retrieve("a")
    except RootSignalsError as error:
        return error


def test_close_under_load() -> None:
    """Closing a client in use by many threads ends their calls with errors of this package."""
    with EchoServer() as server:
        client = RootSignals(KEY, base_url=server.url, max_connections=4, max_retries=0)
        outcomes: list[type[BaseException]] = []

        def work(thread: int) -> None:
            if thread == 0:
                wait_until_blocking(lambda: len(server.names) >= 200)
                client.close()
            else:
                outcomes.append(type(_call_until_closed(client)))

        run_together(work, THREADS)
        assert len(outcomes) == THREADS - 1
        wait_until_blocking(lambda: server.open == 0)


@pytest.mark.parametrize("rounds", range(1, 4))
async def test_connecting(rounds: int) -> None:
    """A call whose connection is being opened when the client is closed sends nothing."""
    with ScriptedServer([responds(201, MODEL)]) as server:
        client = AsyncRootSignals(KEY, base_url=server.url)
        call = asyncio.create_task(client.models.create(name="a"))
        for _ in range(rounds):
            await asyncio.sleep(0)
        await client.aclose()
        with pytest.raises((APIConnectionError, InvalidRequestError), match="closed") as error:
            await call
        assert not error.value.may_have_been_processed
        assert not server.requests


async def test_hanging_handshake() -> None:
    """A call ends at once if the client is closed during its TLS handshake."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        client = AsyncRootSignals(KEY, base_url=url, timeout=None)
        call = asyncio.create_task(client.models.retrieve("a"))
        loop = asyncio.get_running_loop()
        sock, _ = await loop.sock_accept(server)
        with sock:
            assert await loop.sock_recv(sock, 1)
            await client.aclose()
            with pytest.raises(APIConnectionError, match=CLOSED):
                await asyncio.wait_for(call, HANG)


async def test_slow_upload() -> None:
    """A call ends at once if the client is closed while its request is being sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = AsyncRootSignals(KEY, base_url=url, timeout=None)
        # More than the operating system buffers.
        call = asyncio.create_task(client.request("POST", "/v1/models/", body=b"x" * 20_000_000))
        loop = asyncio.get_running_loop()
        sock, _ = await loop.sock_accept(server)
        with sock:
            received = 0
            while received < 100_000:
                received += len(await loop.sock_recv(sock, 65536))
            await client.aclose()
            with pytest.raises(APIConnectionError, match=CLOSED) as error:
                await asyncio.wait_for(call, HANG)
        assert error.value.may_have_been_processed


def test_connections_opened_while_all_are_closed() -> None:
    """Threads may open connections while another thread closes all of them."""

    class Connection:
        def cut(self) -> None:
            pass

    connections = WeakKeyDictionary[Any, None]()
    stopped = threading.Event()

    def work() -> None:
        kept: list[Connection] = []
        while not stopped.is_set():
            kept = [*kept[-50:], Connection()]
            connections[kept[-1]] = None

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=work) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(2000):
            cut_all(connections, [])
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)
