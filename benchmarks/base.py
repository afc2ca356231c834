"""CPU time of the working tree against an earlier commit of this repository.

Both are built as wheels and installed with the same dependencies. Calls are measured in many pairs
of processes, since hash seeds and memory layout make one process differ from the next. In each pair
the cheapest rounds are compared, since other programs on the machine only add to a round.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.emulator import CREATE, EmulatorServer, interleave, kinds, ratio
from benchmarks.measure import Bench, Result, Worker, format_seconds
from benchmarks.peers import BASE, OURS
from benchmarks.startup import FIRST_PAGE, IMPORT, fresh

__all__ = ["COMMIT", "measure"]

COMMIT = "64bf2c7"
"""The commit that is compared by default."""

CALLS: dict[str, tuple[str, int, dict[str, int]]] = {
    "create": ("create", 100, {}),
    "retrieve": ("retrieve", 100, {}),
    "list of 100": ("list", 25, {"limit": 100}),
    "acreate": ("acreate", 60, {}),
    "AsyncRootSignals, create": ("native_create", 60, {}),
    "AsyncRootSignals, retrieve": ("native_retrieve", 60, {}),
    "AsyncRootSignals, list of 100": ("native_list", 25, {"limit": 100}),
}
"""For each question: the method of a peer, the calls in a round, and the arguments.

A round takes about 20 ms. Both sides make the same number of calls, so that the cost of a round
itself is shared by as many.
"""


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of calls, of imports, of the first page and of the emulator."""
    yield from per_call(bench)
    count = 5 if bench.quick else 40
    programs = {
        "import root": IMPORT.format(statement="import root"),
        "from root import RootSignals": IMPORT.format(statement="from root import RootSignals"),
        "first page, fresh interpreter": FIRST_PAGE,
    }
    for question, program in programs.items():
        yield from fresh(
            bench,
            question,
            {peer: program.format(peer=peer, url=bench.server.http) for peer in (OURS, BASE)},
            {BASE: 1.02},
            count,
        )
    with ExitStack() as stack:
        both = [
            stack.enter_context(EmulatorServer(bench, "emulator", peer)) for peer in (OURS, BASE)
        ]
        model_ids = [str(json.loads(one.send(CREATE))["id"]) for one in both]
        for question in kinds(""):
            rounds = interleave(
                bench,
                *((one, kinds(id_)[question]) for one, id_ in zip(both, model_ids, strict=True)),
            )
            yield ratio(question, BASE, rounds[0], rounds[1], target=1.15)


def per_call(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of CPU time per call, one for each pair of processes."""
    cpu: dict[str, dict[str, list[float]]] = {question: {OURS: [], BASE: []} for question in CALLS}
    peers = [OURS, BASE]
    for _ in range(3 if bench.quick else 24):
        with ExitStack() as stack:
            workers = {
                peer: stack.enter_context(Worker(bench, peer, bench.server.http)) for peer in peers
            }
            for question, (call, calls, arguments) in CALLS.items():
                rounds: dict[str, list[float]] = {OURS: [], BASE: []}
                for _ in range(2):
                    # Imports, connections, caches and the adaptive interpreter.
                    for worker in workers.values():
                        worker.round(call, calls, **arguments)
                for _ in range(6):
                    for peer in peers:
                        rounds[peer].append(workers[peer].round(call, calls, **arguments).cpu)
                    peers.reverse()
                for peer in peers:
                    cpu[question][peer].append(min(rounds[peer]))
        # Neither is always started first.
        peers.reverse()
    for question, seconds in cpu.items():
        ours, base = seconds[OURS], seconds[BASE]
        yield Result(
            question,
            BASE,
            [a / b for a, b in zip(ours, base, strict=True)],
            1.03,
            note=f"{format_seconds(median(ours))} / {format_seconds(median(base))}",
        )
