"""One call, from its first attempt to its result or error, without I/O."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import ssl
from collections.abc import Mapping
from types import SimpleNamespace

import httpcore
import httpx
import pytest
from pydantic import BaseModel

from root._call import Call
from root._config import resolve
from root._failures import AnswerTooLargeError, UnusableAnswerError
from root._http import Address, Answer
from root._retry import Budget
from root._schemas import Model
from root.errors import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    Attempt,
    BadRequestError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    RootSignalsError,
    ServerError,
)

KEY = "key-0123456789abcdef"
DEFAULT_KEY = "sk-fedcba9876543210"
ADDRESS = Address("https", "api.example", None, "/root-api")
BAD_GATEWAY = "<html>Bad gateway</html>"

Step = Answer | Exception


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("root._call.monotonic", clock)
    return clock


@pytest.fixture(autouse=True)
def most_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait is the longest that it can be."""
    monkeypatch.setattr("root._call.random", SimpleNamespace(random=lambda: 1.0))


def started(
    method: str = "GET",
    path: str = "/v1/models/",
    *,
    query: Mapping[str, str] | None = None,
    body: bytes = b"",
    deadline: float | None = None,
    max_retries: int = 2,
    budget: Budget | None = None,
    once: bool = False,
    secrets: tuple[str, ...] = (),
) -> Call:
    """Return a call whose first request is ready."""
    call = Call(
        method,
        path,
        query=query,
        body=body,
        address=ADDRESS,
        deadline=deadline,
        max_retries=max_retries,
        budget=budget or Budget(),
        once=once,
        secrets=secrets,
        most_bytes=2**26,
    )
    call.request([], KEY)
    return call


