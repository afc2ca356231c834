"""The user's own httpx client: the same guarantees hold, or it is refused."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import ssl
import threading
from functools import partial
from multiprocessing.connection import Connection

import httpx
import pytest
from httpx_aiohttp import HttpxAiohttpClient

from root import (
    APIResponseError,
    APITimeoutError,
    AsyncRootSignals,
    ConfigurationError,
    InvalidRequestError,
    RootSignals,
)
from tests.concurrency.helpers import HANG, KEY, wait_until
from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer, responds, sends


async def test_max_connections() -> None:
    """`max_connections` limits an httpx client that would open more."""
    with EchoServer(delay=0.01) as server:
        async with httpx.AsyncClient() as http_client:
            client = AsyncRootSignals(
                KEY, base_url=server.url, http_client=http_client, max_connections=2
            )
            await asyncio.gather(*(client.models.retrieve(str(n)) for n in range(20)))
        assert server.max_open == 2


def test_max_connections_of_a_blocking_client() -> None:
    """`max_connections` limits a blocking httpx client in many threads."""
    with EchoServer(delay=0.01) as server, httpx.Client() as http_client:
        client = RootSignals(KEY, base_url=server.url, http_client=http_client, max_connections=2)
        threads = [
            threading.Thread(target=client.models.retrieve, args=(str(n),)) for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.max_open == 2
        assert len(server.names) == 20


async def test_aiohttp_transport() -> None:
    """Calls work over an httpx client that sends its requests with aiohttp."""
    with EchoServer() as server:
        async with HttpxAiohttpClient() as http_client:
            client = AsyncRootSignals(KEY, base_url=server.url, http_client=http_client)
            await client.models.retrieve("a")
        assert server.names == ["a"]


async def test_waiting_for_the_pool_of_the_client() -> None:
    """A POST that only waited for the pool of the httpx client cannot have been processed."""
    with EchoServer(delay=HANG) as server:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(limits=limits) as http_client:
            client = AsyncRootSignals(
                KEY, base_url=server.url, http_client=http_client, timeout=1.5, max_retries=0
            )
            calls = [client.models.create(name=str(number)) for number in range(3)]
            errors = await asyncio.gather(*calls, return_exceptions=True)
        reported = [
            error.may_have_been_processed for error in errors if isinstance(error, APITimeoutError)
        ]
        assert len(server.names) == 1
        assert sorted(reported) == [False, False, True]


async def test_cancelled_call() -> None:
    """A call that is cancelled while the server hangs releases its connection soon."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(limits=limits) as http_client:
            client = AsyncRootSignals(
                KEY, base_url=server.url, http_client=http_client, timeout=None, max_retries=0
            )
            before = asyncio.all_tasks()
            for number in range(1, 4):
                call = asyncio.create_task(client.models.retrieve("a"))
                await wait_until(partial(_has_requests, server, number))
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                await wait_until(lambda: asyncio.all_tasks() == before)
        assert len(server.requests) == 3


# httpx can close its connections in their own event loop only, which has ended.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_connections_of_an_ended_loop() -> None:
    """An httpx client with connections of an ended event loop causes a clear error."""
    with EchoServer() as server:
        http_client = httpx.AsyncClient()
        client = AsyncRootSignals(KEY, base_url=server.url, http_client=http_client)
        asyncio.run(_retrieve(client))
        with pytest.raises(InvalidRequestError, match="loop that has ended"):
            asyncio.run(_retrieve(client))
    del http_client, client
    gc.collect()


def _has_requests(server: ScriptedServer, number: int) -> bool:
    return len(server.requests) == number


async def _retrieve(client: AsyncRootSignals) -> None:
    await client.models.retrieve("a")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_child() -> None:
    """A child does not use the connections that its parent opened with the httpx client."""

    def child(pipe: Connection) -> None:
        try:
            client.models.retrieve("child")
        except ConfigurationError as error:
            pipe.send(str(error))

    with EchoServer() as server, httpx.Client() as http_client:
        client = RootSignals(KEY, base_url=server.url, http_client=http_client)
        client.models.retrieve("parent")
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
        process.start()
        assert here.poll(HANG)
        assert "Create new clients" in here.recv()
        process.join()
        client.models.retrieve("again")
        assert [connection.names for connection in server.connections] == [["parent", "again"]]
    assert os.getpid() != process.pid


def test_ssl_context_with_a_client() -> None:
    """A TLS context that would have no effect is refused."""
    with httpx.Client() as http_client, pytest.raises(ConfigurationError, match="verify="):
        RootSignals(KEY, http_client=http_client, ssl_context=ssl.create_default_context())


def test_undecodable_response() -> None:
    """A response that cannot be decompressed is the same error as without an httpx client."""
    body = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip"
    with ScriptedServer([sends(body)]) as server, httpx.Client() as http_client:
        client = RootSignals(KEY, base_url=server.url, http_client=http_client, max_retries=0)
        with pytest.raises(APIResponseError, match="cannot be decompressed") as error:
            client.models.create(name="a")
    assert error.value.may_have_been_processed


def test_a_misdirected_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is refused on its connection (421) is sent again on another one."""
    monkeypatch.setattr("root._sync.transport.sleep", lambda _: None)
    steps = [responds(421, {"detail": "No."}), responds(201, {"id": "9b2f", "name": "a"})]
    with ScriptedServer(steps) as server, httpx.Client() as http_client:
        client = RootSignals(KEY, base_url=server.url, http_client=http_client)
        assert client.models.create(name="a") == "9b2f"
        assert server.connections == 2
