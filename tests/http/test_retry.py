"""Whether to retry, and when: the rules as tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._http.retry import (
    MAX_RETRY_AFTER,
    Budget,
    Outcome,
    backoff,
    is_idempotent,
    may_retry,
    retry_after,
    status_outcome,
)

NOT_SENT, REFUSED, AMBIGUOUS, FINAL = (
    Outcome.NOT_SENT,
    Outcome.REFUSED,
    Outcome.AMBIGUOUS,
    Outcome.FINAL,
)

NOON = "Sun, 06 Nov 1994 12:00:00 GMT"
BEFORE_NOON = "Sun, 06 Nov 1994 11:59:50 GMT"
AFTER_NOON = "Sun, 06 Nov 1994 12:00:17 GMT"


def headers(**values: str) -> Callable[[bytes], str | None]:
    """Return a function that returns headers, whose names are written here with underscores."""
    return {name.replace("_", "-").encode(): value for name, value in values.items()}.get


class NoonClock(datetime):
    """A clock that always shows noon of 6 November 1994."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> NoonClock:
        return cls(1994, 11, 6, 12, tzinfo=tz)


@pytest.mark.parametrize(
    ("status", "has_hint", "outcome"),
    [
        (503, True, REFUSED),
        (503, False, AMBIGUOUS),
        *((status, hint, REFUSED) for status in (421, 425, 429) for hint in (False, True)),
        *(
            (status, hint, AMBIGUOUS)
            for status in (408, 460, 499, 500, 502, 504, 506, 507, 508, 509, 520, 522, 524)
            for hint in (False, True)
        ),
        *(
            (status, hint, AMBIGUOUS)
            for status in (527, 529, 530, 561, 598, 599, 600, 999)
            for hint in (False, True)
        ),
        *(
            (status, hint, FINAL)
            for status in (301, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 431, 451)
            for hint in (False, True)
        ),
        *((status, hint, FINAL) for status in (501, 505, 510, 511) for hint in (False, True)),
    ],
)
@pytest.mark.parametrize("server", [None, "nginx", "cloudflare"])
def test_status_outcome(status: int, has_hint: bool, server: str | None, outcome: Outcome) -> None:
    """A status means that the request was refused, may have been processed, or failed for good."""
    assert status_outcome(status, has_hint=has_hint, server=server) is outcome


@pytest.mark.parametrize("status", [521, 523, 525, 526])
@pytest.mark.parametrize(
    ("server", "outcome"),
    [
        ("cloudflare", NOT_SENT),
        (" Cloudflare ", NOT_SENT),
        ("not cloudflare", AMBIGUOUS),
        ("nginx", AMBIGUOUS),
        (None, AMBIGUOUS),
    ],
)
def test_cloudflare_did_not_reach_the_service(
    status: int, server: str | None, outcome: Outcome
) -> None:
    """Without a connection to the service, Cloudflare sent nothing; others may mean anything."""
    assert status_outcome(status, has_hint=False, server=server) is outcome


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        *((method, True) for method in ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")),
        *((method, False) for method in ("POST", "PATCH")),
    ],
)
def test_is_idempotent(method: str, expected: bool) -> None:
    """PUT, DELETE and the safe methods are idempotent (RFC 9110, 9.2.2)."""
    assert is_idempotent(method) is expected


@pytest.mark.parametrize(
    ("outcome", "once", "if_idempotent", "otherwise"),
    [
        (NOT_SENT, False, True, True),
        (NOT_SENT, True, True, True),
        (REFUSED, False, True, True),
        (REFUSED, True, False, False),
        (AMBIGUOUS, False, True, False),
        (AMBIGUOUS, True, False, False),
        (FINAL, False, False, False),
        (FINAL, True, False, False),
    ],
    ids=lambda value: value.value if isinstance(value, Outcome) else None,
)
def test_may_retry(outcome: Outcome, once: bool, if_idempotent: bool, otherwise: bool) -> None:
    """A request is retried if it cannot have been processed, or if that does no harm."""
    assert may_retry(outcome, idempotent=True, once=once) is if_idempotent
    assert may_retry(outcome, idempotent=False, once=once) is otherwise


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        pytest.param({}, None, id="no hint"),
        pytest.param({"retry_after": "17"}, 17, id="seconds"),
        pytest.param({"retry_after": "0"}, 0, id="zero"),
        pytest.param({"retry_after": " 17 "}, 17, id="surrounding spaces"),
        pytest.param({"retry_after": "1.5"}, 1.5, id="fraction"),
        pytest.param({"retry_after": "86400"}, 86400, id="a day"),
        pytest.param({"retry_after": "999999999999"}, 999999999999, id="huge"),
        pytest.param({"retry_after": "1e300"}, None, id="exponent"),
        pytest.param({"retry_after": "1_000"}, None, id="underscore"),
        pytest.param({"retry_after_ms": "250"}, 0.25, id="milliseconds"),
        pytest.param({"retry_after_ms": "250", "retry_after": "17"}, 0.25, id="both"),
        pytest.param(
            {"retry_after_ms": "soon", "retry_after": "17"}, 17, id="invalid milliseconds"
        ),
        pytest.param({"retry_after_ms": "-1", "retry_after": "17"}, 17, id="negative milliseconds"),
        pytest.param({"retry_after_ms": "nan", "retry_after": "17"}, 17, id="nan milliseconds"),
        pytest.param({"retry_after": "-1"}, None, id="negative"),
        pytest.param({"retry_after": "nan"}, None, id="nan"),
        pytest.param({"retry_after": "inf"}, None, id="inf"),
        pytest.param({"retry_after": "1e400"}, None, id="too large for a float"),
        pytest.param({"retry_after": ""}, None, id="empty"),
        pytest.param({"retry_after": "soon"}, None, id="word"),
        pytest.param({"retry_after": "17 seconds"}, None, id="unit"),
        pytest.param({"retry_after": AFTER_NOON, "date": NOON}, 17, id="date"),
        pytest.param({"retry_after": NOON, "date": NOON}, 0, id="now"),
        pytest.param({"retry_after": BEFORE_NOON, "date": NOON}, None, id="past date"),
        pytest.param(
            {"retry_after": AFTER_NOON, "date": BEFORE_NOON},
            27,
            id="relative to the server's clock",
        ),
        pytest.param(
            {"retry_after": "Sun, 06 Nov 1994 12:00:17 -0000", "date": NOON}, 17, id="unknown zone"
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
        pytest.param({"retry_after": AFTER_NOON}, 17, id="no Date"),
        pytest.param({"retry_after": AFTER_NOON, "date": "today"}, 17, id="invalid Date"),
        pytest.param({"retry_after": "Sun, 36 Nov 1994 12:00:17 GMT"}, None, id="invalid day"),
        pytest.param(
            {"retry_after": "Sun, 06 Nov 1994 12:00:17 +99999999999"}, None, id="invalid zone"
        ),
    ],
)
def test_retry_after(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], seconds: float | None
) -> None:
    """A hint is parsed in each of its forms; an invalid one is ignored."""
    monkeypatch.setattr("root._http.retry.datetime", NoonClock)

    assert retry_after(headers(**values)) == seconds


