"""How much memory does a listed model take while it is kept?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Bench, Result, Worker, main
from benchmarks.peers import OURS

__all__ = ["measure"]

MODELS = 10_000


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the kilobytes for each model, as Python's allocators count them."""
    for peer in (OURS, "root-signals", "openai", "httpx + pydantic", "httpx"):
        question, target = "memory per kept model", 1.2 if peer == OURS else None
        if not bench.has(peer):
            yield Result(question, peer, [], target, "KB", note="not installed")
            continue
        # What is kept is the same each time; two show that it is.
        values = []
        for _ in range(1 if bench.quick else 2):
            with Worker(bench, peer, bench.server.http) as worker:
                size: float = worker.tell(call="bytes_kept", calls=MODELS)
                values.append(size / 1024)
        yield Result(question, peer, values, target, "KB", note="a dict" if peer == "httpx" else "")


if __name__ == "__main__":
    main(measure, __doc__)
