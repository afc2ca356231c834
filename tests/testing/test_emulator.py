"""`root.testing`: the emulator in place of the service, without pytest."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from contextlib import suppress
from unittest.mock import patch

import anyio
import pytest

import root.testing
from root import AsyncRootSignals, ConfigurationError, MissingKeyError, RootSignals
from root.emulator import serve
from tests.scripted_server import ScriptedServer, responds

NAMES = ("ROOTSIGNALS_API_URL", "ROOTSIGNALS_API_KEY", "ROOTSIGNALS_OFFLINE", "no_proxy")
REAL = "https://api.app.rootsignals.ai"


def test_clients_use_the_emulator() -> None:
    """Clients that are created in the block, also in child processes, use the emulator."""
    code = "from root import RootSignals; RootSignals().models.create(name='theirs')"
    with root.testing.emulator() as emulator:
        with RootSignals() as client:
            client.models.create(name="ours")
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)

        assert [model.name for model in emulator.models] == ["ours", "theirs"]


def test_blocked_call_of_a_twin() -> None:
    """The error of a blocked call has the line of the caller, also on an event loop."""
    with (
        pytest.raises(ConfigurationError) as error,
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
    ):
        asyncio.run(client.models.acreate(name="a"))

    [note] = error.value.__notes__
    assert f"{REAL}, called from {__file__}:" in note


def test_blocked_call() -> None:
    """In the block the real service is blocked, and the error has the line of the caller."""
    with (
        pytest.raises(ConfigurationError) as error,
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
    ):
        client.models.retrieve("a")

    [note] = error.value.__notes__
    assert f"{REAL}, called from {__file__}:" in note


def test_suppressed_error() -> None:
    """The block fails at its end if a call was blocked and its error suppressed."""
    with (
        pytest.raises(AssertionError, match="tried to connect to the real service") as error,
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
        suppress(ConfigurationError),
    ):
        client.models.retrieve("a")

    assert f"{REAL}, called from {__file__}:" in str(error.value)
    with root.testing.emulator():
        pass


def test_suppressed_error_before_an_inner_block() -> None:
    """A blocked call before an inner block fails the outer one, and is reported once."""
    ended: list[str] = []
    with (
        pytest.raises(AssertionError, match="tried to connect to the real service"),
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
    ):
        with suppress(ConfigurationError):
            client.models.retrieve("a")
        with root.testing.emulator():
            pass
        ended.append("inner")

    assert ended == ["inner"]


def test_cleared_environment() -> None:
    """The real service is blocked even if a test has cleared the environment."""
    with (
        pytest.raises(ConfigurationError),
        root.testing.emulator(),
        patch.dict(os.environ, clear=True),
        RootSignals("k", base_url=REAL) as client,
    ):
        client.models.retrieve("a")


def test_guard_ends() -> None:
    """After the block, other machines can be reached again."""
    with root.testing.emulator():
        pass
    with (
        ScriptedServer([responds(200, {"id": "9b2f", "name": "a"})]) as proxy,
        patch.dict(os.environ, {"HTTP_PROXY": proxy.url}),
        RootSignals("k", base_url="http://api.test") as client,
    ):
        assert client.models.retrieve("a").id == "9b2f"


def test_environment_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables are restored, even if the block ends with an exception."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", "mine")
    before = dict(os.environ)

    with pytest.raises(ZeroDivisionError), root.testing.emulator():
        assert set(NAMES) <= set(os.environ)
        assert os.environ["ROOTSIGNALS_API_KEY"] != "mine"
        raise ZeroDivisionError

    assert dict(os.environ) == before


def test_variables_of_scorable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a developer is not there within the block, and is restored after it."""
    monkeypatch.setenv("SCORABLE_API_KEY", "mine")
    monkeypatch.setenv("SCORABLE_API_URL", "http://mine.test")
    before = dict(os.environ)

    with root.testing.emulator() as emulator:
        assert RootSignals().base_url == emulator.url
        with patch.dict(os.environ):
            del os.environ["ROOTSIGNALS_API_KEY"]
            with pytest.raises(MissingKeyError):
                RootSignals()

    assert dict(os.environ) == before


def test_other_variables_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that the block itself sets are kept."""
    monkeypatch.setenv("MINE", "before")
    with root.testing.emulator():
        os.environ["MINE"] = "after"

    assert os.environ["MINE"] == "after"


def test_nested_blocks() -> None:
    """A nested block has an emulator of its own, and after it the outer one is used again."""
    with root.testing.emulator() as outer:
        with root.testing.emulator() as inner, RootSignals() as client:
            client.models.create(name="a")
        with RootSignals() as client:
            client.models.create(name="b")
            assert [model.name for model in outer.models] == ["b"]
        assert inner.url != outer.url


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_proxies(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A proxy in the environment is not used for the emulator, and its exceptions are kept."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv(variable, "intranet.test")
    with root.testing.emulator() as emulator, RootSignals() as client:
        client.models.create(name="a")

        assert len(emulator.models) == 1
        assert os.environ["no_proxy"] == "intranet.test,127.0.0.1"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_code(backend: str) -> None:
    """The block works in code on an event loop."""

    async def use() -> list[str]:
        with root.testing.emulator() as emulator:
            async with AsyncRootSignals() as client:
                await client.models.create(name="a")
            return [model.name for model in emulator.models]

    assert anyio.run(use, backend=backend) == ["a"]


def test_arguments() -> None:
    """The arguments are those of `serve`."""
    assert inspect.signature(root.testing.emulator) == inspect.signature(serve)
    with root.testing.emulator(api_key="mine") as emulator:
        assert emulator.api_key == os.environ["ROOTSIGNALS_API_KEY"] == "mine"


def test_unittest() -> None:
    """The block works with unittest's `enterContext`."""
    code = """
import unittest
import root.testing
from root import RootSignals

class Registering(unittest.TestCase):
    def setUp(self):
        self.emulator = self.enterContext(root.testing.emulator())

    def test_registers(self):
        with RootSignals() as client:
            client.models.create(name="a")
        self.assertEqual([model.name for model in self.emulator.models], ["a"])

    test_registers_again = test_registers

unittest.main()
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr


def test_missing_extra() -> None:
    """Without the extra, the error has the command to install it."""
    code = "import sys; sys.modules['uvicorn'] = None; import root.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode
    assert 'pip install ".[emulator]"' in done.stderr.splitlines()[-1]
