"""CPU time per call beside a tool that hooks httpx, against calls without one.

`nox -s tools` runs this in its environment, which has the tools; it writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from math import inf
from pathlib import Path

from benchmarks.measure import (
    Bench,
    Process,
    Result,
    Worker,
    format_seconds,
    interleave,
    options,
    running,
    show,
)
from benchmarks.peers import OURS

NO_TOOL = "no tool"

# The tools send nothing: what they do after a call depends on where it is sent.
TOOLS = {
    NO_TOOL: "",
    "a hook that only calls httpx": """
import httpx
send = httpx.Client.send
httpx.Client.send = lambda self, *args, **options: send(self, *args, **options)
""",
    "Sentry, with tracing": """
import sentry_sdk
sentry_sdk.init(
    dsn="http://key@127.0.0.1:1/1",
    traces_sample_rate=1.0,
    before_send_transaction=lambda event, hint: None,
)
""",
    "OpenTelemetry, without an exporter": """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
HTTPXClientInstrumentor().instrument(tracer_provider=TracerProvider())
""",
    "Datadog, without an agent": """
import ddtrace
from ddtrace.trace import TraceFilter, tracer
class Discard(TraceFilter):
    def process_trace(self, trace):
        return None
tracer.configure(trace_processors=[Discard()])
ddtrace.patch(httpx=True)
""",
}
"""What a program does before it imports the client, by the names in docs/performance.md."""

PROGRAM = """{tool}
from benchmarks.worker import main
main("{peer}", "{url}")
"""


class HookedWorker(Worker):
    """Our client in a process of its own, beside a tool."""

    def __init__(self, bench: Bench, tool: str) -> None:
        program = PROGRAM.format(tool=TOOLS[tool], peer=OURS, url=bench.server.http)
        Process.__init__(self, bench.python(OURS), "-c", program, environment=bench.variables)


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratio of each tool: a model is retrieved by its ID, one call at a time."""
    cheapest: dict[str, float] = {}
    # Memory layout makes one process differ from the next.
    for _ in range(2 if bench.quick else 5):
        with ExitStack() as stack:
            workers = {tool: stack.enter_context(HookedWorker(bench, tool)) for tool in TOOLS}
            rounds = interleave(bench, workers, "retrieve", seconds=0.05, count=8)
        for tool, found in rounds.items():
            # Other programs on the machine only add to a round.
            cheapest[tool] = min([one.cpu for one in found] + [cheapest.get(tool, inf)])
    without = cheapest[NO_TOOL]
    for tool in [name for name in TOOLS if name != NO_TOOL]:
        if tool not in cheapest:
            yield Result(tool, NO_TOOL, [], note="failed, or not installed")
            continue
        note = f"{format_seconds(cheapest[tool])} / {format_seconds(without)}"
        yield Result(tool, NO_TOOL, [cheapest[tool] / without], note=note)


if __name__ == "__main__":
    given = options(__doc__).parse_args()
    with running({OURS: Path(sys.executable)}, quick=given.quick) as bench:
        show(measure(bench))
