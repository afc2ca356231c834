from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from root import AsyncRootSignals
from root.emulator import Server

from ..one_face import forbid_other_faces


@pytest.fixture(autouse=True)
def one_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the methods of this face can be called."""
    forbid_other_faces(monkeypatch, Path(__file__).parent.name)


@pytest.fixture
async def client(emulator: Server) -> AsyncIterator[AsyncRootSignals]:
    """A client of the emulator."""
    async with AsyncRootSignals(api_key=emulator.api_key, base_url=emulator.url) as client:
        yield client


@pytest.fixture
async def mocked() -> AsyncIterator[AsyncRootSignals]:
    """A client of a service that respx mocks."""
    async with AsyncRootSignals(api_key="key-of-the-tests", base_url="http://api.test") as client:
        yield client


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits before retries, which are recorded instead."""
    waits: list[float] = []

    async def record(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("root._async.transport.async_sleep", record)
    return waits
