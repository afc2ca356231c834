"""Listings that request their next page ahead of time."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest

from root import AsyncRootSignals, RootSignals
from tests.scripted_server import ScriptedServer, Step, responds

from .helpers import KEY, MODEL, limit_threads, wait_until


def test_dropped_listing() -> None:
    """A listing that is dropped while a page is being requested leaves no task behind."""

    async def main() -> None:
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
            pager = client.models.list(prefetch=True)
            await anext(pager)
            assert len(asyncio.all_tasks()) == 2
            del pager
            gc.collect()
            await wait_until(lambda: len(asyncio.all_tasks()) == 1)

    with ScriptedServer([_page(), _hangs]) as server:
        asyncio.run(main())


def test_thread_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a thread, the next page is requested when it is needed."""
    with (
        ScriptedServer([_page(), responds(200, {"results": [MODEL]})]) as server,
        RootSignals(KEY, base_url=server.url) as client,
    ):
        limit_threads(monkeypatch, 0)
        assert len(list(client.models.list(prefetch=True))) == 2


def test_unretrieved_error() -> None:
    """An error of a prefetched page that is never read is not reported by the event loop."""
    reports: list[dict[str, object]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
            pager = client.models.list(prefetch=True)
            await anext(pager)
            await wait_until(lambda: len(asyncio.all_tasks()) == 1)
            del pager
            gc.collect()

    with ScriptedServer([_page(), responds(400)]) as server:
        asyncio.run(main())
    assert len(server.requests) == 2
    assert not reports


def test_listing_in_another_loop() -> None:
    """A listing continues in another event loop than that of the prefetched page."""

    async def first() -> str:
        model = await anext(pager)
        await wait_until(lambda: len(server.requests) == 2)
        return model.id

    async def rest() -> list[str]:
        return [model.id async for model in pager]

    with ScriptedServer(
        [_page(), _hangs, responds(200, {"next": None, "results": [MODEL]})]
    ) as server:
        pager = AsyncRootSignals(KEY, base_url=server.url).models.list(prefetch=True)
        assert asyncio.run(first()) == "9b2f"
        assert asyncio.run(rest()) == ["9b2f"]


def _page() -> Step:
    return responds(200, {"next": "/v1/models/?cursor=b", "results": [MODEL]})


def _hangs(sock: socket.socket) -> bool:
    return bool(sock.recv(1))
