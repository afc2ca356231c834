"""Many at once, interrupted, in several loops: what has no blocking side, or needs both."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import random
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import anyio
import httpx
import pytest
import trio
import trustme
import uvloop

from root import APITimeoutError, AsyncRootSignals, ConfigurationError, Model, RootSignals
from root.emulator import Server

from ._async.test_tls import serving
from .wire import Step, Wire, says

MODEL = {"id": "9b2f", "name": "a"}
KEY = "rs-0123456789-abcdefgh-wxyz"


def test_several_event_loops(emulator: Server) -> None:
    """One client works in one event loop after the other."""
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    names = [asyncio.run(_round(client, f"loop/{number}")) for number in range(3)]
    assert names == ["loop/0", "loop/1", "loop/2"]


def test_event_loops_in_threads(emulator: Server) -> None:
    """One client works in several event loops at once."""
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    with ThreadPoolExecutor(4) as pool:
        names = list(
            pool.map(lambda number: asyncio.run(_round(client, f"thread/{number}")), range(12))
        )
    assert names == [f"thread/{number}" for number in range(12)]


def test_trio(emulator: Server) -> None:
    """The async client works on trio."""

    async def main() -> None:
        async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
            assert await _round(client, "on/trio") == "on/trio"

    trio.run(main)


def test_a_client_left_open_on_trio(emulator: Server) -> None:
    """A client that is not closed leaves nothing behind when trio ends."""
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    trio.run(_round, client, "on/trio")
    trio.run(_round, client, "on/trio")


async def _round(client: AsyncRootSignals, name: str) -> str:
    model_id = await client.models.create(name=name)
    model = await client.models.retrieve(model_id)
    await client.models.delete(model_id)
    return model.name


async def test_a_dropped_client_closes_its_connections() -> None:
    """A client that is dropped without closing leaves no connection open."""
    with Wire([says(200, MODEL)]) as wire:
        client = AsyncRootSignals(KEY, base_url=wire.url)
        await asyncio.gather(*(client.models.retrieve("a") for _ in range(5)))
        assert wire.open == 5
        del client
        gc.collect()
        await _until(lambda: wire.open == 0)


def test_a_dropped_blocking_client_closes_its_connections() -> None:
    """A blocking client that is dropped without closing leaves no connection open."""
    with Wire([says(200, MODEL)]) as wire:
        client = RootSignals(KEY, base_url=wire.url)
        client.models.retrieve("a")
        assert wire.open == 1
        del client
        gc.collect()
        asyncio.run(_until(lambda: wire.open == 0))


async def test_a_blocking_close_closes_the_twins() -> None:
    """Closing the blocking client closes the connections of its async methods, too."""
    with Wire([says(200, MODEL)]) as wire:
        client = RootSignals(KEY, base_url=wire.url)
        await client.models.aretrieve("a")
        await asyncio.to_thread(client.models.retrieve, "a")
        assert wire.open == 2
        client.close()
        await _until(lambda: wire.open == 0)


async def _until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_thousand_at_once() -> None:
    """A thousand calls started together all finish, on no more connections than allowed."""
    with Wire([says(200, MODEL)]) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url, max_connections=10) as client:
            await asyncio.gather(*(client.models.retrieve("a") for _ in range(1000)))
        assert len(wire.requests) == 1000
        assert wire.connections <= 10


def test_threads(emulator: Server) -> None:
    """Threads share a client without mixing up their answers."""

    def work(number: int) -> list[str]:
        names = [f"thread/{number}/{turn}" for turn in range(20)]
        ids = [client.models.create(name=name) for name in names]
        return [client.models.retrieve(model_id).name for model_id in ids]

    with (
        RootSignals(emulator.api_key, base_url=emulator.url, max_connections=4) as client,
        ThreadPoolExecutor(16) as pool,
    ):
        results = list(pool.map(work, range(16)))
    assert results == [[f"thread/{number}/{turn}" for turn in range(20)] for number in range(16)]


async def test_cancelled_calls_leave_nothing_behind() -> None:
    """After hundreds of cancelled calls the client has all its connections to give."""
    with Wire([says(200, MODEL)]) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url, max_connections=5) as client:
            outcomes: Counter[str] = Counter()
            for burst in count():
                # On a machine under load fewer are still under way when they are cancelled.
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

            async with asyncio.timeout(5):
                await asyncio.gather(*(client.models.retrieve("a") for _ in range(10)))
            await _until(lambda: wire.open <= 5)


@pytest.mark.parametrize("kind", ["asyncio.timeout", "wait_for", "anyio", "TaskGroup"])
async def test_every_way_to_cancel(kind: str) -> None:
    """A call ends promptly however it is cancelled, and frees its connection."""
    with Wire([]) as wire:
        wire.steps += [wire.hangs, says(200, MODEL)]
        async with AsyncRootSignals(KEY, base_url=wire.url, max_connections=1) as client:
            with pytest.raises(TimeoutError) as error:
                if kind == "asyncio.timeout":
                    async with asyncio.timeout(0.05):
                        await client.models.retrieve("a")
                elif kind == "wait_for":
                    await asyncio.wait_for(client.models.retrieve("a"), 0.05)
                elif kind == "anyio":
                    with anyio.fail_after(0.05):
                        await client.models.retrieve("a")
                else:
                    await _fail_beside(client.models.retrieve("a"))
            assert not isinstance(error.value, APITimeoutError)
            assert (await client.models.retrieve("a")).id == "9b2f"


async def _fail_beside(call: Coroutine[None, None, Model]) -> None:
    async def fail() -> None:
        await asyncio.sleep(0.05)
        raise TimeoutError

    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(call)
            group.create_task(fail())
    except* TimeoutError as errors:
        assert task.cancelled()
        raise errors.exceptions[0] from None


async def test_waiting_for_a_connection_counts() -> None:
    """The wait for a free connection counts against the deadline, and nothing was sent."""
    with Wire([]) as wire:
        wire.steps.append(wire.hangs)
        async with AsyncRootSignals(KEY, base_url=wire.url, max_connections=1) as client:
            first = asyncio.create_task(client.models.create(name="a"))
            await _until(lambda: wire.requests)
            with pytest.raises(APITimeoutError, match="no connection came free") as error:
                await client.models.create(name="b", _request_timeout=0.1)
            assert not error.value.may_have_been_processed
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
        assert len(wire.requests) == 1


def test_a_forked_child_has_its_own_connections() -> None:
    """A forked child makes its own connection, and the parent's goes on."""
    with Wire([says(200, MODEL)]) as wire:
        with RootSignals(KEY, base_url=wire.url) as client:
            client.models.retrieve("a")
            child = multiprocessing.get_context("fork").Process(
                target=client.models.retrieve, args=("b",)
            )
            child.start()
            child.join(10)
            client.models.retrieve("c")
        assert child.exitcode == 0
        assert wire.connections == 2
        assert [request.split()[1] for request in wire.requests] == [
            b"/v1/models/a/",
            b"/v1/models/b/",
            b"/v1/models/c/",
        ]