def answer(status: int, content: object = None, **headers: str) -> Answer:
    """Return an answer; what is no text is written as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Answer(status, pairs, b"" if content is None else text.encode())


def failed(
    call: Call, step: Step, schema: type[Model] | None = None
) -> tuple[RootSignalsError, float | None]:
    """Go through an attempt that fails as the client does."""
    if isinstance(step, Exception):
        return call.failure(step, None, 30.0)
    with pytest.raises(RootSignalsError) as error:
        call.result(step, schema)
    return call.failure(error.value, step, 30.0)


def ended(call: Call, *steps: Step, schema: type[Model] | None = None) -> RootSignalsError:
    """Go through attempts of which all but the last are repeated, and return its error."""
    for step in steps[:-1]:
        assert failed(call, step, schema)[1] is not None
    error, wait = failed(call, steps[-1], schema)
    assert wait is None
    return error


# Requests


def test_the_request() -> None:
    """A request goes to the path below the base URL, with the query and the key of the moment."""
    call = started(query={"page_size": "5", "cursor": "a b/="})

    request = call.request([(b"Host", b"api.example")], KEY)

    assert request.method == "GET"
    assert request.url == "https://api.example/root-api/v1/models/?page_size=5&cursor=a+b%2F%3D"
    assert request.headers == [
        (b"Host", b"api.example"),
        (b"Authorization", b"Api-Key " + KEY.encode()),
    ]
    assert request.content == b""


def test_a_request_with_a_body() -> None:
    """A body is sent with its type and length."""
    request = started("POST", body=b'{"name": "a"}').request([], KEY)

    assert request.content == b'{"name": "a"}'
    assert (b"Content-Type", b"application/json") in request.headers
    assert (b"Content-Length", b"13") in request.headers


def test_no_header_is_sent_twice() -> None:
    """A default header that names the body's type is refused, or stands for the body's own."""
    try:
        config = resolve(
            api_key=KEY,
            base_url="https://api.example",
            timeout=None,
            deadline=None,
            max_retries=0,
            max_connections=1,
            max_response_bytes=1,
            default_headers={"content-type": "application/json"},
        )
    except ConfigurationError:
        return

    headers = started("POST", body=b"{}").request(config.headers, KEY).headers

    names = [name.lower() for name, _ in headers]
    assert sorted(names) == sorted(set(names))


def test_each_attempt_has_the_key_of_the_moment() -> None:
    """A key that was rotated between two attempts is the one that is sent, and hidden."""
    call = started()

    request = call.request([], "rotated-0123456789")

    assert request.headers == [(b"Authorization", b"Api-Key rotated-0123456789")]
    error = ended(call, answer(400, {"detail": "rotated-0123456789 is wrong"}))
    assert "rotated" not in str(error)


def test_what_the_headers_were_given_is_left_alone() -> None:
    """The headers of a client are not changed by a request."""
    headers = [(b"Host", b"api.example")]

    started("POST", body=b"{}").request(headers, KEY)

    assert headers == [(b"Host", b"api.example")]


def test_a_query_that_utf_8_cannot_write() -> None:
    """A query that no URL can hold is refused by the names in it."""
    with pytest.raises(InvalidRequestError, match="cursor") as error:
        started(query={"cursor": "\ud800"})

    assert "UTF-8" in str(error.value)


@pytest.mark.parametrize(("deadline", "until"), [(None, None), (5.0, 1005.0)])
def test_when_a_call_must_be_over(deadline: float | None, until: float | None) -> None:
    """A deadline counts from the start of the call."""
    assert started(deadline=deadline).until == until


# Results


def test_a_result(clock: Clock) -> None:
    """An answer is read into its class, and knows how it came here."""
    call = started()
    clock.now += 0.25

    model = call.result(answer(200, {"id": "a", "name": "b"}, x_request_id="req-1"), Model)

    assert (model.id, model.name) == ("a", "b")
    assert model.meta.status_code == 200
    assert model.meta.request_id == "req-1"
    assert model.meta.attempts == (Attempt(200),)
    assert model.meta.elapsed == 0.25


def test_a_result_after_repetitions(clock: Clock) -> None:
    """A result knows of the tries before it, and of the time that all of them took."""
    call = started()
    failed(call, answer(502, BAD_GATEWAY))
    failed(call, httpcore.ReadTimeout())
    clock.now += 2.5

    model = call.result(answer(200, {"id": "a", "name": "b"}), Model)

    assert model.meta.attempts == (
        Attempt(502, None, 0.5),
        Attempt(None, "the answer did not come in time", 1.0),
        Attempt(200, None, None),
    )
    assert model.meta.elapsed == 2.5


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("content", [None, {"anything": 1}], ids=["empty", "JSON"])
def test_no_result(caplog: pytest.LogCaptureFixture, status: int, content: object) -> None:
    """Where nothing is to be read, an empty answer is as good as any JSON."""
    caplog.set_level(logging.INFO)

    started("DELETE").result(answer(status, content), None)

    assert lines(caplog, logging.INFO) == [f"DELETE /v1/models/ {status} 0 ms"]


class Shape(BaseModel):
    id: str


def test_a_result_of_another_kind() -> None:
    """An answer is read into any class of pydantic's, which need not know how it came here."""
    assert started().result(answer(200, {"id": "a"}), Shape) == Shape(id="a")


def test_the_default_key_does_not_come_back() -> None:
    """A result holds no key, not even where the service answers with it."""
    model = started().result(
        answer(200, {"id": "a", "name": "b", "default_key": DEFAULT_KEY}), Model
    )

    assert DEFAULT_KEY not in repr(model)
    assert DEFAULT_KEY not in model.to_json()


