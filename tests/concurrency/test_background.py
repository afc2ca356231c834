"""Work in an event loop, in the background, and shielded from cancellation."""

from __future__ import annotations

import asyncio
import gc
import io
import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest
import trio
import uvloop

from root import AsyncRootSignals, RootSignals
from root._concurrency.loops import async_call_in_loop, async_current_loop, call_in_loop
from root._concurrency.waiting import ExchangeTimeoutError, async_shielded, shielded
from root._concurrency.workers import async_in_background, in_background
from tests.scripted_server import ScriptedServer, responds

from .helpers import KEY, limit_threads, wait_until


def in_new_thread(function: Callable[[], None]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


# Work in threads, if there are none.


def test_blocking_upload_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read in the calling thread if no other can be started."""
    with (
        ScriptedServer([responds(200, {})]) as server,
        RootSignals(KEY, base_url=server.url) as client,
    ):
        limit_threads(monkeypatch, 0)
        client.request("POST", "/v1/files/", body=io.BytesIO(b"content"))

    assert server.requests[0].endswith(b"content")


def test_async_upload_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host is looked up and a file read in the calling thread if no other can be started."""

    async def main(url: str) -> None:
        async with AsyncRootSignals(KEY, base_url=url) as client:
            await client.request("POST", "/v1/files/", body=io.BytesIO(b"content"))

    with ScriptedServer([responds(200, {})]) as server:
        limit_threads(monkeypatch, 0)
        asyncio.run(main(server.url.replace("127.0.0.1", "localhost")))

    assert server.requests[0].endswith(b"content")


# A function in an event loop.


def test_call_in_the_running_loop() -> None:
    """A function is called at once in the thread of its event loop, on asyncio and trio."""
    calls: list[str] = []

    async def main(name: str) -> None:
        async_call_in_loop(async_current_loop(), lambda: calls.append(name))
        assert calls[-1] == name

    asyncio.run(main("asyncio"))
    trio.run(main, "trio")
    assert calls == ["asyncio", "trio"]


@pytest.mark.parametrize("kind", ["asyncio", "uvloop", "trio"])
def test_call_in_the_loop_of_another_thread(kind: str) -> None:
    """A function is called in the thread of its event loop, not in the calling thread."""
    called_in: list[int] = []

    async def main() -> None:
        loop = async_current_loop()
        in_new_thread(
            lambda: async_call_in_loop(loop, lambda: called_in.append(threading.get_ident()))
        )
        while not called_in:
            await anyio.lowlevel.checkpoint()

    if kind == "trio":
        trio.run(main)
    else:
        (uvloop.run if kind == "uvloop" else asyncio.run)(main())
    assert called_in == [threading.get_ident()]


def test_call_in_the_loop_of_another_loop() -> None:
    """A function for a loop in another thread is not called in the loop that is running here."""
    calls: list[str] = []

    async def main() -> None:
        async_call_in_loop(other, lambda: calls.append("called"))

    other = asyncio.new_event_loop()
    asyncio.run(main())
    assert not calls
    other.run_until_complete(asyncio.sleep(0))
    assert calls == ["called"]
    other.close()


def test_call_in_a_loop_that_has_ended() -> None:
    """A function for an event loop that has ended is not called, and nothing is raised."""
    loop = asyncio.new_event_loop()
    loop.close()
    token = trio.run(_token)
    for ended in (loop, token):
        async_call_in_loop(ended, lambda: pytest.fail("called"))


async def _token() -> object:
    return async_current_loop()


async def test_error_of_a_call_in_the_running_loop() -> None:
    """An error of a function that is called at once is raised."""

    def fail() -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        async_call_in_loop(async_current_loop(), fail)


def test_call_without_loops() -> None:
    """Blocking code calls a function at once, in any thread."""
    calls: list[str] = []
    call_in_loop(object(), lambda: calls.append("here"))
    in_new_thread(lambda: call_in_loop(object(), lambda: calls.append("there")))
    assert calls == ["here", "there"]


# Work in the background.


@pytest.mark.parametrize("where", ["this thread", "another thread"])
async def test_in_background(where: str) -> None:
    """Work in the background runs in a task of its event loop until it ends."""
    proceed = asyncio.Event()
    loops: list[object] = []
    before = asyncio.all_tasks()

    async def work() -> None:
        await proceed.wait()
        loops.append(asyncio.get_running_loop())

    loop = asyncio.get_running_loop()
    if where == "this thread":
        async_in_background(loop, work)
    else:
        in_new_thread(lambda: async_in_background(loop, work))
    await wait_until(lambda: len(asyncio.all_tasks()) == len(before) + 1)
    # Nothing else refers to the task.
    gc.collect()
    proceed.set()
    await wait_until(lambda: asyncio.all_tasks() == before)
    assert loops == [loop]


async def test_error_in_background() -> None:
    """An error in the background is ignored, and not reported by the event loop."""
    reports: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, report: reports.append(report))
    before = asyncio.all_tasks()

    async def work() -> None:
        raise OSError("cannot be closed")

    async_in_background(loop, work)
    await wait_until(lambda: asyncio.all_tasks() == before)
    gc.collect()
    assert not reports


