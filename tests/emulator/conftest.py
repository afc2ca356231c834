"""One emulator for all tests; each test has its own key, and with it its own models."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator

import httpx
import pytest

from root.emulator import Server, serve
from root.emulator.resources.catalogue import load_catalogue
from root.emulator.resources.models import Models
from root.emulator.store import Store

# The tests do not use TLS, but each client would create a context, which takes longer than a test.
TLS = ssl.create_default_context()


# An unknown id. It is fixed, since xdist requires the same test ids in every process.
UNKNOWN = "6a1f0c52-8e0b-4d0e-9c3e-2f6b7f1d9a10"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with connect(server, server.add_key()) as client:
        yield client


def connect(server: Server, key: str) -> httpx.Client:
    headers = {"Authorization": f"Api-Key {key}"}
    return httpx.Client(base_url=server.url, headers=headers, verify=TLS)


def open_models(db: str | os.PathLike[str] | None = None) -> tuple[Store, Models]:
    """Open a database that has nothing but the models of the catalogue."""
    models = Models(load_catalogue())
    store = Store(db, [models.spec])
    models.provide(store)
    return store, models