# Failures


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
@pytest.mark.parametrize(
    ("step", "repeated", "doubtful"),
    [
        pytest.param(httpcore.ConnectError("x"), True, False, id="no connection"),
        pytest.param(httpcore.ConnectTimeout(), True, False, id="connect timeout"),
        pytest.param(httpcore.PoolTimeout(), True, False, id="no free connection"),
        pytest.param(httpx.ConnectError("x"), True, False, id="httpx: no connection"),
        pytest.param(httpx.PoolTimeout("x"), True, False, id="httpx: no free connection"),
        pytest.param(answer(429), True, False, id="429"),
        pytest.param(answer(503, retry_after="1"), True, False, id="503 with a hint"),
        pytest.param(answer(503), None, True, id="bare 503"),
        pytest.param(answer(408), None, True, id="408"),
        pytest.param(answer(500), None, True, id="500"),
        pytest.param(answer(502, BAD_GATEWAY), None, True, id="502"),
        pytest.param(answer(504), None, True, id="504"),
        pytest.param(httpcore.ReadError("x"), None, True, id="read error"),
        pytest.param(httpcore.ReadTimeout(), None, True, id="read timeout"),
        pytest.param(httpcore.WriteError("x"), None, True, id="write error"),
        pytest.param(httpcore.WriteTimeout(), None, True, id="write timeout"),
        pytest.param(httpcore.RemoteProtocolError("x"), None, True, id="broken answer"),
        pytest.param(httpx.ReadTimeout("x"), None, True, id="httpx: read timeout"),
        pytest.param(httpx.DecodingError("x"), None, True, id="httpx: broken packing"),
        pytest.param(UnusableAnswerError(answer(200), "is cut off"), None, True, id="cut off"),
        pytest.param(answer(200, BAD_GATEWAY), None, True, id="a web page"),
        pytest.param(answer(200, '{"id": "a'), None, True, id="cut-off JSON"),
        pytest.param(answer(200, ""), None, True, id="nothing"),
        pytest.param(answer(200, {"id": 5}), False, True, id="another shape"),
        pytest.param(AnswerTooLargeError(2**26), False, True, id="too large an answer"),
        pytest.param(httpcore.LocalProtocolError("x"), False, False, id="never sent"),
        pytest.param(httpcore.UnsupportedProtocol("x"), False, False, id="no protocol"),
        *(
            pytest.param(answer(status, {"detail": "No."}), False, False, id=str(status))
            for status in (301, 302, 304, 400, 401, 403, 404, 405, 409, 415, 422, 501)
        ),
    ],
)
def test_what_is_repeated(method: str, step: Step, repeated: bool | None, doubtful: bool) -> None:
    """What cannot have happened is repeated, what may have only where twice is once.

    `repeated` is None for what is repeated for GET, PUT and DELETE alone.
    """
    idempotent = method in ("GET", "PUT", "DELETE")
    expected = idempotent if repeated is None else repeated

    _, wait = failed(started(method), step, Model)
    error = ended(started(method, max_retries=0), step, schema=Model)

    assert (wait is not None) is expected
    assert error.may_have_been_processed is (doubtful and method != "GET")
    assert ("look before you repeat it" in str(error)) is error.may_have_been_processed


@pytest.mark.parametrize("step", [answer(429), answer(503, retry_after="1"), answer(500)], ids=str)
def test_what_must_not_be_seen_twice(step: Answer) -> None:
    """A request that the service must not see twice is not repeated, even if it was refused."""
    assert failed(started("POST", once=True), step)[1] is None
    assert failed(started("GET", once=True), step)[1] is None


def test_what_was_never_seen_is_repeated() -> None:
    """A request that the service must not see twice is repeated if it never got there."""
    assert failed(started("POST", once=True), httpcore.ConnectTimeout())[1] is not None


def test_a_certificate_is_not_tried_again() -> None:
    """A certificate that does not verify is not going to, and nothing was sent."""
    exc = httpcore.ConnectError("x")
    cause = ssl.SSLCertVerificationError(1, "x")
    cause.verify_message = "self-signed certificate"
    exc.__cause__ = cause

    error = ended(started("DELETE"), exc)

    assert type(error) is APIConnectionError
    assert "self-signed certificate" in str(error)
    assert not error.may_have_been_processed


