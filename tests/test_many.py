"""Many calls at once where the two sides differ: threads and tasks, and how they are stopped."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
import trio

from root import AsyncRootSignals, BulkError, InvalidRequestError, RootSignals
from root._bulk import Tally
from root._concurrency import at_once
from root.emulator import Server
from root.errors import NOT_STARTED
from root.models import ModelSettings, Progress

from .wire import Step, Wire, says


def named(number: int) -> list[ModelSettings]:
    return [{"name": str(position)} for position in range(number)]


def creating(request: bytes) -> Step:
    """Create a model whose id is its name."""
    name = json.loads(request.partition(b"\r\n\r\n")[2])["name"]
    return says(201, {"id": name, "name": name})


def test_no_thread_for_each() -> None:
    """A hundred thousand items are worked on in no more threads than calls at once."""
    before = threading.active_count()
    most = 0
    done: list[int] = []

    def seen(item: int) -> None:
        nonlocal most
        most = max(most, threading.active_count() - before)
        done.append(item)

    at_once(lambda item: item, iter(range(100_000)), 4, seen)

    assert sorted(done) == list(range(100_000))
    assert most <= 4


async def test_no_task_for_each() -> None:
    """Thousands of calls are made in no more tasks than calls at once, and stay in order."""
    before = len(asyncio.all_tasks())
    most = 0

    def watch(_: Progress) -> None:
        nonlocal most
        most = max(most, len(asyncio.all_tasks()) - before)

    with Wire([], choose=creating) as wire:
        async with AsyncRootSignals("key", base_url=wire.url) as client:
            ids = await client.models.create_many(named(3000), concurrency=4, on_progress=watch)

    assert ids == [str(number) for number in range(3000)]
    assert most == 4


def test_trio(emulator: Server) -> None:
    """Many calls are made on trio as well."""

    async def main() -> list[None]:
        async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
            ids = await client.models.create_many(named(20))
            return await client.models.delete_many(ids)

    assert trio.run(main) == [None] * 20


def test_twins_on_one_client(emulator: Server) -> None:
    """The blocking client has the same methods for tasks."""

    async def main() -> list[None]:
        ids = await client.models.acreate_many(named(20))
        return await client.models.adelete_many(ids)

    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        assert asyncio.run(main()) == [None] * 20


def test_many_at_once_in_many_threads(emulator: Server) -> None:
    """Threads that each ask for many on one client get their own, in order."""

    def work(number: int) -> list[str]:
        settings: list[ModelSettings] = [{"name": f"{number}/{turn}"} for turn in range(20)]
        ids = client.models.create_many(settings, concurrency=4)
        return [client.models.retrieve(model_id).name for model_id in ids]

    with (
        RootSignals(emulator.api_key, base_url=emulator.url) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        names = list(threads.map(work, range(8)))

    assert names == [[f"{number}/{turn}" for turn in range(20)] for number in range(8)]


def test_what_the_caller_has_set_holds() -> None:
    """Context variables of the caller's hold in the threads, too."""
    tracing_id = ContextVar("tracing_id", default="")
    tracing_id.set("mine")
    found: list[str] = []

    at_once(lambda _: tracing_id.get(), iter(range(3)), 3, found.append)

    assert found == ["mine"] * 3


def test_a_fault_in_the_work() -> None:
    """What is no error of ours ends the work and comes out as it is."""
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return 1 // (5 - item)

    with pytest.raises(ZeroDivisionError):
        at_once(work, iter(range(1000)), 2, lambda _: None)
    assert len(begun) < 1000


