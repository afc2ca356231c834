"""What does it cost to list 10,000 models in pages of 100?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Bench, Result, compare, main

__all__ = ["measure"]


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios over http and TLS."""
    # What takes a second in full is enough with a tenth of it when in a hurry.
    limit = 1_000 if bench.quick else 10_000
    yield from compare(
        bench,
        f"list of {limit:,}, http",
        "list",
        {"root-signals": 0.75, "httpx + pydantic": 1.0, "http.client": 4.0},
        url=bench.server.http,
        limit=limit,
    )
    yield from compare(
        bench,
        f"list of {limit:,}, TLS",
        "list",
        {"root-signals": 0.80, "openai": 0.25},
        url=bench.server.https,
        limit=limit,
    )


if __name__ == "__main__":
    main(measure, __doc__)
