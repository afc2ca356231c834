"""Clients in the worker processes of a Dask cluster on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server
from tests.docs.blocks import blocks
from tests.echo_server import EchoServer

from .helpers import HANG, KEY

pytest.importorskip("distributed")

pytestmark = [pytest.mark.slow, pytest.mark.dask]


EXAMPLE = Path(__file__).parents[2] / "examples" / "dask_workers.py"


# Dask starts its workers with spawn: they import the program from a file.
PROGRAM = """
import sys
from dask.distributed import Client, LocalCluster
from root import RootSignals

def name_of(client, worker_id):
    return client.models.retrieve(worker_id).name

if __name__ == "__main__":
    url, key = sys.argv[1:]
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster,
        Client(cluster) as dask,
        RootSignals(key, base_url=url, max_connections=2) as client,
    ):
        client.models.retrieve("parent")
        futures = [
            dask.submit(client.models.retrieve, f"worker{turn % 2}-{turn}", workers=[worker])
            for turn, worker in enumerate(list(dask.scheduler_info()["workers"]) * 20)
        ]
        print(*(model.name for model in dask.gather(futures)))
        # The client itself may be an argument too.
        assert dask.submit(name_of, client, "worker0-last").result() == "worker0-last"
        error = dask.submit(client.models.retrieve, "missing").exception()
        assert type(error).__name__ == "NotFoundError", error
        assert error.status_code == 404
        client.models.retrieve("parent")
"""


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=5 * HANG, check=False
    )
    assert done.returncode == 0, done.stderr
    # Dask logs the exceptions of tasks, and has warnings of its own on a busy machine.
    for line in done.stderr.splitlines():
        assert "Warning: " not in line or re.match(r"\S*/distributed/", line), done.stderr
    return done.stdout


def test_example() -> None:
    """The example retrieves models in worker processes, blocking and in their event loops."""
    lines = run(str(EXAMPLE)).splitlines()

    assert lines[:8] == [f"vllm/qwen3-{n} was retrieved by a worker" for n in range(8)]
    assert lines[8].startswith("Error from a worker: GET http://127.0.0.1:")
    assert lines[9] == "vllm/qwen3-0 came from a loop"
    assert len(lines) == 10


def test_documented_example(
    tmp_path: Path, emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example in docs/workers.md evaluates in worker processes."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    (example,) = [code for place, code in blocks("py").items() if place.startswith("workers.md:")]
    (tmp_path / "program.py").write_text(example)

    lines = run(str(tmp_path / "program.py")).splitlines()

    scores = sorted(log.score or 0.0 for log in emulator.execution_logs)
    assert sorted(float(lines[at]) for at in (0, 1, 2, 4)) == scores
    assert "returned 404" in lines[3]
    assert len(lines) == 5


def test_connections_of_workers(tmp_path: Path) -> None:
    """Each worker process has its own connections, and uses no others."""
    (tmp_path / "program.py").write_text(PROGRAM)
    with EchoServer() as server:
        names = run(str(tmp_path / "program.py"), server.url, KEY).split()
        assert names == [f"worker{turn % 2}-{turn}" for turn in range(40)]
        assert [connection.names for connection in server.connections_with("parent")] == [
            ["parent"] * 2
        ]
        for connection in server.connections:
            owners = {name.partition("-")[0] for name in connection.names} - {"missing"}
            assert len(owners - {"worker0"}) <= 1
            assert not {"worker1", "parent"} <= owners
