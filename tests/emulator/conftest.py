"""One emulator for all tests of it: each test has a key, and so models, of its own."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from root.emulator import Server, serve

# Nothing here speaks TLS, but each client would make one of these, which takes longer than a test.
TLS = ssl.create_default_context()


# The id of no model. It is the same in each process, as the names of tests have to be for xdist.
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
