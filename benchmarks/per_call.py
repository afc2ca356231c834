"""CPU time per call, one call at a time."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Bench, Result, compare, main

__all__ = ["measure"]


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of blocking and async calls, over http and TLS."""
    plain, secure = bench.server.http, bench.server.https
    yield from compare(
        bench,
        "create, http",
        "create",
        {"root-signals": 0.75, "openai": 0.70, "httpx": 0.85},
        url=plain,
    )
    yield from compare(
        bench,
        "delete, http",
        "delete",
        {"root-signals": 0.75, "openai": 0.70, "httpx": 0.85},
        url=plain,
    )
    yield from compare(
        bench,
        "create, TLS",
        "create",
        {"root-signals": 0.05, "openai": 0.70, "httpx": 0.85},
        url=secure,
    )
    yield from compare(
        bench,
        "async create, http",
        "acreate",
        {"root-signals": 0.05, "openai": 0.80, "httpx": 0.85},
        url=plain,
    )


if __name__ == "__main__":
    main(measure, __doc__)
