"""Calls that are cancelled, and the connections that they free."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import count

import anyio
import httpx
import pytest
import trio
import trustme
import uvloop

from root import APITimeoutError, AsyncRootSignals, Model, RootSignalsError
from tests._async.test_tls import serving
from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer, Step, responds

from .helpers import HANG, KEY, MODEL, wait_until

CAPACITY = 10


async def test_capacity_after_cancelled_calls() -> None:
    """After hundreds of cancelled calls the client can use all of its connections."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=5) as client:
            outcomes: Counter[str] = Counter()
            for burst in count():
                # On a busy machine, fewer are still in progress when they are cancelled.
                if burst >= 70 and outcomes["CancelledError"] > 200:
                    break
                tasks = [asyncio.create_task(client.models.retrieve("a")) for _ in range(25)]
                # A different moment each time: from before the first await to after the last.
                for _ in range(burst % 70):
                    await asyncio.sleep(0)
                for task in tasks[::2]:
                    task.cancel()
                for result in await asyncio.gather(*tasks, return_exceptions=True):
                    outcomes[type(result).__name__] += 1
            assert set(outcomes) == {"CancelledError", "Model"}

            async with asyncio.timeout(HANG):
                await asyncio.gather(*(client.models.retrieve("a") for _ in range(10)))
            await wait_until(lambda: server.open <= 5)


@pytest.mark.parametrize("kind", ["asyncio.timeout", "wait_for", "anyio", "TaskGroup"])
async def test_every_way_to_cancel(kind: str) -> None:
    """A call that is cancelled ends, by whatever means, and frees its connection."""

    def choose(request: bytes) -> Step:
        return server.hangs if b"/hangs/" in request else responds(200, MODEL)

    with ScriptedServer([], choose=choose) as server:
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=1) as client:
            with pytest.raises(TimeoutError) as error:
                if kind == "asyncio.timeout":
                    async with asyncio.timeout(0.05):
                        await client.models.retrieve("hangs")
                elif kind == "wait_for":
                    await asyncio.wait_for(client.models.retrieve("hangs"), 0.05)
                elif kind == "anyio":
                    with anyio.fail_after(0.05):
                        await client.models.retrieve("hangs")
                else:
                    await _fail_beside(client.models.retrieve("hangs"), server)
            assert not isinstance(error.value, APITimeoutError)
            assert (await client.models.retrieve("a")).id == "9b2f"


