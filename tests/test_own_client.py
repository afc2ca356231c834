"""An httpx client of the user's: the same promises hold over it, or it is refused."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import ssl
import threading
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

from .echo import Echo
from .wire import Wire, raw

KEY = "rs-0123456789-abcdefgh-wxyz"


async def test_the_limit() -> None:
    """`max_connections` holds over a client that would open more."""
    with Echo(hold=0.01) as echo:
        async with httpx.AsyncClient() as mine:
            client = AsyncRootSignals(KEY, base_url=echo.url, http_client=mine, max_connections=2)
            await asyncio.gather(*(client.models.retrieve(str(n)) for n in range(20)))
        assert echo.most_open == 2


def test_the_limit_of_a_blocking_client() -> None:
    """The same holds for threads."""
    with Echo(hold=0.01) as echo, httpx.Client() as mine:
        client = RootSignals(KEY, base_url=echo.url, http_client=mine, max_connections=2)
        threads = [
            threading.Thread(target=client.models.retrieve, args=(str(n),)) for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert echo.most_open == 2
        assert len(echo.names) == 20


async def test_aiohttp_as_the_transport() -> None:
    """Calls work over an httpx client that sends its requests with aiohttp."""
    with Echo() as echo:
        async with HttpxAiohttpClient() as mine:
            client = AsyncRootSignals(KEY, base_url=echo.url, http_client=mine)
            await client.models.retrieve("a")
        assert echo.names == ["a"]


async def test_waiting_for_the_client_is_not_sending() -> None:
    """A POST that only waited for the client's own pool cannot have been processed."""
    with Echo(hold=1) as echo:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(limits=limits) as mine:
            client = AsyncRootSignals(
                KEY, base_url=echo.url, http_client=mine, timeout=0.3, max_retries=0
            )
            calls = [client.models.create(name=str(number)) for number in range(3)]
            errors = await asyncio.gather(*calls, return_exceptions=True)
        told = [
            error.may_have_been_processed for error in errors if isinstance(error, APITimeoutError)
        ]
        assert len(echo.names) == 1
        assert sorted(told) == [False, False, True]


async def test_a_cancelled_call_lets_go() -> None:
    """A call that is cancelled while the server hangs gives its connection back soon."""
    with Wire([]) as wire:
        wire.steps.append(wire.hangs)
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(limits=limits) as mine:
            client = AsyncRootSignals(
                KEY, base_url=wire.url, http_client=mine, timeout=None, max_retries=0
            )
            before = asyncio.all_tasks()
            for number in range(1, 4):
                call = asyncio.create_task(client.models.retrieve("a"))
                async with asyncio.timeout(5):
                    while len(wire.requests) < number:
                        await asyncio.sleep(0.002)
                    call.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await call
                    while asyncio.all_tasks() != before:
                        await asyncio.sleep(0.002)
        assert len(wire.requests) == 3


# httpx can close its connections in their own loop only, and that has ended.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_second_loop() -> None:
    """A client with connections of a loop that has ended is told as that."""
    with Echo() as echo:
        mine = httpx.AsyncClient()
        client = AsyncRootSignals(KEY, base_url=echo.url, http_client=mine)
        asyncio.run(_retrieve(client))
        with pytest.raises(InvalidRequestError, match="loop that has ended"):
            asyncio.run(_retrieve(client))
    del mine, client
    gc.collect()


async def _retrieve(client: AsyncRootSignals) -> None:
    await client.models.retrieve("a")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child() -> None:
    """A child does not touch the connections that its parent made with the client."""

    def child(pipe: Connection) -> None:
        try:
            client.models.retrieve("child")
        except ConfigurationError as error:
            pipe.send(str(error))

    with Echo() as echo, httpx.Client() as mine:
        client = RootSignals(KEY, base_url=echo.url, http_client=mine)
        client.models.retrieve("parent")
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
        process.start()
        assert here.poll(10)
        assert "Make the clients anew" in here.recv()
        process.join()
        client.models.retrieve("again")
        assert [one.names for one in echo.connections] == [["parent", "again"]]
    assert os.getpid() != process.pid


def test_a_context_beside_a_client() -> None:
    """A TLS context that would not be used is refused."""
    with httpx.Client() as mine, pytest.raises(ConfigurationError, match="verify="):
        RootSignals(KEY, http_client=mine, ssl_context=ssl.create_default_context())


def test_an_answer_that_cannot_be_unpacked() -> None:
    """What cannot be unpacked is told as by the pool of our own."""
    body = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip"
    with Wire([raw(body)]) as wire, httpx.Client() as mine:
        client = RootSignals(KEY, base_url=wire.url, http_client=mine, max_retries=0)
        with pytest.raises(APIResponseError, match="cannot be unpacked") as error:
            client.models.create(name="a")
    assert error.value.may_have_been_processed
