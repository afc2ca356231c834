"""Forks while another thread is in the middle of a call."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer, Step, responds

from .helpers import HANG
from .processes import check_separate, run


def test_fork_during_a_call() -> None:
    """A call in progress in another thread while the process forks gets its response."""
    program = """
client = RootSignals(KEY, base_url=url, max_connections=1, deadline=60)
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
    with EchoServer(delay=0.2) as server:
        run(program, server.url)
        check_separate(server, parents=1)


@pytest.mark.parametrize(
    "loaded",
    [
        *("root.models", "pydantic", "root._sync.pool", "httpcore", "email.parser"),
        *("root._async.pool", "anyio._backends._asyncio"),
    ],
)
def test_fork_during_a_first_call(loaded: str) -> None:
    """A child that is forked while another thread imports what a first call needs does not hang."""
    program = """
import logging, signal

# On a busy machine asyncio reports that a step took long, with a lock that a child may inherit.
logging.getLogger("asyncio").setLevel(logging.ERROR)

reached, proceed = threading.Event(), threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == loaded and threading.current_thread() is thread:
            reached.set()
            proceed.wait(60)

def retrieve(name):
    if "async" in loaded or "anyio" in loaded:
        return asyncio.run(client.models.aretrieve(name))
    return client.models.retrieve(name)

def call(name):
    assert retrieve(name).id == name

loaded = sys.argv[2]
client = RootSignals(KEY, base_url=url, deadline=60, max_retries=0)
thread = threading.Thread(target=call, args=("parent",))
sys.meta_path.insert(0, Slow())
thread.start()
assert reached.wait(60)

def child():
    signal.alarm(60)
    call("child")

# Otherwise the thread might end before there is a child.
sys.setswitchinterval(10)
proceed.set()
pid = fork(child)
sys.setswitchinterval(0.005)
status = os.waitpid(pid, 0)[1]
thread.join()
client.close()
assert status == 0, f"the child ended with status {status}"
"""
    with EchoServer() as server:
        run(program, server.url, loaded)
        assert sorted(server.names) == ["child", "parent"]
        check_separate(server, parents=1)


def test_fork_during_a_first_request() -> None:
    """A child that is forked while another thread builds its first headers does not hang."""
    program = """
import signal
import urllib.parse

reached, proceed = threading.Event(), threading.Event()
urlsplit = urllib.parse.urlsplit
thread = None

def slow(url):
    if threading.current_thread() is thread:
        reached.set()
        proceed.wait(60)
    return urlsplit(url)

# Patched before the modules of the client import it by name.
urllib.parse.urlsplit = slow
client = RootSignals(KEY, base_url=url, deadline=60)
client.models
thread = threading.Thread(target=client.models.retrieve, args=("parent",))
thread.start()
assert reached.wait(60)

def child():
    signal.alarm(60)
    assert client.models.retrieve("child").id == "child"

status = os.waitpid(fork(child), 0)[1]
proceed.set()
thread.join()
client.close()
assert status == 0, f"the child ended with status {status}"
"""
    with EchoServer() as server:
        run(program, server.url)
        check_separate(server, parents=1)


@pytest.mark.parametrize("change", ["", "os.getpid = lambda: 1"], ids=["its own ID", "the same ID"])
def test_fork_during_a_prefetch(change: str) -> None:
    """A child requests the page itself that its parent was prefetching when it forked."""
    program = """
import signal

client = RootSignals(KEY, base_url=url, deadline=60)
pager = client.models.list(prefetch=True)
assert next(pager).id == "a"

def child():
    signal.alarm(60)
    assert [model.id for model in pager] == ["b"]

status = os.waitpid(fork(child), 0)[1]
assert [model.id for model in pager] == ["b"]
client.close()
assert status == 0, f"the child ended with status {status}"
"""

    def choose(request: bytes) -> Step:
        if b"cursor=b" not in request:
            return responds(
                200, {"next": "/v1/models/?cursor=b", "results": [{"id": "a", "name": "a"}]}
            )
        if sum(b"cursor=b" in one for one in server.requests) > 1:
            both.set()

        def respond_when_both_have_requested(sock: socket.socket) -> bool:
            both.wait(HANG)
            return responds(200, {"next": None, "results": [{"id": "b", "name": "b"}]})(sock)

        return respond_when_both_have_requested

    both = threading.Event()
    with ScriptedServer([], choose=choose) as server:
        run(change + program, server.url)
