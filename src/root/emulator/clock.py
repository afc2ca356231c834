"""The clock of the emulator's timers and rate limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

__all__ = ["monotonic"]

monotonic: Callable[[], float]
"""A monotonic clock that a test does not freeze.

A timer that is set while `time.monotonic` is frozen (freezegun) would never expire afterwards.
"""
# freezegun replaces `time.monotonic` by name and in all modules, and none of these.
if hasattr(time, "clock_gettime"):
    monotonic = partial(time.clock_gettime, time.CLOCK_MONOTONIC)
else:
    monotonic = partial(time.monotonic)
