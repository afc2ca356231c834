"""What all tests share: the emulator, and an environment that says nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from root.emulator import Server, serve


@pytest.fixture(autouse=True)
def blank_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, no base URL, no proxy and no .env, wherever the tests run."""
    for name in list(os.environ):
        if name.startswith("ROOTSIGNALS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def one_emulator() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def emulator(one_emulator: Server) -> Server:
    one_emulator.wipe()
    return one_emulator