async def test_an_async_key() -> None:
    """The async client can wait for its key; the blocking one says that it cannot."""

    async def key() -> str:
        await asyncio.sleep(0)
        return KEY

    with Wire([says(200, MODEL)]) as wire:
        async with AsyncRootSignals(key, base_url=wire.url) as client:
            await client.models.retrieve("a")
        assert KEY.encode() in wire.requests[0]
        with RootSignals(key, base_url=wire.url) as blocking:  # type: ignore[arg-type]
            with pytest.raises(ConfigurationError, match="AsyncRootSignals"):
                blocking.models.retrieve("a")
            assert (await blocking.models.aretrieve("a")).id == "9b2f"


def test_blocking_within_a_running_loop(emulator: Server) -> None:
    """The blocking client works where a loop is running, as in a notebook."""

    async def main() -> str:
        with RootSignals(emulator.api_key, base_url=emulator.url) as client:
            return client.models.create(name="a")

    assert asyncio.run(main())


def test_the_end_of_a_loop_closes_connections() -> None:
    """The end of an event loop closes the connections that were made in it."""
    with Wire([says(200, MODEL)]) as wire:
        client = AsyncRootSignals(KEY, base_url=wire.url)

        async def main() -> int:
            await client.models.retrieve("a")
            return wire.open

        assert asyncio.run(main()) == 1
        asyncio.run(_until(lambda: wire.open == 0))


