"""Pytest fixtures for code that uses the SDK, and a guard that blocks other machines.

pytest loads this module wherever the SDK is installed, also for projects that do not use it. So
each fixture imports what it needs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from root._http import offline as _offline
from root._http.offline import OFFLINE, pop_blocked

if TYPE_CHECKING:
    from root import AsyncRootSignals, RootSignals
    from root.emulator import Server

_ALLOW = "root_allow_real_service"
_MARK = "root_real_service"


@pytest.fixture(scope="session")
def root_emulator_options() -> Mapping[str, Any]:
    """Return the arguments of `root.emulator.serve` for the emulator; override it to pass some."""
    return {}


@pytest.fixture(scope="session")
def root_emulator_session(root_emulator_options: Mapping[str, Any]) -> Iterator[Server]:
    """Return the emulator of `root_emulator` without wiping it, and without setting variables."""
    from root.emulator import serve

    with serve(**root_emulator_options) as server:
        yield server


@pytest.fixture
def root_emulator(root_emulator_session: Server) -> Iterator[Server]:
    """Return the emulator, wiped, with the environment variables that make clients use it.

    Those of Scorable are cleared.
    """
    from root._config.config import SCORABLE
    from root.testing import environment

    root_emulator_session.wipe()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(root_emulator_session).items():
            patch.setenv(name, value)
        for name in (SCORABLE.key, SCORABLE.url):
            patch.delenv(name, raising=False)
        yield root_emulator_session


@pytest.fixture
def root_client(root_emulator: Server) -> Iterator[RootSignals]:
    """Return a client of the emulator; it is closed after the test."""
    from root import RootSignals

    with RootSignals() as client:
        yield client


@pytest.fixture
def async_root_client(root_emulator: Server) -> Iterator[AsyncRootSignals]:
    """Return an async client of the emulator, for asyncio and trio, with any async plugin."""
    from root import AsyncRootSignals

    client = AsyncRootSignals()
    yield client
    # Not with `aclose`: outside of the test, its event loop is unknown and may be closed.
    client._drop()  # pyright: ignore[reportPrivateUsage]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that disables the guard."""
    parser.addini(_ALLOW, "Allow tests to connect to the real Root Signals service.", type="bool")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Set the guard before any conftest.py, and fail the run if one had a call blocked."""
    _set_guard(early_config)
    try:
        result = yield
    except Exception as exc:
        if blocked := _blocked():
            # pytest shows the exception of the file, and not the one that it raises from it.
            (exc.__cause__ or exc).add_note(blocked)
        raise
    if blocked := _blocked():
        raise pytest.UsageError(f"while conftest.py was imported: {blocked}")
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and set the guard if a conftest.py loaded this plugin."""
    config.addinivalue_line(
        "markers", f"{_MARK}: the test may connect to the real Root Signals service"
    )
    _set_guard(config)


def _set_guard(config: pytest.Config) -> None:
    """Block the real service for this process and its children until the end of the run."""
    if config.getini(_ALLOW):
        return
    patch = pytest.MonkeyPatch()
    before = set(threading.enumerate())
    value = os.environ.get(OFFLINE, "1")
    patch.setenv(OFFLINE, value)
    patch.setattr(_offline, "test_guard_active", bool(value))

    def remove_guard() -> None:
        # A thread that outlives the run was started by a test, except for those that were there
        # before, such as those of a notebook or an editor that calls pytest.
        if before.issuperset(threading.enumerate()):
            patch.undo()

    config.add_cleanup(remove_guard)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remove the guard for a test with the marker."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker(_MARK):
            patch.delenv(OFFLINE, raising=False)
            patch.setattr(_offline, "test_guard_active", False)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that had a call blocked when it was imported."""
    report = yield
    blocked = _blocked()
    if blocked and report.passed:
        report.outcome, report.longrepr = "failed", blocked
    elif blocked:
        report.sections.append(("Guard", blocked))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose fixtures had a call blocked."""
    return (yield from _fail_if_blocked(item, "setup"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that had a call blocked."""
    return (yield from _fail_if_blocked(item, "call"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose fixtures had a call blocked at their end."""
    return (yield from _fail_if_blocked(item, "teardown"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Fail the run if a thread that outlived its test had a call blocked."""
    if blocked := _blocked():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        # A worker of pytest-xdist has no terminal, and sends this to the process that has one.
        session.shouldfail = f"after the last test: {blocked}"
        if reporter := session.config.pluginmanager.get_plugin("terminalreporter"):
            reporter.section("after the last test", red=True)
            reporter.line(blocked)
    yield


def _fail_if_blocked(item: pytest.Item, when: str) -> Generator[None, object, object]:
    try:
        result = yield
    except BaseException:
        # The test has failed already, possibly because of the blocked call.
        if blocked := _blocked():
            item.add_report_section(when, "guard", blocked)
        raise
    if blocked := _blocked():
        pytest.fail(blocked, pytrace=False)
    return result


def _blocked() -> str:
    """Return a message on the calls that were blocked since the last call, or ''."""
    blocked = pop_blocked()
    advice = f"Use the fixture root_emulator, or mark the test @pytest.mark.{_MARK}."
    return blocked and f"{blocked}\n{advice}"
