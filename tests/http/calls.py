"""Calls whose attempts are scripted, for the tests of their decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar

from root._async.stream import AsyncStream
from root._config import NOT_GIVEN, Timeout
from root._config.config import Config, resolve
from root._http.call import Call
from root._http.failures import Failure
from root._http.messages import Origin, RawResponse
from root._http.operation import Operation, Query, Response
from root._http.retry import Budget
from root._schemas.models import Model
from root._schemas.requests import Body, bytes_body
from root.errors import RootSignalsError

T = TypeVar("T")

KEY = "key-0123456789abcdef"
ORIGIN = Origin("https", "api.example", None, "/root-api")
PATH = "/v1/models/"
BAD_GATEWAY = "<html>Bad gateway</html>"
JSON = bytes_body(b'{"name": "a"}', "application/json")

Step = RawResponse | Exception
"""What an attempt ends with."""


class Clock:
    """A clock that changes only when `now` is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def configuration(
    *,
    timeout: Timeout = 30.0,
    deadline: float | None = None,
    max_retries: int = 2,
    headers: Mapping[str, str] | None = None,
    max_response_bytes: int | None = None,
) -> Config:
    """Return the settings of a client."""
    return resolve(
        api_key=KEY,
        base_url="https://api.example/root-api",
        timeout=timeout,
        deadline=deadline,
        max_retries=max_retries,
        max_connections=1,
        max_response_bytes=max_response_bytes,
        default_headers=headers,
    )


def call_of(
    operation: Operation[T], config: Config | None = None, budget: Budget | None = None
) -> Call[T]:
    """Return a call whose first request is ready."""
    call = Call(operation, ORIGIN, config or configuration(), budget or Budget(), AsyncStream)
    call.request(KEY)
    return call


def new_call(
    method: str = "GET",
    *,
    query: Query | None = None,
    body: Body | None = None,
    timeout: Timeout = 30.0,
    deadline: float | None = None,
    max_retries: int = 2,
    budget: Budget | None = None,
    once: bool = False,
) -> Call[Model]:
    """Return a call that expects a model, and whose first request is ready."""
    return call_of(
        Operation(method, PATH, Model, query=query, body=body, timeout=NOT_GIVEN, once=once),
        configuration(timeout=timeout, deadline=deadline, max_retries=max_retries),
        budget,
    )


def response(status: int, content: object = None, **headers: str) -> RawResponse:
    """Return a response; content that is not a string is written as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return RawResponse(status, pairs, b"" if content is None else text.encode())


def a_model(**headers: str) -> RawResponse:
    """Return the response to a call that succeeded."""
    return response(200, {"id": "a", "name": "b"}, **headers)


def failure_of(call: Call[T], step: Step) -> Failure:
    """Return what the outcome of an attempt means."""
    outcome = call.failed(step) if isinstance(step, Exception) else call.conclude(step)
    assert isinstance(outcome, Failure)
    return outcome


def fail(call: Call[T], step: Step) -> tuple[RootSignalsError, float | None]:
    """Let an attempt fail; return its error, and the seconds until the next attempt."""
    failure = failure_of(call, step)
    return failure.error, call.settle(failure)


def final_error(call: Call[T], *steps: Step) -> RootSignalsError:
    """Let attempts fail, all but the last of which are retried; return the error of the last."""
    for step in steps[:-1]:
        assert fail(call, step)[1] is not None
    error, wait = fail(call, steps[-1])
    assert wait is None
    return error


def succeed(call: Call[T], raw: RawResponse) -> Response[T]:
    """Let an attempt succeed."""
    outcome = call.conclude(raw)
    assert isinstance(outcome, Response)
    return outcome