@pytest.mark.parametrize("way", ["own pool", "proxy", "own client", "TLS", "uvloop"])
def test_thousands_of_cancelled_calls(
    way: str,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After thousands of cancelled calls a client has its full capacity, and no task is left."""
    capacity = 10
    tls = serving(authority.issue_cert("127.0.0.1")) if way == "TLS" else None

    async def main() -> None:
        before = asyncio.all_tasks()
        base_url, http_client = wire.url, None
        if way == "proxy":
            monkeypatch.setenv("HTTP_PROXY", wire.url)
            base_url = "http://api.test"
        if way == "own client":
            http_client = httpx.AsyncClient(
                limits=httpx.Limits(max_connections=capacity, max_keepalive_connections=capacity)
            )
        client = AsyncRootSignals(
            KEY,
            base_url=base_url,
            max_connections=capacity,
            http_client=http_client,
            ssl_context=trusting if tls else None,
        )
        chance = random.Random(7)
        # A handshake for each cancelled call takes its time.
        for _ in range(80 if tls else 800):
            tasks = [asyncio.create_task(client.models.retrieve("a")) for _ in range(25)]
            for task in tasks:
                if chance.random() < 0.7:
                    asyncio.get_running_loop().call_later(chance.uniform(0, 0.01), task.cancel)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(result) for result in results} <= {asyncio.CancelledError, Model}

        await _until(lambda: asyncio.all_tasks() == before)
        wire.choose = _together(capacity)
        async with asyncio.timeout(10):
            await asyncio.gather(*(client.models.retrieve("together") for _ in range(capacity)))
        assert wire.open == capacity
        await client.aclose()
        if http_client is not None:
            await http_client.aclose()

    with (
        Wire([says(200, MODEL)], tls=tls) as wire,
        asyncio.Runner(loop_factory=uvloop.new_event_loop if way == "uvloop" else None) as runner,
    ):
        runner.run(main())


def test_cancelled_calls_on_trio() -> None:
    """The same holds on trio."""
    capacity = 10

    async def call(client: AsyncRootSignals, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await client.models.retrieve("a")

    async def main() -> None:
        chance = random.Random(7)
        async with AsyncRootSignals(KEY, base_url=wire.url, max_connections=capacity) as client:
            for _ in range(80):
                async with trio.open_nursery() as nursery:
                    for _ in range(25):
                        seconds = chance.uniform(0, 0.01) if chance.random() < 0.7 else 30
                        nursery.start_soon(call, client, seconds)
            wire.choose = _together(capacity)
            with trio.fail_after(10):
                async with trio.open_nursery() as nursery:
                    for _ in range(capacity):
                        nursery.start_soon(client.models.retrieve, "together")
            assert wire.open == capacity

    with Wire([says(200, MODEL)]) as wire:
        trio.run(main)


def _together(number: int) -> Callable[[bytes], Step]:
    """Hold each answer back until so many requests are here: less than all capacity hangs."""
    all_here = threading.Barrier(number)

    def step(sock: socket.socket) -> bool:
        all_here.wait(5)
        return says(200, MODEL)(sock)

    # A call that was cancelled long ago may be read only now; it is none of them.
    return lambda request: step if b"/together/" in request else says(200, MODEL)


def test_an_old_anyio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many calls over few connections work with anyio 3.7, which httpx is content with."""
    semaphore = anyio.Semaphore

    def old(initial_value: int, *, max_value: int | None = None) -> anyio.Semaphore:
        return semaphore(initial_value, max_value=max_value)

    monkeypatch.setattr(anyio, "Semaphore", old)

    async def main() -> list[Model]:
        async with AsyncRootSignals(KEY, base_url=wire.url, max_connections=2) as client:
            return await asyncio.gather(*(client.models.retrieve("9b2f") for _ in range(20)))

    with Wire([says(200, MODEL)]) as wire:
        assert len(asyncio.run(main())) == 20


# A page ahead.


def test_a_page_ahead_that_nobody_waits_for() -> None:
    """A listing that is dropped with a page under way leaves no task behind."""

    async def main() -> None:
        async with AsyncRootSignals(KEY, base_url=wire.url) as client:
            pager = client.models.list(prefetch=True)
            await anext(pager)
            assert len(asyncio.all_tasks()) == 2
            del pager
            gc.collect()
            async with asyncio.timeout(5):
                while len(asyncio.all_tasks()) > 1:
                    await asyncio.sleep(0)

    with Wire([_page(), _hangs]) as wire:
        asyncio.run(main())


def test_an_error_ahead_that_nobody_waits_for() -> None:
    """A listing that is dropped tells nobody of the error that the next page came to."""
    told: list[dict[str, object]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
        async with AsyncRootSignals(KEY, base_url=wire.url) as client:
            pager = client.models.list(prefetch=True)
            await anext(pager)
            async with asyncio.timeout(5):
                while len(asyncio.all_tasks()) > 1:
                    await asyncio.sleep(0)
            del pager
            gc.collect()

    with Wire([_page(), says(400)]) as wire:
        asyncio.run(main())
    assert len(wire.requests) == 2
    assert not told


def test_a_page_ahead_in_another_loop() -> None:
    """A listing goes on in another event loop than the one in which the next page was begun."""

    async def first() -> str:
        model = await anext(pager)
        async with asyncio.timeout(5):
            while len(wire.requests) < 2:
                await asyncio.sleep(0)
        return model.id

    async def rest() -> list[str]:
        return [model.id async for model in pager]

    with Wire([_page(), _hangs, says(200, {"next": None, "results": [MODEL]})]) as wire:
        pager = AsyncRootSignals(KEY, base_url=wire.url).models.list(prefetch=True)
        assert asyncio.run(first()) == "9b2f"
        assert asyncio.run(rest()) == ["9b2f"]


def _page() -> Step:
    return says(200, {"next": "/v1/models/?cursor=b", "results": [MODEL]})


def _hangs(sock: socket.socket) -> bool:
    return bool(sock.recv(1))
