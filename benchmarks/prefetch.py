"""How long does a user wait where the server takes 50 ms for each answer?"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from statistics import median

from benchmarks.environments import HOMES
from benchmarks.measure import Bench, Result, Server, Worker, main
from benchmarks.peers import OURS

__all__ = ["measure"]

DELAY = 0.05
CREATES = 1000
CONNECTIONS = 100


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of listing with `prefetch`, and of many creates against the ideal."""
    count = 2 if bench.quick else 5
    with Server(bench.certificate, delay=DELAY) as server:
        with Worker(bench, OURS, server.http) as worker:
            for call, question in (
                ("list_page_by_page", "list of 1,000 with prefetch"),
                ("alist_page_by_page", "async list of 1,000 with prefetch"),
            ):
                yield listing(bench, worker, call, question, count)
        yield from creating(bench, server.http, count)


def listing(bench: Bench, worker: Worker, call: str, question: str, count: int) -> Result:
    """Return the ratio of listing with `prefetch=True` to listing without, by the clock."""
    against, target = "without", 0.6
    if not can_prefetch(bench):
        note = "`list` has no argument `prefetch`"
        return Result(question, against, [], target, note=note)
    values, seconds = [], []
    for number in range(count + 1):
        without = worker.round(call, 1, prefetch=False, work=DELAY).wall
        ahead = worker.round(call, 1, prefetch=True, work=DELAY).wall
        # The first one makes the connections.
        if number:
            values.append(ahead / without)
            seconds.append(f"{ahead:.2f} s / {without:.2f} s")
    return Result(question, against, values, target, note=f"by the clock, {seconds[-1]}")


def can_prefetch(bench: Bench) -> bool:
    """Return whether `list` knows the argument."""
    # Asked in the SDK's own environment; here anything may be installed by that name, or nothing.
    code = (
        "import inspect; from root.models import Models;"
        "print('prefetch' in inspect.signature(Models.list).parameters)"
    )
    done = subprocess.run(
        (str(bench.pythons[HOMES[OURS]]), "-c", code), capture_output=True, check=True, text=True
    )
    return done.stdout.strip() == "True"


def creating(bench: Bench, url: str, count: int) -> Iterator[Result]:
    """Yield how much longer than the ideal 1,000 creates on 100 connections take."""
    ideal = CREATES / CONNECTIONS * DELAY
    question = f"{CREATES:,} creates on {CONNECTIONS} connections"
    # What is written by hand shows how close to the ideal this machine lets anybody come.
    for peer, target in ((OURS, 1.15), ("asyncio streams", None)):
        seconds: dict[str, list[float]] = {"connected": [], "not connected": []}
        for _ in range(count):
            with Worker(bench, peer, url) as worker:
                # Imports alone: one call over one connection.
                worker.round("acreate", 1)
                for kind in ("not connected", "connected"):
                    taken = worker.round("acreate", CREATES, CREATES).wall * CREATES
                    seconds[kind].append(taken)
        for kind, walls in seconds.items():
            yield Result(
                question if peer == OURS else f"the same with {peer}",
                f"the ideal, {kind}",
                [wall / ideal for wall in walls],
                target,
                note=f"by the clock, {median(walls):.2f} s / {ideal:.2f} s",
            )


if __name__ == "__main__":
    main(measure, __doc__)
