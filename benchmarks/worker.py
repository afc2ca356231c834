"""One client in a process of its own, which does rounds of calls when it is told to.

`python -m benchmarks.worker PEER URL [LOOP]` reads orders from standard input, a JSON object a
line, and answers each with one: the seconds of CPU and by the clock that the calls took.
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

from benchmarks.peers import PEERS


def blocking_calls(name: str, one: Callable[..., Any], calls: int, given: dict[str, Any]) -> None:
    """Make so many calls, one after the other, and go through what they list."""
    for _ in range(calls):
        result = one(**given)
        if name == "list":
            count = sum(1 for _ in result)
            assert count == given["limit"], count


async def async_calls(
    one: Callable[..., Awaitable[Any]], calls: int, at_once: int, given: dict[str, Any]
) -> None:
    """Make so many calls, always so many of them at once."""
    if at_once == 1:
        for _ in range(calls):
            await one(**given)
        return
    for _ in range(calls // at_once):
        await asyncio.gather(*(one(**given) for _ in range(at_once)))


def bytes_kept(list_models: Callable[..., Any], models: int) -> float:
    """Return how many bytes each of so many listed models takes while it is kept."""
    for _ in list_models(limit=100):
        # The first page makes the connection and all that is made once.
        pass
    gc.collect()
    tracemalloc.start()
    kept = list(list_models(limit=models))
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return an event loop: asyncio's or uvloop's."""
    if name == "uvloop":
        import uvloop  # type: ignore[import-not-found,unused-ignore]  # in an environment only

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
    return asyncio.new_event_loop()


def main() -> None:
    """Do what is ordered."""
    peer: Any = PEERS[sys.argv[1]](sys.argv[2])
    loop_name = sys.argv[3] if len(sys.argv) > 3 else "asyncio"
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with asyncio.Runner(loop_factory=lambda: new_loop(loop_name)) as runner:
        for line in sys.stdin:
            order = json.loads(line)
            if order["call"] == "bytes_kept":
                print(json.dumps(bytes_kept(peer.list, order["calls"])), flush=True)
                continue
            one, calls, given = getattr(peer, order["call"]), order["calls"], order["given"]
            # What an earlier round left behind is not for this one to clear away.
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            if inspect.iscoroutinefunction(one):
                runner.run(async_calls(one, calls, order["at_once"], given))
            else:
                blocking_calls(order["call"], one, calls, given)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            print(json.dumps({"cpu": cpu / calls, "wall": wall / calls}), flush=True)
        # The clients are not closed one by one: some of the peers would complain of it.
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
