"""Metadata of a response."""

from __future__ import annotations

import pickle

from root._schemas.meta import ResponseMeta
from root.errors import Attempt

HEADERS = [(b"X-Request-ID", b"req-1"), (b"Content-Type", b"application/json")]


def test_metadata() -> None:
    """The metadata has the status, the request ID, the headers and the attempts."""
    attempts = (Attempt(502, None, 0.5), Attempt(200))
    meta = ResponseMeta(200, attempts, 1.23456, HEADERS)

    assert meta.request_id == "req-1"
    assert meta.headers["x-request-id"] == meta.headers["X-REQUEST-ID"] == "req-1"
    assert dict(meta.headers) == {"x-request-id": "req-1", "content-type": "application/json"}
    assert "date" not in meta.headers
    assert meta.attempts == attempts
    assert repr(meta) == (
        "ResponseMeta(status_code=200, request_id='req-1', attempts=2, elapsed=1.235)"
    )


def test_metadata_without_a_request_id() -> None:
    """The request ID is None if the service sent none."""
    meta = ResponseMeta(204, (Attempt(204),), 0.0, [])

    assert meta.request_id is None
    assert "request_id=None" in repr(meta)


def test_metadata_can_be_pickled() -> None:
    """Metadata can be sent to another process."""
    meta = ResponseMeta(200, (Attempt(200),), 1.0, HEADERS)

    assert pickle.loads(pickle.dumps(meta)) == meta


def test_request_ids_are_printable() -> None:
    """Control characters in a request ID are escaped."""
    meta = ResponseMeta(200, (Attempt(200),), 1.0, [(b"X-Request-ID", b"req\x1b[2J\x9b-1")])

    assert meta.request_id == r"req\x1b[2J\x9b-1"
