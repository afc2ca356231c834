"""pytest's fixtures for code that uses the SDK, and a guard that keeps it on this machine.

pytest loads this wherever the SDK is installed, in projects that have no use for it too. So what
a fixture takes is imported when it is asked for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from root import _offline
from root._offline import OFFLINE, take_refused

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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Put up the guard before any conftest.py, and have the run fail if one gets past the error."""
    _put_up_guard(early_config)
    try:
        result = yield
    except Exception as exc:
        if told := _told():
            # pytest shows what the file raised, and not what it makes of it.
            (exc.__cause__ or exc).add_note(told)
        raise
    if told := _told():
        raise pytest.UsageError(f"while conftest.py was imported: {told}")
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and put up the guard if it was a conftest.py that named this plugin."""
    config.addinivalue_line("markers", f"{_MARK}: the test may reach the real Root Signals service")
    _put_up_guard(config)


def _put_up_guard(config: pytest.Config) -> None:
    """Keep this process and its children from the real service until the end of the run."""
    if config.getini(_ALLOW):
        return
    patch = pytest.MonkeyPatch()
    before = set(threading.enumerate())
    value = os.environ.get(OFFLINE, "1")
    patch.setenv(OFFLINE, value)
    patch.setattr(_offline, "guarded", bool(value))

    def take_down() -> None:
        # A thread that outlives the run is no less a test's. Others may be there already: those
        # of a notebook or an editor that calls pytest.
        if before.issuperset(threading.enumerate()):
            patch.undo()

    config.add_cleanup(take_down)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Take the guard down for a test that is marked so."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker(_MARK):
            patch.delenv(OFFLINE, raising=False)
            patch.setattr(_offline, "guarded", False)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Have a file fail that asks for the real service when it is imported."""
    report = yield
    told = _told()
    if told and report.passed:
        report.outcome, report.longrepr = "failed", told
    elif told:
        report.sections.append(("Guard", told))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Have a test fail whose fixtures ask for the real service."""
    return (yield from _fail_if_refused(item, "setup"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Have a test fail that asks for the real service."""
    return (yield from _fail_if_refused(item, "call"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Have a test fail whose fixtures ask for the real service at their end."""
    return (yield from _fail_if_refused(item, "teardown"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Have the run fail if a thread that outlived its test asked for the real service."""
    if told := _told():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        # A worker of pytest-xdist has no terminal, but sends this to the process that has.
        session.shouldfail = f"after the last test: {told}"
        if reporter := session.config.pluginmanager.get_plugin("terminalreporter"):
            reporter.section("after the last test", red=True)
            reporter.line(told)
    yield


def _fail_if_refused(item: pytest.Item, when: str) -> Generator[None, object, object]:
    try:
        result = yield
    except BaseException:
        # The test fails already, maybe of what came of the refusal.
        if told := _told():
            item.add_report_section(when, "guard", told)
        raise
    if told := _told():
        pytest.fail(told, pytrace=False)
    return result


def _told() -> str:
    told = take_refused()
    remedy = f"Use the fixture root_emulator, or mark the test @pytest.mark.{_MARK}."
    return told and f"{told}\n{remedy}"
