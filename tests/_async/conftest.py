from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from root import AsyncRootSignals
from root.emulator import Server


@pytest.fixture
async def client(emulator: Server) -> AsyncIterator[AsyncRootSignals]:
    """A client of the emulator."""
    async with AsyncRootSignals(api_key=emulator.api_key, base_url=emulator.url) as client:
        yield client


@pytest.fixture
async def mocked() -> AsyncIterator[AsyncRootSignals]:
    """A client of a service that respx plays."""
    async with AsyncRootSignals(api_key="key-of-the-tests", base_url="http://api.test") as client:
        yield client


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits before repetitions, which are not slept."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("root._async.transport.async_sleep", note)
    return waits
