"""Fixtures of all tests: the emulator, and an environment without settings."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from hypothesis import settings

from root.emulator import Server, serve

# The duration of an example depends on the load of the machine.
settings.register_profile("root", deadline=None)
settings.load_profile("root")


@pytest.fixture(autouse=True)
def blank_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, no base URL, no proxy and no .env, wherever the tests run."""
    for name in list(os.environ):
        if name.startswith(("ROOTSIGNALS_", "SCORABLE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """TLS settings of a client that trust only this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="session")
def one_emulator() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def emulator(one_emulator: Server) -> Server:
    one_emulator.wipe()
    return one_emulator
