"""Deadlines in tasks, threads and other contexts."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context

import pytest
import trio

import root
from root import APITimeoutError, AsyncRootSignals, BulkError, RootSignals
from root._config.deadlines import _of_generators  # pyright: ignore[reportPrivateUsage]
from root.emulator import Server

from .helpers import HANG


@pytest.fixture
def client(emulator: Server) -> Iterator[RootSignals]:
    """A client whose methods have both faces."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        yield client


async def is_bound(client: RootSignals) -> bool:
    """Return whether a call here is refused because a deadline is over."""
    try:
        await client.models.alist(limit=1).to_dicts()
    except APITimeoutError:
        return True
    return False


def is_bound_blocking(client: RootSignals) -> bool:
    """Return whether a blocking call here is refused because a deadline is over."""
    try:
        client.models.list(limit=1).to_dicts()
    except APITimeoutError:
        return True
    return False


async def test_tasks(client: RootSignals) -> None:
    """A task that is started in a block keeps the bound after its end; other tasks have none."""
    ended = asyncio.Event()

    async def call() -> bool:
        await ended.wait()
        return await is_bound(client)

    before = asyncio.create_task(call())
    async with root.deadline(0):
        inside = asyncio.create_task(call())
    after = asyncio.create_task(call())
    ended.set()
    assert [await before, await inside, await after] == [False, True, False]


async def test_threads(client: RootSignals) -> None:
    """`asyncio.to_thread` keeps the bound."""
    with root.deadline(0):
        assert await asyncio.to_thread(is_bound_blocking, client)
    assert not await asyncio.to_thread(is_bound_blocking, client)


def test_threads_of_bulk_calls(client: RootSignals, emulator: Server) -> None:
    """The threads and tasks of bulk calls keep the bound, also that of a generator's block."""

    def create() -> Iterator[None]:
        with root.deadline(0):
            with pytest.raises(BulkError, match="was not sent"):
                client.models.create_many([{"name": "a"}, {"name": "b"}])
            yield

    async def acreate() -> AsyncIterator[None]:
        async with root.deadline(0):
            with pytest.raises(BulkError, match="was not sent"):
                await client.models.acreate_many([{"name": "a"}, {"name": "b"}])
            yield

    async def read() -> None:
        async for _ in acreate():
            pass

    for _ in create():
        pass
    asyncio.run(read())
    assert not emulator.models


def test_an_executor(client: RootSignals) -> None:
    """For an executor, the deadline is passed."""
    with ThreadPoolExecutor(1) as pool, root.deadline(0) as over:
        assert not pool.submit(is_bound_blocking, client).result(HANG)
        bound = client.with_options(deadline=over)
        assert pool.submit(is_bound_blocking, bound).result(HANG)

        def within() -> bool:
            with over:
                return is_bound_blocking(client)

        assert pool.submit(within).result(HANG)
        assert not pool.submit(is_bound_blocking, client).result(HANG)


async def test_tasks_with_blocks_of_their_own(client: RootSignals) -> None:
    """The blocks of concurrent tasks do not mix."""
    entered = asyncio.Barrier(10)

    async def call(seconds: float) -> bool:
        async with root.deadline(seconds):
            await entered.wait()
            return await is_bound(client)

    results = await asyncio.gather(*(call(number % 2 * HANG) for number in range(10)))
    assert results == [True, False] * 5


async def test_one_object_in_many_tasks(client: RootSignals) -> None:
    """A deadline that several tasks enter ends in each of them by itself."""
    over = root.deadline(0)
    one_ended = asyncio.Event()

    async def first() -> bool:
        async with over:
            pass
        one_ended.set()
        return await is_bound(client)

    async def second() -> bool:
        async with over:
            await one_ended.wait()
            return await is_bound(client)

    results = await asyncio.gather(first(), second())
    assert list(results) == [False, True]


async def test_a_generator_that_another_task_closes(client: RootSignals) -> None:
    """A block may end in another task than it began in, and has no effect in either."""

    async def numbers() -> AsyncIterator[int]:
        async with root.deadline(0):
            yield 1
            yield 2

    generator = numbers()
    assert await asyncio.create_task(anext(generator)) == 1  # type: ignore[arg-type]
    assert not await is_bound(client)
    assert await anext(generator) == 2
    assert not await is_bound(client)

    async def close() -> bool:
        await generator.aclose()  # type: ignore[attr-defined]
        return await is_bound(client)

    assert not await asyncio.create_task(close())
    assert not await is_bound(client)
    assert not _of_generators


async def test_tasks_of_the_caller_of_a_generator(client: RootSignals) -> None:
    """Tasks and threads that are started while a generator is suspended are not bound by it."""

    async def numbers() -> AsyncIterator[int]:
        with root.deadline(0):
            yield 1

    async for _ in numbers():
        assert not await asyncio.create_task(is_bound(client))
        assert not await asyncio.to_thread(is_bound_blocking, client)


def test_dropped_generators(client: RootSignals) -> None:
    """A generator that is dropped within its block leaves nothing behind."""

    def numbers() -> Iterator[int]:
        with root.deadline(0):
            yield 1

    async def anumbers() -> AsyncIterator[int]:
        async with root.deadline(0):
            yield 1

    async def read() -> None:
        async for _ in anumbers():
            break
        gc.collect()
        assert not await is_bound(client)

    next(numbers())
    assert not is_bound_blocking(client)
    asyncio.run(read())
    gc.collect()
    assert not _of_generators


def test_a_block_that_ends_in_another_context(client: RootSignals) -> None:
    """The end of a block in another context raises nothing, and changes no other block there."""
    over = root.deadline(0)
    copy_context().run(over.__enter__)
    assert not is_bound_blocking(client)
    over.__exit__(None, None, None)
    assert not is_bound_blocking(client)
    with root.deadline(0):
        over.__exit__(None, None, None)
        assert is_bound_blocking(client)


def test_trio(emulator: Server) -> None:
    """On trio, blocks bound tasks as on asyncio."""

    async def main() -> None:
        async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:

            async def call() -> None:
                with pytest.raises(APITimeoutError, match="was not sent"):
                    await client.models.list().to_dicts()

            async with trio.open_nursery() as nursery, root.deadline(0):
                nursery.start_soon(call)
            async with root.deadline(0), trio.open_nursery() as nursery:
                nursery.start_soon(call)
            await client.models.list(prefetch=True).to_dicts()
            async with root.deadline(HANG):
                await client.models.create_many([{"name": "a"}])

    trio.run(main)


def test_an_exit_stack_of_another_function(client: RootSignals) -> None:
    """A block ends where its `ExitStack` is closed, wherever it was entered and is closed."""

    def closed_by_a_generator() -> Iterator[ExitStack]:
        with ExitStack() as stack:
            yield stack

    def entered_by_a_generator(stack: ExitStack) -> Iterator[bool]:
        stack.enter_context(root.deadline(0))
        yield is_bound_blocking(client)

    closing = closed_by_a_generator()
    next(closing).enter_context(root.deadline(0))
    assert is_bound_blocking(client)
    assert list(closing) == []
    assert not is_bound_blocking(client)

    with ExitStack() as stack:
        assert list(entered_by_a_generator(stack)) == [True]
    assert not is_bound_blocking(client)
    assert not _of_generators
