"""Answer all questions, print the table, and write RESULTS.md and results.svg beside this file.

`nox -s bench` runs this; `nox -s bench -- --quick` is a rough answer in a minute or so, which is
printed only.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks import (
    cli,
    concurrency,
    emulator,
    extras,
    growth,
    listing,
    memory,
    per_call,
    plot,
    prefetch,
    startup,
)
from benchmarks.environments import versions
from benchmarks.measure import Bench, Result, arguments, prepared, show

HERE = Path(__file__).parent

SCRIPTS = (
    *(per_call, listing, concurrency, startup, cli, memory),
    *(prefetch, growth, extras, emulator),
)

NAMED = (
    "root-sdk",
    "root-signals",
    "openai",
    "httpx",
    "httpx2",
    "pydantic",
    "httpx-aiohttp",
    "starlette",
    "uvicorn",
    "typer",
)
"""The packages whose versions matter to a reader, beside everything they bring."""

HEAD = """# Results

Written by `nox -s bench` on {date}; change nothing here by hand. Issues 3, 5 and 6 set the targets.

{machine}.

{versions}

## How to read it

- A number is ours divided by the peer's, so less is better and 1 is the same. Unless it says
  otherwise it is the CPU time of the client's process for a call; the column *by the clock* is
  the same ratio in waiting time, which includes the server.
- All peers of a question were measured in one run, in turns, each in a process and an environment
  of its own, against the server of `server.py` on the same machine. Each round gives one ratio;
  the table has the least, the median and the most. A target is met if the median meets it.
- Absolute times (ours / the peer's, medians) are this machine's and as noisy as it was.
- *httpx* is installed the way pip does it today, which leaves out sniffio, and that costs every
  async call; *httpx + sniffio* has it. Our client and openai's bring it along.
- The emulator is measured the other way round: the CPU time is the server's, which a client with
  a few connections keeps busy, and the peer is an application that only answers.
"""


def machine() -> str:
    """Return what the numbers were taken on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}"
    )


def table(results: Iterable[Result]) -> str:
    """Return the results as a table in Markdown."""
    lines = [
        "| what | against | min | median | max | target | | by the clock | more |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        numbers = (
            [f"{take(result.values):.3g}{' ' * bool(result.unit)}{result.unit}" for take in TAKEN]
            if result.values
            else ["", "", ""]
        )
        target = "" if result.target is None else f"{result.target:g}"
        wall = f"{median(result.wall):.2g}" if result.wall else ""
        cells = (result.question, result.against, *numbers, target, result.verdict, wall)
        lines.append(f"| {' | '.join((*cells, result.note))} |")
    return "\n".join(lines)


TAKEN = (min, median, max)


def summary(results: Sequence[Result]) -> str:
    """Return in a sentence how many targets were met."""
    asked = [result for result in results if result.target is not None]
    met = [result for result in asked if result.verdict == "met"]
    unknown = [result for result in asked if not result.values]
    return (
        f"{len(met)} of {len(asked)} targets met,"
        f" {len(asked) - len(met) - len(unknown)} not met, {len(unknown)} not measured."
    )


def report(bench: Bench, results: Sequence[Result], sections: dict[str, list[Result]]) -> str:
    """Return the text of RESULTS.md."""
    installed = versions(bench.pythons)
    lines = [
        f"- {name}: "
        + ", ".join(f"{package} {found[package]}" for package in NAMED if package in found)
        for name, found in installed.items()
    ]
    parts = [
        HEAD.format(
            date=f"{datetime.now(UTC):%Y-%m-%d}", machine=machine(), versions="\n".join(lines)
        ),
        f"## Targets\n\n{summary(results)}\n",
        "![CPU per call, ours / the peer's](results.svg)\n",
        table(result for result in results if result.target is not None) + "\n",
    ]
    for title, found in sections.items():
        parts.append(f"## {title}\n\n{table(found)}\n")
    return "\n".join(parts)


def main() -> None:
    """Measure everything."""
    given = arguments(__doc__)
    sections: dict[str, list[Result]] = {}
    with prepared(given.environments.resolve(), quick=given.quick) as bench:
        for script in SCRIPTS:
            title = (script.__doc__ or "").splitlines()[0]
            print(f"\n{title}", flush=True)
            found = sections[title] = []
            try:
                for result in script.measure(bench):
                    found.append(result)
                    show([result])
            except (RuntimeError, subprocess.CalledProcessError) as exc:
                # What is known until here is reported all the same.
                print(f"The rest of this is not measured: {exc}", flush=True)
        results = [result for found in sections.values() for result in found]
        print(f"\n{summary(results)}")
        if given.quick:
            return
        (HERE / "RESULTS.md").write_text(report(bench, results, sections), encoding="utf-8")
    ratios = [result for result in results if result.wall and result.target is not None]
    (HERE / "results.svg").write_text(
        plot.draw(ratios, "CPU per call, root-sdk / peer"), encoding="utf-8"
    )
    print(f"Written: {HERE / 'RESULTS.md'} and results.svg")


if __name__ == "__main__":
    main()
