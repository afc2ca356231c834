# Generated from tests/_async/test_retries.py by scripts/generate_sync.py. Do not edit.
"""Retries: which calls are retried, after which wait, and what is reported."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
import respx

from root import (
    APIStatusError,
    APITimeoutError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    RootSignals,
    RootSignalsError,
    ServerError,
)

ANY = "http://api.test/v1/models/"
GOOD: dict[str, Any] = {
    "id": "9b2f",
    "name": "a",
    "next": None,
    "previous": None,
    "results": [],
    "success": True,
}


def call(client: RootSignals, method: str) -> object:
    """Make a call with this HTTP method."""
    if method == "GET":
        return client.models.retrieve("9b2f")
    if method == "PUT":
        return client.models.replace("9b2f", name="a")
    if method == "PATCH":
        return client.models.update("9b2f", name="a")
    if method == "DELETE":
        return client.models.delete("9b2f")  # type: ignore[func-returns-value]
    if method == "verify":
        return client.models.verify(model="a")
    return client.models.create(name="a")


CHANGING = ["POST", "PATCH"]
IDEMPOTENT = ["GET", "PUT", "DELETE"]
AMBIGUOUS: list[Any] = [
    *(httpx.Response(status) for status in (408, 500, 502, 503, 504, 520, 599)),
    httpx.ReadError("reset"),
    httpx.ReadTimeout("late"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("cut off"),
]
NOT_SENT: list[Any] = [httpx.ConnectError("refused"), httpx.ConnectTimeout("late")]
REFUSED: list[Any] = [
    httpx.Response(429),
    httpx.Response(429, headers={"Retry-After": "1"}),
    httpx.Response(503, headers={"Retry-After": "1"}),
    httpx.Response(421),
    httpx.Response(425),
    httpx.Response(525, headers={"Server": "cloudflare"}),
]
FINAL: list[Any] = [httpx.Response(status) for status in (400, 401, 403, 404, 405, 409, 415, 501)]


@pytest.mark.parametrize("method", [*IDEMPOTENT, *CHANGING, "verify"])
@pytest.mark.parametrize("trouble", NOT_SENT + REFUSED)
def test_not_processed(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    waits: list[float],
    method: str,
    trouble: Any,
) -> None:
    """A request that was not sent, or was refused, is retried with any method."""
    route = respx_mock.route(url__startswith=ANY).mock(
        side_effect=[trouble, httpx.Response(200, json=GOOD)]
    )

    call(mocked, method)

    assert route.call_count == 2
    assert len(waits) == 1


@pytest.mark.parametrize("method", IDEMPOTENT)
@pytest.mark.parametrize("trouble", AMBIGUOUS)
def test_ambiguous_and_idempotent(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    waits: list[float],
    method: str,
    trouble: Any,
) -> None:
    """A request that may have been processed is retried if it is idempotent."""
    route = respx_mock.route(url__startswith=ANY).mock(
        side_effect=[trouble, trouble, httpx.Response(200, json=GOOD)]
    )

    call(mocked, method)

    assert route.call_count == 3
    assert len(waits) == 2


@pytest.mark.parametrize("method", [*CHANGING, "verify"])
@pytest.mark.parametrize("trouble", AMBIGUOUS)
def test_ambiguous_and_not_idempotent(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    waits: list[float],
    method: str,
    trouble: Any,
) -> None:
    """A POST or PATCH that may have been processed is not retried, and the error reports it."""
    route = respx_mock.route(url__startswith=ANY).mock(side_effect=[trouble])

    with pytest.raises(RootSignalsError) as error:
        call(mocked, method)

    assert route.call_count == 1
    assert not waits
    assert error.value.may_have_been_processed
    assert "may have processed it" in str(error.value)
    assert len(error.value.attempts) == 1


@pytest.mark.parametrize("method", IDEMPOTENT + CHANGING)
@pytest.mark.parametrize("trouble", FINAL)
def test_final(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    waits: list[float],
    method: str,
    trouble: Any,
) -> None:
    """A failure that would be the same again is not retried."""
    route = respx_mock.route(url__startswith=ANY).mock(side_effect=[trouble])

    with pytest.raises(APIStatusError) as error:
        call(mocked, method)

    assert route.call_count == 1
    assert not waits
    assert not error.value.may_have_been_processed


def test_an_unusable_response(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """A GET whose response is not JSON is retried."""
    respx_mock.get(f"{ANY}9b2f/").mock(
        side_effect=[httpx.Response(200, text='{"id": "9'), httpx.Response(200, json=GOOD)]
    )

    model = mocked.models.retrieve("9b2f")

    assert [attempt.cause for attempt in model.meta.attempts] == ["unusable response", None]
    assert len(waits) == 1


def test_deleted_by_an_earlier_attempt(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """A DELETE that finds nothing after an ambiguous attempt has succeeded."""
    respx_mock.delete(f"{ANY}9b2f/").mock(side_effect=[httpx.ReadError(""), httpx.Response(404)])

    mocked.models.delete("9b2f")

    assert len(waits) == 1


def test_nothing_to_delete(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """A DELETE that finds nothing without an ambiguous attempt is an error."""
    respx_mock.delete(f"{ANY}9b2f/").mock(
        side_effect=[httpx.ConnectError(""), httpx.Response(429), httpx.Response(404)]
    )

    with pytest.raises(NotFoundError):
        mocked.models.delete("9b2f")
    assert len(waits) == 2


def test_attempts(mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]) -> None:
    """An error has an entry for each attempt, and their number in its message."""
    respx_mock.get(f"{ANY}9b2f/").mock(
        side_effect=[httpx.Response(502), httpx.ReadTimeout(""), httpx.Response(500)]
    )

    with pytest.raises(ServerError, match="3 attempts") as error:
        mocked.models.retrieve("9b2f")

    assert [attempt.status for attempt in error.value.attempts] == [502, None, 500]
    assert [attempt.wait for attempt in error.value.attempts] == [*waits, None]
    assert error.value.attempts[1].cause == "the response did not arrive in time"


def test_max_retries(mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]) -> None:
    """The number of retries is that of the client, or of its copy."""
    route = respx_mock.get(f"{ANY}9b2f/").respond(500)

    for retries in (0, 1, 4):
        with pytest.raises(ServerError) as error:
            mocked.with_options(max_retries=retries).models.retrieve("9b2f")
        assert len(error.value.attempts) == retries + 1
    assert route.call_count == 1 + 2 + 5


def test_retry_after(mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]) -> None:
    """A server's Retry-After is waited in full, and a little longer."""
    respx_mock.post(ANY).mock(
        side_effect=[
            httpx.Response(429, headers={"Retry-After": "17"}),
            httpx.Response(429, headers={"retry-after-ms": "500"}),
            httpx.Response(201, json=GOOD),
        ]
    )

    mocked.models.create(name="a")

    assert 17 <= waits[0] <= 18
    assert 0.5 <= waits[1] <= 0.55


