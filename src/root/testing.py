"""The emulator in place of the service, for tests of code that uses the SDK.

```python
import root.testing
from root import RootSignals

with root.testing.emulator() as emulator:
    RootSignals().models.create(name="ollama/llama3")  # somewhere in the code under test
    assert [model.name for model in emulator.models] == ["ollama/llama3"]
```

For pytest there are fixtures, such as `root_emulator`. The extra `emulator` is required.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from root._config.config import OWN, SCORABLE
from root._http import offline as _offline
from root._http.offline import OFFLINE, new_blocked_log, pop_blocked
from root.emulator import Server, serve

__all__ = ["emulator", "environment"]

# Tests behave the same whether or not the developer has a key for the service.
_CLEARED = (SCORABLE.key, SCORABLE.url)

P = ParamSpec("P")
T = TypeVar("T")


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


@_with_parameters_of(serve)
@contextmanager
def emulator(**arguments: Any) -> Generator[Server, None, None]:
    """Run the emulator in place of the service until the end of the `with` block.

    Clients that are created in the block without a key and a base URL use the emulator, also in
    child processes. No client connects to another machine: a call that would raises
    `ConfigurationError`. The block sets environment variables (those of `environment`, and
    `ROOTSIGNALS_OFFLINE`), clears `SCORABLE_API_KEY` and `SCORABLE_API_URL`, and restores all of
    them at its end. So a thread that outlives the block may connect to other machines again.

    The arguments are those of `root.emulator.serve`, and so are the errors.

    Raises:
        AssertionError: A call was blocked and the code under test suppressed the error. It is
            raised at the end of the block; if the block ends with an exception, that one gets a
            note instead.
    """
    with serve(**arguments) as server:
        variables = {**environment(server), OFFLINE: "1"}
        before = {name: os.environ.get(name) for name in (*variables, *_CLEARED)}
        guard_before, blocked_before = _offline.test_guard_active, _offline.blocked
        os.environ.update(variables)
        for name in _CLEARED:
            os.environ.pop(name, None)
        # Calls that were blocked before this block are reported by what set the guard then.
        _offline.test_guard_active, _offline.blocked = True, new_blocked_log()
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
            _offline.test_guard_active, _offline.blocked = guard_before, blocked_before
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
