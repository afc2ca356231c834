"""A traceback ends near the line that made the call, and shows a cause once."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import root
from root import AsyncRootSignals, RootSignals, RootSignalsError
from root.errors import APIConnectionError, BulkError
from tests.methods import ARGUMENTS, ID, call, methods, outcome

MAX_FRAMES = 3

KEY = "key-of-the-tests"


def our_frames(error: BaseException) -> list[str]:
    """Return the functions of this package in the traceback of an error."""
    package = str(Path(root.__file__).parent)
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.name for frame in frames if frame.filename.startswith(package)]


def check_frames(error: BaseException) -> None:
    """Check the traceback of an error, and those of its causes, as they are printed."""
    assert our_frames(error)
    shown: BaseException | None = error
    while shown is not None:
        frames = [name for name in our_frames(shown) if name != "__aexit__"]
        assert len(frames) <= MAX_FRAMES, frames
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


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

    check_frames(caught.value)


@pytest.mark.parametrize("path", [*methods(AsyncRootSignals)], ids=".".join)
def test_methods_of_the_async_client(path: tuple[str, ...], refused: str) -> None:
    """Those of the async client do the same."""

    async def main() -> None:
        async with AsyncRootSignals(KEY, base_url=refused, max_retries=0) as client:
            await outcome(call(client, path, **ARGUMENTS))

    with pytest.raises((APIConnectionError, BulkError)) as caught:
        asyncio.run(main())

    check_frames(caught.value)


@pytest.mark.parametrize("path", [*methods(RootSignals)], ids=".".join)
def test_arguments_that_are_refused(path: tuple[str, ...], refused: str) -> None:
    """An error about an argument has as few frames."""
    invalid = dict.fromkeys(ARGUMENTS, object())
    with (
        RootSignals(KEY, base_url=refused, max_retries=0) as client,
        pytest.raises(RootSignalsError) as caught,
    ):
        asyncio.run(outcome(call(client, path, **invalid, _request_timeout=-1)))

    check_frames(caught.value)


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

    check_frames(caught.value)


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
