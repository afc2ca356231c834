"""One client in several event loops, on asyncio and trio."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

import anyio
import pytest
import trio

from root import (
    AsyncRootSignals,
    ConfigurationError,
    Model,
    RootSignals,
)
from root._concurrency.loops import discard_closed_loops
from root._http.async_backends import _AsyncioStream, async_backend, async_cut
from root.emulator import Server
from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer, responds

from .helpers import KEY, MODEL, wait_until


def test_consecutive_loops(emulator: Server) -> None:
    """A client works in one event loop after another."""
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    names = [asyncio.run(_create_retrieve_delete(client, f"loop/{number}")) for number in range(3)]
    assert names == ["loop/0", "loop/1", "loop/2"]


def test_loops_in_threads(emulator: Server) -> None:
    """A client works in the event loops of several threads at the same time."""
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    with ThreadPoolExecutor(4) as pool:
        names = list(
            pool.map(
                lambda number: asyncio.run(_create_retrieve_delete(client, f"thread/{number}")),
                range(12),
            )
        )
    assert names == [f"thread/{number}" for number in range(12)]


def test_trio(emulator: Server) -> None:
    """The async client works on trio."""

    async def main() -> None:
        async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
            assert await _create_retrieve_delete(client, "on/trio") == "on/trio"

    trio.run(main)


def test_unclosed_client_on_trio(emulator: Server) -> None:
    """An unclosed client leaves no warning behind when trio ends."""
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    trio.run(_create_retrieve_delete, client, "on/trio")
    trio.run(_create_retrieve_delete, client, "on/trio")


async def _create_retrieve_delete(client: AsyncRootSignals, name: str) -> str:
    model_id = await client.models.create(name=name)
    model = await client.models.retrieve(model_id)
    await client.models.delete(model_id)
    return model.name


async def test_async_key() -> None:
    """The async client awaits its key; the blocking client explains that it cannot."""

    async def key() -> str:
        await asyncio.sleep(0)
        return KEY

    with ScriptedServer([responds(200, MODEL)]) as server:
        async with AsyncRootSignals(key, base_url=server.url) as client:
            await client.models.retrieve("a")
        assert KEY.encode() in server.requests[0]
        with RootSignals(key, base_url=server.url) as blocking:  # type: ignore[arg-type]
            with pytest.raises(ConfigurationError, match="AsyncRootSignals"):
                blocking.models.retrieve("a")
            assert (await blocking.models.aretrieve("a")).id == "9b2f"


def test_blocking_call_in_a_running_loop(emulator: Server) -> None:
    """The blocking client works where an event loop is running, as in a notebook."""

    async def main() -> str:
        with RootSignals(emulator.api_key, base_url=emulator.url) as client:
            return client.models.create(name="a")

    assert asyncio.run(main())


def test_the_end_of_a_loop_closes_connections() -> None:
    """The end of an event loop closes the connections that were opened in it."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        client = AsyncRootSignals(KEY, base_url=server.url)

        async def main() -> int:
            await client.models.retrieve("a")
            return server.open

        assert asyncio.run(main()) == 1
        asyncio.run(wait_until(lambda: server.open == 0))


def test_old_anyio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many calls over few connections work with anyio 3.7, which httpx accepts."""
    semaphore = anyio.Semaphore

    def old_semaphore(initial_value: int, *, max_value: int | None = None) -> anyio.Semaphore:
        return semaphore(initial_value, max_value=max_value)

    monkeypatch.setattr(anyio, "Semaphore", old_semaphore)

    async def main() -> list[Model]:
        async with AsyncRootSignals(KEY, base_url=server.url, max_connections=2) as client:
            return await asyncio.gather(*(client.models.retrieve("9b2f") for _ in range(20)))

    with ScriptedServer([responds(200, MODEL)]) as server:
        assert len(asyncio.run(main())) == 20


async def test_buffered_data_does_not_block_the_loop() -> None:
    """Between two reads of data that has arrived, other tasks run."""
    stream = _AsyncioStream()
    stream.data_received(b"abc")
    turns: list[int] = []
    for turn in range(3):
        asyncio.get_running_loop().call_soon(turns.append, turn)
        assert len(await stream.read(1)) == 1
        assert len(turns) == turn + 1


def test_loops_added_while_closed_ones_are_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads may add pools while another thread discards those of closed loops."""

    class Loop:
        def is_closed(self) -> bool:
            return False

    pools = WeakKeyDictionary[object, int]()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(300):
                loop = Loop()
                pools.setdefault(loop, 1)
                discard_closed_loops(pools)
        except RuntimeError as error:
            errors.append(error)

    kept = [Loop() for _ in range(50)]
    pools.update((loop, 1) for loop in kept)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not errors


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_cut_after_the_end_of_the_loop() -> None:
    """A connection that is collected after its loop was closed is cut without a warning."""
    with EchoServer() as server:
        port = int(server.url.rpartition(":")[2])
        loop = asyncio.new_event_loop()
        stream = loop.run_until_complete(async_backend(loop).connect_tcp("127.0.0.1", port))
        loop.close()
        async_cut(stream, inherited=False)
        del stream
        gc.collect()
