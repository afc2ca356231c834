"""The FastAPI application, served by uvicorn."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from root import RootSignals
from root.emulator import Fault, Server
from tests.concurrency.helpers import HANG, wait_until_blocking

from .running import serving

pytest.importorskip("fastapi")
pytestmark = pytest.mark.docs

UVICORN = ("uvicorn", "fastapi_app:app", "--port", "0")
ANSWER = {"question": "May I return it?", "text": "You may return it within 30 days."}


@pytest.fixture
def tenant(emulator: Server) -> str:
    """The key of a tenant, whose revocation the service notices."""
    return emulator.add_key()


@pytest.fixture
def http(emulator: Server, tenant: str) -> Iterator[httpx.Client]:
    """An HTTP client of the application."""
    keys = json.dumps({"acme": tenant})
    with (
        serving(*UVICORN, emulator=emulator, TENANT_KEYS=keys) as url,
        httpx.Client(base_url=url, timeout=HANG) as http,
    ):
        yield http


def test_answer(http: httpx.Client, emulator: Server) -> None:
    """The application returns the score of an answer, and refuses an empty one."""
    response = http.post("/relevance", json=ANSWER)

    (log,) = emulator.execution_logs
    assert response.json() == {"score": log.score, "justification": log.justification}
    assert http.post("/relevance", json=ANSWER | {"text": ""}).status_code == 422


def test_tenant(http: httpx.Client, emulator: Server, tenant: str) -> None:
    """A request of a tenant uses its key, and an unknown tenant is refused."""
    assert http.post("/relevance", json=ANSWER, headers={"X-Tenant": "acme"}).status_code == 200
    assert http.post("/relevance", json=ANSWER, headers={"X-Tenant": "other"}).status_code == 403

    with (
        RootSignals(tenant, base_url=emulator.url) as of_tenant,
        RootSignals(emulator.api_key, base_url=emulator.url) as own,
    ):
        assert len(list(of_tenant.execution_logs.list())) == 1
        assert list(own.execution_logs.list()) == []


def test_errors(http: httpx.Client, emulator: Server, tenant: str) -> None:
    """Errors of the service are 502, or 503 with a time to wait, and show no details."""
    emulator.fail_next(status=429, headers={"Retry-After": "3600"})
    busy = http.post("/relevance", json=ANSWER)
    emulator.change_key(tenant, state="revoked")
    rejected = http.post("/relevance", json=ANSWER, headers={"X-Tenant": "acme"})

    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "3600")
    assert rejected.status_code == 502
    assert busy.json() == rejected.json() == {"detail": "The evaluation failed."}


def test_disconnect(http: httpx.Client, emulator: Server) -> None:
    """The call to the service is cancelled when the caller closes the connection."""
    emulator.add_fault(Fault(delay=3600, path="/v1/evaluators/*"))
    address = urlsplit(str(http.base_url))
    body = json.dumps(ANSWER)
    before = emulator.connections.open
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            f"POST /relevance HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        wait_until_blocking(lambda: emulator.requests)
        assert emulator.connections.open > before

    wait_until_blocking(lambda: emulator.connections.open <= before)
