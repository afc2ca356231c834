# Generated from tests/_async/conftest.py by scripts/generate_sync.py. Do not edit.
from __future__ import annotations

from collections.abc import Iterator

import pytest

from root import RootSignals
from root.emulator import Server


@pytest.fixture
def client(emulator: Server) -> Iterator[RootSignals]:
    """A client of the emulator."""
    with RootSignals(api_key=emulator.api_key, base_url=emulator.url) as client:
        yield client


@pytest.fixture
def mocked() -> Iterator[RootSignals]:
    """A client of a service that respx plays."""
    with RootSignals(api_key="key-of-the-tests", base_url="http://api.test") as client:
        yield client


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits before repetitions, which are not slept."""
    waits: list[float] = []

    def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("root._sync.transport.sleep", note)
    return waits
