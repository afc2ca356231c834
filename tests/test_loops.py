"""One client under every event loop: asyncio's, uvloop, trio and a notebook's."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import pytest

from root._network import async_backend, async_cut
from root.emulator import serve

from .echo import Echo
from .wire import Wire

KEY = "rs-0123456789-abcdefgh-wxyz"

# In programs of their own: in development mode, and each with its warnings to itself.
BEGINNING = """
import asyncio, gc, os, sys, threading, weakref
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
    """Run a program in development mode: it must end well and print nothing."""
    done = subprocess.run(
        [
            *(sys.executable, "-X", "dev", "-W", "error"),
            *("-c", BEGINNING + program, url, kind),
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    # asyncio in development mode tells of everything that takes 0.1 s, be it an import.
    said = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    assert not said, done.stderr


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def kind(request: pytest.FixtureRequest) -> str:
    """An event loop."""
    name = str(request.param)
    if name == "uvloop":
        pytest.importorskip("uvloop")
    return name


@pytest.mark.parametrize("client", ["AsyncRootSignals", "RootSignals"])
def test_one_loop_after_the_other(client: str, kind: str) -> None:
    """A client works in one loop after the other, and leaves no socket behind in any."""
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
    with Echo() as echo:
        play(program, echo.url, kind)
        assert len(echo.names) == 33
        # One for each loop.
        assert [len(connection.names) for connection in echo.connections] == [3] * 11


def test_several_loops_at_once(kind: str) -> None:
    """A client works in the loops of several threads at once."""
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
    with Echo() as echo:
        play(program, echo.url, kind)
        assert len(set(echo.names)) == 410
        # By the loop: the server may see one's connections close after the next one's open.
        for number, turn in product(range(8), range(5)):
            assert len(echo.of(f"{number}-{turn}-")) <= 3


def test_a_loop_that_ends_in_the_middle(kind: str) -> None:
    """A loop that ends with calls under way takes them and their sockets along."""
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
    with Echo(hold=5) as echo:
        play(program, echo.url, kind)


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_loop_that_is_merely_closed(kind: str) -> None:
    """A loop that is closed without an end of its async generators keeps no sockets open."""
    pytest.importorskip("uvloop")
    program = """
# That a loop was closed with connections open is what asyncio and uvloop tell of, rightly.
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
    assert len(sockets()) <= len(before), f"{len(sockets()) - len(before)} sockets are left over"
"""
    with Echo() as echo:
        play(program, echo.url, kind)


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_client_that_ends_with_its_loop(kind: str) -> None:
    """A client and a loop that are dropped together leave no socket, whatever was closed first."""
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
    with Echo() as echo:
        play(program, echo.url, kind)


def test_loops_are_let_go(kind: str) -> None:
    """A client that has seen a thousand loops does not keep what belongs to them."""
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
    with Echo() as echo:
        play(program, echo.url, kind)


def test_blocking_calls_in_a_running_loop(kind: str) -> None:
    """The blocking client works where a loop is running, beside its own twins."""
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
    with Echo() as echo:
        play(program, echo.url, kind)
        assert [connection.names for connection in echo.of("a")] == [["a", "c"]] * 2


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_close_from_another_thread(kind: str) -> None:
    """A client that is closed in a thread without a loop closes the loop's connections, too."""
    pytest.importorskip("uvloop")
    program = """
async def main():
    client = RootSignals(KEY, base_url=url)
    await client.models.aretrieve("a")
    before = sockets()
    await asyncio.to_thread(client.close)
    async with asyncio.timeout(5):
        while len(sockets()) != len(before) - 1:
            await asyncio.sleep(0.01)

run(main())
"""
    with Echo() as echo:
        play(program, echo.url, kind)


def test_a_listing_across_loops() -> None:
    """A page that was asked for ahead in a loop that ended is asked for again in the next one."""
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
        # The page that was asked for ahead ended with its loop.
        found += run(some())
    assert found == names[:20], (found, names)
"""
    play(program, "-", "asyncio")


CELLS = [
    "from root import AsyncRootSignals, RootSignals\nclient = RootSignals(KEY, base_url=URL)",
    "assert client.models.retrieve('blocking').id == 'blocking'",
    "assert (await client.models.aretrieve('twin')).id == 'twin'",
    "native = AsyncRootSignals(KEY, base_url=URL)\n(await native.models.retrieve('native')).id",
    "import asyncio\n"
    "models = await asyncio.gather(*(native.models.retrieve(str(n)) for n in range(20)))\n"
    "[model.id for model in models] == [str(n) for n in range(20)]",
    # What a notebook does to run a loop of its own.
    "import threading\n"
    "thread = threading.Thread(target=asyncio.run, args=(native.models.retrieve('thread'),))\n"
    "thread.start()\nthread.join()",
    "client.models.retrieve('blocking').id",
    "await client.aclose()\nawait native.aclose()",
]


def test_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook, where a loop runs already, blocking and async calls work cell by cell."""
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for variable in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    with Echo() as echo:
        cells = [f"KEY, URL = {KEY!r}, {echo.url!r}", *CELLS]
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
        )
        nbformat.write(notebook, tmp_path / "notebook.ipynb")
        program = (
            "import sys, nbformat, jupyter_client, nbclient\n"
            "from jupyter_client.kernelspec import KernelSpec\n"
            "notebook = nbformat.read('notebook.ipynb', 4)\n"
            "manager = jupyter_client.AsyncKernelManager()\n"
            "manager._kernel_spec = KernelSpec(argv=[sys.executable, '-X', 'dev', '-W', 'ignore',"
            " '-W', 'always::ResourceWarning', '-m', 'ipykernel_launcher', '-f',"
            " '{connection_file}'], display_name='Python', language='python')\n"
            "nbclient.NotebookClient(notebook, km=manager, timeout=20).execute()\n"
            "nbformat.write(notebook, 'notebook.ipynb')\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        until = time.monotonic() + 5
        while echo.open and time.monotonic() < until:
            time.sleep(0.01)
        assert echo.open == 0
        assert len(echo.of("blocking")) == 1
        assert set(echo.names) == {"blocking", "twin", "native", "thread", *map(str, range(20))}
    said = [
        output
        for cell in nbformat.read(tmp_path / "notebook.ipynb", 4).cells
        for output in cell.outputs
    ]
    assert [output.data["text/plain"] for output in said if "data" in output] == [
        "'native'",
        "True",
        "'blocking'",
    ]
    # What a kernel prints about itself is not ours.
    streams = "".join(output.text for output in said if output.output_type == "stream")
    for trouble in ("loop is closed", "ResourceWarning", "root/", "never"):
        assert trouble not in streams
        assert trouble not in done.stderr


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
    """A check that is cancelled is not waited for, though what it does cannot be interrupted."""
    program = """
import anyio

async def cancelled():
    async with AsyncRootSignals(KEY, base_url=url) as client:
        with anyio.move_on_after(0.2) as scope:
            await client.check(timeout=60)
        assert scope.cancelled_caught

run(cancelled())
"""
    with Wire([], takes=0) as wire:
        play(program, wire.url.replace("http:", "https:"), kind)


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_is_cut_after_the_end_of_its_loop() -> None:
    """Whoever is collected after the loop was closed lets go of its connection in silence."""
    with Echo() as echo:
        port = int(echo.url.rpartition(":")[2])
        loop = asyncio.new_event_loop()
        stream = loop.run_until_complete(async_backend(loop).connect_tcp("127.0.0.1", port))
        loop.close()
        async_cut(stream, inherited=False)
        del stream
        gc.collect()
