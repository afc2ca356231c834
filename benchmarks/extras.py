"""What do the extras bring: aiohttp as transport, HTTP/2, uvloop?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.measure import Bench, Result, Worker, main, spoken
from benchmarks.peers import OURS

__all__ = ["measure"]

WAYS = {
    "http": {
        "aiohttp": ("root-sdk over aiohttp", "asyncio"),
        "uvloop": (OURS, "uvloop"),
        "aiohttp, uvloop": ("root-sdk over aiohttp", "uvloop"),
    },
    "https": {"HTTP/2": ("root-sdk over HTTP/2", "asyncio")},
}
"""By scheme and by name: the peer, and the event loop that it runs in."""


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of each way to the client as it comes."""
    for scheme, url in (("http", bench.server.http), ("https", bench.server.https)):
        for at_once in (1, 100):
            question = f"async create, {at_once} at once, {scheme}"
            taken = take_turns(bench, {"": (OURS, "asyncio"), **WAYS[scheme]}, url, at_once)
            plain = taken.get("", [])
            for way in WAYS[scheme]:
                if not plain or way not in taken:
                    yield Result(question, f"{way} / without", [], note="failed, or not installed")
                    continue
                yield Result(
                    question,
                    f"{way} / without",
                    [extra / usual for extra, usual in zip(taken[way], plain, strict=True)],
                    note=f"{spoken(median(taken[way]))} / {spoken(median(plain))}",
                )


def take_turns(
    bench: Bench, ways: dict[str, tuple[str, str]], url: str, at_once: int
) -> dict[str, list[float]]:
    """Return the CPU per call of each way, round by round; those that fail are left out."""
    taken: dict[str, list[float]] = {}
    if "root-sdk-extras" not in bench.pythons:
        return taken
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for way, (peer, loop) in ways.items():
            worker = stack.enter_context(Worker(bench, peer, url, loop))
            try:
                for _ in range(3):
                    worker.round("acreate", 100, at_once)
            except RuntimeError as exc:
                print(f"{way} is left out: {exc}", file=sys.stderr)
            else:
                workers[way] = worker
        for _ in range(4 if bench.quick else 11):
            for way, worker in workers.items():
                taken.setdefault(way, []).append(worker.round("acreate", 200, at_once).cpu)
    return taken


if __name__ == "__main__":
    main(measure, __doc__)