def test_a_long_retry_after(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """A Retry-After of more than a minute is raised at once, with the seconds."""
    respx_mock.post(ANY).respond(
        429, headers={"Retry-After": "61"}, json={"detail": "Request was throttled."}
    )

    with pytest.raises(RateLimitError, match=r"Request was throttled\..*61 s") as error:
        mocked.models.create(name="a")

    assert error.value.retry_after == 61
    assert not waits
    assert not error.value.may_have_been_processed


def test_a_wait_beyond_the_deadline(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """A wait that would exceed the deadline is not begun."""
    respx_mock.post(ANY).respond(429, headers={"Retry-After": "17"})

    with pytest.raises(RateLimitError, match="deadline of 5 s"):
        mocked.models.create(name="a", _request_timeout=5)
    with pytest.raises(RateLimitError, match="deadline of 10 s"):
        mocked.with_options(deadline=10).models.create(name="a")

    assert not waits


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), "5", True])
def test_an_invalid_request_timeout(mocked: RootSignals, seconds: Any) -> None:
    """An invalid `_request_timeout` is refused."""
    with pytest.raises(InvalidRequestError, match="_request_timeout"):
        mocked.models.retrieve("a", _request_timeout=seconds)


def test_an_empty_budget(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """A client and its copies stop retrying if all calls fail, and the errors report it."""
    respx_mock.get(f"{ANY}9b2f/").respond(500)
    copy = mocked.with_options(max_retries=100)
    with pytest.raises(ServerError, match="retry budget is exhausted"):
        copy.models.retrieve("9b2f")
    assert len(waits) == 500 // 14

    with pytest.raises(ServerError, match="retry budget is exhausted") as error:
        mocked.models.retrieve("9b2f")
    assert len(error.value.attempts) == 1


def test_a_key_function(respx_mock: respx.MockRouter, waits: list[float]) -> None:
    """A function for the key is called before each attempt."""
    route = respx_mock.get(f"{ANY}9b2f/").mock(
        side_effect=[httpx.Response(500), httpx.Response(200, json=GOOD)]
    )
    keys = iter(["first-key", " second-key\n"])
    client = RootSignals(api_key=lambda: next(keys), base_url="http://api.test")

    client.models.retrieve("9b2f")
    client.close()

    sent = [call.request.headers["authorization"] for call in route.calls]
    assert sent == ["Api-Key first-key", "Api-Key second-key"]


def test_timeouts(mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]) -> None:
    """A timeout is also Python's own, and its message has the limit and the request."""
    respx_mock.post(ANY).mock(side_effect=httpx.ReadTimeout(""))

    with pytest.raises(
        APITimeoutError, match=r"did not arrive in time \(timeout of 30 s\)"
    ) as error:
        mocked.models.create(name="a")

    assert isinstance(error.value, TimeoutError)
    assert "POST http://api.test/v1/models/" in str(error.value)


def test_log_lines(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    waits: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A call and a retry are one line each at INFO, without secrets or queries."""
    caplog.set_level(logging.DEBUG, logger="rootsignals")
    respx_mock.get(ANY).mock(side_effect=[httpx.Response(502), httpx.Response(200, json=GOOD)])

    assert [m for m in mocked.models.list(cursor="the-cursor")] == []

    lines = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "rootsignals"
    ]
    assert [level for level, _ in lines] == ["DEBUG", "INFO", "DEBUG", "INFO"]
    assert "status 502" in lines[1][1]
    assert lines[2][1] == "GET /v1/models/ is sent to http://api.test (attempt 2)"
    assert lines[3][1].startswith("GET /v1/models/ 200 ")
    assert "the-cursor" not in caplog.text
    assert "key-of-the-tests" not in caplog.text
