"""Fixtures of the tests of secrets."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the logs of all loggers, at level DEBUG."""
    # Not "root", which is the same logger as None: its level would be restored to this one.
    for name in (None, "rootsignals", "httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def skip(_: float) -> None:
        """Do not wait."""

    monkeypatch.setattr("root._sync.transport.sleep", lambda _: None)
    monkeypatch.setattr("root._async.transport.async_sleep", skip)
