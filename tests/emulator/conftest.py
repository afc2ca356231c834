"""One emulator for all tests; each test has its own key, and with it its own models."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from root.emulator import Server, serve

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
