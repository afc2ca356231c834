"""Make calls in the worker processes of a Dask cluster, on one machine or on many.

Run it with `pip install distributed` and `python examples/dask_workers.py`.

A client can be sent to workers like any other value. Only its configuration is pickled, and each
worker process opens its own connections. An API key that was passed as an argument is pickled too;
here the key comes from the environment, so the workers read it from theirs.
"""

from __future__ import annotations

import os

from dask.distributed import Client, LocalCluster

from root import NotFoundError, RootSignals
from root.emulator import serve


def main() -> None:
    """Register models in this process and retrieve them in the workers."""
    with serve() as server:
        # The workers inherit this environment.
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

            # An error in a worker is raised here as the same exception.
            missing = dask.submit(client.models.retrieve, "no-such-model")
            try:
                missing.result()
            except NotFoundError as error:
                print(f"Error from a worker: {error}")

            # The async twins run in the event loop of a worker.
            print(dask.submit(client.models.aretrieve, ids[0]).result().name, "came from a loop")


if __name__ == "__main__":
    main()
