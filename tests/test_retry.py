"""Whether to try again, and when: the rules as tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._retry import (
    LONGEST_HINT,
    Budget,
    Outcome,
    hinted_wait,
    may_repeat,
    of_status,
    wait_before,
)

NOT_SENT, REFUSED, AMBIGUOUS, FINAL = (
    Outcome.NOT_SENT,
    Outcome.REFUSED,
    Outcome.AMBIGUOUS,
    Outcome.FINAL,
)

METHODS = ["GET", "PUT", "DELETE", "POST", "PATCH"]
IDEMPOTENT = {"GET", "PUT", "DELETE"}

NOON = "Sun, 06 Nov 1994 12:00:00 GMT"
BEFORE_NOON = "Sun, 06 Nov 1994 11:59:50 GMT"
AFTER_NOON = "Sun, 06 Nov 1994 12:00:17 GMT"


def headers(**given: str) -> Callable[[bytes], str | None]:
    """Return a look-up of headers, whose names are written with underscores."""
    named = {name.replace("_", "-").encode(): value for name, value in given.items()}
    return named.get


class NoonClock(datetime):
    """A clock that stands at noon, 6 November 1994."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> NoonClock:
        return cls(1994, 11, 6, 12, tzinfo=tz)


@pytest.mark.parametrize(
    ("status", "has_hint", "outcome"),
    [
        (429, False, REFUSED),
        (429, True, REFUSED),
        (503, True, REFUSED),
        (503, False, AMBIGUOUS),
        *((status, hint, AMBIGUOUS) for status in (408, 500, 502, 504) for hint in (False, True)),
        *(
            (status, hint, FINAL)
            for status in (301, 304, 400, 401, 403, 404, 405, 409, 415, 422, 501, 505, 511)
            for hint in (False, True)
        ),
    ],
)
def test_what_a_status_says_about_trying_again(
    status: int, has_hint: bool, outcome: Outcome
) -> None:
    """429, and 503 with a hint, are refusals; what may pass is ambiguous; the rest is final."""
    assert of_status(status, has_hint=has_hint) is outcome


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("outcome", "once", "repeated"),
    [
        (NOT_SENT, False, set(METHODS)),
        (NOT_SENT, True, set(METHODS)),
        (REFUSED, False, set(METHODS)),
        (REFUSED, True, set[str]()),
        (AMBIGUOUS, False, IDEMPOTENT),
        (AMBIGUOUS, True, set[str]()),
        (FINAL, False, set[str]()),
        (FINAL, True, set[str]()),
    ],
    ids=lambda value: value.value if isinstance(value, Outcome) else None,
)
def test_what_may_be_repeated(
    method: str, outcome: Outcome, once: bool, repeated: set[str]
) -> None:
    """A request is repeated where it cannot have happened, or where twice is as good as once."""
    assert may_repeat(method, outcome, once=once) is (method in repeated)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        pytest.param({}, None, id="no hint"),
        pytest.param({"retry_after": "17"}, 17, id="seconds"),
        pytest.param({"retry_after": "0"}, 0, id="at once"),
        pytest.param({"retry_after": " 17 "}, 17, id="blanks around"),
        pytest.param({"retry_after": "1.5"}, 1.5, id="fraction"),
        pytest.param({"retry_after": "86400"}, 86400, id="a day"),
        pytest.param({"retry_after": "999999999999"}, 999999999999, id="huge"),
        pytest.param({"retry_after": "1e300"}, None, id="beyond all sense"),
        pytest.param({"retry_after": "1_000"}, None, id="no number of HTTP"),
        pytest.param({"retry_after_ms": "250"}, 0.25, id="milliseconds"),
        pytest.param({"retry_after_ms": "250", "retry_after": "17"}, 0.25, id="milliseconds win"),
        pytest.param(
            {"retry_after_ms": "soon", "retry_after": "17"}, 17, id="nonsense milliseconds"
        ),
        pytest.param({"retry_after_ms": "-1", "retry_after": "17"}, 17, id="negative milliseconds"),
        pytest.param({"retry_after_ms": "nan", "retry_after": "17"}, 17, id="nan milliseconds"),
        pytest.param({"retry_after": "-1"}, None, id="negative"),
        pytest.param({"retry_after": "nan"}, None, id="nan"),
        pytest.param({"retry_after": "inf"}, None, id="inf"),
        pytest.param({"retry_after": "1e400"}, None, id="more than a float holds"),
        pytest.param({"retry_after": ""}, None, id="empty"),
        pytest.param({"retry_after": "soon"}, None, id="nonsense"),
        pytest.param({"retry_after": "17 seconds"}, None, id="unit"),
        pytest.param({"retry_after": AFTER_NOON, "date": NOON}, 17, id="date"),
        pytest.param({"retry_after": NOON, "date": NOON}, 0, id="this moment"),
        pytest.param({"retry_after": BEFORE_NOON, "date": NOON}, None, id="past date"),
        pytest.param(
            {"retry_after": AFTER_NOON, "date": BEFORE_NOON}, 27, id="the server's clock counts"
        ),
        pytest.param(
            {"retry_after": "Sun, 06 Nov 1994 12:00:17 -0000", "date": NOON}, 17, id="no zone"
        ),
        pytest.param(
            {"retry_after": "Sun, 06 Nov 1994 14:00:17 +0200", "date": NOON}, 17, id="other zone"
        ),
        pytest.param(
            {"retry_after": "Sunday, 06-Nov-94 12:00:17 GMT", "date": NOON}, 17, id="RFC 850 date"
        ),
        pytest.param(
            {"retry_after": "Sun Nov  6 12:00:17 1994", "date": NOON}, 17, id="asctime date"
        ),
        pytest.param({"retry_after": AFTER_NOON}, 17, id="our clock"),
        pytest.param({"retry_after": AFTER_NOON, "date": "today"}, 17, id="nonsense date"),
        pytest.param({"retry_after": "Sun, 36 Nov 1994 12:00:17 GMT"}, None, id="no such day"),
        pytest.param(
            {"retry_after": "Sun, 06 Nov 1994 12:00:17 +99999999999"}, None, id="no such zone"
        ),
    ],
)
def test_hinted_wait(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], seconds: float | None
) -> None:
    """A server's hint is read in each of its forms, and nonsense is none."""
    monkeypatch.setattr("root._retry.datetime", NoonClock)

    assert hinted_wait(headers(**given)) == seconds


