"""What the tests of calls share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from .calls import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of calls."""
    clock = Clock()
    monkeypatch.setattr("root._http.call.monotonic", clock)
    return clock


@pytest.fixture
def longest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait be as long as it can be."""
    monkeypatch.setattr("root._http.call.random", SimpleNamespace(random=lambda: 1.0))
