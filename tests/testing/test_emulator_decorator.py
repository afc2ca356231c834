"""`root.testing.emulator` as a decorator."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from typing import Any

import anyio
import pytest

import root.testing
from root import AsyncRootSignals, ConfigurationError, RootSignals

from .test_pytest_plugin import ASYNCIO, Run, installed, run

__all__ = ["installed", "run"]

pytest_plugins = ["pytester"]

URL = "ROOTSIGNALS_API_URL"
REAL = "https://api.app.rootsignals.ai"


def register(name: str) -> list[str]:
    """Create a model, and return the names of all private ones."""
    with RootSignals() as client:
        client.models.create(name=name)
        return [
            model.name for model in client.models.list(limit=None) if model.visibility != "PUBLIC"
        ]


def test_function() -> None:
    """Each call of a function has an emulator of its own, and the environment is restored."""
    decorated = root.testing.emulator()(register)

    assert decorated("a") == ["a"]
    assert decorated(name="b") == ["b"]
    assert URL not in os.environ


def test_metadata() -> None:
    """The decorated function keeps its name, its documentation and its signature."""
    decorated = root.testing.emulator()(register)

    assert (decorated.__name__, decorated.__doc__) == (register.__name__, register.__doc__)
    assert inspect.signature(decorated) == inspect.signature(register)


def test_arguments() -> None:
    """The arguments are those of `serve`."""

    @root.testing.emulator(api_key="mine")
    def key() -> str:
        return os.environ["ROOTSIGNALS_API_KEY"]

    assert key() == "mine"


def test_recursion() -> None:
    """A call within a call has an emulator of its own, and the outer one is used after it."""

    @root.testing.emulator()
    def urls(depth: int) -> list[str]:
        inner = urls(depth - 1) if depth else []
        return [os.environ[URL], *inner]

    assert len(set(urls(2))) == 3


def test_block_that_is_used_again() -> None:
    """The same object can be used for several blocks, also for one within another."""
    block = root.testing.emulator()
    with block as outer:
        with block as inner:
            assert os.environ[URL] == inner.url
        assert os.environ[URL] == outer.url
    with block as another:
        assert os.environ[URL] == another.url != outer.url


def test_blocked_call() -> None:
    """A call of the real service whose error is suppressed fails the function."""

    @root.testing.emulator()
    def retrieve() -> None:
        with RootSignals("k", base_url=REAL) as client, suppress(ConfigurationError):
            client.models.retrieve("a")

    with pytest.raises(AssertionError, match="tried to connect to the real service"):
        retrieve()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_coroutine_function(backend: str) -> None:
    """The emulator of a coroutine runs until it ends."""

    @root.testing.emulator()
    async def names() -> list[str]:
        await anyio.lowlevel.checkpoint()
        async with AsyncRootSignals() as client:
            await client.models.create(name="a")
            return [model.name async for model in client.models.list(limit=1)]

    assert inspect.iscoroutinefunction(names)
    assert anyio.run(names, backend=backend) == ["a"]
    assert URL not in os.environ


def test_coroutine_that_is_cancelled() -> None:
    """The environment is restored if the coroutine is cancelled."""

    @root.testing.emulator()
    async def wait() -> None:
        assert URL in os.environ
        await asyncio.get_running_loop().create_future()

    async def cancel() -> None:
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        assert URL in os.environ
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert URL not in os.environ


def test_generator_function() -> None:
    """The emulator of a generator runs until it ends, and what is sent and raised arrives."""

    @root.testing.emulator()
    def generate() -> Generator[str, str, str]:
        received = yield os.environ[URL]
        try:
            yield received
        except KeyError:
            return os.environ[URL]
        raise AssertionError

    assert inspect.isgeneratorfunction(generate)
    values = generate()
    assert URL not in os.environ
    url = next(values)
    assert values.send("sent") == "sent"
    with pytest.raises(StopIteration) as end:
        values.throw(KeyError())
    assert end.value.value == url
    assert URL not in os.environ


async def test_async_generator_function() -> None:
    """The emulator of an async generator runs until it ends, with what is sent and raised."""

    @root.testing.emulator()
    async def generate() -> AsyncGenerator[str, str]:
        received = yield os.environ[URL]
        try:
            yield received
        except KeyError:
            yield os.environ[URL]

    assert inspect.isasyncgenfunction(generate)
    values = generate()
    assert URL not in os.environ
    url = await anext(values)
    assert await values.asend("sent") == "sent"
    assert await values.athrow(KeyError()) == url
    with pytest.raises(StopAsyncIteration):
        await anext(values)
    assert URL not in os.environ


async def test_async_generator_that_is_closed() -> None:
    """The environment is restored if an async generator is closed, after its own cleanup."""
    at_cleanup: list[bool] = []

    @root.testing.emulator()
    async def generate() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            at_cleanup.append(URL in os.environ)

    values = generate()
    await anext(values)
    await values.aclose()

    assert at_cleanup == [True]
    assert URL not in os.environ


@pytest.mark.parametrize("value", [int, classmethod(lambda _: None), None])
def test_what_is_no_function(value: object) -> None:
    """A class is refused, since its instances would outlive the emulator."""
    with pytest.raises(TypeError, match="decorates functions only"):
        root.testing.emulator()(value)  # type: ignore[type-var]  # pyright: ignore


def test_no_parentheses() -> None:
    """`@emulator` without parentheses is refused, with the right way to write it."""
    decorate: Any = root.testing.emulator
    with pytest.raises(TypeError, match=r"parentheses: @root\.testing\.emulator\(\)$"):
        decorate(lambda: None)


def test_pytest_functions(run: Run) -> None:
    """Tests with fixtures and parameters, async tests, and fixtures can be decorated."""
    result = run(
        """
        import os

        import pytest

        import root.testing
        from root import AsyncRootSignals, RootSignals

        def names():
            with RootSignals() as client:
                return [model.name for model in client.models.list(limit=1)]

        @pytest.fixture
        @root.testing.emulator()
        def model():
            with RootSignals() as client:
                yield client.models.create(name="of the fixture")

        def test_fixture(model):
            assert names() == ["of the fixture"]

        @pytest.mark.parametrize("name", ["a", "b"])
        @root.testing.emulator()
        def test_function(tmp_path, name):
            with RootSignals() as client:
                client.models.create(name=name)
            assert names() == [name]

        @root.testing.emulator()
        async def test_coroutine(tmp_path):
            async with AsyncRootSignals() as client:
                await client.models.create(name="c")
            assert names() == ["c"]

        class TestMethods:
            @root.testing.emulator()
            def test_method(self):
                assert "ROOTSIGNALS_API_KEY" in os.environ
        """,
        *ASYNCIO,
        "-o",
        "asyncio_mode=auto",
    )

    result.assert_outcomes(passed=5)


def test_unittest() -> None:
    """Methods of unittest can be decorated, also async ones."""
    code = """
