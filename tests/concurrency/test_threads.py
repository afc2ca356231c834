"""One client in many threads."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from root import (
    AsyncRootSignals,
    RootSignals,
    RootSignalsError,
)
from root.emulator import Server
from tests.echo_server import EchoServer

from .helpers import HANG, KEY, run_together

THREADS = 32


def test_responses_of_threads(emulator: Server) -> None:
    """Threads share a client without mixing up their responses."""

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


@pytest.mark.parametrize(
    "calls",
    [pytest.param(50, id="50 calls"), pytest.param(200, id="200 calls", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("max_connections", [4, 100])
def test_threads_share_a_client(max_connections: int, calls: int) -> None:
    """Each of many threads gets its own responses, over no more connections than allowed."""
    with EchoServer() as server:
        with RootSignals(KEY, base_url=server.url, max_connections=max_connections) as client:

            def work(thread: int) -> None:
                for call in range(calls):
                    name = f"{thread}-{call}"
                    if call % 10:
                        assert client.models.retrieve(name).id == name
                    else:
                        assert client.models.create(name=name) == name

            run_together(work, THREADS)
        assert len(server.names) == len(set(server.names)) == THREADS * calls
        assert server.max_open <= max_connections
        assert len(server.connections) <= min(max_connections, THREADS)


class Contended(list[Any]):
    """A list whose last item another thread takes after `bool` was called."""

    def __bool__(self) -> bool:
        return True


def test_connection_taken_by_another_thread() -> None:
    """If another thread takes the last idle connection first, a new one is opened."""
    with EchoServer() as server, RootSignals(KEY, base_url=server.url) as client:
        client.models.retrieve("a")
        (pool,) = client._transport._pools().values()
        pool._idle = Contended()  # type: ignore[union-attr]
        assert client.models.retrieve("b").id == "b"
        assert len(server.connections) == 2


def test_threads_and_the_emulator(emulator: Server) -> None:
    """Models that 32 threads create, change and delete on one client are as expected afterwards."""
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

        run_together(work, THREADS)
        listed = [(model.id, model.name) for model in client.models.list(limit=len(kept))]
    assert Counter(listed) == Counter(kept)


def test_threads_with_event_loops() -> None:
    """Threads with event loops and threads with blocking calls share a client."""
    with EchoServer() as server:
        with RootSignals(KEY, base_url=server.url, max_connections=4) as client:

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

            run_together(work, THREADS)
        assert len(set(server.names)) == THREADS * 10
        # 4 for the blocking calls, and 4 for each event loop.
        assert server.max_open <= 4 + 4 * THREADS // 2


def test_concurrent_first_calls() -> None:
    """Threads that make the first calls of a client at the same time share one pool."""
    for _ in range(10):
        with EchoServer(delay=0.002) as server:
            with RootSignals(KEY, base_url=server.url, max_connections=2) as client:
                run_together(lambda thread, c=client: c.models.retrieve(str(thread)), 16)  # type: ignore[misc]
            assert server.max_open <= 2
            assert len(server.names) == 16


def test_copies_in_threads() -> None:
    """Clients created by `with_options` in many threads share one connection limit."""
    with EchoServer() as server:
        with RootSignals(KEY, base_url=server.url, max_connections=3) as client:

            def work(thread: int) -> None:
                for call in range(10):
                    with client.with_options(timeout=HANG + call) as copy:
                        assert copy.models.retrieve(f"{thread}-{call}").id == f"{thread}-{call}"

            run_together(work, THREADS)
        assert server.max_open <= 3


def test_errors_stay_in_their_threads() -> None:
    """An error is raised in the thread whose call failed, and in no other."""
    with EchoServer() as server:
        outcomes: list[str] = []
        with RootSignals(KEY, base_url=server.url, max_connections=4) as client:

            def work(thread: int) -> None:
                name = f"missing-{thread}" if thread % 2 else f"there-{thread}"
                for _ in range(20):
                    try:
                        outcome = client.models.retrieve(name).id
                    except RootSignalsError as error:
                        outcome = f"{type(error).__name__} {name in str(error)}"
                    outcomes.append(outcome)

            run_together(work, THREADS)
        expected = {f"there-{thread}": 20 for thread in range(0, THREADS, 2)}
        assert Counter(outcomes) == expected | {"NotFoundError True": THREADS // 2 * 20}


async def test_no_thread_is_left() -> None:
    """Neither blocking nor async calls leave a thread or a socket behind."""
    folders = [f"/proc/{os.getpid()}/fd", f"/proc/{os.getpid()}/task"]

    def count() -> list[int]:
        return [len(list(Path(folder).iterdir())) for folder in folders]

    with EchoServer() as server:
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
            await client.models.retrieve("warm")
        before = count()
        for _ in range(5):
            with RootSignals(KEY, base_url=server.url) as blocking:
                blocking.models.retrieve("a")
                await blocking.models.aretrieve("b")
            async with AsyncRootSignals(KEY, base_url=server.url) as client:
                await asyncio.gather(*(client.models.retrieve("c") for _ in range(5)))
        async with asyncio.timeout(HANG):
            # The server's side is in this process too. What earlier tests left may end meanwhile,
            # so there may be less than before.
            while server.open or any(now > then for now, then in zip(count(), before, strict=True)):
                await asyncio.sleep(0.005)
