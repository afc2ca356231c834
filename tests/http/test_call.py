"""A call: its requests, its results and its lines in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import NoneType
from typing import Any

import httpcore
import httpx
import pytest
from pydantic import BaseModel

from root import AsyncStream
from root._config import NOT_GIVEN, NotGiven, Timeout
from root._http.operation import Operation, Query
from root._http.retry import Budget
from root._schemas.models import Model, ModelVerification
from root._schemas.pages import list_response
from root._schemas.requests import bytes_body
from root.errors import Attempt, InvalidRequestError
from tests.schemas.files import Pipe

from .calls import (
    BAD_GATEWAY,
    JSON,
    KEY,
    PATH,
    Clock,
    a_model,
    call_of,
    configuration,
    fail,
    final_error,
    new_call,
    response,
    succeed,
)

pytestmark = pytest.mark.usefixtures("clock", "longest_waits")


# Requests


def test_the_request() -> None:
    """A request is sent to the path below the base URL, with the query and the current key."""
    call = new_call(query={"page_size": "5", "cursor": "a b/="})

    request = call.request(KEY)

    assert request.method == "GET"
    assert request.url == "https://api.example/root-api/v1/models/?page_size=5&cursor=a+b%2F%3D"
    assert request.headers == [
        *configuration().headers,
        (b"Authorization", b"Api-Key " + KEY.encode()),
    ]
    assert request.body is None
    assert not request.is_streamed


@pytest.mark.parametrize(
    ("schema", "max_bytes"),
    [
        (Model, 2**20),
        (NoneType, 2**20),
        (list_response(Model), 2**24),
        (list[Model], 2**20),
        (str, 2**24),
        (object, 2**24),
        (bytes, 2**24),
    ],
)
def test_the_maximum_size_of_a_response(schema: type[object], max_bytes: int) -> None:
    """It depends on what is expected, unless the client has one of its own."""
    operation = Operation("GET", PATH, schema)

    assert call_of(operation).request(KEY).max_bytes == max_bytes
    own = call_of(operation, configuration(max_response_bytes=2**26))
    assert own.request(KEY).max_bytes == 2**26


def test_a_parameter_with_several_values() -> None:
    """A sequence repeats its parameter in the query."""
    request = new_call(query={"tag": ["a", "b"], "name": "c"}).request(KEY)

    assert request.target == "/root-api/v1/models/?tag=a&tag=b&name=c"


def test_a_request_with_a_body() -> None:
    """A body is sent with its media type and its length."""
    request = new_call("POST", body=JSON).request(KEY)

    assert request.body is JSON
    assert (b"Content-Type", b"application/json") in request.headers
    assert (b"Content-Length", b"13") in request.headers


def test_a_body_of_unknown_length_is_sent_in_chunks() -> None:
    """The body of a file without a size is chunked, and has no Content-Length."""
    operation = Operation("POST", PATH, Model, body=Pipe(b"abc").body("text/csv"))

    headers = dict(call_of(operation).request(KEY).headers)

    assert headers[b"Content-Type"] == b"text/csv"
    assert headers[b"Transfer-Encoding"] == b"chunked"
    assert b"Content-Length" not in headers


def test_headers_of_an_operation() -> None:
    """The headers of an operation replace those of the client and of the body, in any case."""
    config = configuration(headers={"X-Team": "a", "X-Client": "b"})
    operation = Operation(
        "POST", PATH, Model, body=JSON, headers={"content-type": "text/x", "x-team": "c"}
    )

    headers = call_of(operation, config).request(KEY).headers

    assert (b"Content-Type", b"text/x") in headers
    assert (b"X-Team", b"c") in headers
    assert (b"X-Client", b"b") in headers
    names = [name.lower() for name, _ in headers]
    assert sorted(names) == sorted(set(names))


def test_a_streamed_response_is_not_compressed() -> None:
    """The request of a streamed response accepts no compression."""
    request = call_of(Operation("GET", "/", AsyncStream)).request(KEY)

    encodings = [value for name, value in request.headers if name.lower() == b"accept-encoding"]
    assert encodings == [b"identity"]
    assert request.is_streamed


def test_each_attempt_has_the_current_key() -> None:
    """A key that was rotated between two attempts is sent, and redacted."""
    call = new_call()

    request = call.request("rotated-0123456789")

    assert request.headers[-1] == (b"Authorization", b"Api-Key rotated-0123456789")
    error = final_error(call, response(400, {"detail": "rotated-0123456789 is wrong"}))
    assert "rotated" not in str(error)


def test_requests_do_not_change_the_headers_of_the_client() -> None:
    """The headers of a client are the same before and after a request."""
    config = configuration()
    headers = list(config.headers)

    call_of(Operation("POST", PATH, Model, body=JSON, headers={"accept": "text/csv"}), config)

    assert config.headers == headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": KEY},
        {"host": KEY},
        {"Content-Length": KEY},
        {"Transfer-Encoding": KEY},
        {"X-Key": f"{KEY}\r\nHost: evil"},
        {"X-Key\n": KEY},
        {"X-Key": KEY.encode()},
        [("X-Key", KEY)],
    ],
    ids=repr,
)
def test_invalid_headers(headers: Mapping[str, str]) -> None:
    """A header that is invalid, or that the client sets itself, is refused and not shown."""
    with pytest.raises(InvalidRequestError, match=r"Nothing was sent\. headers") as error:
        call_of(Operation("GET", PATH, Model, headers=headers))

    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    "query",
    ["limit=5", {"a": None}, {"a": True}, {"a": 5}, {"a": ["b", 5]}, {5: "a"}, [("a", "b")]],
    ids=repr,
)
def test_invalid_queries(query: Query) -> None:
    """A query that is not a mapping of names to strings is refused."""
    with pytest.raises(InvalidRequestError, match="query"):
        new_call(query=query)


def test_a_query_that_cannot_be_encoded() -> None:
    """The error for a query with characters that UTF-8 cannot encode has the names in it."""
    with pytest.raises(InvalidRequestError, match=r"cursor.*UTF-8"):
        new_call(query={"cursor": "\ud800"})


@pytest.mark.parametrize("method", ["", "get", "GET ", "GÉT", "GET\r\nHost: evil", 5, None])
def test_invalid_methods(method: Any) -> None:
    """A method that is not in plain capitals is refused."""
    with pytest.raises(InvalidRequestError, match="is not an HTTP method"):
        new_call(method)


@pytest.mark.parametrize(
    "path",
    [
        *("", "v1/models/", "@evil.example/", "https://evil.example/", "/a b", "/ä"),
        *("/a\r\nHost: evil", "/a?b=c", "/a#b", 5, None),
    ],
)
def test_invalid_paths(path: Any) -> None:
    """A path that does not begin with a slash, or is not encoded, is refused."""
    with pytest.raises(InvalidRequestError, match="is not a path"):
        call_of(Operation("GET", path, Model))


@pytest.mark.parametrize(
    ("of_the_client", "of_the_operation", "until"),
    [
        (None, NOT_GIVEN, None),
        (5.0, NOT_GIVEN, 1005.0),
        (None, 7.0, 1007.0),
        (5.0, 7.0, 1007.0),
        (5.0, None, None),
    ],
)
def test_a_deadline(
    of_the_client: float | None, of_the_operation: float | NotGiven | None, until: float | None
) -> None:
    """A deadline counts from the start of the call; an operation's own takes precedence."""
    operation = Operation("GET", PATH, Model, deadline=of_the_operation)

    assert call_of(operation, configuration(deadline=of_the_client)).until == until


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), True, "5"])
def test_an_invalid_timeout(timeout: float) -> None:
    """A timeout that is not a positive number is refused."""
    with pytest.raises(InvalidRequestError, match=r"Nothing was sent\. timeout"):
        call_of(Operation("GET", PATH, Model, timeout=timeout))


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), True, "5"])
def test_an_invalid_deadline(deadline: float) -> None:
    """A deadline that is not a positive number is refused."""
    with pytest.raises(InvalidRequestError, match="deadline"):
        call_of(Operation("GET", PATH, Model, deadline=deadline))