def test_a_cause_without_frames() -> None:
    """A cause shows no variables of libraries, which may hold what was sent and what came."""
    handled = ValueError("It is the caller's own.")
    try:
        raise handled
    except ValueError:
        call = started("POST")
        try:
            try:
                raise ConnectionResetError("Gone.")
            except OSError as inner:
                raise httpcore.ReadError("Gone.") from inner
        except httpcore.ReadError as exc:
            cause = call.cause(exc, call.failure(exc, None, 5.0)[0])

    assert isinstance(cause, httpcore.ReadError)
    assert isinstance(cause.__cause__, ConnectionResetError)
    assert cause.__traceback__ is None
    assert cause.__cause__.__traceback__ is None
    assert handled.__traceback__ is not None


def test_attempts_are_recorded(clock: Clock) -> None:
    """An error knows each try, the waits between them, and the time of all of them."""
    call = started()
    steps: list[Step] = [answer(502, BAD_GATEWAY), httpcore.ReadError("Gone."), answer(500, {})]
    for step in steps[:-1]:
        failed(call, step)
        clock.now += 1.25

    error, wait = failed(call, steps[-1])

    assert wait is None
    assert type(error) is ServerError
    assert error.attempts == (
        Attempt(502, None, 0.5),
        Attempt(None, "the exchange with api.example broke off (Gone)", 1.0),
        Attempt(500, None, None),
    )
    assert error.elapsed == 2.5
    assert str(error).endswith("(3 attempts in 2.5 s)")


def test_a_single_attempt_is_not_counted_aloud() -> None:
    """An error after one try says nothing of how many there were."""
    error = ended(started(), answer(400, {"detail": "No."}))

    assert error.attempts == (Attempt(400),)
    assert "attempts" not in str(error)


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
def test_how_often_is_tried(max_retries: int) -> None:
    """A call is repeated as often as the client says, and no more."""
    call = started(max_retries=max_retries)

    error = ended(call, *[answer(500)] * (max_retries + 1))

    assert len(error.attempts) == max_retries + 1


def test_waits_double() -> None:
    """Without a hint the longest wait is half a second, then twice as much each time, up to 8."""
    call = started(max_retries=7)

    waits = [failed(call, answer(500))[1] for _ in range(8)]

    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, None]


@pytest.mark.parametrize(
    ("before", "status"),
    [
        pytest.param([answer(502)], 404, id="502"),
        pytest.param([httpcore.ReadTimeout()], 404, id="read timeout"),
        pytest.param([answer(200, BAD_GATEWAY)], 404, id="web page"),
        pytest.param([answer(500), answer(429)], 404, id="500, then 429"),
        pytest.param([answer(500), httpcore.ConnectTimeout()], 404, id="500, then not sent"),
    ],
)
def test_what_is_gone_is_deleted(before: list[Step], status: int) -> None:
    """A DELETE that finds nothing after a try that may have deleted it has succeeded."""
    budget = Budget()
    call = started("DELETE", budget=budget)
    for step in before:
        assert failed(call, step)[1] is not None

    call.result(answer(status, {"detail": "Not found."}), None)

    assert budget.tokens == Budget.CAPACITY


@pytest.mark.parametrize(
    ("method", "before", "last"),
    [
        pytest.param("DELETE", [], answer(404), id="first try"),
        pytest.param("DELETE", [answer(429)], answer(404), id="after a refusal"),
        pytest.param("DELETE", [httpcore.ConnectTimeout()], answer(404), id="after not sent"),
        pytest.param("GET", [answer(502)], answer(404), id="GET"),
        pytest.param("PUT", [answer(502)], answer(404), id="PUT"),
    ],
)
def test_what_is_not_there(method: str, before: list[Step], last: Answer) -> None:
    """Otherwise a 404 is an error as always."""
    error = ended(started(method), *before, last)

    assert type(error) is NotFoundError


def test_what_may_not_be_deleted() -> None:
    """A DELETE that is refused after an ambiguous try is an error that says so."""
    error = ended(started("DELETE"), answer(502), answer(403, {"detail": "No."}))

    assert error.status_code == 403
    assert error.may_have_been_processed


