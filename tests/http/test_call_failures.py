"""Failed attempts: which ones are retried, and what the error contains."""

from __future__ import annotations

import copy
import logging
import pickle
import ssl

import httpcore
import httpx
import pytest

from root._http.exceptions import (
    ClientClosedError,
    ResponseTooLargeError,
    UnusableResponseError,
)
from root._http.messages import RawResponse
from root._http.operation import Operation
from root._schemas.files import BodyError
from root._schemas.models import Model, ModelRequest
from root._schemas.requests import json_body
from root.errors import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    Attempt,
    BadRequestError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
)

from .calls import (
    BAD_GATEWAY,
    KEY,
    PATH,
    Clock,
    Step,
    call_of,
    fail,
    failure_of,
    final_error,
    new_call,
    response,
)

pytestmark = pytest.mark.usefixtures("clock", "longest_waits")

CHECK = "check before you retry"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"])
@pytest.mark.parametrize(
    ("step", "is_retried", "is_ambiguous"),
    [
        pytest.param(httpcore.ConnectError("x"), True, False, id="no connection"),
        pytest.param(httpcore.ConnectTimeout(), True, False, id="connect timeout"),
        pytest.param(httpcore.PoolTimeout(), True, False, id="no free connection"),
        pytest.param(httpx.ConnectError("x"), True, False, id="httpx: no connection"),
        pytest.param(httpx.PoolTimeout("x"), True, False, id="httpx: no free connection"),
        pytest.param(response(429), True, False, id="429"),
        pytest.param(response(503, retry_after="1"), True, False, id="503 with a hint"),
        pytest.param(response(421), True, False, id="421"),
        pytest.param(response(425), True, False, id="425"),
        pytest.param(response(521, server="cloudflare"), True, False, id="521 of Cloudflare"),
        pytest.param(response(521), None, True, id="521"),
        pytest.param(response(524, server="cloudflare"), None, True, id="524"),
        pytest.param(response(599), None, True, id="599"),
        pytest.param(response(303), False, True, id="303"),
        pytest.param(response(503), None, True, id="503 without a hint"),
        pytest.param(response(408), None, True, id="408"),
        pytest.param(response(500), None, True, id="500"),
        pytest.param(response(502, BAD_GATEWAY), None, True, id="502"),
        pytest.param(response(504), None, True, id="504"),
        pytest.param(httpcore.ReadError("x"), None, True, id="read error"),
        pytest.param(httpcore.ReadTimeout(), None, True, id="read timeout"),
        pytest.param(httpcore.WriteError("x"), None, True, id="write error"),
        pytest.param(httpcore.WriteTimeout(), None, True, id="write timeout"),
        pytest.param(httpcore.RemoteProtocolError("x"), None, True, id="broken response"),
        pytest.param(httpx.ReadTimeout("x"), None, True, id="httpx: read timeout"),
        pytest.param(httpx.DecodingError("x"), None, True, id="httpx: broken compression"),
        pytest.param(
            UnusableResponseError(response(200), "is truncated"), None, True, id="truncated"
        ),
        pytest.param(response(200, BAD_GATEWAY), None, True, id="web page"),
        pytest.param(response(200, '{"id": "a'), None, True, id="truncated JSON"),
        pytest.param(response(200, ""), None, True, id="empty"),
        pytest.param(response(200, {"id": 5}), False, True, id="another shape"),
        pytest.param(ResponseTooLargeError(2**26), False, True, id="too large"),
        pytest.param(httpcore.LocalProtocolError("x"), False, False, id="never sent"),
        pytest.param(httpcore.UnsupportedProtocol("x"), False, False, id="unsupported protocol"),
        *(
            pytest.param(response(status, {"detail": "No."}), False, False, id=str(status))
            for status in (301, 302, 304, 400, 401, 403, 404, 405, 409, 415, 422, 501)
        ),
    ],
)
def test_which_failures_are_retried(
    method: str, step: Step, is_retried: bool | None, is_ambiguous: bool
) -> None:
    """A request is retried if it cannot have been processed, or if that does no harm.

    `is_retried` is None for failures that are retried for idempotent methods only.
    """
    is_idempotent = method in ("GET", "HEAD", "PUT", "DELETE")
    expected = is_idempotent if is_retried is None else is_retried

    _, wait = fail(new_call(method), step)
    error = final_error(new_call(method, max_retries=0), step)

    assert (wait is not None) is expected
    assert error.may_have_been_processed is (is_ambiguous and method not in ("GET", "HEAD"))
    assert (CHECK in str(error)) is error.may_have_been_processed
    # No advice contradicts it.
    assert not (CHECK in str(error) and "ry again" in str(error))