def test_the_remaining_time(clock: Clock) -> None:
    """The remaining seconds of the deadline decrease, and are never negative."""
    call = new_call(deadline=5.0)
    clock.now += 2
    assert call.remaining() == 3

    clock.now += 9
    assert call.remaining() == 0
    assert new_call().remaining() is None


@pytest.mark.parametrize(
    ("of_the_client", "of_the_operation", "slow", "timeout"),
    [
        (30.0, NOT_GIVEN, None, 30.0),
        (12.0, NOT_GIVEN, None, 12.0),
        (30.0, NOT_GIVEN, 300.0, 300.0),
        (12.0, NOT_GIVEN, 300.0, 12.0),
        (None, NOT_GIVEN, 300.0, None),
        (30.0, 5.0, 300.0, 5.0),
        (30.0, None, 300.0, None),
        (12.0, httpx.Timeout(7), None, httpx.Timeout(7)),
    ],
    ids=str,
)
def test_the_timeout_of_an_attempt(
    of_the_client: Timeout,
    of_the_operation: Timeout | NotGiven,
    slow: float | None,
    timeout: Timeout,
) -> None:
    """An operation's own timeout comes first; a slow one replaces the client's default only."""
    operation = Operation("GET", PATH, Model, timeout=of_the_operation, slow_timeout=slow)

    assert call_of(operation, configuration(timeout=of_the_client)).timeout == timeout


