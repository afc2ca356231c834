"""A signal's handler that raises in the middle of a blocking call: a time limit, or Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys

from root._concurrency import Slots
from root.emulator import Server

STORM = """
import random, signal, sys
from root import RootSignals

class Stop(BaseException): pass

def stop(*_):
    raise Stop

signal.signal(signal.SIGALRM, stop)
chance = random.Random(7)
with RootSignals(sys.argv[1], base_url=sys.argv[2], max_connections=1, max_retries=0) as client:
    model_id = client.models.create(name="a")
    stopped = 0
    while stopped < 1000:
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 3e-3))
            assert client.models.retrieve(model_id).name == "a"
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Stop:
            stopped += 1
    assert client.models.retrieve(model_id).name == "a"
"""


def test_a_storm_of_interrupts(emulator: Server) -> None:
    """However often calls are broken off anywhere, the next one has its connection and is right."""
    # What measures coverage has locks that a handler may leave held.
    environment = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    # A handler that raises where Python collects something is only printed, and not ours to cure.
    done = subprocess.run(
        [sys.executable, "-c", STORM, emulator.api_key, emulator.url],
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        timeout=60,
    )

    assert done.returncode == 0


def test_a_lost_slot() -> None:
    """A slot that nobody holds any more is made anew; one that is held is not."""
    slots = Slots(1)
    assert slots.acquire(0) is not None

    held = slots.acquire(0)
    assert held is not None
    assert slots.acquire(0) is None

    slots.release(held)
    assert slots.acquire(0) is held
