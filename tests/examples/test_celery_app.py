"""The Celery worker, in a process with prefork, and its task."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from root import APIConnectionError
from root.emulator import Server
from tests.concurrency.helpers import HANG

from .running import EXAMPLES, environment

pytest.importorskip("celery")
pytestmark = pytest.mark.docs


def test_worker(emulator: Server, tmp_path: Path) -> None:
    """A worker evaluates an answer that another process sends, and ends on a signal."""
    run: Any = {
        "cwd": EXAMPLES,
        "env": environment(emulator, CELERY_FOLDER=str(tmp_path / "messages")),
        "text": True,
    }
    command = (sys.executable, "-m", "celery", "--quiet", "--app", "celery_app", "worker")
    options = ("--concurrency", "2", "--loglevel", "warning")
    worker = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, **run)
    try:
        sender = subprocess.run(
            [sys.executable, "celery_app.py"], capture_output=True, timeout=2 * HANG, **run
        )
    finally:
        worker.terminate()
        try:
            _, errors = worker.communicate(timeout=HANG)
        finally:
            worker.kill()

    (log,) = emulator.execution_logs
    assert sender.stdout == f"score: {log.score}\n", sender.stderr + errors
    assert worker.returncode == 0, errors


@pytest.fixture
def relevance(emulator: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The task, which runs in this process when it is applied."""
    for name, value in environment(emulator, CELERY_FOLDER=str(tmp_path / "messages")).items():
        monkeypatch.setenv(name, value)
    spec = spec_from_file_location("celery_app", EXAMPLES / "celery_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.relevance
    module.client().close()


@pytest.mark.parametrize("status", [429, 503])
def test_retry(relevance: Any, emulator: Server, status: int) -> None:
    """The task is retried after the time that the service asks for, if it refused the request."""
    emulator.fail_next(status=status, headers={"Retry-After": "3600"})

    done = relevance.apply(args=["May I?", "You may."])

    (log,) = emulator.execution_logs
    assert done.get(disable_sync_subtasks=False) == log.score
    assert [request.status for request in emulator.requests] == [status, 200]


def test_no_retry(relevance: Any, emulator: Server) -> None:
    """The task is not retried if the evaluation may have taken place."""
    emulator.fail_next(reset="after")

    done = relevance.apply(args=["May I?", "You may."])

    assert isinstance(done.result, APIConnectionError)
    assert len(emulator.requests) == 1