# Results


def test_a_result(clock: Clock) -> None:
    """A response is parsed into its class, and has its metadata."""
    call = new_call()
    clock.now += 0.25

    result = succeed(call, a_model(x_request_id="req-1"))

    assert (result.value.id, result.value.name) == ("a", "b")
    assert result.value.meta is result.meta
    assert result.content == b'{"id": "a", "name": "b"}'
    assert result.meta.status_code == 200
    assert result.meta.request_id == "req-1"
    assert result.meta.attempts == (Attempt(200),)
    assert result.meta.elapsed == 0.25


def test_a_result_after_retries(clock: Clock) -> None:
    """The metadata has the failed attempts, and the time of all attempts."""
    call = new_call()
    fail(call, response(502, BAD_GATEWAY))
    fail(call, httpcore.ReadTimeout())
    clock.now += 2.5

    meta = succeed(call, a_model()).meta

    assert meta.attempts == (
        Attempt(502, None, 0.5),
        Attempt(None, "the response did not arrive in time", 1.0),
        Attempt(200, None, None),
    )
    assert meta.elapsed == 2.5


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("content", [None, {"anything": 1}], ids=["empty", "JSON"])
def test_a_call_without_a_result(
    caplog: pytest.LogCaptureFixture, status: int, content: object
) -> None:
    """A call that expects no result accepts an empty body and any JSON."""
    caplog.set_level(logging.INFO)

    result = succeed(call_of(Operation("DELETE", PATH, NoneType)), response(status, content))

    assert result.value is None
    assert lines(caplog, logging.INFO) == [f"DELETE /v1/models/ {status} 0 ms"]


class Shape(BaseModel):
    id: str


def test_a_result_of_another_class() -> None:
    """A response is parsed into any class of pydantic's."""
    call = call_of(Operation("GET", PATH, Shape))

    assert succeed(call, response(200, {"id": "a"})).value == Shape(id="a")


def test_each_item_of_a_list_has_the_metadata() -> None:
    """The metadata of the response is attached to each object of a list."""
    call = call_of(Operation("GET", PATH, list[Model]))

    result = succeed(call, response(200, [{"id": "a", "name": "b"}, {"id": "c", "name": "d"}]))

    assert [model.meta for model in result.value] == [result.meta, result.meta]


DEFAULT_KEY = "sk-fedcba9876543210"