@given(
    hint=st.text(st.characters(max_codepoint=255)),
    date=st.none() | st.text(st.characters(max_codepoint=255)),
)
def test_no_header_breaks_the_hint(hint: str, date: str | None) -> None:
    """Whatever stands in the headers, the hint is none or a number of seconds."""
    wait = hinted_wait(headers(retry_after=hint, **({} if date is None else {"date": date})))

    assert wait is None or 0 <= wait < float("inf")


@pytest.mark.parametrize("repetition", range(21))
def test_waits_without_a_hint(repetition: int) -> None:
    """Without a hint the wait is drawn between 0 and a bound that doubles up to 8 s."""
    bound = min(8.0, 0.5 * 2**repetition)

    assert wait_before(repetition, None, lambda: 0.0) == 0
    assert wait_before(repetition, None, lambda: 0.5) == bound / 2
    assert wait_before(repetition, None, lambda: 1.0) == bound


def test_a_repetition_beyond_all_counts() -> None:
    """The bound holds for a repetition whose power of two no float can hold."""
    assert wait_before(100_000, None, lambda: 1.0) == 8


@pytest.mark.parametrize(
    ("hint", "longest"),
    [(0.0, 0.0), (0.25, 0.275), (5.0, 5.5), (10.0, 11.0), (17.0, 18.0), (LONGEST_HINT, 61.0)],
)
def test_waits_with_a_hint(hint: float, longest: float) -> None:
    """A hint is waited for in full, plus up to 10 % and at most a second."""
    assert wait_before(3, hint, lambda: 0.0) == hint
    assert wait_before(3, hint, lambda: 1.0) == pytest.approx(longest)


def test_a_client_that_always_fails_stops_repeating() -> None:
    """A full budget pays for 35 repetitions, and then for none."""
    budget = Budget()

    costs = [budget.take(AMBIGUOUS) for _ in range(37)]

    assert costs == [14] * 35 + [0, 0]
    assert budget.tokens == 500 - 35 * 14


@pytest.mark.parametrize(("outcome", "cost"), [(NOT_SENT, 14), (AMBIGUOUS, 14), (REFUSED, 5)])
def test_what_a_repetition_costs(outcome: Outcome, cost: int) -> None:
    """A repetition costs 14 tokens, or 5 after a refusal."""
    budget = Budget()

    assert budget.take(outcome) == cost
    assert budget.tokens == 500 - cost


@pytest.mark.parametrize(("tokens", "cost"), [(13, 0), (14, 14), (15, 14)])
def test_the_last_tokens(tokens: int, cost: int) -> None:
    """What is left pays for a repetition or stays as it is."""
    budget = Budget()
    budget.tokens = tokens

    assert budget.take(AMBIGUOUS) == cost
    assert budget.tokens == tokens - cost


@pytest.mark.parametrize(
    ("tokens", "spent", "after"),
    [
        pytest.param(100, 0, 101, id="clean success"),
        pytest.param(100, 14, 114, id="success after one repetition"),
        pytest.param(100, 19, 119, id="success after two"),
        pytest.param(500, 0, 500, id="full"),
        pytest.param(495, 14, 500, id="nearly full"),
    ],
)
def test_what_a_success_gives_back(tokens: int, spent: int, after: int) -> None:
    """A clean success gives 1 token back, another one what its repetitions cost; 500 is full."""
    budget = Budget()
    budget.tokens = tokens

    budget.give_back(spent)

    assert budget.tokens == after


def test_a_budget_recovers() -> None:
    """An empty budget pays again after as many clean successes as a repetition costs."""
    budget = Budget()
    while budget.take(AMBIGUOUS):
        pass
    missing = 14 - budget.tokens

    for _ in range(missing):
        assert budget.take(AMBIGUOUS) == 0
        budget.give_back(0)

    assert budget.take(AMBIGUOUS) == 14