@given(
    hint=st.text(st.characters(max_codepoint=255)),
    date=st.none() | st.text(st.characters(max_codepoint=255)),
)
def test_any_header_is_parsed_or_ignored(hint: str, date: str | None) -> None:
    """Whatever the headers contain, the hint is None or a number of seconds."""
    wait = retry_after(headers(retry_after=hint, **({} if date is None else {"date": date})))

    assert wait is None or 0 <= wait < float("inf")


@pytest.mark.parametrize("retry", range(21))
def test_backoff_without_a_hint(retry: int) -> None:
    """Without a hint the wait is random up to a limit that doubles until it is 8 s."""
    limit = min(8.0, 0.5 * 2**retry)

    assert backoff(retry, None, lambda: 0.0) == 0
    assert backoff(retry, None, lambda: 0.5) == limit / 2
    assert backoff(retry, None, lambda: 1.0) == limit


def test_backoff_after_many_retries() -> None:
    """The limit applies to a retry whose power of two a float cannot hold."""
    assert backoff(100_000, None, lambda: 1.0) == 8


@pytest.mark.parametrize(
    ("hint", "longest"),
    [(0.0, 0.0), (0.25, 0.275), (5.0, 5.5), (10.0, 11.0), (17.0, 18.0), (MAX_RETRY_AFTER, 61.0)],
)
def test_backoff_with_a_hint(hint: float, longest: float) -> None:
    """The hinted time is waited in full, plus up to 10 % and at most a second."""
    assert backoff(3, hint, lambda: 0.0) == hint
    assert backoff(3, hint, lambda: 1.0) == pytest.approx(longest)


def test_a_client_whose_every_call_fails_stops_retrying() -> None:
    """A full budget pays for 35 retries."""
    budget = Budget()

    costs = [budget.take(AMBIGUOUS) for _ in range(37)]

    assert costs == [14] * 35 + [0, 0]
    assert budget.tokens == 500 - 35 * 14


@pytest.mark.parametrize(("outcome", "cost"), [(NOT_SENT, 14), (AMBIGUOUS, 14), (REFUSED, 5)])
def test_the_cost_of_a_retry(outcome: Outcome, cost: int) -> None:
    """A retry costs 14 tokens, or 5 after a refusal."""
    budget = Budget()

    assert budget.take(outcome) == cost
    assert budget.tokens == 500 - cost


@pytest.mark.parametrize(("tokens", "cost"), [(13, 0), (14, 14), (15, 14)])
def test_the_last_tokens(tokens: int, cost: int) -> None:
    """Tokens that do not suffice for a retry are not taken."""
    budget = Budget()
    budget.tokens = tokens

    assert budget.take(AMBIGUOUS) == cost
    assert budget.tokens == tokens - cost


@pytest.mark.parametrize(
    ("tokens", "spent", "after"),
    [
        pytest.param(100, 0, 101, id="no retries"),
        pytest.param(100, 14, 114, id="one retry"),
        pytest.param(100, 19, 119, id="two retries"),
        pytest.param(500, 0, 500, id="full"),
        pytest.param(495, 14, 500, id="nearly full"),
    ],
)
def test_a_success_returns_tokens(tokens: int, spent: int, after: int) -> None:
    """A success returns 1 token, or what its retries cost; the budget has at most 500."""
    budget = Budget()
    budget.tokens = tokens

    budget.give_back(spent)

    assert budget.tokens == after


def test_a_budget_recovers() -> None:
    """An empty budget pays for a retry again after enough successes without retries."""
    budget = Budget()
    while budget.take(AMBIGUOUS):
        pass
    missing = 14 - budget.tokens

    for _ in range(missing):
        assert budget.take(AMBIGUOUS) == 0
        budget.give_back(0)

    assert budget.take(AMBIGUOUS) == 14
