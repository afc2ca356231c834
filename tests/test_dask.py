"""Clients in the worker processes of a Dask cluster on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .echo import Echo

pytest.importorskip("distributed")

EXAMPLE = Path(__file__).parent.parent / "examples" / "dask_workers.py"
KEY = "rs-0123456789-abcdefgh-wxyz"

# Dask starts its workers with spawn, so what they are to run stands in a file, under main.
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
        # The client itself may be an argument, too.
        assert dask.submit(name_of, client, "worker0-last").result() == "worker0-last"
        error = dask.submit(client.models.retrieve, "missing").exception()
        assert type(error).__name__ == "NotFoundError", error
        assert error.status_code == 404
        client.models.retrieve("parent")
"""


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    # Dask logs what a task raises; anything else would be trouble of ours.
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def test_the_example() -> None:
    """The example retrieves models in worker processes, blocking and in their loops."""
    said = run(str(EXAMPLE)).splitlines()

    assert said[:8] == [f"vllm/qwen3-{n} was retrieved by a worker" for n in range(8)]
    assert said[8].startswith("A worker says: GET http://127.0.0.1:")
    assert said[9] == "vllm/qwen3-0 came from a loop"
    assert len(said) == 10


def test_workers_have_connections_of_their_own(tmp_path: Path) -> None:
    """Each worker process takes the client along, and none uses another's connections."""
    (tmp_path / "program.py").write_text(PROGRAM)
    with Echo() as echo:
        names = run(str(tmp_path / "program.py"), echo.url, KEY).split()
        assert names == [f"worker{turn % 2}-{turn}" for turn in range(40)]
        assert [connection.names for connection in echo.of("parent")] == [["parent"] * 2]
        for connection in echo.connections:
            owners = {name.partition("-")[0] for name in connection.names} - {"missing"}
            assert len(owners - {"worker0"}) <= 1
            assert not {"worker1", "parent"} <= owners