def test_an_ambiguous_try_is_not_forgotten() -> None:
    """Whatever the last try came to, an earlier one may have done what was asked."""
    error = ended(started("PUT"), answer(502), answer(429), answer(400, {"name": ["Bad."]}))

    assert type(error) is BadRequestError
    assert error.fields == {"name": ["Bad."]}
    assert error.may_have_been_processed


def test_an_error_knows_its_request_and_answer() -> None:
    """An error carries the request, the status, the server's words and its name for it."""
    call = started("POST", query={"a": "b"})

    error = ended(call, answer(400, {"detail": "No."}, x_request_id="req-1"))

    assert str(error.request) == "POST https://api.example/root-api/v1/models/?a=b"
    assert error.status_code == 400
    assert error.detail == "No."
    assert error.request_id == "req-1"


@pytest.mark.parametrize(
    ("bound", "deadline", "shown"),
    [
        (3600.0, None, "(timeout of 3600 s)"),
        (30.0, 5.0, "(timeout of 30 s)"),
        (30.0, 1e-9, "(deadline of 1e-09 s)"),
        (None, None, "in time. "),
        (httpx.Timeout(7), None, "(timeout)"),
    ],
    ids=["timeout", "both", "deadline", "none", "httpx"],
)
def test_which_time_ran_out(
    bound: float | httpx.Timeout | None, deadline: float | None, shown: str
) -> None:
    """A time-out names the bound that it ran into, with its seconds where that is one number."""
    call = started("POST", deadline=deadline)

    error, _ = call.failure(httpcore.ReadTimeout(), None, bound)

    assert type(error) is APITimeoutError
    assert shown in str(error)


@pytest.mark.parametrize("exc", [ValueError("x"), KeyError("x"), InvalidRequestError("x")])
def test_what_is_no_trouble_of_the_network(exc: Exception) -> None:
    """A defect, or an error that is ours already, is raised as it is."""
    with pytest.raises(type(exc)) as error:
        started().failure(exc, None, 30.0)

    assert error.value is exc


def test_a_redirect_that_is_not_followed() -> None:
    """An answer that leads elsewhere says where, and why nobody went there."""
    error = ended(started("POST"), answer(302, location="https://evil.example/x"))

    assert error.status_code == 302
    assert "It redirects to 'https://evil.example/x', which is not followed" in str(error)
    assert "Check the base URL" in str(error)


@pytest.mark.parametrize(
    "step", [answer(304), answer(400, location="https://elsewhere.example/")], ids=str
)
def test_what_is_no_redirect(step: Answer) -> None:
    """An answer that leads nowhere says nothing of a redirect."""
    assert "redirects" not in str(ended(started(), step))


def test_an_unreadable_answer() -> None:
    """An answer that is no JSON is an error that says so after the last try."""
    error = ended(started(), *[answer(200, BAD_GATEWAY, content_type="text/html")] * 3)

    assert type(error) is APIResponseError
    assert error.attempts[-1] == Attempt(200, "unusable answer", None)
    assert error.body == BAD_GATEWAY
    assert "(text/html)" in str(error)
    assert "(3 attempts in 0.0 s)" in str(error)


@pytest.mark.parametrize("content", ["<p>Welcome!</p>", "OK", "\x00"])
def test_no_json_where_nothing_is_to_be_read(content: str) -> None:
    """Also where nothing is to be read, an answer that is no JSON is not the API's."""
    error = ended(started("PATCH"), answer(200, content))

    assert type(error) is APIResponseError
    assert error.may_have_been_processed


# Hints, deadlines, budgets


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "5"}, 5.5),
        ({"retry_after": "17"}, 18.0),
        ({"retry_after": "60"}, 61.0),
        ({"retry_after_ms": "250"}, 0.275),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "soon"}, 0.5),
        ({"retry_after": "-5"}, 0.5),
        ({}, 0.5),
    ],
    ids=str,
)
def test_a_hint_is_waited_for(headers: dict[str, str], wait: float) -> None:
    """A server's hint is the wait, and a little more; nonsense is no hint."""
    error, seconds = failed(started("POST"), answer(429, **headers))

    assert seconds == pytest.approx(wait)
    assert isinstance(error, RateLimitError)


