"""Make calls with an official Python SDK: `python python_sdk.py root sync`, or `scorable async`.

A call is a line of JSON on standard input, `{"method": "create", "named": {"name": "m"}}`, and
what came of it is one on standard output: `{"got": ...}`, or `{"error": ..., "status": 404}`.
The SDK finds base URL and key in the environment by itself. Methods called `models_...` are
those of the generated client, beneath `client.models`, which has fewer.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TextIO

CLIENTS = {"root": "RootSignals", "scorable": "Scorable"}


def main(package: str, kind: str, calls: TextIO) -> None:
    """Make the calls, and say what came of each."""
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
        answer: dict[str, object]
        try:
            if method.startswith("models_"):
                got = asyncio.run(generated_call(method, named))
            else:
                got = outcome(getattr(client.models, method)(*positional, **named))
            answer = {"got": got}
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is what came of the call
            text = f"{type(exc).__name__}: {exc}"
            answer = {"error": text, "status": getattr(exc, "status", None)}
        print(json.dumps(answer, default=lambda model: model.model_dump(mode="json")), flush=True)


def outcome(result: object) -> object:
    """Return what a call has led to in the end, and of a listing all of it."""
    if isinstance(result, Coroutine):
        return asyncio.run(result)
    if isinstance(result, AsyncIterator):
        return asyncio.run(everything(result))
    return list(result) if isinstance(result, Iterator) else result


async def everything(listing: AsyncIterator[object]) -> list[object]:
    """Return all of a listing."""
    return [model async for model in listing]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.stdin)
