"""Signal handlers that raise in the middle of a blocking call: a time limit, or Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from root._concurrency.semaphores import Semaphore
from root.emulator import Server

from .helpers import HANG

STORM = """
import random
import signal
import sys

from root import RootSignals

class Stop(BaseException):
    pass

def stop(*_):
    raise Stop

signal.signal(signal.SIGALRM, stop)
chance = random.Random(7)
with RootSignals(sys.argv[1], base_url=sys.argv[2], max_connections=1, max_retries=0) as client:
    model_id = client.models.create(name="a")
    stopped = 0
    while stopped < int(sys.argv[3]):
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 3e-3))
            assert client.models.retrieve(model_id).name == "a"
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Stop:
            stopped += 1
    assert client.models.retrieve(model_id).name == "a"
"""


@pytest.mark.parametrize(
    "interrupts", [pytest.param(200), pytest.param(1000, marks=pytest.mark.slow)]
)
def test_interrupted_calls(interrupts: int, emulator: Server) -> None:
    """After any number of interrupted calls, the next call has a connection and succeeds."""
    # Coverage measurement has locks that such a handler may leave held.
    environment = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    # Where a handler raises during garbage collection, Python only prints the exception.
    done = subprocess.run(
        [sys.executable, "-c", STORM, emulator.api_key, emulator.url, str(interrupts)],
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        timeout=5 * HANG,
    )

    assert done.returncode == 0


def test_lost_permit() -> None:
    """A permit that was lost is replaced; one that is held is not."""
    semaphore = Semaphore(1)
    assert semaphore.acquire(0) is not None

    held = semaphore.acquire(0)
    assert held is not None
    assert semaphore.acquire(0) is None

    semaphore.release(held)
    assert semaphore.acquire(0) is held