@pytest.mark.parametrize("seconds", [61, 3600, 10**9])
def test_a_long_hint_is_left_to_the_caller(seconds: int) -> None:
    """A hint above 60 s is not waited for: the error comes at once and says how long it is."""
    error = ended(started(), answer(429, {"detail": "Slow."}, retry_after=str(seconds)))

    assert isinstance(error, RateLimitError)
    assert error.retry_after == seconds
    assert error.attempts == (Attempt(429),)
    assert f"The server asks to wait {seconds} s, which is left to you." in str(error)


def test_a_hint_stands_in_the_error_after_the_last_try() -> None:
    """Whoever gets the error knows how long the server asks to wait."""
    error = ended(started(max_retries=0), answer(503, retry_after="17"))

    assert isinstance(error, ServerError)
    assert error.retry_after == 17


@pytest.mark.parametrize(
    ("deadline", "elapsed", "step", "repeated"),
    [
        pytest.param(10.0, 0.0, answer(500), True, id="time enough"),
        pytest.param(10.0, 9.0, answer(500), True, id="just enough"),
        pytest.param(10.0, 9.5, answer(500), False, id="no time after the wait"),
        pytest.param(10.0, 12.0, answer(500), False, id="too late"),
        pytest.param(10.0, 0.0, answer(429, retry_after="17"), False, id="hint beyond it"),
        pytest.param(20.0, 0.0, answer(429, retry_after="17"), True, id="hint within it"),
        pytest.param(0.25, 0.0, httpcore.ConnectError("x"), False, id="short"),
    ],
)
def test_a_deadline_leaves_no_time(
    clock: Clock, deadline: float, elapsed: float, step: Step, repeated: bool
) -> None:
    """Where the wait would go beyond the deadline, the error comes at once and says why."""
    budget = Budget()
    call = started(deadline=deadline, budget=budget)
    clock.now += elapsed

    error, wait = failed(call, step)

    assert (wait is not None) is repeated
    if not repeated:
        assert f"The deadline of {deadline:g} s leaves no time to try again." in str(error)
        assert error.elapsed == elapsed
        assert budget.tokens == Budget.CAPACITY


@pytest.mark.parametrize(
    ("step", "tokens", "left"),
    [
        (answer(500), 14, 0),
        (answer(500), 13, None),
        (httpcore.ConnectError("x"), 14, 0),
        (answer(429), 5, 0),
        (answer(429), 4, None),
        (answer(500), 0, None),
    ],
    ids=str,
)
def test_an_empty_budget(step: Step, tokens: int, left: int | None) -> None:
    """A repetition is paid for; where there is too little left, the error says so."""
    budget = Budget()
    budget.tokens = tokens

    error, wait = failed(started(budget=budget), step)

    if left is None:
        assert wait is None
        assert "the retry budget is empty" in str(error)
        assert budget.tokens == tokens
    else:
        assert wait is not None
        assert budget.tokens == left


def test_what_is_not_repeated_costs_nothing() -> None:
    """A failure that is final leaves the budget as it is, and says nothing of it."""
    budget = Budget()
    budget.tokens = 0

    error = ended(started(budget=budget), answer(404))

    assert "budget" not in str(error)
    assert budget.tokens == 0


@pytest.mark.parametrize(
    ("before", "tokens"),
    [
        pytest.param([], 101, id="clean success"),
        pytest.param([answer(500)], 100, id="after one repetition"),
        pytest.param([answer(429), answer(500)], 100, id="after two"),
    ],
)
def test_a_success_gives_back(before: list[Step], tokens: int) -> None:
    """A clean success gives 1 token back, another one what its repetitions cost."""
    budget = Budget()
    budget.tokens = 100
    call = started(budget=budget)
    for step in before:
        failed(call, step)

    call.result(answer(200, {"id": "a", "name": "b"}), Model)

    assert budget.tokens == tokens


