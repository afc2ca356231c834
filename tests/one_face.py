"""Keep the tests of one face of the client from calling the methods of another one."""

from __future__ import annotations

import inspect
from typing import NoReturn

import pytest

from root._accessor import Accessor
from root._async.client import AsyncRootSignals
from root._sync.client import RootSignals

_CALLS = ("send", "request", "check")

# Methods that make no calls are the same on all faces.
_SHARED = ("bind", "openai_base_url")


def forbid_other_faces(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Let the methods of the other faces fail.

    The methods of a twin's class without the prefix are those of the blocking one. An error of the
    tests, such as a missing prefix, would often be an error of the client that they expect.

    Args:
        monkeypatch: Undoes it.
        folder: The folder of the tests: `_async`, `_sync` or `_twins`.
    """
    client: type[object] = AsyncRootSignals if folder == "_sync" else RootSignals
    for name in _CALLS:
        monkeypatch.setattr(client, name, _forbidden(f"{client.__name__}.{name}"))
    for accessor, value in vars(client).items():
        if isinstance(value, Accessor):
            resource = getattr(client, accessor)
            for name, _ in inspect.getmembers_static(resource, inspect.isfunction):
                if not name.startswith("_") and name not in _SHARED:
                    monkeypatch.setattr(resource, name, _forbidden(f"{accessor}.{name}"))


def _forbidden(name: str) -> object:
    def fail(*_: object, **__: object) -> NoReturn:
        raise AssertionError(f"{name} was called, which these tests are not about")

    return fail
