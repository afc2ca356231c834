"""Programs with one client under every event loop, run in development mode."""

from __future__ import annotations

from itertools import product

import pytest

from root.emulator import serve
from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer

from .helpers import KEY, run_program

# In programs of their own: in development mode, and each with its own warnings.
PREAMBLE = """
import asyncio
import gc
import os
import sys
import threading
import weakref
from root import AsyncRootSignals, RootSignals

url, kind = sys.argv[1:]
KEY = "rs-0123456789-abcdefgh-wxyz"

if kind == "uvloop":
    import uvloop
    run, new_loop = uvloop.run, uvloop.new_event_loop
elif kind == "trio":
    import trio
    def run(main):
        return trio.run(lambda: main)
else:
    run, new_loop = asyncio.run, asyncio.new_event_loop

def sockets():
    gc.collect()
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            pass  # the descriptor of the folder itself
    return {name for name in found if name.startswith("socket:")}
"""


def play(program: str, url: str, kind: str) -> None:
    """Run a program under an event loop."""
    run_program(PREAMBLE + program, url, kind)


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def kind(request: pytest.FixtureRequest) -> str:
    """An event loop."""
    name = str(request.param)
    if name == "uvloop":
        pytest.importorskip("uvloop")
    return name


@pytest.mark.parametrize("client", ["AsyncRootSignals", "RootSignals"])
def test_consecutive_loops(client: str, kind: str) -> None:
    """A client works in one loop after another, and leaves no socket behind in any."""
    program = f"""
client = {client}(KEY, base_url=url)
retrieve = getattr(client.models, "aretrieve", client.models.retrieve)

async def several(number):
    for call in range(3):
        assert (await retrieve(f"{{number}}-{{call}}")).id == f"{{number}}-{{call}}"

run(several("warm"))
before = sockets()
for number in range(10):
    run(several(number))
    assert sockets() == before, number
"""
    with EchoServer() as server:
        play(program, server.url, kind)
        assert len(server.names) == 33
        # One connection for each loop.
        assert [len(connection.names) for connection in server.connections] == [3] * 11


def test_concurrent_loops(kind: str) -> None:
    """A client works in the loops of several threads at the same time."""
    program = """
client = AsyncRootSignals(KEY, base_url=url, max_connections=3)

async def several(number):
    if kind == "trio":
        async with trio.open_nursery() as nursery:
            for call in range(10):
                nursery.start_soon(client.models.retrieve, f"{number}-{call}")
        return
    names = [f"{number}-{call}" for call in range(10)]
    models = await asyncio.gather(*map(client.models.retrieve, names))
    assert [model.id for model in models] == names

run(several("warm"))
before = sockets()
failures = []

def work(number):
    try:
        for turn in range(5):
            run(several(f"{number}-{turn}"))
    except BaseException as error:
        failures.append(error)

threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
assert sockets() == before
"""
    with EchoServer() as server:
        play(program, server.url, kind)
        assert len(set(server.names)) == 410
        # By loop: the server may notice late that the connections of the one before were closed.
        for number, turn in product(range(8), range(5)):
            assert len(server.connections_with(f"{number}-{turn}-")) <= 3


def test_loop_that_ends_during_calls(kind: str) -> None:
    """A loop that ends with calls in progress ends them and closes their sockets."""
    program = """
client = AsyncRootSignals(KEY, base_url=url)

async def broken():
    if kind == "trio":
        with trio.move_on_after(0.05):
            async with trio.open_nursery() as nursery:
                for call in range(5):
                    nursery.start_soon(client.models.retrieve, "a")
    else:
        tasks = [asyncio.ensure_future(client.models.retrieve("a")) for call in range(5)]
        await asyncio.sleep(0.05)

run(broken())
before = sockets()
for _ in range(3):
    run(broken())
    assert sockets() == before
"""
    with EchoServer(delay=5) as server:
        play(program, server.url, kind)


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_loop_closed_without_shutdown(kind: str) -> None:
    """A loop that is closed without shutting down its async generators keeps no socket open."""
    pytest.importorskip("uvloop")
    program = """
# asyncio and uvloop rightly report that a loop was closed with open connections.
import warnings
warnings.simplefilter("ignore", ResourceWarning)
client = AsyncRootSignals(KEY, base_url=url)

def once():
    loop = new_loop()
    loop.run_until_complete(client.models.retrieve("a"))
    loop.close()

once()
before = sockets()
for number in range(10):
    once()
    assert len(sockets()) <= len(before), f"{len(sockets()) - len(before)} sockets are left"
"""
    with EchoServer() as server:
        play(program, server.url, kind)


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_client_dropped_with_its_loop(kind: str) -> None:
    """A client that is dropped together with its loop leaves no socket behind."""
    pytest.importorskip("uvloop")
    program = """
def once(closed):
    loop = new_loop()
    client = AsyncRootSignals(KEY, base_url=url)
    loop.run_until_complete(client.models.retrieve("a"))
    if closed:
        loop.run_until_complete(client.aclose())
    else:
        loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()

once(True)
before = sockets()
for closed in (True, False, True):
    once(closed)
    assert sockets() == before
"""
    with EchoServer() as server:
        play(program, server.url, kind)


