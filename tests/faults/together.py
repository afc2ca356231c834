"""Concurrent calls: blocking code has threads where async code has tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import anyio

T = TypeVar("T")


def together(work: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
    """Do the work for all names concurrently, and return the results by name."""
    names = list(names)
    with ThreadPoolExecutor(len(names)) as threads:
        return dict(zip(names, threads.map(work, names), strict=True))


async def async_together(work: Callable[[str], Awaitable[T]], names: Iterable[str]) -> dict[str, T]:
    """Do the work for all names concurrently, and return the results by name."""
    results: dict[str, T] = {}

    async def do(name: str) -> None:
        results[name] = await work(name)

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(do, name)
    return results
