"""What the tests of concurrency share."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

KEY = "rs-0123456789-abcdefgh-wxyz"
MODEL = {"id": "9b2f", "name": "a"}

HANG = 60.0
"""Seconds after which a test hangs, however busy the machine is."""


async def wait_until(condition: Callable[[], object]) -> None:
    """Wait for a condition that other tasks or threads fulfil."""
    async with asyncio.timeout(HANG):
        while not condition():
            await asyncio.sleep(0.002)


def wait_until_blocking(condition: Callable[[], object]) -> None:
    """Wait for a condition that other threads or processes fulfil."""
    until = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


def run_together(work: Callable[[int], None], threads: int) -> None:
    """Run some work in a number of threads that start at the same time."""
    start = threading.Barrier(threads)

    def run(thread: int) -> None:
        start.wait(HANG)
        work(thread)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(run, range(threads)):
            pass


def limit_threads(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """Let the calling thread start no more than a number of threads, as in a container."""
    start, caller, remaining = threading.Thread.start, threading.current_thread(), limit

    def limited(thread: threading.Thread) -> None:
        nonlocal remaining
        if threading.current_thread() is caller:
            if not remaining:
                raise RuntimeError("can't start new thread")
            remaining -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)


def run_program(program: str, *arguments: str) -> str:
    """Run a program in development mode with warnings as errors, and return what it prints.

    It must succeed, and print nothing to its standard error.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-X", "dev", "-W", "error"),
            # Python 3.12 and later warn of forks in a process with threads.
            *("-W", "ignore:This process:DeprecationWarning"),
            *("-c", program, *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=2 * HANG,
    )
    assert done.returncode == 0, done.stderr
    # In development mode, asyncio reports everything that takes 0.1 s, imports included.
    errors = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    assert not errors, done.stderr
    return done.stdout
