"""pytest's fixtures for code that uses the SDK, and a guard that keeps tests on this machine.

pytest loads this wherever the SDK is installed, in projects that have no use for it too. So what
a fixture takes is imported when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from root._offline import OFFLINE, refused

if TYPE_CHECKING:
    from root import AsyncRootSignals, RootSignals
    from root.emulator import Server

_ALLOW = "root_allow_real_service"
_MARK = "root_real_service"


@pytest.fixture(scope="session")
def root_emulator_options() -> Mapping[str, Any]:
    """Return the arguments of `root.emulator.serve` for the emulator; override it to have some."""
    return {}


@pytest.fixture(scope="session")
def root_emulator_session(root_emulator_options: Mapping[str, Any]) -> Iterator[Server]:
    """Return the emulator that `root_emulator` wipes and uses; this neither wipes nor uses it."""
    from root.emulator import serve

    with serve(**root_emulator_options) as server:
        yield server


@pytest.fixture
def root_emulator(root_emulator_session: Server) -> Iterator[Server]:
    """Return the emulator, as good as new, with environment variables that lead clients to it."""
    from root.testing import environment

    root_emulator_session.wipe()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(root_emulator_session).items():
            patch.setenv(name, value)
        yield root_emulator_session


@pytest.fixture
def root_client(root_emulator: Server) -> Iterator[RootSignals]:
    """Return a client of the emulator, which is closed after the test."""
    from root import RootSignals

    with RootSignals() as client:
        yield client


@pytest.fixture
def async_root_client(root_emulator: Server) -> Iterator[AsyncRootSignals]:
    """Return an async client of the emulator, for asyncio and trio, by whichever plugin."""
    from root import AsyncRootSignals

    client = AsyncRootSignals()
    yield client
    # Not by `aclose`: outside of the test nobody knows which event loop to wait in, if it is
    # still there.
    client._drop()  # pyright: ignore[reportPrivateUsage]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that switches the guard off."""
    parser.addini(_ALLOW, "Let tests reach the real Root Signals service.", type="bool")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and put up the guard for this process and its children."""
    config.addinivalue_line("markers", f"{_MARK}: the test may reach the real Root Signals service")
    if not config.getini(_ALLOW):
        patch = pytest.MonkeyPatch()
        patch.setenv(OFFLINE, os.environ.get(OFFLINE, "1"))
        config.add_cleanup(patch.undo)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Take the guard down for a test that is marked so."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker(_MARK):
            patch.delenv(OFFLINE, raising=False)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """Have a test fail whose fixtures ask for the real service."""
    return (yield from _fail_if_refused())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Have a test fail that asks for the real service."""
    return (yield from _fail_if_refused())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """Have a test fail whose fixtures ask for the real service at their end."""
    return (yield from _fail_if_refused())


def _fail_if_refused() -> Generator[None, object, object]:
    try:
        result = yield
    finally:
        # If the error got through to the test, it is told already.
        told = [f"  {refused.popleft()}" for _ in range(len(refused))]
    if told:
        pytest.fail(
            "The real service was asked for, which tests do not reach:\n"
            + "\n".join(told)
            + f"\nUse the fixture root_emulator, or mark the test @pytest.mark.{_MARK}.",
            pytrace=False,
        )
    return result