@pytest.mark.parametrize("where", ["this thread", "another thread"])
def test_in_background_on_trio(where: str) -> None:
    """On trio, work in the background is a system task, whose errors are ignored too."""
    done: list[str] = []

    async def main() -> None:
        loop = async_current_loop()
        if where == "this thread":
            async_in_background(loop, work)
        else:
            in_new_thread(lambda: async_in_background(loop, work))
        with trio.fail_after(10):
            while not done:
                await trio.lowlevel.checkpoint()

    async def work() -> None:
        await trio.lowlevel.checkpoint()
        done.append("done")
        raise OSError("cannot be closed")

    trio.run(main)
    assert done == ["done"]


def test_in_background_of_an_ended_loop() -> None:
    """No work is started in an event loop that has ended, and no coroutine is left."""

    async def work() -> None:
        pytest.fail("started")

    loop = asyncio.new_event_loop()
    loop.close()
    for ended in (loop, trio.run(_token)):
        async_in_background(ended, work)
    gc.collect()


def test_blocking_in_background() -> None:
    """Blocking code does the work at once, and ignores its errors."""
    calls: list[str] = []

    def fail() -> None:
        calls.append("failed")
        raise OSError("cannot be closed")

    in_background(object(), lambda: calls.append("done"))
    in_background(object(), fail)
    assert calls == ["done", "failed"]


# Work that is shielded from cancellation.


@pytest.mark.parametrize("is_shielded", [True, False])
def test_shielded_result(is_shielded: bool) -> None:
    """The result of the work is returned, on asyncio, trio and in blocking code."""

    async def work() -> str:
        return "result"

    async def main() -> str:
        return await async_shielded(work(), 60, is_shielded=is_shielded)

    assert asyncio.run(main()) == trio.run(main) == "result"
    assert shielded("result", 60, is_shielded=is_shielded) == "result"


@pytest.mark.parametrize("is_shielded", [True, False])
def test_timeout_of_shielded_work(is_shielded: bool) -> None:
    """Work that exceeds its timeout is cancelled, on asyncio and trio."""
    cancelled: list[str] = []

    async def main(name: str) -> None:
        async def work() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                cancelled.append(name)

        with pytest.raises(ExchangeTimeoutError):
            await async_shielded(work(), 0.01, is_shielded=is_shielded)

    asyncio.run(main("asyncio"))
    trio.run(main, "trio")
    assert cancelled == ["asyncio", "trio"]


async def test_cancelled_caller_of_shielded_work() -> None:
    """Shielded work ends by itself although its caller was cancelled."""
    proceed = asyncio.Event()
    before = asyncio.all_tasks()
    ended: list[str] = []

    async def work() -> None:
        try:
            await proceed.wait()
            ended.append("completed")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    call = asyncio.create_task(async_shielded(work(), None))
    await wait_until(lambda: len(asyncio.all_tasks()) == len(before) + 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not ended
    proceed.set()
    await wait_until(lambda: asyncio.all_tasks() == before)
    assert ended == ["completed"]


async def test_shielded_work_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shielded work that hangs is cancelled some time after its caller."""
    monkeypatch.setattr("root._concurrency.waiting._GRACE_PERIOD", 0.01)
    before = asyncio.all_tasks()
    hangs = asyncio.Event()
    call = asyncio.create_task(async_shielded(hangs.wait(), None))
    await wait_until(lambda: len(asyncio.all_tasks()) == len(before) + 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await wait_until(lambda: asyncio.all_tasks() == before)


async def test_cancelled_caller_of_unshielded_work() -> None:
    """Work that is not shielded is cancelled with its caller, and has no task of its own."""
    before = asyncio.all_tasks()
    started = asyncio.Event()
    ended: list[str] = []

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    call = asyncio.create_task(async_shielded(work(), None, is_shielded=False))
    await started.wait()
    assert len(asyncio.all_tasks()) == len(before) + 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended == ["cancelled"]


def test_cancelled_caller_on_trio() -> None:
    """On trio, work is cancelled with its caller, shielded or not."""
    ended: list[bool] = []

    async def main() -> None:
        for is_shielded in (True, False):

            async def work(is_shielded: bool = is_shielded) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    ended.append(is_shielded)

            with trio.move_on_after(0.01) as scope:
                await async_shielded(work(), None, is_shielded=is_shielded)
            assert scope.cancelled_caught

    trio.run(main)
    assert ended == [True, False]


async def test_error_of_shielded_work_after_cancellation() -> None:
    """An error of shielded work is not reported if its caller was cancelled."""
    reports: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
    before = asyncio.all_tasks()
    proceed = asyncio.Event()

    async def work() -> None:
        await proceed.wait()
        raise OSError("the connection was lost")

    call = asyncio.create_task(async_shielded(work(), None))
    await wait_until(lambda: len(asyncio.all_tasks()) == len(before) + 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    proceed.set()
    await wait_until(lambda: asyncio.all_tasks() == before)
    gc.collect()
    assert not reports
