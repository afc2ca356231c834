"""Forks, spawned processes and prefork servers: what a child does with its parent's client."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
import trustme

from root import AsyncRootSignals, RootSignals
from root.emulator import Server

from .echo import Connection, Echo
from .wire import Step, Wire, says

KEY = "rs-0123456789-abcdefgh-wxyz"

# Forks are made in programs of their own: this process has threads, and Python 3.12 warns of that.
BEGINNING = """
import asyncio, gc, os, sys, threading
from root import AsyncRootSignals, RootSignals

def sockets():
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            pass  # the descriptor of the folder itself
    return {name for name in found if name.startswith("socket:")}

def fork(child):
    pid = os.fork()
    if not pid:
        status = 1
        try:
            child()
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            if status or ending != "sys.exit":
                if status:
                    import traceback
                    traceback.print_exc()
                os._exit(status)
        sys.exit(0)
    return pid

url, ending = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "os._exit")
KEY = "rs-0123456789-abcdefgh-wxyz"
"""

BLOCKING = """
client = RootSignals(KEY, base_url=url)
client.models.retrieve("parent")
inherited = sockets()

def child():
    global client
    if ending != "unused":
        for _ in range(2):
            assert client.models.retrieve("child").id == "child"
        assert len(sockets() - inherited) == 1, sockets()
    if ending == "close":
        client.close()
    del client
    if ending == "drop":
        gc.collect()

pid = fork(child)
assert os.waitpid(pid, 0)[1] == 0
assert client.models.retrieve("parent").id == "parent"
assert sockets() == inherited
client.close()
"""

# The child leaves the loop of its parent alone and runs one of its own, as multiprocessing does.
RUNNING = """
client = AsyncRootSignals(KEY, base_url=url)

async def main():
    await asyncio.gather(*(client.models.retrieve("parent") for _ in range(3)))
    inherited = sockets()

    def child():
        global client

        async def own():
            for _ in range(2):
                assert (await client.models.retrieve("child")).id == "child"
            assert sockets() - inherited
            if ending == "close":
                await client.aclose()

        if ending != "unused":
            asyncio.run(own())
        if ending == "drop":
            # Python tells of the parent's transports, which the child did not open.
            import warnings
            warnings.simplefilter("ignore", ResourceWarning)
            del client
            gc.collect()

    pid = fork(child)
    while not os.waitpid(pid, os.WNOHANG)[0]:
        await asyncio.sleep(0.005)
    async with asyncio.timeout(5):
        await asyncio.gather(*(client.models.retrieve("parent") for _ in range(3)))
    assert sockets() == inherited
    await client.aclose()
"""


def run(program: str, *arguments: str) -> str:
    """Run a program in development mode, warnings being errors, and return what it prints."""
    done = subprocess.run(
        [
            *(sys.executable, "-X", "dev", "-W", "error"),
            # What the fork of a process with threads is told is what such a test is about.
            *("-W", "ignore:This process:DeprecationWarning"),
            *("-c", BEGINNING + program, *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    # asyncio in development mode tells of everything that takes 0.1 s, be it an import.
    said = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    assert not said, done.stderr
    return done.stdout


def check_separate(echo: Echo, parents: int) -> None:
    """Parent and child spoke on connections of their own, and nothing else was said on them."""
    assert len(echo.of("parent")) == parents
    for connection in echo.of("parent"):
        assert set(connection.names) == {"parent"}
    for connection in echo.of("child"):
        assert set(connection.names) == {"child"}
    assert all(connection.stray == b"" for connection in echo.connections)


@pytest.fixture
def tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS settings, which the clients of this process and its children trust."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return context


ENDINGS = ["os._exit", "sys.exit", "close", "drop", "unused"]
# A child that leaves a running loop by an exception has asyncio itself close what is the parent's.
ENDINGS_IN_A_LOOP = ["os._exit", "close", "drop", "unused"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_os_fork(ending: str) -> None:
    """However a forked child ends, its parent's connection has heard nothing and goes on."""
    with Echo() as echo:
        run(BLOCKING, echo.url, ending)
        assert [connection.names for connection in echo.of("parent")] == [["parent"] * 2]
        assert len(echo.of("child")) == (ending != "unused")
        check_separate(echo, parents=1)


@pytest.mark.parametrize(
    "alike",
    [
        "os.getpid = lambda: 1",
        "import ctypes; os.fork = ctypes.PyDLL(None).fork",
    ],
    ids=["the same id", "a fork that Python does not know of"],
)
def test_a_child_that_looks_like_its_parent(alike: str) -> None:
    """A child is told from its parent even if its id is the same, or no hook of Python's is run."""
    with Echo() as echo:
        run(alike + BLOCKING, echo.url)
        assert [connection.names for connection in echo.of("parent")] == [["parent"] * 2]
        check_separate(echo, parents=1)


