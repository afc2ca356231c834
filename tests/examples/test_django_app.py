"""The Django project, served by uvicorn and by workers of gunicorn."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from root.emulator import Server
from tests.concurrency.helpers import HANG

from .running import serving

pytest.importorskip("django")
pytestmark = pytest.mark.docs

UVICORN = ("uvicorn", "django_app.asgi:application", "--port", "0")
GUNICORN = ("gunicorn", "django_app.wsgi:application", "--bind", "127.0.0.1:0")
ANSWER = {"question": "May I return it?", "text": "You may return it within 30 days."}


@pytest.fixture
def http(emulator: Server) -> Iterator[httpx.Client]:
    """An HTTP client of the project."""
    with (
        serving(*UVICORN, emulator=emulator) as url,
        httpx.Client(base_url=url, timeout=HANG) as http,
    ):
        yield http


def test_answer(http: httpx.Client, emulator: Server) -> None:
    """The sync view and the async one return the score of an answer, and refuse an empty one."""
    for path in ("/relevance", "/async/relevance"):
        response = http.post(path, data=ANSWER)

        log = emulator.execution_logs[-1]
        assert response.json() == {"score": log.score, "justification": log.justification}
        assert http.post(path, data={"question": "May I?"}).status_code == 400
    assert len(emulator.execution_logs) == 2


def test_errors(http: httpx.Client, emulator: Server) -> None:
    """Errors of the service are 502, or 503 with a time to wait, and show no details."""
    for path in ("/relevance", "/async/relevance"):
        emulator.fail_next(status=429, headers={"Retry-After": "3600"})
        busy = http.post(path, data=ANSWER)
        emulator.fail_next(status=401)
        rejected = http.post(path, data=ANSWER)

        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "3600")
        assert rejected.status_code == 502
        assert busy.json() == rejected.json() == {"detail": "The evaluation failed."}


def test_forks(emulator: Server) -> None:
    """Workers that were forked from one process each evaluate."""
    pytest.importorskip("gunicorn")
    options = ("--workers", "2", "--threads", "2", "--preload")
    with serving(*GUNICORN, *options, emulator=emulator) as url:
        responses = [httpx.post(f"{url}/relevance", data=ANSWER, timeout=HANG) for _ in range(4)]

    assert [response.json()["score"] for response in responses] == [
        log.score for log in emulator.execution_logs
    ]
