"""CPU time for listing 10,000 models in pages of 100, and memory per model that is kept."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Bench, Result, Worker, compare, main
from benchmarks.peers import OURS
from benchmarks.server import MODELS

__all__ = ["measure"]


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios over http and TLS, and the memory of each client."""
    # A tenth of the listing is sufficient for a rough result.
    limit = MODELS // 10 if bench.quick else MODELS
    yield from compare(
        bench,
        f"list of {limit:,}, http",
        "list",
        {"root-signals": 0.75, "openai": 0.25, "httpx + pydantic": 1.0},
        url=bench.server.http,
        limit=limit,
    )
    yield from compare(
        bench,
        f"list of {limit:,}, TLS",
        "list",
        {"root-signals": 0.80, "openai": 0.25, "httpx + pydantic": 1.0},
        url=bench.server.https,
        limit=limit,
    )
    yield from memory(bench, limit)


def memory(bench: Bench, limit: int) -> Iterator[Result]:
    """Yield the kilobytes per model, as Python's allocators count them."""
    for peer in (OURS, "root-signals", "openai", "httpx + pydantic", "httpx"):
        question, target = "memory per kept model", 1.2 if peer == OURS else None
        if not bench.has(peer):
            yield Result(question, peer, [], target, "KB", note="not installed")
            continue
        values = []
        # The size is the same each time; the second value shows it.
        for _ in range(1 if bench.quick else 2):
            with Worker(bench, peer, bench.server.http) as worker:
                size: float = worker.request(call="bytes_per_model", calls=limit, arguments={})
                values.append(size / 1024)
        yield Result(question, peer, values, target, "KB", note="a dict" if peer == "httpx" else "")


if __name__ == "__main__":
    main(measure, __doc__)
