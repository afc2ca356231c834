"""`root.testing`: the emulator in the service's place, without pytest."""

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
from root import AsyncRootSignals, ConfigurationError, RootSignals
from root.emulator import serve
from tests.wire import Wire, says

NAMES = ("ROOTSIGNALS_API_URL", "ROOTSIGNALS_API_KEY", "ROOTSIGNALS_OFFLINE", "no_proxy")
REAL = "https://api.app.rootsignals.ai"


def test_takes_the_place() -> None:
    """Clients made in the block, in child processes too, are clients of the emulator."""
    code = "from root import RootSignals; RootSignals().models.create(name='theirs')"
    with root.testing.emulator() as emulator:
        with RootSignals() as client:
            client.models.create(name="ours")
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)

        assert [model.name for model in emulator.models] == ["ours", "theirs"]


def test_asked_for_by_a_twin() -> None:
    """Of a call on an event loop, too, the line of the caller is told."""
    with (
        pytest.raises(ConfigurationError) as error,
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
    ):
        asyncio.run(client.models.acreate(name="a"))

    [note] = error.value.__notes__
    assert f"{REAL}, asked for at {__file__}:" in note


def test_nothing_else() -> None:
    """In the block the real service is not reached, and the error tells who asked for it."""
    with (
        pytest.raises(ConfigurationError) as error,
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
    ):
        client.models.retrieve("a")

    [note] = error.value.__notes__
    assert f"{REAL}, asked for at {__file__}:" in note


def test_lost_error() -> None:
    """At its end the block fails if code in it asked for the real service and lost the error."""
    with (
        pytest.raises(AssertionError, match="which tests do not reach") as error,
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
        suppress(ConfigurationError),
    ):
        client.models.retrieve("a")

    assert f"{REAL}, asked for at {__file__}:" in str(error.value)
    with root.testing.emulator():
        pass


def test_lost_error_before() -> None:
    """What was refused before a block within is told at the end of the outer one, and once."""
    within: list[str] = []
    with (
        pytest.raises(AssertionError, match="which tests do not reach"),
        root.testing.emulator(),
        RootSignals("k", base_url=REAL) as client,
    ):
        with suppress(ConfigurationError):
            client.models.retrieve("a")
        with root.testing.emulator():
            pass
        within.append("ended")

    assert within == ["ended"]


def test_emptied_environment() -> None:
    """The real service is not reached either where a test has emptied the environment."""
    with (
        pytest.raises(ConfigurationError),
        root.testing.emulator(),
        patch.dict(os.environ, clear=True),
        RootSignals("k", base_url=REAL) as client,
    ):
        client.models.retrieve("a")


def test_guard_ends() -> None:
    """After the block other machines are reached again."""
    with root.testing.emulator():
        pass
    with (
        Wire([says(200, {"id": "9b2f", "name": "a"})]) as proxy,
        patch.dict(os.environ, {"HTTP_PROXY": proxy.url}),
        RootSignals("k", base_url="http://api.test") as client,
    ):
        assert client.models.retrieve("a").id == "9b2f"


def test_environment_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the variables were before is what they are afterwards, however the block ends."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", "mine")
    before = dict(os.environ)

    with pytest.raises(ZeroDivisionError), root.testing.emulator():
        assert set(NAMES) <= set(os.environ)
        assert os.environ["ROOTSIGNALS_API_KEY"] != "mine"
        raise ZeroDivisionError

    assert dict(os.environ) == before


def test_other_variables_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the block sets itself stays set."""
    monkeypatch.setenv("MINE", "before")
    with root.testing.emulator():
        os.environ["MINE"] = "after"

    assert os.environ["MINE"] == "after"


def test_within_another() -> None:
    """The inner of two blocks has an emulator of its own, and then the outer one is back."""
    with root.testing.emulator() as outer:
        with root.testing.emulator() as inner, RootSignals() as client:
            client.models.create(name="a")
        with RootSignals() as client:
            client.models.create(name="b")
            assert [model.name for model in outer.models] == ["b"]
        assert inner.url != outer.url


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_proxies(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A proxy of the environment does not come between, and its exceptions stay."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv(variable, "intranet.test")
    with root.testing.emulator() as emulator, RootSignals() as client:
        client.models.create(name="a")

        assert len(emulator.models) == 1
        assert os.environ["no_proxy"] == "intranet.test,127.0.0.1"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_in_async_code(backend: str) -> None:
    """It works in code on an event loop."""

    async def use() -> list[str]:
        with root.testing.emulator() as emulator:
            async with AsyncRootSignals() as client:
                await client.models.create(name="a")
            return [model.name for model in emulator.models]

    assert anyio.run(use, backend=backend) == ["a"]


def test_arguments() -> None:
    """It takes what `serve` takes."""
    assert inspect.signature(root.testing.emulator) == inspect.signature(serve)
    with root.testing.emulator(api_key="mine") as emulator:
        assert emulator.api_key == os.environ["ROOTSIGNALS_API_KEY"] == "mine"


def test_unittest() -> None:
    """It is a context manager as unittest takes it."""
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
    """Without the extra it says what to install."""
    code = "import sys; sys.modules['uvicorn'] = None; import root.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode
    assert 'pip install "root-sdk[emulator]"' in done.stderr.splitlines()[-1]
