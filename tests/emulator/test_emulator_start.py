"""An emulator between `start` and `stop`, without a `with` block."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from root import RootSignals
from root.emulator import Emulator, Fault, Server, serve


def is_listening(server: Server) -> bool:
    try:
        socket.create_connection((server.host, server.port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def service() -> Emulator:
    """An emulator that has not been started."""
    return serve()


def test_start_and_stop(service: Emulator) -> None:
    """It serves from `start` to `stop`, and then its thread has ended and the port is free."""
    before = threading.enumerate()

    server = service.start()
    with RootSignals(server.api_key, base_url=server.url) as client:
        client.models.create(name="a")

    assert [model.name for model in server.models] == ["a"]
    assert server.is_running
    service.stop()
    assert not server.is_running
    assert not is_listening(server)
    assert threading.enumerate() == before


def test_nothing_runs_before_the_start() -> None:
    """`serve` checks its arguments, and starts nothing."""
    before = threading.enumerate()

    service = serve()

    assert threading.enumerate() == before
    assert repr(service) == "<root.emulator.Emulator not running>"
    with pytest.raises(ValueError, match="port must be from 0"):
        serve(port=-1)
    with pytest.raises(TypeError, match="Expected a Fault"):
        serve(faults=[503])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def test_second_start(service: Emulator) -> None:
    """A second `start`, as when a cell is executed again, returns the same server."""
    server = service.start()

    assert service.start() is server
    assert repr(service) == f"<root.emulator.Emulator {server.url}>"
    service.stop()


def test_second_stop(service: Emulator) -> None:
    """`stop` may be called again, and before the start; the server has the same method."""
    service.stop()
    server = service.start()
    server.stop()
    server.stop()
    service.stop()

    assert not is_listening(server)
    with pytest.raises(ValueError, match="has stopped"):
        server.wipe()


def test_start_after_the_stop() -> None:
    """It can be started again, with the same keys and faults, and without what was created."""
    service = serve(faults=iter([Fault(status=503, path="/v1/projects/*")]))
    first = service.start()
    first.add_model(name="a")
    service.stop()

    second = service.start()

    assert second is not first
    assert second.models == ()
    assert (second.api_key, second.control_key) == (first.api_key, first.control_key)
    assert len(second.faults) == 1
    assert is_listening(second)
    service.stop()


def test_start_after_an_error(service: Emulator) -> None:
    """If it cannot start, nothing of it remains, and it can be started when it can."""
    first = service.start()
    before = threading.enumerate()
    second = serve(port=first.port)

    with pytest.raises(OSError, match="in use"):
        second.start()

    assert threading.enumerate() == before
    service.stop()
    assert is_listening(second.start())
    second.stop()


def test_block_after_the_start(service: Emulator) -> None:
    """A block uses the server that runs, and stops it at its end."""
    server = service.start()

    with service as same:
        assert same is server

    assert not server.is_running


def test_server_alone() -> None:
    """The emulator runs as long as somebody refers to its server."""
    server = serve().start()
    gc.collect()

    assert httpx.get(server.url).status_code == 200
    server.stop()


def test_starts_in_many_threads(service: Emulator) -> None:
    """Concurrent calls start it once."""
    started: list[Server] = []
    threads = [threading.Thread(target=lambda: started.append(service.start())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({server.url for server in started}) == 1
    service.stop()


def test_dropped() -> None:
    """If nothing refers to it any more, it stops, with a warning that has its URL."""
    before = set(threading.enumerate())
    server = serve().start()
    url, host, port = server.url, server.host, server.port
    (thread,) = set(threading.enumerate()) - before

    with pytest.warns(ResourceWarning, match=f"{url} was not stopped"):
        del server

    thread.join()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_end_of_the_process(host: str, tmp_path: Path) -> None:
    """At the end of the process it stops, without a warning, and its file is closed."""
    program = f"""
from root import RootSignals
from root.emulator import serve

server = serve(host={host!r}, db="models.sqlite3").start()
with RootSignals(server.api_key, base_url=server.url) as client:
    client.models.create(name="a")
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )

    assert (done.returncode, done.stderr) == (0, "")
    # SQLite removes its journal when the file is closed.
    assert [path.name for path in tmp_path.iterdir()] == ["models.sqlite3"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork(service: Emulator) -> None:
    """A forked process does not stop the emulator of its parent, whatever it calls."""
    server = service.start()
    child = os.fork()
    if child == 0:
        service.stop()
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert is_listening(server)
    service.stop()
