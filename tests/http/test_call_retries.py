"""Retries of a call: their number, waits, hints, deadlines and budget."""

from __future__ import annotations

import httpcore
import pytest

from root._http.retry import Budget
from root.errors import Attempt, RateLimitError, ServerError
from tests.schemas.files import Pipe

from .calls import Clock, Step, a_model, fail, final_error, new_call, response, succeed

pytestmark = pytest.mark.usefixtures("clock", "longest_waits")


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
def test_the_number_of_attempts(max_retries: int) -> None:
    """A call is retried as often as `max_retries` allows."""
    call = new_call(max_retries=max_retries)

    error = final_error(call, *[response(500)] * (max_retries + 1))

    assert len(error.attempts) == max_retries + 1


def test_waits_double() -> None:
    """Without a hint the longest wait is half a second, and doubles with each retry up to 8 s."""
    call = new_call(max_retries=7)

    waits = [fail(call, response(500))[1] for _ in range(8)]

    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, None]


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
def test_a_hint_is_the_wait(headers: dict[str, str], wait: float) -> None:
    """A server's hint is the wait, plus a little; an invalid one is ignored."""
    error, seconds = fail(new_call("POST"), response(429, None, **headers))

    assert seconds == pytest.approx(wait)
    assert isinstance(error, RateLimitError)


@pytest.mark.parametrize("seconds", [61, 3600, 10**9])
def test_a_long_hint_is_left_to_the_caller(seconds: int) -> None:
    """A hint above 60 s is not waited for: the error is raised at once and has the hint."""
    error = final_error(new_call(), response(429, {"detail": "Slow."}, retry_after=str(seconds)))

    assert isinstance(error, RateLimitError)
    assert error.retry_after == seconds
    assert error.attempts == (Attempt(429),)
    assert f"The server asks to wait {seconds} s, longer than the SDK waits" in str(error)


def test_the_error_has_the_hint() -> None:
    """The error of the last attempt has the seconds that the server asks to wait."""
    error = final_error(new_call(max_retries=0), response(503, retry_after="17"))

    assert isinstance(error, ServerError)
    assert error.retry_after == 17


@pytest.mark.parametrize(
    ("deadline", "elapsed", "step", "is_retried"),
    [
        pytest.param(10.0, 0.0, response(500), True, id="enough time"),
        pytest.param(10.0, 9.0, response(500), True, id="just enough"),
        pytest.param(10.0, 9.5, response(500), False, id="no time after the wait"),
        pytest.param(10.0, 12.0, response(500), False, id="too late"),
        pytest.param(10.0, 0.0, response(429, retry_after="17"), False, id="hint beyond it"),
        pytest.param(20.0, 0.0, response(429, retry_after="17"), True, id="hint within it"),
        pytest.param(0.25, 0.0, httpcore.ConnectError("x"), False, id="short"),
    ],
)
def test_a_deadline_that_leaves_no_time(
    clock: Clock, deadline: float, elapsed: float, step: Step, is_retried: bool
) -> None:
    """If the wait would exceed the deadline, the error is raised at once and has the reason."""
    budget = Budget()
    call = new_call(deadline=deadline, budget=budget)
    clock.now += elapsed

    error, wait = fail(call, step)

    assert (wait is not None) is is_retried
    if not is_retried:
        assert f"The deadline of {deadline:g} s leaves no time for a retry." in str(error)
        assert error.elapsed == elapsed
        assert budget.tokens == Budget.CAPACITY


@pytest.mark.parametrize(
    ("step", "tokens", "remaining"),
    [
        (response(500), 14, 0),
        (response(500), 13, None),
        (httpcore.ConnectError("x"), 14, 0),
        (response(429), 5, 0),
        (response(429), 4, None),
        (response(500), 0, None),
    ],
    ids=str,
)
def test_an_empty_budget(step: Step, tokens: int, remaining: int | None) -> None:
    """A retry costs tokens; if there are too few, the error has this as the reason."""
    budget = Budget()
    budget.tokens = tokens

    error, wait = fail(new_call(budget=budget), step)

    if remaining is None:
        assert wait is None
        assert "the retry budget is exhausted" in str(error)
        assert budget.tokens == tokens
    else:
        assert wait is not None
        assert budget.tokens == remaining


def test_a_final_failure_costs_nothing() -> None:
    """A failure that is not retried does not change the budget, and does not mention it."""
    budget = Budget()
    budget.tokens = 0

    error = final_error(new_call(budget=budget), response(404))

    assert "budget" not in str(error)
    assert budget.tokens == 0


@pytest.mark.parametrize(
    ("before", "tokens"),
    [
        pytest.param([], 101, id="no retries"),
        pytest.param([response(500)], 100, id="one retry"),
        pytest.param([response(429), response(500)], 100, id="two retries"),
    ],
)
def test_a_success_returns_tokens(before: list[Step], tokens: int) -> None:
    """A success without retries returns 1 token, and another one what its retries cost."""
    budget = Budget()
    budget.tokens = 100
    call = new_call(budget=budget)
    for step in before:
        fail(call, step)

    succeed(call, a_model())

    assert budget.tokens == tokens


def test_a_failed_call_returns_no_tokens() -> None:
    """The tokens for the retries of a call that failed are spent."""
    budget = Budget()

    final_error(new_call(budget=budget), response(500), response(429), response(500))

    assert budget.tokens == 500 - 14 - 5


@pytest.mark.parametrize("is_read", [False, True], ids=["not read", "read"])
def test_a_body_that_can_be_read_once(is_read: bool) -> None:
    """A request is not retried after its body was read from a file that cannot seek."""
    body = Pipe(b"abc").body()
    call = new_call("PUT", body=body)
    if is_read:
        (part,) = body.parts
        assert not isinstance(part, bytes)
        part.rewind().read()

    error, wait = fail(call, httpcore.ConnectError("x"))

    assert (wait is None) is is_read
    reason = "It was not retried: a file of its body cannot be read a second time."
    assert (reason in str(error)) is is_read