@pytest.fixture
def interruptible() -> Iterator[None]:
    """See to Ctrl-C being heard: who is started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt() -> None:
    """Ctrl-C ends the work at once though calls are under way, and no more are made."""
    wire: Wire
    # The connections have threads of their own, and one of them is to do it.
    arrived = itertools.count(1)

    def choose(_: bytes) -> Step:
        if next(arrived) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return wire.hangs

    with Wire([], choose=choose) as wire:
        client = RootSignals("key", base_url=wire.url)
        with pytest.raises(KeyboardInterrupt):
            client.models.create_many(named(100), concurrency=3)
        assert len(wire.requests) == 3
    client.close()


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_of_a_loop() -> None:
    """Ctrl-C ends the tasks of a loop in the same way."""
    wire: Wire
    # The connections have threads of their own, and one of them is to do it.
    arrived = itertools.count(1)

    def choose(_: bytes) -> Step:
        if next(arrived) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return wire.hangs

    async def main() -> None:
        async with AsyncRootSignals("key", base_url=wire.url) as client:
            await client.models.create_many(named(100), concurrency=3)

    with Wire([], choose=choose) as wire:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(main())
        assert len(wire.requests) == 3


async def test_a_cancellation() -> None:
    """A cancelled caller gets its cancellation, and leaves no task behind."""
    under_way = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()

    def choose(_: bytes) -> Step:
        if len(wire.requests) == 3:
            loop.call_soon_threadsafe(under_way.set)
        return wire.hangs

    with Wire([], choose=choose) as wire:
        async with AsyncRootSignals("key", base_url=wire.url) as client:
            task = asyncio.create_task(
                client.models.create_many(named(100), concurrency=3, errors="collect")
            )
            await under_way.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == before
        assert len(wire.requests) == 3


def test_a_cancellation_on_trio() -> None:
    """A cancelled scope ends the work on trio as well."""

    async def main() -> bool:
        async with AsyncRootSignals("key", base_url=wire.url) as client:
            with trio.CancelScope() as scope:
                token = trio.lowlevel.current_trio_token()
                cancel.append(lambda: token.run_sync_soon(scope.cancel))
                await client.models.create_many(named(100), concurrency=3, errors="collect")
            return scope.cancelled_caught

    cancel: list[object] = []

    def choose(_: bytes) -> Step:
        if len(wire.requests) == 3:
            assert callable(cancel[0])
            cancel[0]()
        return wire.hangs

    with Wire([], choose=choose) as wire:
        assert trio.run(main)
        assert len(wire.requests) == 3


def test_a_plan_of_many_threads(emulator: Server) -> None:
    """Of many threads that apply one plan, one does."""
    with (
        RootSignals(emulator.api_key, base_url=emulator.url) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        plan = client.models.plan(named(20))
        begin = threading.Barrier(8, timeout=10)

        def apply(_: int) -> bool:
            begin.wait()
            try:
                plan.apply()
            except InvalidRequestError:
                return False
            return True

        assert sum(threads.map(apply, range(8))) == 1
        assert len(client.models.export()) == 20


def test_a_plan_on_trio_and_by_the_twin(emulator: Server) -> None:
    """A plan is made and applied on trio, and by the blocking client's twins."""
    key = emulator.api_key

    async def native() -> None:
        async with AsyncRootSignals(key, base_url=emulator.url) as client:
            await (await client.models.plan(named(5))).apply()

    async def twin() -> bool:
        plan = await client.models.aplan(named(6), prune=True)
        assert [change.action for change in plan.changes] == ["create"] + ["unchanged"] * 5
        await plan.apply()
        model = await client.models.aensure(name="0")
        assert model.name == "0"
        return bool(await client.models.aplan(await client.models.aexport(), prune=True))

    trio.run(native)
    with RootSignals(key, base_url=emulator.url) as client:
        assert not asyncio.run(twin())


async def test_a_plan_that_is_cancelled(emulator: Server) -> None:
    """A plan whose application is cancelled stops there, and a new one does the rest."""
    async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
        plan = await client.models.plan(named(50))

        def stop(progress: Progress) -> None:
            if progress.done == 5:
                task.cancel()

        task = asyncio.create_task(plan.apply(concurrency=2, on_progress=stop))
        with pytest.raises(asyncio.CancelledError):
            await task

        rest = await client.models.plan(named(50))
        assert 0 < sum(change.action == "create" for change in rest.changes) <= 45
        await rest.apply()
        assert len(await client.models.export()) == 50


def test_not_started_is_one_thing() -> None:
    """The marker stays itself through a pickle, and says what it is."""
    assert pickle.loads(pickle.dumps(NOT_STARTED)) is NOT_STARTED
    assert repr(NOT_STARTED) == "NOT_STARTED"


@pytest.mark.parametrize("errors", ["raise", "collect"])
def test_a_tally_of_nothing(errors: str) -> None:
    """Of no calls there are no results, whatever is done about errors."""
    tally: Tally[str] = Tally(0, 8, errors, None)  # type: ignore[arg-type]
    assert tally.results() == []
    assert list(tally.to_start(range(0))) == []


def test_a_bulk_error_without_results() -> None:
    """An error that nothing has been told to counts nothing."""
    error = BulkError("It went wrong.")
    assert (error.succeeded, error.failed, error.not_started) == (0, 0, 0)


def test_an_async_function_is_told_nothing() -> None:
    """Progress is told to plain functions, so an async one is refused before anything is sent."""

    async def watch(progress: Progress) -> None:
        raise AssertionError

    client = RootSignals("key", base_url="http://127.0.0.1:1")
    with pytest.raises(InvalidRequestError, match="give a plain one"):
        client.models.create_many(named(1), on_progress=watch)  # type: ignore[arg-type]
