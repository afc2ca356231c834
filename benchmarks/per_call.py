"""What does one call cost beyond what the wire takes?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Bench, Result, compare, main

__all__ = ["measure"]


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of creating and deleting, over http and TLS, blocking and async."""
    plain, secure = bench.server.http, bench.server.https
    yield from compare(
        bench,
        "create, http",
        "create",
        {"root-signals": 0.75, "httpx": 0.85, "httpx + pydantic": None, "http.client": 3.3},
        url=plain,
    )
    yield from compare(
        bench, "delete, http", "delete", {"root-signals": 0.75, "httpx": 0.85}, url=plain
    )
    for call in ("create", "delete"):
        yield from compare(
            bench,
            f"{call}, TLS",
            call,
            {"root-signals": 0.05, "openai": 0.70, "httpx": None},
            url=secure,
        )
    yield from compare(
        bench,
        "async create, http",
        "acreate",
        {"root-signals": 0.05, "openai": 0.80, "httpx": 0.85, "httpx + sniffio": 0.85},
        url=plain,
    )


if __name__ == "__main__":
    main(measure, __doc__)