@pytest.mark.parametrize("ending", ENDINGS)
def test_os_fork_over_tls(ending: str, tls: ssl.SSLContext) -> None:
    """A forked child does not say goodbye on its parent's TLS connection."""
    with Echo(tls=tls) as echo:
        run(BLOCKING, echo.url, ending)
        assert [connection.names for connection in echo.of("parent")] == [["parent"] * 2]
        check_separate(echo, parents=1)


@pytest.mark.parametrize("ending", ENDINGS_IN_A_LOOP)
def test_fork_in_a_running_loop(ending: str) -> None:
    """A child that is forked in a running loop leaves the loop's connections alone."""
    with Echo() as echo:
        run(RUNNING + "\nasyncio.run(main())", echo.url, ending)
        check_separate(echo, parents=3)
        assert sorted(len(connection.names) for connection in echo.of("parent")) == [2, 2, 2]


def test_a_child_that_leaves_a_running_loop() -> None:
    """A child that ends its parent's loop does not keep the parent from hearing of its sockets."""
    program = """
import warnings

async def main():
    async with AsyncRootSignals(KEY, base_url=url, timeout=5, max_retries=0) as client:
        await client.models.retrieve("parent")
        pid = os.fork()
        if not pid:
            # Python tells of the parent's transports, which the child did not open.
            warnings.simplefilter("ignore", ResourceWarning)
            sys.exit()
        assert os.waitpid(pid, 0)[1] == 0
        await client.models.retrieve("parent")

asyncio.run(main())
"""
    with Echo() as echo:
        run(program, echo.url)
        assert [connection.names for connection in echo.connections] == [["parent"] * 2]


@pytest.mark.parametrize("ending", ENDINGS_IN_A_LOOP)
def test_fork_in_uvloop(ending: str) -> None:
    """A child that is forked in a running uvloop leaves the loop's connections alone."""
    pytest.importorskip("uvloop")
    with Echo() as echo:
        run(RUNNING + "\nimport uvloop; uvloop.run(main())", echo.url, ending)
        check_separate(echo, parents=3)
        assert sorted(len(connection.names) for connection in echo.of("parent")) == [2, 2, 2]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str) -> None:
    """A client works as the target of a process, however that is started."""
    program = f"""
import multiprocessing

client = RootSignals(KEY, base_url=url)
client.models.retrieve("parent")
processes = [
    multiprocessing.get_context({method!r}).Process(
        target=client.models.retrieve, args=("child",)
    )
    for _ in range(2)
]
for process in processes:
    process.start()
for process in processes:
    process.join(20)
    assert process.exitcode == 0
client.models.retrieve("parent")
client.close()
"""
    with Echo() as echo:
        run(program, echo.url)
        assert len(echo.of("child")) == 2
        check_separate(echo, parents=1)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_process_pool(method: str) -> None:
    """The workers of a process pool take the client along, and send models and errors back."""
    program = f"""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from root import NotFoundError

client = RootSignals(KEY, base_url=url)
client.models.retrieve("parent")
with ProcessPoolExecutor(2, multiprocessing.get_context({method!r})) as pool:
    models = list(pool.map(client.models.retrieve, ["child"] * 10))
    assert [model.id for model in models] == ["child"] * 10
    assert all(model.meta.status_code == 200 for model in models)
    error = pool.submit(client.models.retrieve, "missing").exception()
    assert isinstance(error, NotFoundError), error
    assert error.status_code == 404
    client.models.retrieve("parent")
client.models.retrieve("parent")
client.close()
"""
    with Echo() as echo:
        run(program, echo.url)
        assert [connection.names for connection in echo.of("parent")] == [["parent"] * 3]
        assert not any("parent" in connection.names for connection in echo.of("child"))


