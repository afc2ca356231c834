"""One client in a process of its own, which runs rounds of calls on request.

`python -m benchmarks.worker PEER URL` reads one JSON object per line from standard input and
responds to each with one line: the seconds of CPU and wall-clock time per call.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import resource
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.peers import PEERS, Peer


async def run_async(
    call: Callable[..., Awaitable[Any]], calls: int, concurrency: int, arguments: dict[str, Any]
) -> None:
    """Make a number of calls, `concurrency` of them at a time."""
    if concurrency == 1:
        for _ in range(calls):
            await call(**arguments)
        return
    for _ in range(calls // concurrency):
        await asyncio.gather(*(call(**arguments) for _ in range(concurrency)))


def bytes_per_model(peer: Peer, count: int) -> float:
    """Return how many bytes each listed model takes while all of them are kept."""
    # The first page opens the connection and fills caches.
    peer.list(limit=100)
    gc.collect()
    tracemalloc.start()
    kept = list(peer.models(limit=count))
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


def main(name_of_peer: str, url: str) -> None:
    """Run what is requested on standard input."""
    peer = PEERS[name_of_peer](url)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            request = json.loads(line)
            name, calls, arguments = request["call"], request["calls"], request["arguments"]
            if name == "bytes_per_model":
                print(json.dumps(bytes_per_model(peer, calls)), flush=True)
                continue
            call = getattr(peer, name)
            # Garbage of an earlier round is not collected in this one.
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            if inspect.iscoroutinefunction(call):
                runner.run(run_async(call, calls, request["concurrency"], arguments))
            else:
                for _ in range(calls):
                    call(**arguments)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            print(json.dumps({"cpu": cpu / calls, "wall": wall / calls}), flush=True)
        # Clients are not closed one by one: some of them would warn about it.
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
