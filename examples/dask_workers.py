"""Send calls to the worker processes of a Dask cluster, on this machine or on many.

Run it with `pip install distributed` and `python examples/dask_workers.py`. A client is sent
along like any other value: what travels is its configuration, and each worker process makes
connections of its own. The key travels only if it came as an argument; here it comes from the
environment, so the workers find it there themselves.
"""

from __future__ import annotations

import os

from dask.distributed import Client, LocalCluster

from root import NotFoundError, RootSignals
from root.emulator import serve


def main() -> None:
    """Register models here, and retrieve them in the workers."""
    with serve() as server:
        # Workers are started with this environment.
        os.environ["ROOTSIGNALS_API_KEY"] = server.api_key
        os.environ["ROOTSIGNALS_API_URL"] = server.url
        with (
            LocalCluster(n_workers=2, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
            Client(cluster) as dask,  # type: ignore[no-untyped-call]
            RootSignals() as client,
        ):
            ids = [client.models.create(name=f"vllm/qwen3-{number}") for number in range(8)]

            for model in dask.gather(dask.map(client.models.retrieve, ids)):
                print(f"{model.name} was retrieved by a worker")

            # Errors come back as the errors they are.
            lost = dask.submit(client.models.retrieve, "no-such-model")
            try:
                lost.result()
            except NotFoundError as error:
                print(f"A worker says: {error}")

            # The async twins run in the workers' event loops.
            print(dask.submit(client.models.aretrieve, ids[0]).result().name, "came from a loop")


if __name__ == "__main__":
    main()