def test_a_write_only_field_is_dropped() -> None:
    """A model has no key, even if the service returns it."""
    model = succeed(
        new_call(), response(200, {"id": "a", "name": "b", "default_key": DEFAULT_KEY})
    ).value

    assert DEFAULT_KEY not in repr(model)
    assert DEFAULT_KEY not in model.to_json()


def test_echoed_secrets_are_redacted_in_a_result() -> None:
    """A secret of the request is redacted in free text, in unknown fields and in the headers."""
    body = bytes_body(b"{}", "application/json", secrets=(DEFAULT_KEY,))
    call = call_of(Operation("POST", PATH, ModelVerification, body=body))
    content = {"success": False, "error": f"Bad: {DEFAULT_KEY}", "new": [KEY]}

    result = succeed(call, response(200, content, x_echo=f"{KEY} {DEFAULT_KEY}"))

    assert result.value.error == "Bad: [redacted]"
    assert result.value.model_extra == {"new": ["[redacted]"]}
    assert result.meta.headers["x-echo"] == "[redacted] [redacted]"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([response(502)], id="502"),
        pytest.param([httpcore.ReadTimeout()], id="read timeout"),
        pytest.param([response(200, BAD_GATEWAY)], id="web page"),
        pytest.param([response(500), response(429)], id="500, then 429"),
        pytest.param([response(500), httpcore.ConnectTimeout()], id="500, then not sent"),
    ],
)
def test_a_delete_that_finds_nothing_after_an_ambiguous_attempt_succeeds(
    before: list[Exception],
) -> None:
    """A 404 for a DELETE that an earlier attempt may have carried out is a success."""
    budget = Budget()
    call = call_of(Operation("DELETE", PATH, NoneType), budget=budget)
    for step in before:
        assert fail(call, step)[1] is not None

    result = succeed(call, response(404, {"detail": "Not found."}))

    assert result.value is None
    assert result.meta.status_code == 404
    assert budget.tokens == Budget.CAPACITY


# The log


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Return the lines of a level in the log, all of which are of one logger."""
    assert {record.name for record in caplog.records} <= {"rootsignals"}
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_one_line_for_a_success(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A call is one line with method, path, status and milliseconds, without the query."""
    caplog.set_level(logging.INFO)
    call = new_call(query={"cursor": "secret"})
    clock.now += 0.1234

    succeed(call, a_model())

    assert lines(caplog, logging.INFO) == ["GET /v1/models/ 200 123 ms"]
    assert len(caplog.records) == 1


