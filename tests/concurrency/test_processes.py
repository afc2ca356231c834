"""Clients in other processes: multiprocessing, process pools, prefork servers, pickles."""

from __future__ import annotations

import inspect
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from root import AsyncRootSignals, RootSignals
from root.emulator import Server
from tests.echo_server import EchoServer

from .helpers import HANG, KEY
from .processes import check_separate, run


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str) -> None:
    """A method of a client works as the target of a process, however that is started."""
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
    process.join(60)
    assert process.exitcode == 0
client.models.retrieve("parent")
client.close()
"""
    with EchoServer() as server:
        run(program, server.url)
        assert len(server.connections_with("child")) == 2
        check_separate(server, parents=1)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_process_pool(method: str) -> None:
    """A process pool's workers receive the client, and return models and errors."""
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
    with EchoServer() as server:
        run(program, server.url)
        assert [connection.names for connection in server.connections_with("parent")] == [
            ["parent"] * 3
        ]
        assert not any(
            "parent" in connection.names for connection in server.connections_with("child")
        )


def test_gunicorn_prefork(tmp_path: Path) -> None:
    """Gunicorn's workers do not use the connections of the client that the master created."""
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
    with EchoServer() as server:
        process = subprocess.Popen(
            [
                *(sys.executable, "-W", "error", "-m", "gunicorn", "--preload", "--workers", "2"),
                *("--config", "settings.py", "--bind", f"unix:{address}", "--log-level", "warning"),
                "service:app",
            ],
            cwd=tmp_path,
            env=os.environ | {"ROOTSIGNALS_API_KEY": KEY, "ROOTSIGNALS_API_URL": server.url},
            stderr=subprocess.PIPE,
            text=True,
        )
        workers: set[str] = set()
        try:
            until = time.monotonic() + HANG
            while not address.exists() and time.monotonic() < until:
                time.sleep(0.02)
            transport = httpx.HTTPTransport(uds=str(address), retries=3)
            with httpx.Client(transport=transport, base_url="http://service", timeout=HANG) as http:
                while len(workers) < 2 and time.monotonic() < until:
                    workers.add(http.get("/", headers={"Connection": "close"}).text)
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=HANG)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
        assert len(workers) == 2
        assert [connection.names for connection in server.connections_with("master")] == [
            ["master"] * 2
        ]
        for worker in workers:
            (connection,) = server.connections_with(worker)
            assert set(connection.names) == {worker}


@pytest.mark.parametrize("kind", [RootSignals, AsyncRootSignals])
def test_pickled_methods(kind: type[RootSignals | AsyncRootSignals]) -> None:
    """A method of a client is the same method after pickling."""
    client = kind(KEY, base_url="http://api.test")
    for name in dir(client.models):
        method = getattr(client.models, name)
        if not name.startswith("_") and inspect.ismethod(method):
            assert pickle.loads(pickle.dumps(method)).__func__ is method.__func__, name


def test_listing_in_another_process(emulator: Server) -> None:
    """Another process continues a listing where this one stopped, by its cursor."""
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
            rest = run(program, emulator.url, pager.cursor).split()
        finally:
            del os.environ["ROOTSIGNALS_API_KEY"]
    assert [model.name for model in first] + rest[:4] == [f"m{n}" for n in range(6, -1, -1)]
