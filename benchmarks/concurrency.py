"""CPU time per call while 1, 10, 100 or 1,000 calls are made at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.measure import Bench, Result, Worker, compare, format_seconds, main
from benchmarks.peers import OURS

__all__ = ["measure"]


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios to each peer, and of concurrent calls to one call at a time."""
    yield from compare(
        bench,
        "async create, 100 at a time",
        "acreate",
        {"root-signals": 0.06, "openai": 0.45, "httpx": 0.40},
        url=bench.server.http,
        concurrency=100,
    )
    yield from scaling(bench)


def scaling(bench: Bench) -> Iterator[Result]:
    """Yield our CPU time per concurrent call against one call at a time, and new connections."""
    sizes = (1, 10, 100, 1000)
    cpu: dict[int, list[float]] = {size: [] for size in sizes}
    opened: dict[int, list[float]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        # A worker for each size: each has only the connections that it needs.
        workers = {
            size: stack.enter_context(Worker(bench, OURS, bench.server.http)) for size in sizes
        }
        for number in range(6 if bench.quick else 13):
            for size, worker in workers.items():
                calls = max(size, 200 if bench.quick else 1000)
                before = bench.server.connections()
                done = worker.round("acreate", calls, size)
                # The first rounds open the connections.
                if number >= 2:
                    cpu[size].append(done.cpu)
                    opened[size].append((bench.server.connections() - before) / calls)
    for size in sizes[1:]:
        yield Result(
            f"async create, {size:,} at a time",
            "one at a time",
            [many / one for many, one in zip(cpu[size], cpu[1], strict=True)],
            1.6 if size == 1000 else None,
            note=f"{format_seconds(median(cpu[size]))} / {format_seconds(median(cpu[1]))}",
        )
    for size in sizes:
        yield Result(
            f"new connections, {size:,} at a time", "after the first calls", opened[size], 0.0
        )


if __name__ == "__main__":
    main(measure, __doc__)