def test_one_line_for_an_error(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A call that fails is one line, with the last status and the request ID."""
    caplog.set_level(logging.INFO)
    body = bytes_body(b"secret", "text/plain")
    call = call_of(
        Operation("POST", "/v1/models/a%2Fb/", Model, query={"cursor": "secret"}, body=body)
    )
    clock.now += 1.5

    final_error(call, response(400, {"detail": "secret"}, x_request_id="req-1"))

    assert lines(caplog, logging.WARNING) == [
        "POST /v1/models/a%2Fb/ failed after 1 attempt, 1500 ms: status 400 (BadRequestError),"
        " request ID req-1"
    ]
    assert len(caplog.records) == 1


def test_one_line_without_a_response(caplog: pytest.LogCaptureFixture) -> None:
    """A call without a response is one line, without a status."""
    caplog.set_level(logging.INFO)

    final_error(new_call("POST"), httpcore.ReadTimeout())

    assert lines(caplog, logging.WARNING) == [
        "POST /v1/models/ failed after 1 attempt, 0 ms: the response did not arrive in time"
        " (APITimeoutError)"
    ]
    assert len(caplog.records) == 1


def test_one_line_for_each_retry(caplog: pytest.LogCaptureFixture) -> None:
    """Each retry is a line with its reason, in addition to the line for the call."""
    caplog.set_level(logging.INFO)
    call = new_call(query={"cursor": "secret"})

    fail(call, response(502, "secret"))
    fail(call, httpcore.ReadTimeout())
    succeed(call, a_model())

    assert lines(caplog, logging.INFO) == [
        "GET /v1/models/ is retried in 0.50 s: status 502",
        "GET /v1/models/ is retried in 1.00 s: the response did not arrive in time",
        "GET /v1/models/ 200 0 ms",
    ]
    assert len(caplog.records) == 3


def test_one_line_for_each_attempt(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, the begin of each attempt is a line with the base URL."""
    caplog.set_level(logging.DEBUG)
    call = new_call(query={"cursor": "secret"})

    fail(call, response(502))
    call.request(KEY)
    succeed(call, a_model())

    assert lines(caplog, logging.DEBUG) == [
        "GET /v1/models/ is sent to https://api.example/root-api (attempt 1)",
        "GET /v1/models/ is sent to https://api.example/root-api (attempt 2)",
    ]


def test_only_failures_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    """At WARNING, a call that succeeds after retries logs no line, and one that fails logs one."""
    caplog.set_level(logging.WARNING)

    call = new_call()
    fail(call, response(502))
    succeed(call, a_model())
    assert not caplog.records

    final_error(new_call(), response(502), response(502), response(502))
    assert [record.getMessage() for record in caplog.records] == [
        "GET /v1/models/ failed after 3 attempts, 0 ms: status 502 (ServerError)"
    ]


def attributes(record: logging.LogRecord) -> dict[str, object]:
    """Return the attributes of a record that are ours and not None."""
    ours = {name: value for name, value in vars(record).items() if name.startswith("rootsignals_")}
    assert ours.keys() == {f"rootsignals_{name}" for name in NAMES}
    return {
        name.removeprefix("rootsignals_"): value
        for name, value in ours.items()
        if value is not None
    }


NAMES = (
    *("event", "method", "path", "base_url", "attempts", "elapsed", "status", "request_id"),
    *("error", "reason", "wait"),
)


def test_attributes_of_records(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A record has the known facts of the call as attributes, each of which always exists."""
    caplog.set_level(logging.DEBUG)
    call = new_call()
    clock.now += 0.5
    fail(call, response(502, x_request_id="req-1"))
    clock.now += 0.5
    fail(call, httpcore.ReadTimeout())
    clock.now += 0.5
    final_error(call, response(404, {"detail": "secret"}, x_request_id="req-2"))
    succeed(new_call("POST"), a_model(x_request_id="req-3"))

    sent, retry, second_retry, failure, _, success = map(attributes, caplog.records)

    common = {"method": "GET", "path": "/v1/models/", "base_url": "https://api.example/root-api"}
    assert sent == {**common, "event": "request", "attempts": 1, "elapsed": 0.0}
    assert retry == {
        **common,
        "event": "retry",
        "attempts": 1,
        "elapsed": 0.5,
        "status": 502,
        "request_id": "req-1",
        "error": "ServerError",
        "reason": "status 502",
        "wait": 0.5,
    }
    assert second_retry == {
        **common,
        "event": "retry",
        "attempts": 2,
        "elapsed": 1.0,
        "error": "APITimeoutError",
        "reason": "the response did not arrive in time",
        "wait": 1.0,
    }
    assert failure == {
        **common,
        "event": "failure",
        "attempts": 3,
        "elapsed": 1.5,
        "status": 404,
        "request_id": "req-2",
        "error": "NotFoundError",
        "reason": "status 404",
    }
    assert success == {
        **common,
        "method": "POST",
        "event": "response",
        "attempts": 1,
        "elapsed": 0.0,
        "status": 200,
        "request_id": "req-3",
    }


def test_cost_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is logged, a call asks for the level once."""
    logger = logging.getLogger("rootsignals")
    asked: list[int] = []

    def is_enabled(level: int) -> bool:
        asked.append(level)
        return False

    monkeypatch.setattr(logger, "isEnabledFor", is_enabled)

    succeed(new_call(), a_model())

    assert asked == [logging.INFO]
