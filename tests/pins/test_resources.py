"""Memory and connections: what a kept model takes, and how few connections many calls take."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest

from root import NotFoundError
from root.emulator import Server

from ..scripted_server import ScriptedServer, Step, responds
from .faces import FACES, Face, run

MAX_BYTES_A_MODEL = 0.72 * 1024

PAGES = 20

PROGRAM = """
import asyncio, gc, sys, tracemalloc
from root import AsyncRootSignals, RootSignals

face, url = sys.argv[1:]

async def read(limit):
    if face == "RootSignals":
        return list(client.models.list(limit=limit))
    listing = client.models.list if face == "AsyncRootSignals" else client.models.alist
    return [model async for model in listing(limit=limit)]

async def main():
    # The first page makes the connection, and all that is made once.
    await read(100)
    gc.collect()
    tracemalloc.start()
    kept = await read(None)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(size / len(kept), len(kept))
    await client.aclose()

client = (AsyncRootSignals if face == "AsyncRootSignals" else RootSignals)("key", base_url=url)
asyncio.run(main())
"""


def _page(request: bytes) -> Step:
    """Respond with a page of a hundred models, as the service lists them."""
    target = request.split(b" ")[1].decode()
    page = int(target.rpartition("cursor=")[2]) if "cursor=" in target else 0
    results = [
        {
            "id": str(UUID(int=page * 100 + number)),
            "name": f"provider-{number % 7}/model-{page * 100 + number}",
            "owner": {"email": "someone@example.com", "full_name": "Some One"},
            "provider": {
                "id": str(UUID(int=number % 7)),
                "name": f"Provider {number % 7}",
                "logo_light": f"https://cdn.example/{number % 7}/light.svg",
                "logo_dark": f"https://cdn.example/{number % 7}/dark.svg",
                "is_gdpr_compliant": True,
            },
            "visibility": "PUBLIC",
        }
        for number in range(100)
    ]
    following = str(page + 1) if page + 1 < PAGES else None
    return responds(200, {"next": following, "previous": None, "results": results})


@pytest.mark.parametrize("face", FACES)
def test_memory_of_a_listed_model(face: str) -> None:
    """A listed model that is kept takes 0.72 KB at most."""
    with ScriptedServer([], choose=_page) as server:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, face, server.url],
            capture_output=True,
            check=True,
            # Measuring coverage takes memory, too.
            env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
            text=True,
        )
    size, number = done.stdout.split()
    assert int(number) == PAGES * 100
    assert float(size) <= MAX_BYTES_A_MODEL


@pytest.mark.parametrize("face", FACES)
def test_many_calls_take_one_connection(face: str, emulator: Server) -> None:
    """Calls one after the other go over one connection, whatever they come to."""

    async def program(face: Face) -> None:
        for number in range(50):
            model_id = await face.call("create", name=f"model/{number}")
            await face.call("retrieve", model_id)
            await face.call("update", model_id, url="https://gpu-7.example")
            await face.call("replace", model_id, name=f"new/{number}")
            await face.call("list", limit=3)
            await face.call("delete", model_id)
            with pytest.raises(NotFoundError):
                await face.call("retrieve", model_id)

    run(face, program, emulator.api_key, base_url=emulator.url)

    assert len(emulator.requests) == 350
    assert emulator.connections.opened == 1


@pytest.mark.parametrize("face", FACES)
def test_bulk_work_takes_as_many_connections_as_it_may(face: str, emulator: Server) -> None:
    """Bulk work opens one connection for each call that it makes at once, and no more."""

    async def program(face: Face) -> None:
        models: list[Any] = [{"name": f"model/{number}"} for number in range(100)]
        ids = await face.call("create_many", models, concurrency=4)
        await face.call("delete_many", ids, concurrency=4)

    run(face, program, emulator.api_key, base_url=emulator.url)

    assert len(emulator.requests) == 200
    assert emulator.connections.opened <= 4
