"""Every call of `client.models`, with the blocking and the async client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext

import httpx

from root import AsyncRootSignals, RootSignals, RootSignalsError

from .leaks import KEY, PROVIDER_KEY


def all_calls(url: str, *, http_client: bool = False) -> list[object]:
    """Make every call with the blocking and the async client; return the results and errors."""
    own = httpx.Client() if http_client else None
    with (
        own or nullcontext(),
        RootSignals(KEY, base_url=url, max_retries=1, timeout=5, http_client=own) as client,
    ):
        models = client.models
        calls: list[Callable[[], object]] = [
            lambda: models.retrieve("a"),
            lambda: list(models.list()),
            lambda: models.create(name="a", default_key=PROVIDER_KEY),
            lambda: models.replace("a", name="a", default_key=PROVIDER_KEY),
            lambda: models.update("a", default_key=PROVIDER_KEY),
            lambda: models.delete("a"),
            lambda: models.verify(model="a", api_key=PROVIDER_KEY),
        ]
        results = [result_or_error(call) for call in calls]
        results += [client, vars(client), models]
    return results + asyncio.run(all_async_calls(url, http_client=http_client))


def result_or_error(call: Callable[[], object]) -> object:
    """Return the result of a call, or the error that it raises."""
    try:
        return call()
    except RootSignalsError as error:
        return error


async def all_async_calls(url: str, *, http_client: bool) -> list[object]:
    results: list[object] = []
    own = httpx.AsyncClient() if http_client else None
    async with (
        own or nullcontext(),
        AsyncRootSignals(KEY, base_url=url, max_retries=1, timeout=5, http_client=own) as client,
    ):
        models = client.models

        async def list_models() -> object:
            return [model async for model in models.list()]

        for call in (
            models.retrieve("a"),
            list_models(),
            models.create(name="a", default_key=PROVIDER_KEY),
            models.replace("a", name="a", default_key=PROVIDER_KEY),
            models.update("a", default_key=PROVIDER_KEY),
            models.delete("a"),
            models.verify(model="a", api_key=PROVIDER_KEY),
        ):
            try:
                results.append(await call)
            except RootSignalsError as error:
                results.append(error)
        results += [client, vars(client), models]
    return results