def test_gunicorn_prefork(tmp_path: Path) -> None:
    """Gunicorn's workers do not use the connections of the client that its master loaded."""
    pytest.importorskip("gunicorn")
    (tmp_path / "service.py").write_text(
        "import os\n"
        "from root import RootSignals\n"
        "client = RootSignals()\n"
        "client.models.retrieve('master')\n"
        "def app(environ, start_response):\n"
        "    name = f'worker-{os.getpid()}'\n"
        "    client.models.retrieve(name)\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [name.encode()]\n"
        "def on_exit(server):\n"
        "    client.models.retrieve('master')\n"
    )
    (tmp_path / "settings.py").write_text("from service import on_exit\n")
    address = tmp_path / "gunicorn.sock"
    with Echo() as echo:
        process = subprocess.Popen(
            [
                *(sys.executable, "-W", "error", "-m", "gunicorn", "--preload", "--workers", "2"),
                *("--config", "settings.py", "--bind", f"unix:{address}", "--log-level", "warning"),
                "service:app",
            ],
            cwd=tmp_path,
            env=os.environ | {"ROOTSIGNALS_API_KEY": KEY, "ROOTSIGNALS_API_URL": echo.url},
            stderr=subprocess.PIPE,
            text=True,
        )
        workers: set[str] = set()
        try:
            until = time.monotonic() + 15
            while not address.exists() and time.monotonic() < until:
                time.sleep(0.02)
            transport = httpx.HTTPTransport(uds=str(address), retries=3)
            with httpx.Client(transport=transport, base_url="http://service", timeout=5) as http:
                while len(workers) < 2 and time.monotonic() < until:
                    workers.add(http.get("/", headers={"Connection": "close"}).text)
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=15)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
        assert len(workers) == 2
        assert [connection.names for connection in echo.of("master")] == [["master"] * 2]
        for worker in workers:
            (connection,) = echo.of(worker)
            assert set(connection.names) == {worker}


def test_threads_in_a_child() -> None:
    """Threads that begin together in a forked child share one pool of connections."""
    program = """
client = RootSignals(KEY, base_url=url, max_connections=4)
client.models.retrieve("parent")

def child():
    sys.setswitchinterval(1e-6)
    start = threading.Barrier(32)

    def work():
        start.wait()
        client.models.retrieve("child")

    threads = [threading.Thread(target=work) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

for _ in range(10):
    assert os.waitpid(fork(child), 0)[1] == 0
client.close()
"""
    with Echo(hold=0.005) as echo:
        run(program, echo.url)
        assert echo.names.count("child") == 320
        # 4 for each child, and its parent's.
        assert len(echo.connections) <= 41
        check_separate(echo, parents=1)


def test_fork_beside_a_call() -> None:
    """A call that is under way in another thread while the process forks gets its answer."""
    program = """
client = RootSignals(KEY, base_url=url, max_connections=1, deadline=10)
results = []
thread = threading.Thread(target=lambda: results.append(client.models.retrieve("parent").id))
thread.start()
while not any(name for name in sockets()):
    pass

def child():
    assert client.models.retrieve("child").id == "child"

assert os.waitpid(fork(child), 0)[1] == 0
thread.join()
assert results == ["parent"]
client.models.retrieve("parent")
client.close()
"""
    with Echo(hold=0.2) as echo:
        run(program, echo.url)
        check_separate(echo, parents=1)


@pytest.mark.parametrize(
    "loaded",
    [
        *("root.models", "pydantic", "root._sync.pool", "httpcore", "email.parser"),
        *("root._async.pool", "anyio._backends._asyncio"),
    ],
)
def test_fork_beside_a_first_call(loaded: str) -> None:
    """A child that is forked while another thread loads what its first call takes does not hang."""
    program = """
import signal

reached, go_on = threading.Event(), threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == loaded and threading.current_thread() is thread:
            reached.set()
            go_on.wait(10)

def retrieve(name):
    if "async" in loaded or "anyio" in loaded:
        return asyncio.run(client.models.aretrieve(name))
    return client.models.retrieve(name)

def call(name):
    assert retrieve(name).id == name

loaded = sys.argv[2]
client = RootSignals(KEY, base_url=url, deadline=10, max_retries=0)
thread = threading.Thread(target=call, args=("parent",))
sys.meta_path.insert(0, Slow())
thread.start()
assert reached.wait(10)

def child():
    signal.alarm(10)
    call("child")

# Or the thread might have come to its end before there is a child.
sys.setswitchinterval(10)
go_on.set()
pid = fork(child)
sys.setswitchinterval(0.005)
status = os.waitpid(pid, 0)[1]
thread.join()
client.close()
assert status == 0, f"the child ended with status {status}"
"""
    with Echo() as echo:
        run(program, echo.url, loaded)
        assert sorted(echo.names) == ["child", "parent"]
        check_separate(echo, parents=1)


