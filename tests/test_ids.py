"""Values that are not IDs are refused by every method, for every parameter that is an ID."""

from __future__ import annotations

import inspect
from operator import attrgetter

import pytest

from root import AsyncRootSignals, InvalidRequestError
from tests.methods import ARGUMENTS, call, methods, outcome

# Of one face: the others share their code.
PARAMETERS = [
    (*path, name)
    for path in methods(AsyncRootSignals)
    for name, parameter in inspect.signature(
        attrgetter(".".join(path))(AsyncRootSignals)
    ).parameters.items()
    if parameter.annotation in {"str | UUID", "str | UUID | None"}
]


@pytest.mark.parametrize("path", PARAMETERS, ids=".".join)
@pytest.mark.parametrize("value", [5, True, b"abc"], ids=repr)
async def test_what_is_no_id(path: tuple[str, ...], value: object) -> None:
    """An ID is a string or a UUID; nothing is sent for other objects, whose text is not an ID."""
    *names, name = path
    async with AsyncRootSignals("key-of-the-tests", base_url="http://127.0.0.1:1") as client:
        with pytest.raises(InvalidRequestError):
            await outcome(call(client, tuple(names), **ARGUMENTS | {name: value}))
