"""CPU time for importing the SDK, and for the first page in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from statistics import median

from benchmarks.environments import ROOT
from benchmarks.measure import Bench, Result, format_seconds, main
from benchmarks.peers import OURS

__all__ = ["fresh", "measure"]

IMPORTS = {
    OURS: "from root import RootSignals",
    "root-signals": "from root import RootSignals",
    "openai": "from openai import OpenAI",
    "httpx": "import httpx",
}

# The interpreter's own start is not counted.
IMPORT = """
import time
cpu, wall = time.process_time(), time.perf_counter()
{statement}
print(time.process_time() - cpu, time.perf_counter() - wall)
"""

# The CPU time counts from the start of the process.
FIRST_PAGE = """
import time
wall = time.perf_counter()
from benchmarks.peers import PEERS
PEERS["{peer}"]("{url}").list(limit=100)
print(time.process_time(), time.perf_counter() - wall)
"""


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of importing and of the first page."""
    count = 4 if bench.quick else 12
    yield from fresh(
        bench,
        "import of the client",
        {peer: IMPORT.format(statement=IMPORTS[peer]) for peer in IMPORTS},
        {"root-signals": 0.05, "openai": 0.05, "httpx": None},
        count,
    )
    yield from fresh(
        bench,
        "first page, fresh interpreter",
        {peer: FIRST_PAGE.format(peer=peer, url=bench.server.http) for peer in IMPORTS},
        {"root-signals": 0.45, "openai": 0.45, "httpx": 1.9},
        count,
    )


def fresh(
    bench: Bench,
    question: str,
    programs: Mapping[str, str],
    targets: Mapping[str, float | None],
    count: int,
) -> Iterator[Result]:
    """Yield the ratios of interleaved programs, each run in `count` fresh interpreters."""
    cpu: dict[str, list[float]] = {peer: [] for peer in programs if bench.has(peer)}
    wall: dict[str, list[float]] = {peer: [] for peer in cpu}
    order = list(cpu)
    for number in range(count + 1):
        for peer in order:
            done = subprocess.run(
                (bench.python(peer), "-c", programs[peer]),
                capture_output=True,
                check=True,
                cwd=ROOT,
                env={**os.environ, **bench.variables},
                text=True,
            )
            # The first run may compile modules.
            if number:
                seconds = [float(text) for text in done.stdout.split()]
                cpu[peer].append(seconds[0])
                wall[peer].append(seconds[1])
        order.append(order.pop(0))
    for peer, target in targets.items():
        if peer not in cpu:
            yield Result(question, peer, [], target, note="not installed")
            continue
        yield Result(
            question,
            peer,
            [a / b for a, b in zip(cpu[OURS], cpu[peer], strict=True)],
            target,
            wall=[a / b for a, b in zip(wall[OURS], wall[peer], strict=True)],
            note=f"{format_seconds(median(cpu[OURS]))} / {format_seconds(median(cpu[peer]))}",
        )


if __name__ == "__main__":
    main(measure, __doc__)
