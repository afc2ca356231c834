"""Assertions that texts, errors, results and logs contain neither the API key nor a default_key."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Iterator, Mapping, Sequence, Set
from html import escape
from itertools import chain
from pathlib import Path
from pprint import pformat

import pytest
from rich.pretty import pretty_repr

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
    for member in chain_of(error):
        for shown in (str(member), repr(member), repr(member.args), repr(vars(member))):
            assert_hidden(shown)
        if with_locals:
            for shown in local_variables(member):
                assert_hidden(shown)
        # The errors of httpx have the request, and some programs pickle an error with its cause.
        request = vars(member).get("_request")
        assert_hidden(repr(dict(getattr(request, "headers", {}))))
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
            for name, value in frame.f_locals.items():
                for shown in shown_of(value):
                    yield f"{name} in {frame.f_code.co_qualname}: {shown}"


def shown_of(value: object) -> Iterator[str]:
    """Yield what tools show of the value of a variable.

    Sentry looks into every mapping, sequence and set, whatever its repr is. rich and pprint look
    into those of Python and into dataclasses, and rich truncates a long string before it asks for
    its repr.
    """
    yield repr(value)
    yield pformat(value)
    yield pretty_repr(value, max_string=80)
    if isinstance(value, Mapping):
        for item in chain(value.keys(), value.values()):
            yield from shown_of(item)
    elif isinstance(value, (Sequence, Set)) and not isinstance(value, (str, bytes, bytearray)):
        for item in value:
            yield from shown_of(item)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes and contexts, and the errors that it has in its attributes."""
    found = [error]
    for one in found:
        yield one
        values: list[object] = [one.__cause__, one.__context__]
        for value in vars(one).values():
            values += flattened(value) if isinstance(value, tuple) else [value]
        found += [
            value
            for value in values
            if isinstance(value, BaseException) and not any(value is other for other in found)
        ]


def flattened(values: tuple[object, ...]) -> list[object]:
    """Return the items of a tuple, and those of tuples in it."""
    return [
        item
        for value in values
        for item in (flattened(value) if isinstance(value, tuple) else [value])
    ]


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
        ours = {name: value for name, value in vars(record).items() if "rootsignals" in name}
        assert_hidden(repr(ours))
