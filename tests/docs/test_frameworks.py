"""The applications in the documentation serve requests, and its cell evaluates."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from root.emulator import Server
from tests.concurrency.helpers import HANG

from .blocks import BLOCKS, blocks

pytestmark = pytest.mark.docs


def blocks_of(document: str) -> list[str]:
    return [code for place, code in BLOCKS.items() if place.startswith(f"{document}:")]


def names_of(code: str) -> dict[str, Any]:
    """Return the names of an executed block."""
    names: dict[str, Any] = {"__name__": "service"}
    exec(compile(code, "service.py", "exec", dont_inherit=True), names)
    return names


@pytest.fixture
def serving(emulator: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The emulator, which clients in the blocks use."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    return emulator


@pytest.fixture
def fastapi_blocks(serving: Server) -> list[dict[str, Any]]:
    """The names of each application in docs/fastapi.md."""
    pytest.importorskip("fastapi")
    services = []
    for code in blocks_of("fastapi.md"):
        names: dict[str, Any] = {"__name__": "service"}
        # A busy machine may exceed the deadline of the example.
        exec(
            compile(code.replace("(5.0)", "(60.0)"), "service.py", "exec", dont_inherit=True), names
        )
        services.append(names)
    return services


def test_fastapi(serving: Server, fastapi_blocks: list[dict[str, Any]]) -> None:
    """A handler evaluates with the client of the lifespan."""
    from fastapi.testclient import TestClient

    with TestClient(fastapi_blocks[0]["app"]) as http:
        response = http.post("/relevance", json={"question": "May I?", "text": "You may."})

    assert response.json() == serving.execution_logs[0].score


def test_fastapi_with_a_deadline(
    serving: Server, fastapi_blocks: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler returns models, and an error of the service is a response."""
    from fastapi.testclient import TestClient

    key = serving.add_key()
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", key)
    with TestClient(fastapi_blocks[1]["app"]) as http:
        assert len(http.get("/models").json()) > 100
        serving.change_key(key, state="revoked")
        assert http.get("/models").status_code == 502


def test_fastapi_with_keys_of_tenants(
    serving: Server, fastapi_blocks: list[dict[str, Any]]
) -> None:
    """Each tenant sees its own models."""
    from fastapi.testclient import TestClient

    keys = {"acme": serving.add_key(), "globex": serving.add_key()}
    fastapi_blocks[2]["KEYS"] |= keys
    serving.add_model(name="of acme", api_key=keys["acme"])
    with TestClient(fastapi_blocks[2]["app"]) as http:
        assert "of acme" in http.get("/models", headers={"X-Tenant": "acme"}).json()
        assert "of acme" not in http.get("/models", headers={"X-Tenant": "globex"}).json()
        assert http.get("/models", headers={"X-Tenant": "other"}).status_code == 403


async def test_notebook(serving: Server) -> None:
    """The cell, which awaits outside of a function, evaluates."""
    (cell,) = [code for place, code in blocks("py").items() if place.startswith("notebooks.md:")]

    await eval(compile(cell, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), {})

    assert [log.executed_item_name for log in serving.execution_logs] == ["Clarity"]


def test_celery(serving: Server) -> None:
    """The task returns the score, after a retry if the service refuses the first run for long."""
    pytest.importorskip("celery")
    relevance = names_of(blocks_of("workers.md")[0])["relevance"]
    serving.fail_next(status=429, headers={"Retry-After": "3600"})

    done = relevance.apply(args=["May I?", "You may."])

    (log,) = serving.execution_logs
    assert done.get(disable_sync_subtasks=False) == log.score
    assert [request.status for request in serving.requests] == [429, 200]


def test_gunicorn(serving: Server, tmp_path: Path) -> None:
    """The application in a worker of gunicorn responds with the score."""
    pytest.importorskip("gunicorn")
    (tmp_path / "service.py").write_text(blocks_of("workers.md")[1])
    address = tmp_path / "gunicorn.sock"
    process = subprocess.Popen(
        [
            *(sys.executable, "-W", "error", "-m", "gunicorn", "--workers", "1", "--threads", "2"),
            *("--preload", "--bind", f"unix:{address}", "--log-level", "warning", "service:app"),
        ],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + HANG
        while not address.exists() and time.monotonic() < until:
            time.sleep(0.02)
        transport = httpx.HTTPTransport(uds=str(address), retries=3)
        with httpx.Client(transport=transport, base_url="http://service", timeout=HANG) as http:
            score = float(http.get("/", params={"text": "You may."}).text)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=HANG)

    assert process.returncode == 0, errors
    assert [log.score for log in serving.execution_logs] == [score]
