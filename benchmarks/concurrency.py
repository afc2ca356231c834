"""What does a call cost when 1, 10, 100 or 1,000 are on their way at once?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.measure import Bench, Result, Worker, compare, main, spoken
from benchmarks.peers import OURS

__all__ = ["measure"]


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios to each peer, and of many at once to one at a time."""
    url = bench.server.http
    for at_once in (10, 100):
        targets: dict[str, float | None] = {
            "root-signals": 0.06,
            "openai": 0.45,
            "httpx": 0.40,
            "httpx + sniffio": 0.40,
        }
        yield from compare(
            bench,
            f"async create, {at_once} at once",
            "acreate",
            targets if at_once == 100 else dict.fromkeys(targets),
            url=url,
            at_once=at_once,
        )
    yield from crowded(bench, url)


def crowded(bench: Bench, url: str) -> Iterator[Result]:
    """Yield our CPU per call with many at once against one at a time, and new connections."""
    sizes = (1, 10, 100, 1000)
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    made: dict[int, list[float]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        # One for each size: connections that others need are none of its own.
        workers = {size: stack.enter_context(Worker(bench, OURS, url)) for size in sizes}
        for number in range(6 if bench.quick else 13):
            for size, worker in workers.items():
                calls = max(size, 200 if bench.quick else 1000)
                before = bench.server.connections()
                done = worker.round("acreate", calls, size)
                # The first rounds make the connections.
                if number >= 2:
                    taken[size].append(done.cpu)
                    made[size].append((bench.server.connections() - before) / calls)
    for size in sizes[1:]:
        yield Result(
            f"async create, {size:,} at once",
            "one at a time",
            [many / one for many, one in zip(taken[size], taken[1], strict=True)],
            1.6 if size == 1000 else None,
            note=f"{spoken(median(taken[size]))} / {spoken(median(taken[1]))}",
        )
    for size in sizes:
        yield Result(
            f"new connections a call, {size:,} at once", "after the first round", made[size], 0.0
        )


if __name__ == "__main__":
    main(measure, __doc__)
