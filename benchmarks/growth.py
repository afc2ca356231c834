"""Does a call cost more the more calls were made, connections idle or pages read?"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks.measure import Bench, Result, Server, Worker, main, spoken
from benchmarks.peers import OURS

__all__ = ["measure"]

MANY = "root-sdk, 1,000 connections"


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of later calls to early ones."""
    yield from calls_made(bench)
    yield from idle_connections(bench)
    yield from pages_read(bench)


def calls_made(bench: Bench) -> Iterator[Result]:
    """Yield what a call costs after so many, against a client that has hardly made any."""
    most = 1_000 if bench.quick else 100_000
    url = bench.server.http
    for call, kind in (("create", "create"), ("acreate", "async create")):
        for after in (1, 10, 100, 1_000, 10_000, 100_000):
            if after > most:
                break
            with Worker(bench, OURS, url) as old, Worker(bench, OURS, url) as young:
                old.round(call, after)
                values, taken = turns(bench, call, old, young)
            yield Result(
                f"{kind} after {after:,} calls", "a young client", values, note=spoken(taken)
            )


CALLS = 200
"""Calls a round."""


def turns(bench: Bench, call: str, old: Worker, young: Worker) -> tuple[list[float], float]:
    """Return the ratios of CPU of two clients that take turns, and the seconds of the first."""
    values, taken = [], []
    # Both are warm, and the young one is hardly older for it.
    for worker in (old, young):
        worker.round(call, 20)
    for _ in range(3 if bench.quick else 5):
        seconds = old.round(call, CALLS).cpu
        values.append(seconds / young.round(call, CALLS).cpu)
        taken.append(seconds)
    return values, median(taken)


def idle_connections(bench: Bench) -> Iterator[Result]:
    """Yield what a call costs while so many connections are idle, against with one."""
    for idle in (10, 100, 1_000):
        url = bench.server.http
        with Worker(bench, MANY, url) as many, Worker(bench, MANY, url) as one:
            many.round("acreate", idle, idle)
            values, taken = turns(bench, "acreate", many, one)
        yield Result(
            f"async create, {idle:,} connections idle", "one idle", values, note=spoken(taken)
        )


def pages_read(bench: Bench) -> Iterator[Result]:
    """Yield what a page costs in a listing of so many, against in one of ten."""
    with (
        Server(bench.certificate, models=100_000) as server,
        Worker(bench, OURS, server.http) as worker,
    ):
        for pages in (100,) if bench.quick else (100, 1_000):
            values, taken = [], []
            # The server writes each page when it is first asked for.
            worker.round("list", 1, limit=pages * 100)
            for _ in range(2 if bench.quick else 4):
                long = worker.round("list", 1, limit=pages * 100).cpu / pages
                short = worker.round("list", 10, limit=1_000).cpu / 10
                values.append(long / short)
                taken.append(long)
            yield Result(
                f"page in a listing of {pages:,}",
                "in one of 10",
                values,
                note=spoken(median(taken)),
            )


if __name__ == "__main__":
    main(measure, __doc__)