def test_a_failure_gives_nothing_back() -> None:
    """What a call that failed in the end has cost is gone."""
    budget = Budget()

    ended(started(budget=budget), answer(500), answer(429), answer(500))

    assert budget.tokens == 500 - 14 - 5


# Secrets


ECHO = f"Key {DEFAULT_KEY} of {KEY} is wrong."


@pytest.mark.parametrize(
    "step",
    [
        answer(400, {"detail": ECHO}),
        answer(422, {"default_key": [ECHO], ECHO: [ECHO]}),
        answer(502, f"<p>{ECHO}</p>"),
        answer(401, ECHO),
        answer(200, f"<p>{ECHO}</p>"),
        answer(200, {"id": {ECHO: ECHO}, "name": [ECHO]}),
        answer(201, f'{{"default_key": "{DEFAULT_KEY}"'),
        answer(302, ECHO, location=f"https://evil.example/?key={KEY}"),
        answer(400, {"detail": "No."}, x_request_id="req-1", x_echo=ECHO),
    ],
    ids=range(9),
)
def test_an_error_shows_no_secret(step: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """Neither key shows in the error, its attributes, its copies or the log."""
    caplog.set_level(logging.DEBUG)
    body = json.dumps({"name": "a", "default_key": DEFAULT_KEY}).encode()
    call = started("POST", body=body, secrets=(DEFAULT_KEY,))

    error = ended(call, step, schema=Model)

    shown = [str(error), repr(error), repr(vars(error)), repr(copy.deepcopy(error)), caplog.text]
    for secret in (KEY, DEFAULT_KEY):
        assert not [text for text in shown if secret in text]
        assert secret.encode() not in pickle.dumps(error)


# The log


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Return what the log has at a level, and find it under the one name."""
    assert {record.name for record in caplog.records} <= {"root.client"}
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_one_line_for_a_success(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A request is one line with method, path, status and milliseconds, without the query."""
    caplog.set_level(logging.DEBUG)
    call = started(query={"cursor": "secret"})
    clock.now += 0.1234

    call.result(answer(200, {"id": "a", "name": "b"}), Model)

    assert lines(caplog, logging.INFO) == ["GET /v1/models/ 200 123 ms"]
    assert len(caplog.records) == 1


def test_one_line_for_an_error(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A request that fails is one line as well, with the last status."""
    caplog.set_level(logging.DEBUG)
    call = started("POST", "/v1/models/a%2Fb/", query={"cursor": "secret"}, body=b"secret")
    clock.now += 1.5

    ended(call, answer(400, {"detail": "secret"}))

    assert lines(caplog, logging.INFO) == ["POST /v1/models/a%2Fb/ 400 1500 ms"]
    assert len(caplog.records) == 1


def test_one_line_for_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A request that got no answer is a line that says so."""
    caplog.set_level(logging.DEBUG)

    ended(started("POST"), httpcore.ReadTimeout())

    assert lines(caplog, logging.INFO) == ["POST /v1/models/ failed 0 ms"]


def test_one_line_for_each_repetition(caplog: pytest.LogCaptureFixture) -> None:
    """Each repetition is a line with its reason; the whole call is one line of its own."""
    caplog.set_level(logging.DEBUG)
    call = started(query={"cursor": "secret"})

    failed(call, answer(502, "secret"))
    failed(call, httpcore.ReadTimeout())
    call.result(answer(200, {"id": "a", "name": "b"}), Model)

    assert lines(caplog, logging.DEBUG) == [
        "GET /v1/models/ is repeated in 0.50 s: status 502",
        "GET /v1/models/ is repeated in 1.00 s: the answer did not come in time",
    ]
    assert lines(caplog, logging.INFO) == ["GET /v1/models/ 200 0 ms"]


def test_the_log_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged as a warning or worse: what went wrong is in the error."""
    caplog.set_level(logging.WARNING)

    ended(started(), answer(502), answer(502), answer(502))

    assert not caplog.records
