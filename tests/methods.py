"""Every method of a client, called with what it requires."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import cast

from root._accessor import Accessor
from root.evaluators import CalibrateBatchParameters

ID = "9b2f0c1e-3d64-4f0e-8f7e-2f1f7f3f9f10"

# What is passed to parameters of these names. Others that are required get an ID.
ARGUMENTS: dict[str, object] = {
    "desired": [{"name": "a"}],
    "emails": ["a@example.com"],
    "evaluator_definitions": [CalibrateBatchParameters("abc", "{{response}}", "abc")],
    "ids": [ID],
    "inputs": [{"response": "a"}],
    "log_id": ID,
    "log_ids": [ID],
    "model_ids": [ID],
    "models": [{"name": "a"}],
    "intent": "whether it is short",
    "name": "abc",
    "predicate": "{{response}}",
    "response": "a",
    "tags": ["a"],
    "test_data": [["a", "b"]],
    # A batch is polled again.
    "timeout": 0.1,
}
VERIFIED = [{"model": "a"}]

# Methods that send nothing.
SILENT = {"bind", "openai_base_url"}


def methods(kind: type[object], *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the path of each method of a client, its resources and their parts."""
    for name, value in inspect.getmembers_static(kind):
        if name.startswith("_") or name in SILENT:
            continue
        if isinstance(value, Accessor):
            yield from methods(getattr(kind, name), *path, name)
        elif path and inspect.isfunction(value):
            yield (*path, name)


def call(client: object, path: tuple[str, ...], **arguments: object) -> Callable[[], object]:
    """Return a method with what it requires, and with these arguments if it has them."""
    for name in path:
        client = getattr(client, name)
    method = cast("Callable[..., object]", client)
    if path[-1].endswith("verify_many"):
        arguments["models"] = VERIFIED
    passed = {
        name: arguments.get(name, ID)
        for name, parameter in inspect.signature(method).parameters.items()
        if name in arguments
        or (parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD)
    }
    return lambda: method(**passed)


async def outcome(call: Callable[[], object]) -> None:
    """Make a call, and begin to read the listing that it may return."""
    result = call()
    if isinstance(result, Awaitable):
        result = await cast("Awaitable[object]", result)
    if isinstance(result, AsyncIterator):
        await anext(cast("AsyncIterator[object]", result))
    elif isinstance(result, Iterator):
        next(cast("Iterator[object]", result))