def test_fork_beside_a_first_request() -> None:
    """A child that is forked while another thread puts its first headers together does not hang."""
    program = """
import signal
import urllib.parse

reached, go_on = threading.Event(), threading.Event()
urlsplit = urllib.parse.urlsplit
thread = None

def slow(url):
    if threading.current_thread() is thread:
        reached.set()
        go_on.wait(10)
    return urlsplit(url)

# Made before the client's modules are loaded, which take it by its name.
urllib.parse.urlsplit = slow
client = RootSignals(KEY, base_url=url, deadline=10)
client.models
thread = threading.Thread(target=client.models.retrieve, args=("parent",))
thread.start()
assert reached.wait(10)

def child():
    signal.alarm(5)
    assert client.models.retrieve("child").id == "child"

status = os.waitpid(fork(child), 0)[1]
go_on.set()
thread.join()
client.close()
assert status == 0, f"the child ended with status {status}"
"""
    with Echo() as echo:
        run(program, echo.url)
        check_separate(echo, parents=1)


def test_a_child_of_a_child() -> None:
    """A client goes on working down a line of forks, each process with its own connection."""
    program = """
client = RootSignals(KEY, base_url=url)

def generation(number):
    client.models.retrieve(f"generation-{number}")
    if number < 3:
        assert os.waitpid(fork(lambda: generation(number + 1)), 0)[1] == 0
    client.models.retrieve(f"generation-{number}")

generation(0)
client.close()
"""
    with Echo() as echo:
        run(program, echo.url)
        assert sorted(connection.names for connection in echo.connections) == [
            [f"generation-{number}"] * 2 for number in range(4)
        ]


@pytest.mark.parametrize("kind", [RootSignals, AsyncRootSignals])
def test_pickled_methods(kind: type[RootSignals | AsyncRootSignals]) -> None:
    """A method of a client comes out of a pickle as the method it was."""
    client = kind(KEY, base_url="http://api.test")
    for name in dir(client.models):
        method = getattr(client.models, name)
        if not name.startswith("_") and callable(method):
            assert pickle.loads(pickle.dumps(method)).__func__ is method.__func__, name


def test_a_listing_goes_on_in_another_process(emulator: Server) -> None:
    """Another process goes on listing where this one stopped, by the cursor."""
    key = emulator.add_key()
    program = """
client = RootSignals(base_url=url)
print(*(model.name for model in client.models.list(limit=None, cursor=ending, page_size=2)))
client.close()
"""
    with RootSignals(key, base_url=emulator.url) as client:
        for number in range(7):
            client.models.create(name=f"m{number}")
        pager = client.models.list(limit=None, page_size=3, ordering="-created_at")
        first = next(iter(pager.pages()))
        assert pager.cursor is not None
        os.environ["ROOTSIGNALS_API_KEY"] = key
        try:
            others = run(program, emulator.url, pager.cursor).split()
        finally:
            del os.environ["ROOTSIGNALS_API_KEY"]
    assert [model.name for model in first] + others[:4] == [f"m{n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize("alike", ["", "os.getpid = lambda: 1"], ids=["its own id", "the same id"])
def test_fork_with_a_page_ahead(alike: str) -> None:
    """A child asks for the page itself that its parent was fetching ahead when it forked."""
    program = """
import signal

client = RootSignals(KEY, base_url=url, deadline=10)
pager = client.models.list(prefetch=True)
assert next(pager).id == "a"

def child():
    signal.alarm(5)
    assert [model.id for model in pager] == ["b"]

status = os.waitpid(fork(child), 0)[1]
assert [model.id for model in pager] == ["b"]
client.close()
assert status == 0, f"the child ended with status {status}"
"""

    def choose(request: bytes) -> Step:
        if b"cursor=b" not in request:
            return says(
                200, {"next": "/v1/models/?cursor=b", "results": [{"id": "a", "name": "a"}]}
            )
        if sum(b"cursor=b" in one for one in wire.requests) > 1:
            came.set()

        def once_both_have_asked(sock: socket.socket) -> bool:
            came.wait(10)
            return says(200, {"next": None, "results": [{"id": "b", "name": "b"}]})(sock)

        return once_both_have_asked

    came = threading.Event()
    with Wire([], choose=choose) as wire:
        run(alike + program, wire.url)


def test_the_check_itself() -> None:
    """A byte that a child writes to its parent's socket would be noticed."""
    program = """
client = RootSignals(KEY, base_url=url)
client.models.retrieve("parent")

def child():
    for number in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
                os.write(int(number), b"x")
        except FileNotFoundError:
            pass

assert os.waitpid(fork(child), 0)[1] == 0
client.close()
"""
    with Echo() as echo:
        run(program, echo.url)
        until = time.monotonic() + 5
        while echo.open and time.monotonic() < until:
            time.sleep(0.005)
        assert echo.connections == [Connection(["parent"], b"x", "closed")]