@pytest.mark.parametrize(
    ("method", "is_idempotent"), [("POST", True), ("PATCH", True), ("GET", False), ("PUT", False)]
)
def test_an_operation_may_differ_from_its_method(method: str, is_idempotent: bool) -> None:
    """An operation decides itself whether it is idempotent, whatever its method."""
    operation = Operation(method, PATH, Model, is_idempotent=is_idempotent)

    assert (fail(call_of(operation), response(500))[1] is not None) is is_idempotent
    assert fail(call_of(operation), response(429))[1] is not None


@pytest.mark.parametrize(
    "step", [response(429), response(503, retry_after="1"), response(500)], ids=str
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_request_that_must_not_be_received_twice(method: str, step: RawResponse) -> None:
    """A request that is sent once is not retried, even if the service refused it."""
    assert fail(new_call(method, once=True), step)[1] is None


def test_a_request_that_was_never_received_is_retried() -> None:
    """A request that must not be received twice is retried if it was not sent."""
    assert fail(new_call("POST", once=True), httpcore.ConnectTimeout())[1] is not None


def test_an_untrusted_certificate_is_not_retried() -> None:
    """A certificate that is not trusted is a final failure, and nothing was sent."""
    exc = httpcore.ConnectError("x")
    cause = ssl.SSLCertVerificationError(1, "x")
    cause.verify_message = "self-signed certificate"
    exc.__cause__ = cause

    error = final_error(new_call("DELETE"), exc)

    assert type(error) is APIConnectionError
    assert "self-signed certificate" in str(error)
    assert not error.may_have_been_processed


def test_the_source_of_an_error_has_no_frames() -> None:
    """The cause of an error has no frames: their variables may contain what was sent."""
    handled = ValueError("The caller's own.")
    try:
        raise handled
    except ValueError:
        call = new_call("POST")
        try:
            try:
                raise ConnectionResetError("Gone.")
            except OSError as inner:
                raise httpcore.ReadError("It is gone.") from inner
        except httpcore.ReadError as exc:
            source = failure_of(call, exc).source

    assert isinstance(source, httpcore.ReadError)
    assert isinstance(source.__cause__, ConnectionResetError)
    assert source.__traceback__ is None
    assert source.__cause__.__traceback__ is None
    assert handled.__traceback__ is not None


@pytest.mark.parametrize(
    "exc",
    [
        UnusableResponseError(response(200, "x"), "is truncated"),
        httpcore.RemoteProtocolError(f"Illegal header line: {KEY}"),
    ],
    ids=["response", "secret"],
)
def test_an_exception_that_contains_too_much_is_not_the_source(exc: Exception) -> None:
    """An exception with the response or a secret is not shown as the cause of the error."""
    assert failure_of(new_call(), exc).source is None


def test_attempts_are_recorded(clock: Clock) -> None:
    """An error has each attempt, the waits between them, and the time of all of them."""
    call = new_call()
    for step in (response(502, BAD_GATEWAY), httpcore.ReadError("Gone.")):
        fail(call, step)
        clock.now += 1.25

    error = final_error(call, response(500, {}))

    assert type(error) is ServerError
    assert error.attempts == (
        Attempt(502, None, 0.5),
        Attempt(None, "the connection to api.example was lost (Gone)", 1.0),
        Attempt(500, None, None),
    )
    assert error.elapsed == 2.5
    assert str(error).endswith("(3 attempts in 2.5 s)")


def test_the_message_does_not_count_a_single_attempt() -> None:
    """The message of an error after one attempt does not mention attempts."""
    error = final_error(new_call(), response(400, {"detail": "No."}))

    assert error.attempts == (Attempt(400),)
    assert "attempts" not in str(error)


@pytest.mark.parametrize(
    ("method", "before", "last"),
    [
        pytest.param("DELETE", [], response(404), id="first attempt"),
        pytest.param("DELETE", [response(429)], response(404), id="after a refusal"),
        pytest.param("DELETE", [response(502)], response(404), id="with a result"),
        pytest.param("DELETE", [httpcore.ConnectTimeout()], response(404), id="after not sent"),
        pytest.param("GET", [response(502)], response(404), id="GET"),
        pytest.param("PUT", [response(502)], response(404), id="PUT"),
    ],
)
def test_a_404_is_an_error(method: str, before: list[Step], last: RawResponse) -> None:
    """A 404 is an error, except for a DELETE without a result after an ambiguous attempt."""
    error = final_error(new_call(method), *before, last)

    assert type(error) is NotFoundError


def test_a_delete_that_is_refused_after_an_ambiguous_attempt() -> None:
    """A DELETE that is refused after an ambiguous attempt may have been processed."""
    error = final_error(new_call("DELETE"), response(502), response(403, {"detail": "No."}))

    assert error.status_code == 403
    assert error.may_have_been_processed


def test_an_ambiguous_attempt_counts_to_the_end() -> None:
    """Whatever the outcome of the last attempt, an earlier one may have been processed."""
    error = final_error(
        new_call("PUT"), response(502), response(429), response(400, {"name": ["Bad."]})
    )

    assert type(error) is BadRequestError
    assert error.fields == {"name": ["Bad."]}
    assert error.may_have_been_processed


def test_an_error_has_its_request_and_response() -> None:
    """An error has the request, the status, the service's message and its request ID."""
    call = new_call("POST", query={"a": "b"})

    error = final_error(call, response(400, {"detail": "No."}, x_request_id="req-1"))

    assert str(error.request) == "POST https://api.example/root-api/v1/models/?a=b"
    assert error.status_code == 400
    assert error.detail == "No."
    assert error.request_id == "req-1"


@pytest.mark.parametrize(
    ("timeout", "deadline", "shown"),
    [
        (3600.0, None, "(timeout of 3600 s)"),
        (30.0, 5.0, "(timeout of 30 s)"),
        (30.0, 1e-9, "(deadline of 1e-09 s)"),
        (None, None, "in time. "),
        (httpx.Timeout(7), None, "(timeout)"),
    ],
    ids=["timeout", "both", "deadline", "none", "httpx"],
)
def test_a_timeout_names_the_limit(
    timeout: float | httpx.Timeout | None, deadline: float | None, shown: str
) -> None:
    """The error for a timeout has the limit that was exceeded, if that is one number."""
    error, _ = fail(new_call("POST", timeout=timeout, deadline=deadline), httpcore.ReadTimeout())

    assert type(error) is APITimeoutError
    assert shown in str(error)


@pytest.mark.parametrize(
    "exc", [ValueError("x"), KeyError("x"), InvalidRequestError("x"), ConfigurationError("x")]
)
def test_other_exceptions_are_raised_unchanged(exc: Exception) -> None:
    """A defect, or an error of this package, is not a failure of the network."""
    assert new_call().failed(exc) is None
    assert not hasattr(exc, "__notes__")


def test_a_defect_after_an_ambiguous_attempt_has_a_note() -> None:
    """An exception that is raised unchanged has a note if the request may have been processed."""
    call = new_call("PUT")
    fail(call, response(502))
    exc = ValueError("x")

    assert call.failed(exc) is None
    assert CHECK in exc.__notes__[0]


def test_a_setting_that_becomes_invalid_between_attempts() -> None:
    """A configuration error after an attempt, such as a missing key, has the attempts."""
    call = new_call("PUT")
    fail(call, response(502))

    error = final_error(call, ConfigurationError("No API key was found."))

    assert type(error) is ConfigurationError
    assert error.attempts == (Attempt(502, None, 0.5),)
    assert error.may_have_been_processed
    assert CHECK in str(error)


def test_a_call_on_a_client_that_was_closed_meanwhile() -> None:
    """A client that is closed before anything was sent is an invalid request."""
    error = final_error(new_call(), ClientClosedError())

    assert type(error) is InvalidRequestError
    assert "The client was closed" in str(error)
    assert error.attempts == ()


def test_a_client_that_is_closed_between_attempts() -> None:
    """A client that is closed between two attempts is a connection error with the first one."""
    error = final_error(new_call("PUT"), response(502), ClientClosedError())

    assert type(error) is APIConnectionError
    assert "the client was closed meanwhile" in str(error)
    assert error.attempts == (Attempt(502, None, 0.5),)
    assert error.may_have_been_processed


def test_a_client_that_is_closed_during_an_attempt() -> None:
    """A connection that breaks because the client is closed is not retried."""
    call = new_call("DELETE")

    failure = call.failed(httpcore.ReadError("Gone."), closed="client")

    assert failure is not None
    assert call.settle(failure) is None
    assert type(failure.error) is APIConnectionError
    assert "the client was closed meanwhile" in str(failure.error)
    assert failure.error.attempts == (Attempt(None, "the client was closed"),)
    assert failure.error.may_have_been_processed


def test_a_file_of_the_body_that_cannot_be_read() -> None:
    """A body that cannot be read is a final failure, and an invalid request."""
    error = final_error(new_call("PUT"), BodyError("No such file or directory"))

    assert type(error) is InvalidRequestError
    assert "a file of its body could not be read: No such file or directory." in str(error)
    assert error.attempts == (Attempt(None, "a file of the body could not be read"),)
    assert str(error.request) == "PUT https://api.example/root-api/v1/models/"


def test_a_redirect_that_is_not_followed() -> None:
    """The error for a redirect has its target, and why it was not followed."""
    error = final_error(new_call("POST"), response(302, location="https://evil.example/x"))

    assert error.status_code == 302
    assert "It redirects to 'https://evil.example/x', which is not followed" in str(error)
    assert "Check the base URL" in str(error)


@pytest.mark.parametrize(
    "step", [response(304), response(400, location="https://elsewhere.example/")], ids=str
)
def test_a_response_that_is_not_a_redirect(step: RawResponse) -> None:
    """The error for another response does not mention redirects."""
    assert "redirects" not in str(final_error(new_call(), step))


def test_an_unusable_response() -> None:
    """A response that is not JSON is retried, and then an error with its body."""
    error = final_error(new_call(), *[response(200, BAD_GATEWAY, content_type="text/html")] * 3)

    assert type(error) is APIResponseError
    assert error.attempts[-1] == Attempt(200, "unusable response", None)
    assert error.body == BAD_GATEWAY
    assert "(text/html)" in str(error)
    assert "(3 attempts in 0.0 s)" in str(error)


@pytest.mark.parametrize("content", ["<p>Welcome!</p>", "OK", "\x00"])
def test_a_response_that_is_not_json_where_nothing_is_expected(content: str) -> None:
    """A call that expects no result fails if the response is not JSON: it is not the API's."""
    operation = Operation("PATCH", PATH, type(None))

    error = final_error(call_of(operation), response(200, content))

    assert type(error) is APIResponseError
    assert error.may_have_been_processed


def test_a_streamed_response_that_breaks_off() -> None:
    """A stream that breaks off is an error with the attempt that had begun, and is not retried."""
    call = new_call("POST")
    fail(call, response(429))
    meta = call.succeed(response(200, x_request_id="req-1"))

    failure = call.settle_stream(httpcore.ReadError("Gone."), meta, closed=None)

    assert failure is not None
    assert type(failure.error) is APIConnectionError
    assert failure.error.attempts == (
        Attempt(429, None, 0.5),
        Attempt(200, "the connection to api.example was lost (Gone)"),
    )
    assert failure.error.request_id == "req-1"
    assert failure.error.may_have_been_processed
    assert call.settle_stream(ValueError("x"), meta, closed=None) is None


DEFAULT_KEY = "sk-fedcba9876543210"
ECHO = f"Key {DEFAULT_KEY} of {KEY} is wrong."


@pytest.mark.parametrize(
    "step",
    [
        response(400, {"detail": ECHO}),
        response(422, {"default_key": [ECHO], ECHO: [ECHO]}),
        response(502, f"<p>{ECHO}</p>"),
        response(401, ECHO),
        response(200, f"<p>{ECHO}</p>"),
        response(200, {"id": {ECHO: ECHO}, "name": [ECHO]}),
        response(201, f'{{"default_key": "{DEFAULT_KEY}"'),
        response(302, ECHO, location=f"https://evil.example/?key={KEY}"),
        response(400, {"detail": "No."}, x_request_id="req-1", x_echo=ECHO),
        response(400, {"detail": "No."}, x_request_id=ECHO),
        httpcore.RemoteProtocolError(f"Illegal header line: {ECHO}"),
    ],
    ids=range(11),
)
def test_an_error_contains_no_secret(step: Step, caplog: pytest.LogCaptureFixture) -> None:
    """Neither key is in the error, its attributes, its copies or the log."""
    caplog.set_level(logging.DEBUG)
    body = json_body(ModelRequest, None, name="a", default_key=DEFAULT_KEY)
    call = new_call("POST", body=body)

    error = final_error(call, step)

    shown = [str(error), repr(error), repr(vars(error)), repr(copy.deepcopy(error)), caplog.text]
    for secret in (KEY, DEFAULT_KEY):
        assert not [text for text in shown if secret in text]
        assert secret.encode() not in pickle.dumps(error)
