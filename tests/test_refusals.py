"""The messages of every method for arguments that it refuses."""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from operator import attrgetter
from typing import Any, NoReturn

import pytest

from root import AsyncRootSignals, InvalidRequestError, Operation

from .methods import ARGUMENTS, call, methods, outcome

# Of one face: the others share their code.
PARAMETERS = [
    (*path, name)
    for path in methods(AsyncRootSignals)
    for name in inspect.signature(attrgetter(".".join(path))(AsyncRootSignals)).parameters
    if name != "self"
]
VALUES: list[object] = [
    *(5, -1, True, 1.5, float("nan"), b"abc", object(), "", "ab", "\ud800", None),
    *([], [5], [None], [{}], {}, {"a": object()}, {5: 5}),
]


class NotSentError(Exception):
    """The arguments were accepted."""


class Client(AsyncRootSignals):
    """A client that sends nothing."""

    async def send(self, operation: Operation[Any]) -> NoReturn:
        """Raise an error instead."""
        raise NotSentError


async def refusals(path: tuple[str, ...]) -> list[str]:
    """Return the messages for the values that a parameter refuses."""
    *names, name = path
    messages: list[str] = []
    for value in VALUES:
        try:
            with suppress(NotSentError):
                await outcome(call(Client("k"), tuple(names), **ARGUMENTS | {name: value}))
        except InvalidRequestError as error:
            messages.append(str(error))
        except Exception:  # noqa: BLE001 - bulk calls have errors of their own.
            continue
    return messages


@pytest.mark.parametrize("path", PARAMETERS, ids=".".join)
async def test_messages(path: tuple[str, ...]) -> None:
    """A refusal begins with the fact that nothing was sent, and is not in pydantic's words."""
    for message in await refusals(path):
        assert message.startswith("Nothing was sent. ")
        assert not re.search(
            r"Input should|[Ss]hould have|validation|a valid [^ ]+\.|is invalid", message
        )


REQUESTS: dict[str, dict[str, Any]] = {
    "method": {"method": "get"},
    "path": {"path": "v1/"},
    "query": {"query": ["a"]},
    "query parameter": {"query": {"a": 5}},
    "query text": {"query": {"a": "\ud800"}},
    "deadline": {"deadline": -1},
    "schema": {"schema": object()},
    "json": {"json": object()},
    "body": {"body": object()},
    "json and body": {"json": 1, "body": b""},
}


@pytest.mark.parametrize("arguments", REQUESTS.values(), ids=REQUESTS)
async def test_beginning_for_requests(arguments: dict[str, Any]) -> None:
    """The same holds for the requests that a user composes."""
    async with AsyncRootSignals("k", base_url="http://127.0.0.1:1") as client:
        with pytest.raises(InvalidRequestError, match=r"^Nothing was sent\. "):
            await client.request(**{"method": "GET", "path": "/v1/models/"} | arguments)
