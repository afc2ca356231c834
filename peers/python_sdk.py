"""Make calls with an official Python SDK.

    python python_sdk.py root sync
    python python_sdk.py scorable async

Each line of standard input is a call as JSON, such as
`{"method": "delete", "positional": ["some-id"], "named": {}}`. Its result is a line of standard
output: `{"value": ...}`, or `{"error": ..., "status": 404}`. A method without a resource, such as
`evaluators.run`, is one of `client.models`.

The SDK reads base URL and key from the environment. Methods named `models_...` belong to the
generated client on which the SDK is built; `client.models` itself offers only a few of them.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from operator import attrgetter
from typing import Any, TextIO

CLIENTS = {"root": "RootSignals", "scorable": "Scorable"}


def main(package: str, kind: str, calls: TextIO) -> None:
    """Make the calls and print their results."""
    client = getattr(importlib.import_module(package), CLIENTS[package])(run_async=kind == "async")
    generated = "openapi_aclient" if kind == "async" else "openapi_client"
    api = importlib.import_module(f"{package}.generated.{generated}.api.models_api").ModelsApi

    async def generated_call(method: str, named: dict[str, Any]) -> Any:
        if kind == "sync":
            with client.get_client_context() as connection:
                return getattr(api(connection), method)(**named)
        async with client.get_client_context() as connection:
            return await getattr(api(connection), method)(**named)

    for line in calls:
        call = json.loads(line)
        method, positional, named = call["method"], call["positional"], call["named"]
        outcome: dict[str, object]
        try:
            if method.startswith("models_"):
                value = asyncio.run(generated_call(method, named))
            else:
                resource, _, name = method.rpartition(".")
                found = attrgetter(resource or "models")(client)
                value = resolve(getattr(found, name)(*positional, **named))
            outcome = {"value": value}
        except Exception as exc:  # noqa: BLE001 - any error is a result, and is reported
            message = f"{type(exc).__name__}: {exc}"
            outcome = {"error": message, "status": getattr(exc, "status", None)}
        print(json.dumps(outcome, default=plain), flush=True)


def plain(value: Any) -> object:
    """Return an object of the SDK, a time or an ID as plain data."""
    # `model_dump` fails for objects that have a field for the client.
    return dict(value) if hasattr(value, "model_dump") else str(value)


def resolve(result: object) -> object:
    """Await a coroutine, and read a listing to its end."""
    if isinstance(result, Coroutine):
        return asyncio.run(result)
    if isinstance(result, AsyncIterator):
        return asyncio.run(collect(result))
    return list(result) if isinstance(result, Iterator) else result


async def collect(listing: AsyncIterator[object]) -> list[object]:
    """Return all items of a listing."""
    return [model async for model in listing]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.stdin)
