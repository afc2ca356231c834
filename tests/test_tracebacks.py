"""A traceback ends near the line that made the call, and shows a cause once."""

from __future__ import annotations

import asyncio
import inspect
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import root
from root import AsyncRootSignals, RootSignals, RootSignalsError
from root._accessor import Accessor
from root.errors import APIConnectionError, BulkError
from root.evaluators import CalibrateBatchParameters

MAX_FRAMES = 3

KEY = "key-of-the-tests"
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


def our_frames(error: BaseException) -> list[str]:
    """Return the functions of this package in the traceback of an error."""
    package = str(Path(root.__file__).parent)
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.name for frame in frames if frame.filename.startswith(package)]


@pytest.fixture
def refused() -> Iterator[str]:
    """A URL at which connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize("path", [*methods(RootSignals)], ids=".".join)
def test_methods_of_the_client(path: tuple[str, ...], refused: str) -> None:
    """Blocking and async methods of a client add at most three frames to an error."""
    with (
        RootSignals(KEY, base_url=refused, max_retries=0) as client,
        pytest.raises((APIConnectionError, BulkError)) as caught,
    ):
        asyncio.run(outcome(call(client, path, **ARGUMENTS)))

    frames = our_frames(caught.value)
    assert 1 <= len(frames) <= MAX_FRAMES, frames


@pytest.mark.parametrize("path", [*methods(AsyncRootSignals)], ids=".".join)
def test_methods_of_the_async_client(path: tuple[str, ...], refused: str) -> None:
    """Those of the async client do the same."""

    async def main() -> None:
        async with AsyncRootSignals(KEY, base_url=refused, max_retries=0) as client:
            await outcome(call(client, path, **ARGUMENTS))

    with pytest.raises((APIConnectionError, BulkError)) as caught:
        asyncio.run(main())

    frames = [name for name in our_frames(caught.value) if name != "__aexit__"]
    assert 1 <= len(frames) <= MAX_FRAMES, frames


@pytest.mark.parametrize("path", [*methods(RootSignals)], ids=".".join)
def test_arguments_that_are_refused(path: tuple[str, ...], refused: str) -> None:
    """An error about an argument has as few frames."""
    invalid = dict.fromkeys(ARGUMENTS, object())
    with (
        RootSignals(KEY, base_url=refused, max_retries=0) as client,
        pytest.raises(RootSignalsError) as caught,
    ):
        asyncio.run(outcome(call(client, path, **invalid, _request_timeout=-1)))

    frames = our_frames(caught.value)
    assert 1 <= len(frames) <= MAX_FRAMES, frames


TEXT = {"request": "a", "response": "b"}


OTHERS: dict[str, Callable[[Any], object]] = {
    "request": lambda client: client.request("GET", "/v1/other/"),
    "arequest": lambda client: client.arequest("GET", "/v1/other/"),
    "preset": lambda client: client.evaluators.Clarity(**TEXT),
    "async preset": lambda client: client.evaluators.Clarity.arun(**TEXT),
    "to_dicts": lambda client: client.models.list().to_dicts(),
    "async to_dicts": lambda client: client.models.alist().to_dicts(),
    "to_dicts of details": lambda client: client.models.list(details=True).to_dicts(),
    "pages of details": lambda client: next(client.models.list(details=True).pages()),
    "async details": lambda client: client.models.alist(details=True).to_dicts(),
    "pages": lambda client: next(client.models.list().pages()),
    "async pages": lambda client: anext(client.models.alist().pages()),
    "copy": lambda client: client.with_options(deadline=2.0).models.retrieve(ID),
    "options": lambda client: client.with_options(timeout=-1),
    "key": lambda client: RootSignals("two\nlines"),
    "URL": lambda client: RootSignals(KEY, base_url="ftp://x"),
    "retries": lambda client: RootSignals(KEY, max_retries=-1),
    "page_size": lambda client: client.models.list(page_size="many"),
    "empty ID": lambda client: client.models.retrieve(""),
    "async empty ID": lambda client: client.models.aretrieve(""),
}


@pytest.mark.parametrize("use", OTHERS.values(), ids=OTHERS.keys())
def test_other_calls(use: Callable[[Any], object], refused: str) -> None:
    """So do presets, listings that are read at once, and settings."""
    with (
        RootSignals(KEY, base_url=refused, max_retries=0) as client,
        pytest.raises(RootSignalsError) as caught,
    ):
        asyncio.run(outcome(lambda: use(client)))

    frames = our_frames(caught.value)
    assert 1 <= len(frames) <= MAX_FRAMES, frames


def test_a_subclass_stays_in_the_traceback(refused: str) -> None:
    """Only frames of this package are removed, and not those of code around it."""

    class Client(RootSignals):
        def send(self, operation: Any) -> Any:
            return super().send(operation)

    with (
        Client(KEY, base_url=refused, max_retries=0) as client,
        pytest.raises(APIConnectionError) as caught,
    ):
        client.models.retrieve(ID)

    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[1:] == ["retrieve", "_send", "send"]


def test_a_cause_is_shown_once(refused: str) -> None:
    """Libraries wrap an exception in one of their own with the same text."""
    with (
        RootSignals(KEY, base_url=refused, max_retries=0) as client,
        pytest.raises(APIConnectionError) as caught,
    ):
        client.models.retrieve(ID)

    shown = "".join(traceback.format_exception(caught.value))
    assert shown.count("Connection refused") == 1
    assert shown.count("direct cause") == 1