import unittest
import root.testing
from root import AsyncRootSignals, RootSignals

class Registering(unittest.IsolatedAsyncioTestCase):
    @root.testing.emulator()
    def test_registers(self):
        with RootSignals() as client:
            client.models.create(name="a")

    @root.testing.emulator()
    async def test_registers_on_a_loop(self):
        async with AsyncRootSignals() as client:
            await client.models.create(name="a")

unittest.main()
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr


def test_overlapping_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks may end in any order: the last one that ends restores the environment."""
    monkeypatch.setenv(URL, REAL)

    @root.testing.emulator()
    def url() -> Generator[str | None, None, None]:
        while True:
            yield os.environ.get(URL)

    first, second = url(), url()
    urls = {next(first), next(second)}
    first.close()
    still = next(second)
    second.close()

    assert len(urls) == 2
    assert still in urls
    assert still != REAL
    assert os.environ[URL] == REAL
    assert "ROOTSIGNALS_OFFLINE" not in os.environ


def test_function_that_returns_a_coroutine() -> None:
    """What would be awaited after the end of the emulator is refused."""

    async def coroutine() -> None:
        """Do nothing."""

    def function() -> object:
        return coroutine()

    with pytest.raises(TypeError, match="would end before what this function returns is awaited"):
        root.testing.emulator()(function)()