def test_loops_are_released(kind: str) -> None:
    """A client keeps no reference to loops that have ended."""
    if kind == "trio":
        pytest.skip("trio's tokens cannot be watched")
    program = """
client = AsyncRootSignals(KEY, base_url=url)
loops = []

async def main():
    loops.append(weakref.ref(asyncio.get_running_loop()))
    await client.models.retrieve("a")

for _ in range(10):
    run(main())
gc.collect()
left = [loop() for loop in loops if loop() is not None]
assert len(left) <= 1, f"{len(left)} of 10 loops are kept"
"""
    with EchoServer() as server:
        play(program, server.url, kind)


def test_blocking_calls_in_a_running_loop(kind: str) -> None:
    """The blocking client works where a loop is running, beside its async methods."""
    program = """
async def main():
    with RootSignals(KEY, base_url=url) as client:
        assert client.models.retrieve("a").id == "a"
        assert (await client.models.aretrieve("b")).id == "b"
        assert client.models.retrieve("c").id == "c"

run(main())
before = sockets()
run(main())
assert sockets() == before
"""
    with EchoServer() as server:
        play(program, server.url, kind)
        assert [connection.names for connection in server.connections_with("a")] == [["a", "c"]] * 2


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_close_in_another_thread(kind: str) -> None:
    """Closing a client in a thread without a loop closes the connections of its loops too."""
    pytest.importorskip("uvloop")
    program = """
async def main():
    client = RootSignals(KEY, base_url=url)
    await client.models.aretrieve("a")
    before = sockets()
    await asyncio.to_thread(client.close)
    async with asyncio.timeout(60):
        while len(sockets()) != len(before) - 1:
            await asyncio.sleep(0.01)

run(main())
"""
    with EchoServer() as server:
        play(program, server.url, kind)


def test_listing_across_loops() -> None:
    """A page that was prefetched in a loop that ended is requested again in the next loop."""
    program = """
from root.emulator import serve

with serve(page_size_cap=10) as server:
    client = AsyncRootSignals(server.api_key, base_url=server.url)
    pager = client.models.list(limit=50, page_size=10, prefetch=True)

    async def some():
        return [(await anext(pager)).name for _ in range(10)]

    async def all():
        return [model.name async for model in client.models.list(limit=50)]

    names = run(all())
    found = run(some())
    try:
        found += run(some())
    except asyncio.CancelledError:
        # The request ahead of time ended with its loop.
        found += run(some())
    assert found == names[:20], (found, names)
"""
    play(program, "-", "asyncio")


def test_checks(kind: str) -> None:
    """A check works in every loop, and leaves no socket and no warning behind."""
    program = """
client = RootSignals(KEY, base_url=url)

async def checked():
    await client.acheck()
    before = sockets()
    report = await client.acheck()
    assert report.ok, report
    assert sockets() == before

run(checked())
"""
    with serve(api_key=KEY) as server:
        play(program, server.url, kind)


def test_cancelled_checks(kind: str) -> None:
    """A check that is cancelled ends, although its thread cannot be interrupted."""
    program = """
import anyio

async def cancelled():
    async with AsyncRootSignals(KEY, base_url=url) as client:
        with anyio.move_on_after(0.2) as scope:
            await client.check(timeout=600)
        assert scope.cancelled_caught

run(cancelled())
"""
    with ScriptedServer([], read_size=0) as server:
        play(program, server.url.replace("http:", "https:"), kind)
