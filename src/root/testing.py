"""The emulator in the service's place, for tests of code that uses the SDK.

```python
import root.testing
from root import RootSignals

with root.testing.emulator() as emulator:
    RootSignals().models.create(name="ollama/llama3")  # somewhere in the code under test
    assert [model.name for model in emulator.models] == ["ollama/llama3"]
```

For pytest there are fixtures, such as `root_emulator`. It needs the extra `root-sdk[emulator]`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from root import _offline
from root._config import API_KEY, API_URL
from root._offline import OFFLINE, new_refused, take_refused
from root.emulator import Server, serve

__all__ = ["emulator", "environment"]

P = ParamSpec("P")
T = TypeVar("T")


def environment(server: Server) -> dict[str, str]:
    """Return the environment variables by which clients find a running emulator.

    They also keep requests to it from going over a proxy. Give them to a process that you start,
    or have `emulator` set them for you.
    """
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    host = urlsplit(server.url).hostname or ""
    return {
        API_URL: server.url,
        API_KEY: server.api_key,
        "no_proxy": f"{direct},{host}" if direct else host,
    }


def _taking_arguments_of(
    start: Callable[P, object],
) -> Callable[[Callable[..., T]], Callable[P, T]]:
    """Show the arguments of a function as those of the one that it passes them on to."""

    def show(function: Callable[..., T]) -> Callable[P, T]:
        return update_wrapper(function, start, assigned=())

    return show


@_taking_arguments_of(serve)
@contextmanager
def emulator(**arguments: Any) -> Generator[Server, None, None]:
    """Run the emulator in the service's place until the end of the `with` block.

    Clients that are made in the block without a key and a base URL are clients of the emulator,
    also in child processes. No client sends anything beyond this machine: a call that would be
    raises `ConfigurationError`. It does this by environment variables (those of `environment`, and
    `ROOTSIGNALS_OFFLINE`), which are afterwards what they were before. So a thread that goes on
    after the block is kept from nothing.

    The arguments are those of `root.emulator.serve`, and so are the errors.

    Raises:
        AssertionError: At the end of the block, if a call was refused and the code that made it
            lost the error. If the block ends with an exception, that one gets a note of it.
    """
    with serve(**arguments) as server:
        variables = {**environment(server), OFFLINE: "1"}
        before = {name: os.environ.get(name) for name in variables}
        guarded, refused = _offline.guarded, _offline.refused
        os.environ.update(variables)
        # What was refused before is none of this block's, and is for whoever it is told to.
        _offline.guarded, _offline.refused = True, new_refused()
        try:
            yield server
        except BaseException as exc:
            if told := take_refused():
                exc.add_note(told)
            raise
        else:
            if told := take_refused():
                remedy = "Have the client made in the block, without a key and a base URL."
                raise AssertionError(f"{told}\n{remedy}")
        finally:
            _offline.guarded, _offline.refused = guarded, refused
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