async def test_listing_after_a_cancellation() -> None:
    """A listing with details that is cancelled loses nothing: the objects are retrieved again."""
    hung = threading.Event()

    def choose(request: bytes) -> Step:
        if b"/models/?" in request:
            return responds(200, {"results": [{"id": name, "name": name} for name in "abc"]})
        name = request.split(b" ")[1].decode()[-2]
        if name == "b" and not hung.is_set():
            hung.set()
            return server.hangs
        return responds(200, {"id": name, "name": name})

    with ScriptedServer([], choose=choose) as server:
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
            listing = client.models.list(details=True)
            task = asyncio.ensure_future(anext(listing))
            await wait_until(hung.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

            async with asyncio.timeout(HANG):
                assert [model.name async for model in listing] == ["a", "b", "c"]


async def _fail_beside(call: Coroutine[None, None, Model], server: ScriptedServer) -> None:
    async def fail() -> None:
        await wait_until(lambda: server.requests)
        raise TimeoutError

    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(call)
            group.create_task(fail())
    # Not `except*`, which wraps what is raised in it in another group in early releases of 3.11.
    except ExceptionGroup as errors:
        assert task.cancelled()
        (error,) = errors.exceptions
        raise error from None


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(500, id="500"),
        pytest.param(20_000, id="20000", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("way", ["own pool", "proxy", "own client", "TLS", "uvloop"])
def test_thousands_of_cancelled_calls(
    way: str,
    calls: int,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After thousands of cancelled calls a client has its full capacity, and no task is left."""
    tls = serving(authority.issue_cert("127.0.0.1")) if way == "TLS" else None

    async def main() -> None:
        before = asyncio.all_tasks()
        base_url, http_client = server.url, None
        if way == "proxy":
            monkeypatch.setenv("HTTP_PROXY", server.url)
            base_url = "http://api.test"
        if way == "own client":
            http_client = httpx.AsyncClient(
                limits=httpx.Limits(max_connections=CAPACITY, max_keepalive_connections=CAPACITY)
            )
        client = AsyncRootSignals(
            KEY,
            base_url=base_url,
            max_connections=CAPACITY,
            http_client=http_client,
            ssl_context=trusting if tls else None,
        )
        chance = random.Random(7)
        # A tenth over TLS, where each cancelled call costs a handshake.
        for _ in range(calls // 250 if tls else calls // 25):
            tasks = [asyncio.create_task(client.models.retrieve("a")) for _ in range(25)]
            for task in tasks:
                if chance.random() < 0.7:
                    asyncio.get_running_loop().call_later(chance.uniform(0, 0.01), task.cancel)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(result) for result in results} <= {asyncio.CancelledError, Model}

        await wait_until(lambda: asyncio.all_tasks() == before)
        server.choose = _respond_together(CAPACITY)
        async with asyncio.timeout(HANG):
            await asyncio.gather(*(client.models.retrieve("together") for _ in range(CAPACITY)))
        # The server may notice late that the others were closed.
        await wait_until(lambda: server.open == CAPACITY)
        await client.aclose()
        if http_client is not None:
            await http_client.aclose()

    with (
        ScriptedServer([responds(200, MODEL)], tls=tls) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop if way == "uvloop" else None) as runner,
    ):
        runner.run(main())


def test_cancelled_calls_on_trio() -> None:
    """After many cancelled calls on trio a client has its full capacity."""

    async def call(client: AsyncRootSignals, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await client.models.retrieve("a")

    async def main() -> None:
        chance = random.Random(7)
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=CAPACITY) as client:
            for _ in range(80):
                async with trio.open_nursery() as nursery:
                    for _ in range(25):
                        seconds = chance.uniform(0, 0.01) if chance.random() < 0.7 else HANG
                        nursery.start_soon(call, client, seconds)
            server.choose = _respond_together(CAPACITY)
            with trio.fail_after(HANG):
                async with trio.open_nursery() as nursery:
                    for _ in range(CAPACITY):
                        nursery.start_soon(client.models.retrieve, "together")
                while server.open != CAPACITY:
                    await trio.sleep(0.002)

    with ScriptedServer([responds(200, MODEL)]) as server:
        trio.run(main)


def _respond_together(number: int) -> Callable[[bytes], Step]:
    """Hold each response until this many requests have arrived: with less capacity, it hangs."""
    arrived = threading.Barrier(number)

    def step(sock: socket.socket) -> bool:
        arrived.wait(HANG)
        return responds(200, MODEL)(sock)

    # A call that was cancelled long ago may be read only now; it is none of them.
    return lambda request: step if b"/together/" in request else responds(200, MODEL)


async def test_cancelled_waiters() -> None:
    """Calls that are cancelled while they wait for a connection do not delay the others."""
    released = threading.Event()

    def choose(request: bytes) -> Step:
        return hold if b"/0/" in request else responds(200, MODEL)

    def hold(sock: socket.socket) -> bool:
        released.wait(HANG)
        return responds(200, MODEL)(sock)

    with ScriptedServer([], choose=choose) as server:
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=1) as client:
            for turn in range(5):
                released.clear()
                tasks = [asyncio.create_task(client.models.retrieve(str(n))) for n in range(100)]
                await wait_until(partial(_has_requests, server, 2 * turn + 1))
                for task in tasks[1:99]:
                    task.cancel()
                released.set()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert [type(result) for result in results] == [
                    Model,
                    *[asyncio.CancelledError] * 98,
                    Model,
                ]
        assert [request.split()[1] for request in server.requests] == [
            b"/v1/models/0/",
            b"/v1/models/99/",
        ] * 5
        assert server.connections == 1


def _has_requests(server: ScriptedServer, number: int) -> bool:
    return len(server.requests) == number


async def test_limit_after_mixed_outcomes() -> None:
    """Errors, timeouts and cancellations neither use up connections nor add any."""
    chance = random.Random(4)
    with EchoServer(delay=0.01) as server:
        async with AsyncRootSignals(
            KEY, base_url=server.url, max_connections=5, max_retries=0
        ) as client:

            async def call(number: int) -> None:
                kind = chance.choice(["fine", "missing", "late", "cancelled"])
                try:
                    if kind == "cancelled":
                        async with asyncio.timeout(chance.random() * 0.02):
                            await client.models.retrieve(str(number))
                    else:
                        name = f"{'missing-' if kind == 'missing' else ''}{number}"
                        deadline = 0.005 if kind == "late" else HANG
                        await client.models.retrieve(name, _request_timeout=deadline)
                except (RootSignalsError, TimeoutError):
                    return

            await asyncio.gather(*(call(number) for number in range(300)))
            await wait_until(lambda: server.open <= 5)
            # The server may notice late that a connection was closed, and count it beside a new
            # one: so all of them are new.
            server.disconnect_all()
            await wait_until(lambda: server.open == 0)
            server.max_open = 0
            await asyncio.gather(*(client.models.retrieve("after") for _ in range(50)))
            # All five are available again, and no sixth.
            assert server.max_open == 5
