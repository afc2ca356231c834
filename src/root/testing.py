"""The emulator in place of the service, for tests of code that uses the SDK.

```python
import root.testing
from root import RootSignals

with root.testing.emulator() as emulator:
    RootSignals().models.create(name="ollama/llama3")  # somewhere in the code under test
    assert [model.name for model in emulator.models] == ["ollama/llama3"]
```

`@root.testing.emulator()` does the same for a function. For pytest there are fixtures, such as
`root_emulator`. The extra `emulator` is required.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, aclosing, contextmanager
from functools import partial, update_wrapper
from types import TracebackType
from typing import Any, ClassVar, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from root._config.config import OWN, SCORABLE
from root._http import offline as _offline
from root._http.offline import OFFLINE, new_blocked_log, pop_blocked
from root.emulator import Server, serve

__all__ = ["EmulatorBlock", "emulator", "environment"]

# Tests behave the same whether or not the developer has a key for the service.
_CLEARED = (SCORABLE.key, SCORABLE.url)

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


def environment(server: Server) -> dict[str, str]:
    """Return the environment variables with which clients use a running emulator.

    They also exclude it from the use of a proxy. Pass them to a process that you start; `emulator`
    sets them in this one.
    """
    no_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    host = urlsplit(server.url).hostname or ""
    return {
        OWN.url: server.url,
        OWN.key: server.api_key,
        "no_proxy": f"{no_proxy},{host}" if no_proxy else host,
    }


def _with_parameters_of(
    source: Callable[P, object],
) -> Callable[[Callable[..., T]], Callable[P, T]]:
    """Give a function the signature of the function that it passes its arguments to."""

    def decorate(function: Callable[..., T]) -> Callable[P, T]:
        return update_wrapper(function, source, assigned=())

    return decorate


class EmulatorBlock:
    """An emulator in place of the service: a context manager, and a decorator of functions.

    Each `with` block, and each call of a decorated function, has an emulator of its own.
    """

    def __init__(self, enter: Callable[[], AbstractContextManager[Server]]) -> None:
        """Create it; `emulator()` does this."""
        self._enter = enter
        self._entered: list[AbstractContextManager[Server]] = []

    def __enter__(self) -> Server:
        """Start the emulator, and make clients use it."""
        block = self._enter()
        server = block.__enter__()
        self._entered.append(block)
        return server

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Restore the environment, and stop the emulator."""
        self._entered.pop().__exit__(exc_type, exc, traceback)

    def __call__(self, function: F) -> F:
        """Return the function, with an emulator from the start of each call to its end.

        The end of a coroutine function or a generator function is that of the coroutine or the
        generator.

        Raises:
            TypeError: The argument is not a function, but for instance a class.
        """
        if isinstance(function, type) or not callable(function):
            raise TypeError(
                "root.testing.emulator() decorates functions only. For a class, decorate its"
                " methods, or enter it in setUp or in a fixture."
            )
        return cast("F", update_wrapper(self._wrapped(function), function))

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._enter():
                    return await function(*args, **kwargs)

            return coroutine
        if inspect.isasyncgenfunction(function):

            async def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
                with self._enter():
                    async with aclosing(function(*args, **kwargs)) as values:
                        step = values.asend(None)
                        while True:
                            try:
                                value = await step
                            except StopAsyncIteration:
                                return
                            try:
                                sent = yield value
                            except GeneratorExit:
                                raise
                            except BaseException as exc:  # noqa: BLE001 - it is raised inside.
                                step = values.athrow(exc)
                            else:
                                step = values.asend(sent)

            return async_generator
        if inspect.isgeneratorfunction(function):
            generate: Callable[..., Generator[Any, Any, Any]] = function

            def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
                with self._enter():
                    return (yield from generate(*args, **kwargs))

            return generator

        def plain(*args: Any, **kwargs: Any) -> Any:
            with self._enter():
                result = function(*args, **kwargs)
                if inspect.isawaitable(result):
                    if inspect.iscoroutine(result):
                        result.close()
                    raise TypeError(
                        "root.testing.emulator() would end before what this function returns is"
                        " awaited. Decorate a coroutine function, or use a `with` block."
                    )
                return result

        return plain


@_with_parameters_of(serve)
def emulator(*positional: Any, **arguments: Any) -> EmulatorBlock:
    """Run the emulator in place of the service: until the end of a `with` block, or of a function.

    Clients that are created in the block without a key and a base URL use the emulator, also in
    child processes. No client connects to another machine: a call that would raises
    `ConfigurationError`. The block sets environment variables (those of `environment`, and
    `ROOTSIGNALS_OFFLINE`), clears `SCORABLE_API_KEY` and `SCORABLE_API_URL`, and restores all of
    them at its end. So a thread that outlives the block may connect to other machines again. If
    blocks overlap, such as those of two tasks, clients that are created then use the emulator of
    the block that began last.

    As a decorator, `@emulator()` does so for each call of a function, which may be a coroutine
    function or a generator function.

    The arguments are those of `root.emulator.serve`, and so are the errors.

    Raises:
        AssertionError: A call was blocked and the code under test suppressed the error. It is
            raised at the end of the block; if the block ends with an exception, that one gets a
            note instead.
    """
    if positional:
        raise TypeError(
            "root.testing.emulator takes named arguments only. As a decorator, it needs"
            " parentheses: @root.testing.emulator()"
        )
    return EmulatorBlock(partial(_in_place_of_the_service, **arguments))


@contextmanager
def _in_place_of_the_service(**arguments: Any) -> Generator[Server, None, None]:
    with serve(**arguments) as server:
        process = _Process(server)
        try:
            yield server
        except BaseException as exc:
            if blocked := pop_blocked():
                exc.add_note(blocked)
            raise
        else:
            if blocked := pop_blocked():
                advice = "Create the client in the block, without a key and a base URL."
                raise AssertionError(f"{blocked}\n{advice}")
        finally:
            process.leave()


class _Process:
    """The changes that a block makes in the process, until it ends.

    Blocks may overlap, such as those of two tasks. The one that began last applies, and what was
    there before all of them is restored when the last one ends.
    """

    _entered: ClassVar[list[_Process]] = []
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, server: Server) -> None:
        with self._lock:
            variables = {**environment(server), OFFLINE: "1"}
            self._before = {name: os.environ.get(name) for name in (*variables, *_CLEARED)}
            self._guard_before = _offline.test_guard_active, _offline.blocked
            os.environ.update(variables)
            for name in _CLEARED:
                os.environ.pop(name, None)
            # Calls that were blocked before this block are reported by what set the guard then.
            _offline.test_guard_active, _offline.blocked = True, new_blocked_log()
            self._entered.append(self)

    def leave(self) -> None:
        """Restore what was there before, or have the block that began next do so."""
        with self._lock:
            position = self._entered.index(self)
            del self._entered[position]
            if position < len(self._entered):
                following = self._entered[position]
                following._before = self._before
                following._guard_before = self._guard_before
                return
            _offline.test_guard_active, _offline.blocked = self._guard_before
            for name, value in self._before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
