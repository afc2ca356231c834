"""A client in a forked child of the process that created it."""

from __future__ import annotations

import multiprocessing
import ssl
from pathlib import Path

import pytest
import trustme

from root import RootSignals
from tests.echo_server import Connection, EchoServer
from tests.scripted_server import ScriptedServer, responds

from .helpers import HANG, KEY, MODEL, wait_until_blocking
from .processes import check_separate, run

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


# The child does not touch its parent's loop and runs one of its own, as multiprocessing does.
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
            # Python reports the parent's transports, which the child did not open.
            import warnings
            warnings.simplefilter("ignore", ResourceWarning)
            del client
            gc.collect()

    pid = fork(child)
    while not os.waitpid(pid, os.WNOHANG)[0]:
        await asyncio.sleep(0.005)
    async with asyncio.timeout(60):
        await asyncio.gather(*(client.models.retrieve("parent") for _ in range(3)))
    assert sockets() == inherited
    await client.aclose()
"""


@pytest.fixture
def tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """TLS settings of a server that the clients of this process and its children trust."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return context


ENDINGS = ["os._exit", "sys.exit", "close", "drop", "unused"]


# If a child leaves a running loop by an exception, asyncio itself closes what is its parent's.
ENDINGS_IN_A_LOOP = ["os._exit", "close", "drop", "unused"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_os_fork(ending: str) -> None:
    """However a forked child ends, its parent's connection is untouched and stays in use."""
    with EchoServer() as server:
        run(BLOCKING, server.url, ending)
        assert [connection.names for connection in server.connections_with("parent")] == [
            ["parent"] * 2
        ]
        assert len(server.connections_with("child")) == (ending != "unused")
        check_separate(server, parents=1)


@pytest.mark.parametrize(
    "change",
    [
        "os.getpid = lambda: 1",
        "import ctypes; os.fork = ctypes.PyDLL(None).fork",
    ],
    ids=["the same ID", "a fork without hooks"],
)
def test_undetected_fork(change: str) -> None:
    """A child is recognized even if its process ID is the same, or no fork hook runs."""
    with EchoServer() as server:
        run(change + BLOCKING, server.url)
        assert [connection.names for connection in server.connections_with("parent")] == [
            ["parent"] * 2
        ]
        check_separate(server, parents=1)


@pytest.mark.parametrize("ending", ENDINGS)
def test_os_fork_over_tls(ending: str, tls: ssl.SSLContext) -> None:
    """A forked child does not close the TLS session of its parent's connection."""
    with EchoServer(tls=tls) as server:
        run(BLOCKING, server.url, ending)
        assert [connection.names for connection in server.connections_with("parent")] == [
            ["parent"] * 2
        ]
        check_separate(server, parents=1)


@pytest.mark.parametrize("ending", ENDINGS_IN_A_LOOP)
def test_fork_in_a_running_loop(ending: str) -> None:
    """A child that is forked in a running loop does not touch the loop's connections."""
    with EchoServer() as server:
        run(RUNNING + "\nasyncio.run(main())", server.url, ending)
        check_separate(server, parents=3)
        assert sorted(
            len(connection.names) for connection in server.connections_with("parent")
        ) == [2, 2, 2]


def test_child_that_leaves_a_running_loop() -> None:
    """A child that ends its copy of the parent's loop does not affect the parent's sockets."""
    program = """
import warnings

# In a callback: on Python 3.14, the child would not leave a task, nor `asyncio.run`.
def fork_in_callback(forked):
    pid = os.fork()
    if not pid:
        # Python reports the parent's transports, which the child did not open.
        warnings.simplefilter("ignore", ResourceWarning)
        sys.exit()
    forked.set_result(pid)

async def main():
    async with AsyncRootSignals(KEY, base_url=url, timeout=60, max_retries=0) as client:
        await client.models.retrieve("parent")
        forked = loop.create_future()
        loop.call_soon(fork_in_callback, forked)
        assert os.waitpid(await forked, 0)[1] == 0
        await client.models.retrieve("parent")

loop = asyncio.new_event_loop()
try:
    loop.run_until_complete(main())
finally:
    loop.close()
"""
    with EchoServer() as server:
        run(program, server.url)
        assert [connection.names for connection in server.connections] == [["parent"] * 2]


@pytest.mark.parametrize("ending", ENDINGS_IN_A_LOOP)
def test_fork_in_uvloop(ending: str) -> None:
    """A child that is forked in a running uvloop does not touch the loop's connections."""
    pytest.importorskip("uvloop")
    with EchoServer() as server:
        run(RUNNING + "\nimport uvloop; uvloop.run(main())", server.url, ending)
        check_separate(server, parents=3)
        assert sorted(
            len(connection.names) for connection in server.connections_with("parent")
        ) == [2, 2, 2]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_connections_of_a_forked_child() -> None:
    """A forked child opens its own connection, and the parent keeps using its own."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        with RootSignals(KEY, base_url=server.url) as client:
            client.models.retrieve("a")
            child = multiprocessing.get_context("fork").Process(
                target=client.models.retrieve, args=("b",)
            )
            child.start()
            child.join(HANG)
            client.models.retrieve("c")
        assert child.exitcode == 0
        assert server.connections == 2
        assert [request.split()[1] for request in server.requests] == [
            b"/v1/models/a/",
            b"/v1/models/b/",
            b"/v1/models/c/",
        ]


def test_threads_in_a_child() -> None:
    """Threads that start at the same time in a forked child share one pool."""
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
    with EchoServer(delay=0.005) as server:
        run(program, server.url)
        assert server.names.count("child") == 320
        # 4 for each child, and the parent's.
        assert len(server.connections) <= 41
        check_separate(server, parents=1)


def test_child_of_a_child() -> None:
    """A client works in each process of a chain of forks, each with its own connection."""
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
    with EchoServer() as server:
        run(program, server.url)
        assert sorted(connection.names for connection in server.connections) == [
            [f"generation-{number}"] * 2 for number in range(4)
        ]


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
    with EchoServer() as server:
        run(program, server.url)
        wait_until_blocking(lambda: server.open == 0)
        assert server.connections == [Connection(["parent"], b"x", "closed")]
