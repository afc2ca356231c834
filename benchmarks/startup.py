"""How long does it take until the SDK is imported, and until the first page is there?"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from statistics import median

from benchmarks.environments import HOMES, ROOT
from benchmarks.measure import Bench, Result, spoken
from benchmarks.measure import main as run
from benchmarks.peers import OURS

__all__ = ["fresh", "measure"]

IMPORTS = {
    OURS: "from root import RootSignals",
    "root-signals": "from root import RootSignals",
    "openai": "from openai import OpenAI",
    "httpx": "import httpx",
}

# What the interpreter itself needs to start is not counted.
IMPORT = """
import time
cpu, wall = time.process_time(), time.perf_counter()
{statement}
print(time.process_time() - cpu, time.perf_counter() - wall)
"""

# All of it is counted here, from the start of the process: that is what a command line waits for.
FIRST_PAGE = """
import time
wall = time.perf_counter()
from benchmarks.peers import PEERS
assert sum(1 for _ in PEERS["{peer}"]("{url}").list(limit=100)) == 100
print(time.process_time(), time.perf_counter() - wall)
"""


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of importing and of the first page, each in a fresh interpreter."""
    yield from fresh(
        bench,
        "from root import RootSignals",
        {peer: IMPORT.format(statement=IMPORTS[peer]) for peer in IMPORTS},
        {"root-signals": 0.05, "openai": 0.05, "httpx": None},
    )
    yield from fresh(
        bench,
        "first page, fresh interpreter",
        {peer: FIRST_PAGE.format(peer=peer, url=bench.server.http) for peer in IMPORTS},
        {"root-signals": 0.45, "openai": 0.45, "httpx": 1.9},
    )


def fresh(
    bench: Bench,
    question: str,
    programs: dict[str, str],
    targets: dict[str, float | None],
    ours: str = OURS,
) -> Iterator[Result]:
    """Yield the ratios of programs that are run in turns, each in a fresh interpreter."""
    cpu: dict[str, list[float]] = {peer: [] for peer in programs if bench.has(peer)}
    wall: dict[str, list[float]] = {peer: [] for peer in cpu}
    environment = os.environ | {"SSL_CERT_FILE": str(bench.bundle)}
    for number in range(5 if bench.quick else 13):
        for peer in cpu:
            python = str(bench.pythons[HOMES[peer]])
            done = subprocess.run(
                (python, "-c", programs[peer]),
                capture_output=True,
                check=True,
                cwd=ROOT,
                env=environment,
                text=True,
            )
            # The first one compiles.
            if number:
                taken = [float(number) for number in done.stdout.split()]
                cpu[peer].append(taken[0])
                wall[peer].append(taken[1])
    for peer, target in targets.items():
        if peer not in cpu:
            yield Result(question, peer, [], target, note="not installed")
            continue
        yield Result(
            question,
            peer,
            [a / b for a, b in zip(cpu[ours], cpu[peer], strict=True)],
            target,
            wall=[a / b for a, b in zip(wall[ours], wall[peer], strict=True)],
            note=f"{spoken(median(cpu[ours]))} / {spoken(median(cpu[peer]))}",
        )


if __name__ == "__main__":
    run(measure, __doc__)
