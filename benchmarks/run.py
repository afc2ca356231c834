"""Run all benchmarks and write RESULTS.md, or compare with an earlier commit.

`nox -s bench` runs this; `nox -s bench -- --quick` takes about a minute and writes nothing.
`nox -s bench -- --base` compares with an earlier commit, and writes nothing either.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import ModuleType

from benchmarks import base, concurrency, emulator, evaluators, listing, per_call, startup
from benchmarks.environments import prepare, prepare_base, versions
from benchmarks.measure import Bench, Result, options, running, show

HERE = Path(__file__).parent

SCRIPTS = (per_call, listing, evaluators, concurrency, startup, emulator)

PACKAGES = (
    "root-sdk",
    "root-signals",
    "openai",
    "httpx",
    "httpx2",
    "sniffio",
    "pydantic",
    "starlette",
    "uvicorn",
)
"""The packages whose versions are reported."""

HEAD = """# Results

Written by `nox -s bench` on {date}; do not edit.

{machine}.

{versions}

## How to read the tables

- A number is ours divided by the peer's: less is better, and 1 is the same. Unless noted otherwise
  it is the CPU time of the client's process per call. The column *wall clock* has the same ratio
  in wall-clock time, which includes the server.
- All peers of a question are measured in one run, in interleaved rounds, each in a process and an
  environment of its own, against the server of `server.py` on the same machine. Each round yields
  one ratio; the table has the minimum, the median and the maximum. A target is met if the median
  meets it.
- Absolute times (ours / the peer's, medians) depend on this machine and its load.
- *httpx* is a shared client without retries. It has sniffio installed, without which its async
  calls take a third more CPU time. With *its classes*, it parses with the classes of this SDK.
- For the emulator, the CPU time is that of the server's process, and the peer is an application on
  Starlette and uvicorn that returns constant responses.
"""


def machine() -> str:
    """Return a description of the machine."""
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
        "| question | against | min | median | max | target | | wall clock | details |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        numbers = ["", "", ""]
        if result.values:
            unit = f" {result.unit}" if result.unit else ""
            numbers = [f"{take(result.values):.3g}{unit}" for take in (min, median, max)]
        target = "" if result.target is None else f"{result.target:g}"
        wall = f"{median(result.wall):.2g}" if result.wall else ""
        cells = (result.question, result.against, *numbers, target, result.verdict, wall)
        lines.append(f"| {' | '.join((*cells, result.note))} |")
    return "\n".join(lines)


def summary(results: Iterable[Result]) -> str:
    """Return the number of targets that are met."""
    verdicts = [result.verdict for result in results if result.target is not None]
    met, unknown = verdicts.count("met"), verdicts.count("not measured")
    unmet = len(verdicts) - met - unknown
    return f"Targets met: {met} of {len(verdicts)}; not met: {unmet}; not measured: {unknown}."


def report(bench: Bench, sections: Mapping[str, Sequence[Result]]) -> str:
    """Return the text of RESULTS.md."""
    lines = [
        f"- {name}: "
        + ", ".join(f"{package} {found[package]}" for package in PACKAGES if package in found)
        for name, found in versions(bench.pythons).items()
    ]
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    results = [result for found in sections.values() for result in found]
    return "\n".join(
        [
            HEAD.format(date=date, machine=machine(), versions="\n".join(lines)),
            f"{summary(results)}\n",
            *(f"## {title}\n\n{table(found)}\n" for title, found in sections.items()),
        ]
    )


def measure(bench: Bench, scripts: Iterable[ModuleType]) -> dict[str, list[Result]]:
    """Run scripts and return their results by title; print each as soon as it is there."""
    sections: dict[str, list[Result]] = {}
    for script in scripts:
        title = (script.__doc__ or "").splitlines()[0].removesuffix(".")
        print(f"\n{title}", flush=True)
        found = sections[title] = []
        try:
            for result in script.measure(bench):
                found.append(result)
                show([result])
        except (RuntimeError, subprocess.CalledProcessError) as exc:
            # The results so far are reported nevertheless.
            print(f"The other questions here are not measured: {exc}", flush=True)
    print(f"\n{summary(result for found in sections.values() for result in found)}")
    return sections


def main() -> None:
    """Run the benchmarks."""
    parser = options(__doc__)
    parser.add_argument(
        "--base",
        nargs="?",
        const=base.COMMIT,
        metavar="COMMIT",
        help="compare with an earlier commit instead (default: %(const)s)",
    )
    given = parser.parse_args()
    folder = given.environments.resolve()
    if given.base:
        with running(prepare_base(folder, given.base), quick=given.quick) as bench:
            measure(bench, [base])
        return
    with running(prepare(folder), quick=given.quick) as bench:
        sections = measure(bench, SCRIPTS)
        if not given.quick:
            (HERE / "RESULTS.md").write_text(report(bench, sections), encoding="utf-8")
            print(f"Written: {HERE / 'RESULTS.md'}")


if __name__ == "__main__":
    main()
