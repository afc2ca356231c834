"""Bulk calls where threads and tasks differ, and how they are stopped."""

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
from root._concurrency.bulk import BulkState
from root._concurrency.workers import run_concurrently
from root.emulator import Server
from root.errors import NOT_STARTED
from root.models import ModelSettings, Progress
from tests.scripted_server import ScriptedServer, Step, responds

from .helpers import HANG, limit_threads


def settings_of(number: int) -> list[ModelSettings]:
    return [{"name": str(position)} for position in range(number)]


def create(request: bytes) -> Step:
    """Create a model whose ID is its name."""
    name = json.loads(request.partition(b"\r\n\r\n")[2])["name"]
    return responds(201, {"id": name, "name": name})


def test_number_of_threads() -> None:
    """A hundred thousand items are processed in no more threads than the limit."""
    before = threading.active_count()
    most = 0
    done: list[int] = []

    def on_result(item: int) -> None:
        nonlocal most
        most = max(most, threading.active_count() - before)
        done.append(item)

    run_concurrently(lambda item: item, iter(range(100_000)), 4, on_result)

    assert sorted(done) == list(range(100_000))
    assert most <= 4


@pytest.mark.parametrize("threads", [0, 2])
def test_threads_that_cannot_start(
    emulator: Server, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """Calls are made in the threads that can be started, or else in the calling one."""
    progress: list[int] = []
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        limit_threads(monkeypatch, threads)

        created = client.models.create_many(
            settings_of(20), on_progress=lambda one: progress.append(one.done)
        )

    assert sorted(created) == sorted(model.id for model in emulator.models)
    assert progress == list(range(1, 21))


def test_errors_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without threads, a failure ends the work as it does with one thread."""
    with (
        ScriptedServer([responds(201, {"id": "0", "name": "0"}), responds(400)]) as server,
        RootSignals("k", base_url=server.url) as client,
    ):
        limit_threads(monkeypatch, 0)
        with pytest.raises(BulkError) as error:
            client.models.create_many(settings_of(3))

    assert error.value.results[0] == "0"
    assert error.value.results[2] is NOT_STARTED


async def test_number_of_tasks() -> None:
    """Thousands of calls are made in no more tasks than the limit, and stay in order."""
    before = len(asyncio.all_tasks())
    most = 0

    def watch(_: Progress) -> None:
        nonlocal most
        most = max(most, len(asyncio.all_tasks()) - before)

    with ScriptedServer([], choose=create) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            ids = await client.models.create_many(
                settings_of(3000), concurrency=4, on_progress=watch
            )

    assert ids == [str(number) for number in range(3000)]
    assert most == 4


def test_trio(emulator: Server) -> None:
    """Bulk methods work on trio."""

    async def main() -> list[None]:
        async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
            ids = await client.models.create_many(settings_of(20))
            return await client.models.delete_many(ids)

    assert trio.run(main) == [None] * 20


def test_twins(emulator: Server) -> None:
    """The blocking client has async bulk methods."""

    async def main() -> list[None]:
        ids = await client.models.acreate_many(settings_of(20))
        return await client.models.adelete_many(ids)

    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        assert asyncio.run(main()) == [None] * 20


def test_bulk_methods_in_threads(emulator: Server) -> None:
    """Threads that use bulk methods on one client get their own results, in order."""

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


def test_context_variables() -> None:
    """Context variables of the caller have their values in the threads."""
    tracing_id = ContextVar("tracing_id", default="")
    tracing_id.set("caller")
    found: list[str] = []

    run_concurrently(lambda _: tracing_id.get(), iter(range(3)), 3, found.append)

    assert found == ["caller"] * 3


def test_unexpected_exception() -> None:
    """An exception that is none of this package ends the work and is raised unchanged."""
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        return 1 // (5 - item)

    with pytest.raises(ZeroDivisionError):
        run_concurrently(work, iter(range(1000)), 2, lambda _: None)
    assert len(started) < 1000


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have Ctrl-C raise: processes started in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt() -> None:
    """Ctrl-C ends the work at once, with calls in progress, and no more are made."""
    server: ScriptedServer
    # Each connection has a thread; exactly one of them sends the signal.
    arrived = itertools.count(1)

    def choose(_: bytes) -> Step:
        if next(arrived) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return server.hangs

    with ScriptedServer([], choose=choose) as server:
        client = RootSignals("key", base_url=server.url)
        with pytest.raises(KeyboardInterrupt):
            client.models.create_many(settings_of(100), concurrency=3)
        assert len(server.requests) == 3
    client.close()


@pytest.mark.usefixtures("interruptible")
def test_interrupt_of_a_loop() -> None:
    """Ctrl-C ends the tasks of an event loop in the same way."""
    server: ScriptedServer
    # Each connection has a thread; exactly one of them sends the signal.
    arrived = itertools.count(1)

    def choose(_: bytes) -> Step:
        if next(arrived) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return server.hangs

    async def main() -> None:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            await client.models.create_many(settings_of(100), concurrency=3)

    with ScriptedServer([], choose=choose) as server:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(main())
        assert len(server.requests) == 3


async def test_cancellation() -> None:
    """A caller that is cancelled leaves no task behind."""
    in_progress = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()

    def choose(_: bytes) -> Step:
        if len(server.requests) == 3:
            loop.call_soon_threadsafe(in_progress.set)
        return server.hangs

    with ScriptedServer([], choose=choose) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            task = asyncio.create_task(
                client.models.create_many(settings_of(100), concurrency=3, errors="collect")
            )
            await asyncio.wait_for(in_progress.wait(), HANG)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == before
        assert len(server.requests) == 3


def test_cancellation_on_trio() -> None:
    """A cancelled scope ends the work on trio."""

    async def main() -> bool:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            with trio.CancelScope() as scope:
                token = trio.lowlevel.current_trio_token()
                cancel.append(lambda: token.run_sync_soon(scope.cancel))
                await client.models.create_many(settings_of(100), concurrency=3, errors="collect")
            return scope.cancelled_caught

    cancel: list[object] = []

    def choose(_: bytes) -> Step:
        if len(server.requests) == 3:
            assert callable(cancel[0])
            cancel[0]()
        return server.hangs

    with ScriptedServer([], choose=choose) as server:
        assert trio.run(main)
        assert len(server.requests) == 3


def test_plan_applied_by_many_threads(emulator: Server) -> None:
    """Of many threads that apply one plan, exactly one succeeds."""
    with (
        RootSignals(emulator.api_key, base_url=emulator.url) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        plan = client.models.plan(settings_of(20))
        begin = threading.Barrier(8, timeout=HANG)

        def apply(_: int) -> bool:
            begin.wait()
            try:
                plan.apply()
            except InvalidRequestError:
                return False
            return True

        assert sum(threads.map(apply, range(8))) == 1
        assert len(client.models.export()) == 20


def test_plan_on_trio_and_by_twins(emulator: Server) -> None:
    """A plan is made and applied on trio, and by the async methods of the blocking client."""
    key = emulator.api_key

    async def native() -> None:
        async with AsyncRootSignals(key, base_url=emulator.url) as client:
            await (await client.models.plan(settings_of(5))).apply()

    async def twin() -> bool:
        plan = await client.models.aplan(settings_of(6), prune=True)
        assert [change.action for change in plan.changes] == ["create"] + ["unchanged"] * 5
        await plan.apply()
        model = await client.models.aensure(name="0")
        assert model.name == "0"
        return bool(await client.models.aplan(await client.models.aexport(), prune=True))

    trio.run(native)
    with RootSignals(key, base_url=emulator.url) as client:
        assert not asyncio.run(twin())


async def test_cancelled_plan(emulator: Server) -> None:
    """A plan whose application is cancelled stops, and a new plan does the rest."""
    async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
        plan = await client.models.plan(settings_of(50))

        def stop(progress: Progress) -> None:
            if progress.done == 5:
                task.cancel()

        task = asyncio.create_task(plan.apply(concurrency=2, on_progress=stop))
        with pytest.raises(asyncio.CancelledError):
            await task

        rest = await client.models.plan(settings_of(50))
        assert 0 < sum(change.action == "create" for change in rest.changes) <= 45
        await rest.apply()
        assert len(await client.models.export()) == 50


def test_not_started() -> None:
    """NOT_STARTED is the same object after pickling, and its repr is its name."""
    assert pickle.loads(pickle.dumps(NOT_STARTED)) is NOT_STARTED
    assert repr(NOT_STARTED) == "NOT_STARTED"


@pytest.mark.parametrize("errors", ["raise", "collect"])
def test_no_calls(errors: str) -> None:
    """Without calls there are no results, however errors are handled."""
    state: BulkState[str] = BulkState(0, 8, errors, None)  # type: ignore[arg-type]
    assert state.results() == []
    assert list(state.to_start(range(0))) == []


def test_bulk_error_without_results() -> None:
    """A BulkError without results counts nothing."""
    error = BulkError("The calls failed.")
    assert (error.succeeded, error.failed, error.not_started) == (0, 0, 0)


def test_async_progress_function() -> None:
    """An async progress function is refused before anything is sent."""

    async def watch(progress: Progress) -> None:
        raise AssertionError

    client = RootSignals("key", base_url="http://127.0.0.1:1")
    with pytest.raises(InvalidRequestError, match="must be a plain function"):
        client.models.create_many(settings_of(1), on_progress=watch)  # type: ignore[arg-type]


def test_progress_that_cannot_be_called() -> None:
    """What cannot be called is refused before anything is sent."""
    client = RootSignals("key", base_url="http://127.0.0.1:1")
    with pytest.raises(InvalidRequestError, match="on_progress must be a function, not int"):
        client.models.create_many(settings_of(1), on_progress=5)  # type: ignore[call-overload]
