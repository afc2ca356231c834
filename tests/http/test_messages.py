"""Origins, requests, responses, and the limits of an exchange."""

from __future__ import annotations

import httpx
import pytest

from root._http.messages import Origin, RawResponse, Request, redacted_headers, timeouts
from root._schemas.requests import bytes_body

SECRET = "sk-0123456789abcdef"

HEADERS = [(b"X-Request-ID", b"req-1"), (b"Content-Type", b"application/json")]


@pytest.mark.parametrize(
    ("url", "expected", "authority", "root"),
    [
        (
            "https://api.example",
            Origin("https", "api.example", None, ""),
            "api.example",
            "https://api.example",
        ),
        (
            "https://api.example:443",
            Origin("https", "api.example", None, ""),
            "api.example",
            "https://api.example",
        ),
        (
            "http://api.example:8000/root-api",
            Origin("http", "api.example", 8000, "/root-api"),
            "api.example:8000",
            "http://api.example:8000",
        ),
        ("http://[::1]", Origin("http", "::1", None, ""), "[::1]", "http://[::1]"),
        ("http://[::1]:81/x", Origin("http", "::1", 81, "/x"), "[::1]:81", "http://[::1]:81"),
    ],
    ids=["plain", "default port", "port and path", "IPv6", "IPv6 with port"],
)
def test_origin(url: str, expected: Origin, authority: str, root: str) -> None:
    """A base URL is split into the parts that a connection and a request line need."""
    origin = Origin.from_url(url)

    assert origin == expected
    assert origin.authority == authority
    assert origin.url == root


def test_the_repr_of_a_request_shows_neither_headers_nor_body() -> None:
    """The repr of a request has its method and its URL, and no secret."""
    key = (b"Authorization", b"Api-Key " + SECRET.encode())
    body = bytes_body(SECRET.encode(), "text/plain", secrets=(SECRET,))
    request = Request("POST", Origin("http", "h", 80), "/x?y=1", [key], body)

    assert request.url == "http://h:80/x?y=1"
    assert repr(request) == "<Request POST http://h:80/x?y=1>"
    assert SECRET not in repr(body)


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"x-request-id", "req-1"), (b"content-type", "application/json"), (b"date", None)],
)
def test_response_headers_are_case_insensitive(name: bytes, value: str | None) -> None:
    """A header is found in whichever case the server wrote its name."""
    assert RawResponse(200, HEADERS, b"").header(name) == value


def test_the_repr_of_a_response_shows_neither_headers_nor_body() -> None:
    """The repr of a response has its status only: the server may echo a key in the rest."""
    response = RawResponse(200, [(b"X-Echo", SECRET.encode())], SECRET.encode())

    assert repr(response) == "RawResponse(status=200)"


def test_secrets_are_redacted_in_response_headers() -> None:
    """A secret that a server echoes in a header is replaced; all other bytes stay."""
    headers = [*HEADERS, (b"X-Echo", b"Api-Key " + SECRET.encode()), (b"X-Raw", b"\xff\xe4")]

    assert redacted_headers(headers, [SECRET]) == [
        *HEADERS,
        (b"X-Echo", b"Api-Key [redacted]"),
        (b"X-Raw", b"\xff\xe4"),
    ]


def test_response_headers_without_a_secret_are_returned_unchanged() -> None:
    """Headers that contain no secret are not copied."""
    assert redacted_headers(HEADERS, [SECRET]) is HEADERS


@pytest.mark.parametrize(
    ("timeout", "remaining", "operation", "pool", "whole"),
    [
        (None, None, None, None, None),
        (30.0, None, 30.0, None, 30.0),
        (30, None, 30, None, 30),
        (None, 5.0, 5.0, 5.0, 5.0),
        (30.0, 5.0, 5.0, 5.0, 5.0),
        (30.0, 50.0, 30.0, 50.0, 30.0),
        (30.0, 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_a_number_limits_the_whole_attempt(
    timeout: float | None,
    remaining: float | None,
    operation: float | None,
    pool: float | None,
    whole: float | None,
) -> None:
    """A number limits the attempt; only the deadline limits the wait for a connection."""
    operations, attempt = timeouts(timeout, remaining)

    assert operations == {
        "connect": operation,
        "read": operation,
        "write": operation,
        "pool": pool,
    }
    assert attempt == whole


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [(None, (1, 20, None, 40)), (10.0, (1, 10, 10, 10)), (30.0, (1, 20, 30, 30))],
)
def test_an_httpx_timeout_limits_each_operation(
    remaining: float | None, expected: tuple[float | None, ...]
) -> None:
    """An `httpx.Timeout` limits each operation, and none extends beyond the deadline."""
    timeout = httpx.Timeout(connect=1, read=20, write=None, pool=40)

    operations, attempt = timeouts(timeout, remaining)

    assert operations == dict(zip(("connect", "read", "write", "pool"), expected, strict=True))
    assert attempt == remaining
