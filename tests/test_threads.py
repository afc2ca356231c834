"""Many threads on one client."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from root import AsyncRootSignals, RootSignals, RootSignalsError
from root.emulator import Server

from .echo import Echo

KEY = "rs-0123456789-abcdefgh-wxyz"
THREADS = 32
CALLS = 200


def together(work: Callable[[int], None], number: int = THREADS) -> None:
    """Do some work in so many threads that begin at the same time."""
    start = threading.Barrier(number)

    def begin(thread: int) -> None:
        start.wait(10)
        work(thread)

    with ThreadPoolExecutor(number) as pool:
        for _ in pool.map(begin, range(number)):
            pass


@pytest.mark.parametrize("max_connections", [4, 100])
def test_threads_share_a_client(max_connections: int) -> None:
    """Of 32 threads with 200 calls each, each has its own answers, over the connections allowed."""
    with Echo() as echo:
        with RootSignals(KEY, base_url=echo.url, max_connections=max_connections) as client:

            def work(thread: int) -> None:
                for call in range(CALLS):
                    name = f"{thread}-{call}"
                    if call % 10:
                        assert client.models.retrieve(name).id == name
                    else:
                        assert client.models.create(name=name) == name

            together(work)
        assert len(echo.names) == len(set(echo.names)) == THREADS * CALLS
        assert echo.most_open <= max_connections
        assert len(echo.connections) <= min(max_connections, THREADS)


class Contended(list[Any]):
    """A list from which another thread has taken the last item after one has looked."""

    def __bool__(self) -> bool:
        return True


def test_the_last_connection_is_taken_by_another_thread() -> None:
    """Who finds that another thread was faster connects anew."""
    with Echo() as echo, RootSignals(KEY, base_url=echo.url) as client:
        client.models.retrieve("a")
        (pool,) = client._transport._pools().values()
        pool._idle = Contended()  # type: ignore[union-attr]
        assert client.models.retrieve("b").id == "b"
        assert len(echo.connections) == 2


def test_threads_and_the_emulator(emulator: Server) -> None:
    """What 32 threads create, change and delete on one client is what the service has then."""
    key = emulator.add_key()
    kept: list[tuple[str, str]] = []
    with RootSignals(key, base_url=emulator.url, max_connections=8) as client:

        def work(thread: int) -> None:
            ids = [client.models.create(name=f"{thread}/{call}") for call in range(8)]
            for call, model_id in enumerate(ids):
                assert client.models.retrieve(model_id).name == f"{thread}/{call}"
                if call % 2:
                    client.models.delete(model_id)
                else:
                    client.models.update(model_id, name=f"{thread}/{call}/new")
                    kept.append((model_id, f"{thread}/{call}/new"))

        together(work)
        listed = [(model.id, model.name) for model in client.models.list(limit=len(kept))]
    assert Counter(listed) == Counter(kept)


def test_threads_with_loops_of_their_own() -> None:
    """Threads that each run an event loop share an async client, and so do its blocking calls."""
    with Echo() as echo:
        with RootSignals(KEY, base_url=echo.url, max_connections=4) as client:

            def work(thread: int) -> None:
                async def main() -> None:
                    names = [f"{thread}-{call}" for call in range(10)]
                    models = await asyncio.gather(*map(client.models.aretrieve, names))
                    assert [model.id for model in models] == names

                if thread % 2:
                    asyncio.run(main())
                else:
                    for call in range(10):
                        assert client.models.retrieve(f"{thread}-{call}").id == f"{thread}-{call}"

            together(work)
        assert len(set(echo.names)) == THREADS * 10
        # 4 for the blocking calls, and 4 for each event loop.
        assert echo.most_open <= 4 + 4 * THREADS // 2


def test_first_calls_together() -> None:
    """Threads that make a client's first calls together share one pool."""
    for _ in range(10):
        with Echo(hold=0.002) as echo:
            with RootSignals(KEY, base_url=echo.url, max_connections=2) as client:
                together(lambda thread, c=client: c.models.retrieve(str(thread)), 16)  # type: ignore[misc]
            assert echo.most_open <= 2
            assert len(echo.names) == 16


def test_copies_in_threads() -> None:
    """Clients made by `with_options` in many threads stay within the one limit."""
    with Echo() as echo:
        with RootSignals(KEY, base_url=echo.url, max_connections=3) as client:

            def work(thread: int) -> None:
                for call in range(10):
                    with client.with_options(timeout=5 + call) as copy:
                        assert copy.models.retrieve(f"{thread}-{call}").id == f"{thread}-{call}"

            together(work)
        assert echo.most_open <= 3


def test_an_error_stays_in_its_thread() -> None:
    """Who asks for what is not there has the error, and nobody else has."""
    with Echo() as echo:
        outcomes: Counter[str] = Counter()
        with RootSignals(KEY, base_url=echo.url, max_connections=4) as client:

            def work(thread: int) -> None:
                name = f"missing-{thread}" if thread % 2 else f"there-{thread}"
                for _ in range(20):
                    try:
                        outcome = client.models.retrieve(name).id
                    except RootSignalsError as error:
                        outcome = f"{type(error).__name__} {name in str(error)}"
                    outcomes[outcome] += 1

            together(work)
        assert outcomes.pop("NotFoundError True") == THREADS // 2 * 20
        assert outcomes == {f"there-{thread}": 20 for thread in range(0, THREADS, 2)}


def test_a_close_under_load() -> None:
    """A client that is closed under its threads ends their calls with errors of ours, in time."""
    with Echo() as echo:
        client = RootSignals(KEY, base_url=echo.url, max_connections=4, max_retries=0, timeout=3)
        ended: list[type[BaseException]] = []

        def work(thread: int) -> None:
            if thread == 0:
                time.sleep(0.1)
                client.close()
                return
            try:
                while True:
                    client.models.retrieve(str(thread))
            except RootSignalsError as error:
                ended.append(type(error))

        started = time.monotonic()
        together(work)
        assert time.monotonic() - started < 2
        assert len(ended) == THREADS - 1
        until = time.monotonic() + 5
        while echo.open and time.monotonic() < until:
            time.sleep(0.005)
        assert echo.open == 0


async def test_no_thread_is_left() -> None:
    """Neither blocking nor async calls, prefetching ones included, leave a thread or a socket."""
    page = [f"/proc/{os.getpid()}/fd", f"/proc/{os.getpid()}/task"]

    def count() -> list[int]:
        return [len(list(Path(folder).iterdir())) for folder in page]

    with Echo() as echo:
        async with AsyncRootSignals(KEY, base_url=echo.url) as client:
            await client.models.retrieve("warm")
        before = count()
        for _ in range(5):
            with RootSignals(KEY, base_url=echo.url) as blocking:
                blocking.models.retrieve("a")
                await blocking.models.aretrieve("b")
            async with AsyncRootSignals(KEY, base_url=echo.url) as client:
                await asyncio.gather(*(client.models.retrieve("c") for _ in range(5)))
        async with asyncio.timeout(5):
            # The server's side is in this process, too.
            # What earlier tests left may go meanwhile, so there may be less than before.
            while echo.open or any(now > then for now, then in zip(count(), before, strict=True)):
                await asyncio.sleep(0.005)
