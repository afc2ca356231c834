"""How long does the command line take to show its help, beside a bare Typer app?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Bench, Result
from benchmarks.measure import main as run
from benchmarks.startup import fresh

__all__ = ["measure"]

COMMANDS = (
    "root-signals --help",
    "root-signals models --help",
    "root-signals models list --help",
    "root-signals config --help",
)

OURS = """
    from root.cli import main
    main({arguments})
"""

BARE = """
    import typer
    app = typer.Typer({options})
    @app.command()
    def hello(name: str) -> None: ...
    app(["--help"])
"""

# All of it is counted, from the start of the process: that is what somebody waits for.
PROGRAM = """
import time
wall = time.perf_counter()
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
{shown}
print(time.process_time(), time.perf_counter() - wall)
"""


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios, each in a fresh interpreter."""
    bare = {
        "bare Typer": BARE.format(options=""),
        # What it costs without rich, which we do without, too.
        "bare Typer, plain help": BARE.format(options="rich_markup_mode=None"),
    }
    for command in COMMANDS:
        shown = {command: OURS.format(arguments=command.split()[1:]), **bare}
        yield from fresh(
            bench,
            command,
            {name: PROGRAM.format(shown=code) for name, code in shown.items()},
            {"bare Typer": 2, "bare Typer, plain help": None},
            command,
        )


if __name__ == "__main__":
    run(measure, __doc__)
