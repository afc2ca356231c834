"""Assertions that texts, errors, results and logs contain neither the API key nor a default_key."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest

from root import RootSignalsError

KEY = "key-0123456789-of-the-tests"
# It contains characters that JSON escapes, so that its forms differ.
PROVIDER_KEY = 'sk-"pä\\ss/wort"-of-a-provider'
PASSWORD = "password-of-the-proxy"
DEFAULT_TOKEN = "token-of-a-default-header"
TESTS = Path(__file__).parent.parent
FORMS = {
    form
    for secret in (KEY, PROVIDER_KEY)
    for form in (
        secret,
        escape(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        # As a request's body shows it.
        repr(json.dumps(secret, ensure_ascii=False).encode())[3:-2],
    )
}


def assert_hidden(text: str) -> None:
    """Assert that a text contains neither secret, in any of its forms."""
    for form in FORMS:
        # Some libraries show headers in lower case.
        assert form.lower() not in text.lower()
        # A truncated secret is a leak, too.
        assert len(form) < 12 or form[:12].lower() not in text.lower()


def assert_error_hides(error: BaseException, *, with_locals: bool = True) -> None:
    """Assert that an error shows and contains neither secret."""
    assert_hidden("".join(traceback.format_exception(error)))
    chain: list[BaseException] = [error]
    for member in chain:
        for shown in (str(member), repr(member), repr(member.args), repr(vars(member))):
            assert_hidden(shown)
        if with_locals:
            for shown in local_variables(member):
                assert_hidden(shown)
        # The errors of httpx have the request, and some programs pickle an error with its cause.
        request = vars(member).get("_request")
        assert_hidden(repr(dict(getattr(request, "headers", {}))))
        chain += [
            found
            for found in (member.__cause__, member.__context__)
            if found is not None and found not in chain
        ]
    assert isinstance(error, RootSignalsError)
    pickled = pickle.dumps(error)
    for form in FORMS:
        assert form.encode() not in pickled
    assert_hidden(repr(vars(pickle.loads(pickled))))


def local_variables(error: BaseException) -> Iterator[str]:
    """Yield what Sentry, rich and `pytest -l` show of the frames of a traceback."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        # The frames of the tests contain the secrets.
        if not Path(frame.f_code.co_filename).is_relative_to(TESTS):
            yield from map(repr, frame.f_locals.values())


def assert_results_hide(results: list[object]) -> None:
    """Assert that the results of calls, which may be errors, contain neither secret."""
    for result in results:
        if isinstance(result, BaseException):
            assert_error_hides(result)
        assert_hidden(repr(result))
        assert_hidden(str(result))
        meta = getattr(result, "meta", None)
        assert_hidden(repr(meta))


def assert_logs_hide(logs: pytest.LogCaptureFixture) -> None:
    """Assert that the logs contain neither secret."""
    assert logs.records
    assert_hidden(logs.text)
    for record in logs.records:
        assert_hidden(record.getMessage())
